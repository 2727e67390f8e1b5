// The two streams and the keyboard: stdout is the answer, stderr the conversation, and what each of them can do.
import { createInterface } from 'node:readline';
import { type ColourWhen, type Environment, isColoured } from './paint.ts';

export type OutputStream = {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  on?(event: 'resize', listener: () => void): unknown;
  off?(event: 'resize', listener: () => void): unknown;
};

export type InputStream = NodeJS.ReadableStream & {
  readonly isTTY?: boolean | undefined;
  setRawMode?(isRaw: boolean): unknown;
  ref?(): unknown;
  unref?(): unknown;
};

export type Streams = { readonly stdin: InputStream; readonly stdout: OutputStream; readonly stderr: OutputStream };

export type Progress = 'auto' | 'tty' | 'plain' | 'quiet';

export type TerminalFlags = {
  readonly json: boolean;
  readonly progress: Progress;
  readonly color: ColourWhen;
  readonly quiet: boolean;
};

/** Columns where there is no terminal to ask. */
const PIPE_WIDTH = 120;

export class Terminal {
  readonly streams: Streams;
  readonly flags: TerminalFlags;
  /** Whether text on stdout and stderr is coloured. */
  readonly hasColour: boolean;
  readonly hasColourOnError: boolean;
  /** Pictures may be redrawn in place on stdout. */
  readonly isLive: boolean;
  /** There is a person to ask. */
  readonly mayAsk: boolean;
  readonly #env: Environment;

  constructor(streams: Streams, flags: TerminalFlags, env: Environment) {
    const { stdin, stdout, stderr } = streams;
    this.streams = streams;
    this.flags = flags;
    this.#env = env;
    this.hasColour = isColoured(flags.color, stdout.isTTY === true, env) && !flags.json;
    this.hasColourOnError = isColoured(flags.color, stderr.isTTY === true, env);
    const canMove = stdout.isTTY === true && env.TERM !== 'dumb' && !isCi(env);
    this.isLive = !flags.json && (flags.progress === 'tty' || (flags.progress === 'auto' && canMove));
    this.mayAsk = stdin.isTTY === true && stderr.isTTY === true && !flags.json;
  }

  /** Columns of stdout, asked anew each time. */
  get width(): number {
    const asked = this.streams.stdout.isTTY === true ? this.streams.stdout.columns : Number(this.#env.COLUMNS);
    return asked !== undefined && asked > 0 ? Math.max(20, asked) : this.streams.stdout.isTTY ? 80 : PIPE_WIDTH;
  }

  get rows(): number {
    return this.streams.stdout.rows ?? 24;
  }

  /** Progress of long work is told. */
  get tellsProgress(): boolean {
    return !this.flags.quiet && this.flags.progress !== 'quiet';
  }

  /** The answer, on stdout; not with --json, which has an answer of its own. */
  answer(lines: string | readonly string[]): void {
    if (!this.flags.json) this.streams.stdout.write(textOf(lines));
  }

  /** One JSON value on a line of its own; only with --json. */
  json(value: unknown): void {
    if (this.flags.json) this.streams.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** The conversation, on stderr; not with --quiet. */
  say(lines: string | readonly string[]): void {
    if (!this.flags.quiet) this.streams.stderr.write(textOf(lines));
  }

  /** Errors, on stderr, always. */
  complain(lines: string | readonly string[]): void {
    this.streams.stderr.write(textOf(lines));
  }

  /** Asks on stderr and gives the line that the person types; an end of input or Ctrl-C gives an empty one. */
  ask(question: string): Promise<string> {
    const lines = createInterface({ input: this.streams.stdin, terminal: false });
    this.streams.stderr.write(question);
    return new Promise((resolve) => {
      lines.once('line', (line) => {
        resolve(line.trim());
        lines.close();
      });
      lines.once('close', () => resolve(''));
    });
  }
}

function textOf(lines: string | readonly string[]): string {
  const text = typeof lines === 'string' ? lines : lines.join('\n');
  return typeof lines !== 'string' && lines.length === 0 ? '' : `${text}\n`;
}

function isCi(env: Environment): boolean {
  return env.CI !== undefined && env.CI !== '' && env.CI !== '0' && env.CI !== 'false';
}
