// Processes of the bench: started, watched while they start, and ended by their ids.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const START_MS = 15_000;
const END_MS = 2_000;
const ERROR_BYTES = 4_000;
/**
 * As the embedded proxy is started: in a session of its own, for on a busy machine Linux shares the time between sessions.
 * It also keeps Ctrl-C from them, so that they end in order.
 */
const APART = { detached: true } as const;

export type Child = {
  readonly pid: number;
  /** The first line that it wrote. */
  readonly line: string;
  stop(): Promise<void>;
};

/** Starts a process that says on its standard output, in one line, when it is ready. It ends with our end of its standard input. */
export async function startTalking(command: string, args: readonly string[]): Promise<Child> {
  const child = spawn(command, args, { ...APART, stdio: ['pipe', 'pipe', 'pipe'] });
  const errors = errorsOf(child);
  const timer = setTimeout(() => child.kill('SIGKILL'), START_MS);
  try {
    const line = await firstLine(child);
    if (line === null) throw notStarted(command, args, errors());
    return { pid: pidOf(child), line, stop: () => stop(child) };
  } finally {
    clearTimeout(timer);
  }
}

/** Starts a process and waits until `isReady`. */
export async function startSilent(
  command: string,
  args: readonly string[],
  isReady: () => Promise<boolean>,
): Promise<Omit<Child, 'line'>> {
  const child = spawn(command, args, { ...APART, stdio: ['ignore', 'ignore', 'pipe'] });
  const errors = errorsOf(child);
  const until = performance.now() + START_MS;
  let failure: string | null = null;
  child.once('error', (error) => {
    failure = error.message;
  });
  while (performance.now() < until && failure === null && child.exitCode === null) {
    if (await isReady()) return { pid: pidOf(child), stop: () => stop(child) };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await stop(child);
  throw notStarted(command, args, failure ?? errors());
}

/** Runs a command to its end and gives its output. Rejects when it fails, and when the signal aborts. */
export async function run(command: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(signal ? { signal } : {}) });
  const errors = errorsOf(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${errors() || output}`);
  return output;
}

async function firstLine(child: ChildProcess): Promise<string | null> {
  if (!child.stdout) return null;
  const failed = new Promise<null>((resolve) => child.once('error', () => resolve(null)));
  const lines = createInterface({ input: child.stdout });
  const first = Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    once(lines, 'close').then(() => null),
    failed,
  ]);
  return first;
}

function errorsOf(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (more: string) => {
    text = (text + more).slice(-ERROR_BYTES);
  });
  return () => text.trim();
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await ended;
  clearTimeout(timer);
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the process has no id');
  return child.pid;
}

function notStarted(command: string, args: readonly string[], why: string): Error {
  return new Error(`${command} ${args.join(' ')} did not start${why === '' ? '.' : `: ${why}`}`);
}
