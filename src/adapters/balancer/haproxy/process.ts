// Starts the keeper of HAProxy as a process that outlives this one, and waits until it answers.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Failure } from '../../../core/failure.ts';
import { EXIT_TAKEN, type Folder, makeFolder } from '../../../proxy/folder.ts';
import { isUp } from '../embedded/process.ts';

export type HaproxyOptions = {
  readonly dir: string;
  /** The HAProxy to run; the one in PATH when absent. */
  readonly program?: string;
  /** A keeper of another version is replaced by a new one; this process's own when absent. */
  readonly version?: string;
};

const START_MS = 15_000;
const LOOK_MS = 15;
const LOG_LINES = 10;

/** Returns once a keeper answers in the folder: the one started here, or one that was faster. Failure: `unavailable`. */
export async function startKeeper({ dir }: HaproxyOptions, program: string): Promise<void> {
  const folder = makeFolder(dir);
  const log = openSync(folder.log, 'a', 0o600);
  const args = [mainPath(), '--dir', dir, '--program', program];
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let ended: string | null = null;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    // Another one was faster: it will answer.
    if (code !== EXIT_TAKEN) ended = `it ended with ${signal ?? `exit status ${code}`}`;
  });
  child.unref();
  const until = performance.now() + START_MS;
  while (performance.now() < until) {
    if (await isUp(folder.socket)) return;
    if (ended !== null) throw notStarted(folder, ended);
    await wait(LOOK_MS);
  }
  throw notStarted(folder, `it did not answer within ${START_MS / 1000} s`);
}

/** Beside this file in both forms: `.ts` unbuilt, `.js` compiled. */
function mainPath(): string {
  return fileURLToPath(new URL(`./keeper/main${extname(import.meta.url)}`, import.meta.url));
}

function notStarted({ log }: Folder, why: string): Failure {
  let evidence: string[] = [];
  try {
    evidence = readFileSync(log, 'utf8').trim().split('\n').slice(-LOG_LINES);
  } catch {
    // No log is no evidence.
  }
  return new Failure('unavailable', `The keeper of HAProxy could not be started: ${why}. Its log is ${log}.`, {
    evidence,
  });
}
