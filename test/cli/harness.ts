// Runs command lines in this process against the real API over a control plane of plain values.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createClient } from '../../src/api/client.ts';
import { type Host, runProgram } from '../../src/cli/program.ts';
import type { Control } from '../../src/control/api.ts';
import type { Logs } from '../../src/ports/logs.ts';
import { createAccess } from '../../src/server/access/access.ts';
import { memoryAccess } from '../../src/server/access/memory.ts';
import { noRows, tablesOver } from '../../src/server/access/tables.ts';
import { createApp } from '../../src/server/app.ts';
import { type Listener, listenOnSocket } from '../../src/server/listen.ts';
import { controlOf, createStage, type Stage } from './control.ts';
import { MINUTE, NOON } from './views.ts';

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

export type RunOptions = {
  /** Both outputs and the input are terminals. */
  readonly tty?: boolean;
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Typed at the questions, in order. */
  readonly answers?: readonly string[];
  /** What stdin holds, to its end; without it and a terminal stdin is empty. */
  readonly input?: string;
  /** Pressed when the text is on the screen. */
  readonly keys?: readonly { readonly when: string; readonly key: string }[];
  /** Ctrl-C when the text is on the screen. */
  readonly interruptWhen?: string;
  readonly cwd?: string;
};

export type Harness = {
  readonly stage: Stage;
  readonly cwd: string;
  readonly run: (argv: readonly string[], options?: RunOptions) => Promise<Ran>;
  readonly close: () => Promise<void>;
};

const COMPOSE = `name: shop
services:
  api: { image: api, x-friday: { port: 3000, process: { command: node server.js } } }
  web: { image: web, x-friday: { port: 3000, process: { command: node server.js } } }
  worker: { image: worker, x-friday: { process: { command: node worker.js } } }
`;

export async function openHarness(): Promise<Harness> {
  const cwd = mkdtempSync(join(tmpdir(), 'friday-cli-'));
  writeFileSync(join(cwd, 'compose.yaml'), COMPOSE);
  const stage = createStage();
  const socketPath = join(cwd, 'run', 'friday.sock');
  const listener = await serveStage(stage, socketPath);
  return {
    stage,
    cwd,
    run: (argv, options = {}) => run(argv, socketPath, { cwd, ...options }),
    close: async () => {
      await listener.close(0);
      rmSync(cwd, { recursive: true, force: true });
    },
  };
}

export type Served = Pick<Harness, 'run' | 'close'> & { readonly socketPath: string };

/** Command lines against a control plane that a test has. */
export async function openServed(control: Control, socketPath: string): Promise<Served> {
  const listener = await serveControl(control, createStage(), socketPath);
  return {
    socketPath,
    run: (argv, options = {}) => run(argv, socketPath, options),
    close: () => listener.close(0),
  };
}

function serveStage(stage: Stage, socketPath: string): Promise<Listener> {
  return serveControl(controlOf(stage), stage, socketPath);
}

function serveControl(control: Control, stage: Pick<Stage, 'lines'>, socketPath: string): Promise<Listener> {
  const logs: Logs = {
    read: async () => stage.lines,
    async *follow() {
      yield* stage.lines;
    },
  };
  const app = createApp({
    control,
    logs,
    lastTurnAt: () => Date.now(),
    now: () => Date.now(),
    token: 'x'.repeat(43),
    access: createAccess(tablesOver(memoryAccess(), noRows(), () => {})),
    project: 'shop',
    pageUrl: () => 'http://127.0.0.1:4747',
    stop: () => {},
    log: () => {},
    version: '0.1.0',
    engines: { runtime: 'process', balancer: 'embedded' },
  });
  return listenOnSocket(app, socketPath);
}

async function run(argv: readonly string[], socketPath: string, options: RunOptions): Promise<Ran> {
  const interrupt = new AbortController();
  const screen = new Screen(options, () => interrupt.abort());
  let now = NOON + 4 * MINUTE;
  const host: Host = {
    streams: screen.streams,
    env: { TERM: 'xterm', ...options.env },
    cwd: options.cwd ?? '/',
    clock: {
      now: () => now,
      // Time passes only while somebody waits for it, and then at once.
      sleep: (ms, signal) => {
        now += ms;
        return new Promise((resolve) => (signal.aborted ? resolve() : setTimeout(resolve, 1)));
      },
    },
    interrupt: () => interrupt.signal,
    connect: async () => createClient({ socketPath }, { by: 'ana' }),
  };
  const code = await runProgram(argv, host);
  return { code, out: screen.out, err: screen.err };
}

/** Collects what is written, and reacts to it like a person would. */
class Screen {
  out = '';
  err = '';
  readonly streams: Host['streams'];
  readonly #answers: string[];
  readonly #keys: { readonly when: string; readonly key: string }[];

  constructor(options: RunOptions, interrupt: () => void) {
    const { tty = false, columns = 80 } = options;
    this.#answers = [...(options.answers ?? [])];
    this.#keys = [...(options.keys ?? [])];
    const stdin = Object.assign(new PassThrough(), { isTTY: tty, setRawMode: () => {} });
    if (!tty) stdin.end(options.input ?? '');
    const react = (text: string) => {
      const next = this.#keys[0];
      if (next && text.includes(next.when)) {
        this.#keys.shift();
        setImmediate(() => stdin.write(next.key));
      }
      if (options.interruptWhen !== undefined && text.includes(options.interruptWhen)) setImmediate(interrupt);
    };
    const stdout = {
      isTTY: tty,
      columns,
      rows: 50,
      write: (text: string) => {
        this.out += text;
        react(text);
      },
    };
    const stderr = {
      isTTY: tty,
      columns,
      rows: 50,
      write: (text: string) => {
        this.err += text;
        if (isQuestion(text)) {
          const answer = this.#answers.shift() ?? '';
          setImmediate(() => stdin.write(`${answer}\n`));
        }
        react(text);
      },
    };
    this.streams = { stdin, stdout, stderr };
  }
}

function isQuestion(text: string): boolean {
  return text.endsWith('(y/N) ') || text.endsWith('to go on: ');
}
