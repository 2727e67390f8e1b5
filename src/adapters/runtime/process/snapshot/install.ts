// Runs the preparation of a snapshot, once, and keeps what it said.
import { spawn } from 'node:child_process';
import { chmod, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../../../core/failure.ts';
import { formatDuration } from '../../../../core/time.ts';
import { inParallel } from './parallel.ts';

export type Preparation = {
  readonly service: string;
  readonly command: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
};

const OUTPUT_BYTES = 1_000_000;
const EVIDENCE_LINES = 20;

/**
 * Runs the command without a shell in the folder and gives its output, the last megabyte of it. Failure: `invalid`,
 * with the exit status and the last 20 lines, when it cannot be started, fails, or takes longer than the timeout.
 */
export async function install(preparation: Preparation): Promise<string> {
  const { command, folder, environment, timeoutMs } = preparation;
  const child = spawn(command[0] ?? '', command.slice(1), {
    cwd: folder,
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = Buffer.alloc(0);
  const keep = (chunk: Buffer) => {
    output = Buffer.concat([output, chunk]).subarray(-OUTPUT_BYTES);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const endGroup = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {}
  };
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    endGroup();
  }, timeoutMs);
  const problem = await new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(`could not be started: ${error.message}`));
    // A program left in the background may hold the pipe, so that only the exit counts.
    child.on('exit', (code, signal) => setImmediate(() => resolve(wordsFor(code, signal))));
  });
  clearTimeout(timer);
  endGroup();
  child.stdout.destroy();
  child.stderr.destroy();
  if (isLate) throw failed(preparation, `was not done after ${formatDuration(timeoutMs)} and was ended`, output);
  if (problem !== '') throw failed(preparation, problem, output);
  return output.toString();
}

/** Takes the write permission of every file away; files with several names may belong to a package store and are left alone. */
export async function protect(folder: string): Promise<void> {
  const found = await readdir(folder, { withFileTypes: true });
  await inParallel(found, 8, async (entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await protect(path);
    if (!entry.isFile()) return;
    const { mode, nlink } = await lstat(path);
    if (nlink === 1) await chmod(path, mode & 0o555);
  });
}

function wordsFor(code: number | null, signal: string | null): string {
  if (code === 0) return '';
  return signal === null ? `ended with exit status ${code}` : `was ended by ${signal}`;
}

function failed({ service, command }: Preparation, what: string, output: Buffer): Failure {
  const lines = output.toString().trimEnd().split('\n').slice(-EVIDENCE_LINES);
  return new Failure('invalid', `The preparation of ${service}, "${command.join(' ')}", ${what}.`, {
    evidence: lines.filter((line) => line !== ''),
    hint: 'Run the same command in a fresh copy of the build folder; ignored files are not part of it.',
  });
}
