// Starts the proxy as a process that outlives this one, and waits until it answers.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { extname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Failure } from '../../../core/failure.ts';
import { EXIT_TAKEN, type Folder, makeFolder } from '../../../proxy/folder.ts';
import type { ProxyLimits } from '../../../proxy/limits.ts';
import { ask } from './control-client.ts';

export type ProcessOptions = {
  readonly dir: string;
  /** The Node that runs the proxy; this process's own when absent. */
  readonly nodePath?: string;
  /** In place of the defaults. */
  readonly limits?: Partial<ProxyLimits>;
};

/** Twice the usual, in MiB: what requests leave behind is swept half as often, and the longest answers get shorter. */
const YOUNG_SPACE = '--max-semi-space-size=32';
const START_MS = 10_000;
const LOOK_MS = 15;
const LOG_LINES = 10;

/** Returns once a proxy answers in the folder: the one started here, or one that was faster. Failure: `unavailable`. */
export async function startProxy({ dir, nodePath = process.execPath, limits = {} }: ProcessOptions): Promise<void> {
  const folder = makeFolder(dir);
  const log = openSync(folder.log, 'a', 0o600);
  const args = Object.entries(limits).flatMap(([name, value]) => ['--limit', `${name}=${value}`]);
  const child = spawn(nodePath, [YOUNG_SPACE, mainPath(), '--dir', dir, ...args], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let ended: string | null = null;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    // Another one was faster: it will answer.
    if (code === EXIT_TAKEN) return;
    ended = signal ? `it ended with ${signal}` : `it ended with exit status ${code}`;
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

/** Whether a process listens, be it able to answer or not. */
export function isListening(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}

export async function isUp(socket: string): Promise<boolean> {
  return ask(socket, 'GET', '/status').then(
    () => true,
    () => false,
  );
}

/** Beside this file's folder in both forms: `.ts` unbuilt, `.js` compiled. */
function mainPath(): string {
  return fileURLToPath(new URL(`../../../proxy/main${extname(import.meta.url)}`, import.meta.url));
}

function notStarted({ log }: Folder, why: string): Failure {
  let evidence: string[] = [];
  try {
    evidence = readFileSync(log, 'utf8').trim().split('\n').slice(-LOG_LINES);
  } catch {
    // No log is no evidence.
  }
  return new Failure('unavailable', `The proxy could not be started: ${why}. Its log is ${log}.`, { evidence });
}
