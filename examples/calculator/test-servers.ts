// Starts parts of the calculator on free ports, for the tests.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { startServer as startAwesomeApp } from './awesome-app/http/server.ts';
import { startServer as startGreetings } from './greetings/http/server.ts';
import type { Log } from './maths/http/log.ts';
import { type App, type RunningServer, startServer as startMaths } from './maths/http/server.ts';

/** Each service stands on its own copy of the HTTP base. */
const STARTS = { 'awesome-app': startAwesomeApp, greetings: startGreetings, maths: startMaths };

export type LogLine = {
  readonly level: string;
  readonly msg: string;
  readonly members: Readonly<Record<string, unknown>>;
};

/** A log that keeps its lines. */
export function keepingLog(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  return {
    lines,
    info: (msg, members = {}) => void lines.push({ level: 'info', msg, members }),
    error: (msg, members = {}) => void lines.push({ level: 'error', msg, members }),
  };
}

export type ServedApp = { readonly url: string; readonly server: RunningServer; readonly lines: readonly LogLine[] };

/** Serves an app until the test ends. */
export async function serve(name: keyof typeof STARTS, app: App, isLoggingAll = false): Promise<ServedApp> {
  const log = keepingLog();
  const server = await STARTS[name]({ name, app, host: '127.0.0.1', port: 0, log, isLoggingAll });
  onTestFinished(() => server.stop({ lingerMs: 0, graceMs: 1000 }));
  return { url: `http://127.0.0.1:${server.port}`, server, lines: log.lines };
}

export type Service = {
  readonly url: string;
  readonly child: ChildProcess;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** Status and signal once it has ended. */
  readonly ended: Promise<readonly [number | null, string | null]>;
};

/** Runs `node server.ts` in a folder as a person would, and kills it when the test ends. Resolves once it listens or has ended. */
export async function runService(folder: string, variables: Readonly<Record<string, string>>): Promise<Service> {
  const child = spawn(process.execPath, ['server.ts'], {
    cwd: folder,
    env: variables,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [stdout, stderr]: [string[], string[]] = [[], []];
  createInterface(child.stderr).on('line', (line) => stderr.push(line));
  const output = createInterface(child.stdout).on('line', (line) => stdout.push(line));
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  await Promise.race([once(output, 'line'), ended]);
  const url = /http:\/\/[\w.:]+/.exec(stdout[0] ?? '')?.[0] ?? '';
  return { url, child, stdout, stderr, ended };
}

/** Waits until `claim` holds, looking every 20 ms; rejects after `timeoutMs`. */
export async function until(claim: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await claim())) {
    if (performance.now() > end) throw new Error(`did not come true within ${timeoutMs} ms: ${claim}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
