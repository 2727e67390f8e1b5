// Starts a balancer's process, which outlives this one, and waits until it answers on its control socket.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../../core/failure.ts';
import { EXIT_TAKEN, type Folder, makeFolder } from '../../proxy/folder.ts';
import { ask } from './embedded/control-client.ts';

export type Program = {
  /** For sentences: `The proxy`. */
  readonly name: string;
  readonly nodePath: string;
  readonly args: readonly string[];
  /** How long it may take to answer. */
  readonly startMs: number;
};

const LOOK_MS = 15;
const LOG_LINES = 10;

/** Returns once a process answers in the folder: the one started here, or one that was faster. Failure: `unavailable`. */
export async function startIn(dir: string, { name, nodePath, args, startMs }: Program): Promise<void> {
  const folder = makeFolder(dir);
  const log = openSync(folder.log, 'a', 0o600);
  const child = spawn(nodePath, args, { detached: true, stdio: ['ignore', log, log] });
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
  const until = performance.now() + startMs;
  while (performance.now() < until) {
    if (await isUp(folder.socket)) return;
    if (ended !== null) throw notStarted(name, folder, ended);
    await wait(LOOK_MS);
  }
  throw notStarted(name, folder, `it did not answer within ${startMs / 1000} s`);
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

function notStarted(name: string, { log }: Folder, why: string): Failure {
  let evidence: string[] = [];
  try {
    evidence = readFileSync(log, 'utf8').trim().split('\n').slice(-LOG_LINES);
  } catch {
    // No log is no evidence.
  }
  return new Failure('unavailable', `${name} could not be started: ${why}. Its log is ${log}.`, { evidence });
}
