// Starts the control plane in the background and waits until it works.
import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { extname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient } from '../api/client.ts';
import { Failure } from '../core/failure.ts';
import { daemonLogFile } from './daemon-log.ts';
import { closeOwnFolder } from './folder.ts';

export type DaemonOptions = {
  readonly stateDir: string;
  readonly socketPath: string;
  /** Arguments of the command, from `serve` on. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default 10 s. */
  readonly timeoutMs?: number;
  /** Absolute path of the command's main file. Default: the one of this package. */
  readonly main?: string;
};

/** An engine under load takes its time to say what runs; a control plane that has ended is noticed at once. */
const TIMEOUT_MS = 30_000;
/** How long another control plane, started at the same moment, may need to answer. */
const OTHER_MS = 500;
const POLL_MS = 50;
const EVIDENCE_LINES = 20;

/** The command's main file beside this one: main.ts unbuilt, main.js compiled. */
export function mainFile(): string {
  const own = fileURLToPath(import.meta.url);
  return fileURLToPath(new URL(`../cli/main${extname(own)}`, import.meta.url));
}

/**
 * Starts `friday serve …` as a process of its own session, its output in daemon.log, and resolves when /readyz says
 * yes; at once when it does so already. Failures: `unavailable` (it ended), `timeout` (it is not ready in time); evidence: the last lines of daemon.log.
 */
export async function startDaemon(options: DaemonOptions): Promise<void> {
  if (await createClient({ socketPath: options.socketPath }).isReady()) return;
  closeOwnFolder(options.stateDir);
  const file = daemonLogFile(options.stateDir);
  const output = openSync(file, 'a', 0o600);
  const from = fstatSync(output).size;
  const child = spawn(process.execPath, [options.main ?? mainFile(), ...options.args], {
    cwd: options.cwd,
    env: { ...options.environment },
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  let ended: string | null = null;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = `it ended with ${signal ?? `code ${code}`}`;
  });
  try {
    await untilReady(options, { file, from }, () => ended);
  } finally {
    child.unref();
  }
}

/** The process that was started may find another one at work, started at the same moment: then that one is waited for. */
async function untilReady(
  { socketPath, timeoutMs = TIMEOUT_MS }: DaemonOptions,
  log: { file: string; from: number },
  end: () => string | null,
): Promise<void> {
  const client = createClient({ socketPath });
  const deadline = performance.now() + timeoutMs;
  let endedAt: number | null = null;
  while (performance.now() < deadline) {
    if (await client.isReady()) return;
    const ended = end();
    if (ended !== null) endedAt ??= performance.now();
    if (endedAt !== null && performance.now() - endedAt > OTHER_MS && !(await client.isAlive())) {
      throw notStarted('unavailable', `The control plane did not start: ${ended}.`, log);
    }
    await sleep(POLL_MS);
  }
  const message = `The control plane was not ready within ${timeoutMs / 1000} s: GET /readyz on ${socketPath}.`;
  throw notStarted('timeout', message, log);
}

function notStarted(
  code: 'unavailable' | 'timeout',
  message: string,
  { file, from }: { file: string; from: number },
): Failure {
  const lines = linesSince(file, from).slice(-EVIDENCE_LINES);
  return new Failure(code, message, { hint: `Its log: ${file}`, evidence: lines.map(shortOf) });
}

function linesSince(file: string, from: number): string[] {
  const MOST = 64 * 1024;
  try {
    const input = openSync(file, 'r');
    const start = Math.max(from, fstatSync(input).size - MOST);
    const bytes = Buffer.alloc(MOST);
    const length = readSync(input, bytes, 0, MOST, start);
    closeSync(input);
    return bytes
      .toString('utf8', 0, length)
      .split('\n')
      .filter((line) => line.trim() !== '');
  } catch {
    return [];
  }
}

/** The sentence of a JSON line of the log; other lines (a stack, a warning of node) as they are. */
function shortOf(line: string): string {
  try {
    const { message, error } = JSON.parse(line) as { message?: string; error?: string };
    return [message, error].filter((part) => part !== undefined).join(': ') || line;
  } catch {
    return line;
  }
}
