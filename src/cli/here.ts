// Runs one command line in this process: its streams, its signals, its exit.
import { setTimeout as sleep } from 'node:timers/promises';
import { runProgram } from './program.ts';

/** The first one ends a verb that listens in order, the second one, and any other verb, at once. */
const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const;

/** Ends the process with the exit code of the command. */
export async function runHere(): Promise<never> {
  const { stdin, stdout, stderr } = process;
  for (const stream of [stdout, stderr]) stream.on('error', endQuietly);
  const interrupt = new AbortController();
  let isHeard = false;
  for (const [signal, code] of SIGNALS) {
    process.on(signal, () => {
      if (!isHeard || interrupt.signal.aborted) process.exit(code);
      interrupt.abort();
    });
  }
  const exit = await runProgram(process.argv.slice(2), {
    streams: { stdin, stdout, stderr },
    env: process.env,
    cwd: process.cwd(),
    clock: {
      now: () => Date.now(),
      sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
    },
    interrupt: () => {
      isHeard = true;
      return interrupt.signal;
    },
  });
  await Promise.all([isWritten(stdout), isWritten(stderr)]);
  process.exit(exit);
}

/** A slow reader of a pipe still gets every word. */
function isWritten(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}

/** The reader has gone (`| head -1`): nobody is left to talk to. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}
