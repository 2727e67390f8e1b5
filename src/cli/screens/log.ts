// Log lines as people read them: who wrote them in front, the searched words marked, repeats folded.
import type { LogLineView } from '../../api/views.ts';
import { clockOf, momentOf } from '../output/moments.ts';
import { count } from '../output/numbers.ts';
import { type Paint, paintOf } from '../output/paint.ts';
import { cleaned, widthOf, wrap } from '../output/text.ts';

export type LogOptions = {
  readonly color: boolean;
  readonly now: number;
  /** Searched words, marked in the text; null = none. */
  readonly pattern: string | null;
  /** Columns to wrap into, with the text under the text; null = never wrap. */
  readonly width: number | null;
};

const LEVELS: Readonly<Record<NonNullable<LogLineView['level']>, keyof Paint>> = {
  error: 'bad',
  warn: 'warn',
  info: 'strong',
  debug: 'dim',
};

/** `12:05:01 api@v42 #2 ERROR POST /checkout …`, on as many lines as it needs. */
export function logLines(line: LogLineView, options: LogOptions): string[] {
  const paint = paintOf(options.color);
  const gutter = `${momentOf(line.at, options.now)} ${subjectOf(line)}`;
  const text = cleaned(line.text).trimEnd();
  const level = line.level === null || saysItself(text, line.level) ? '' : ` ${line.level.toUpperCase().padEnd(5)}`;
  const tone = line.level === null ? null : paint[LEVELS[line.level]];
  const head = `${paint.dim(gutter)}${tone ? tone(level) : level}`;
  const margin = widthOf(gutter + level) + 1;
  const room = options.width === null ? Number.POSITIVE_INFINITY : options.width - margin;
  const parts = room < 20 || widthOf(text) <= room ? [text] : wrapIndented(text, room);
  return parts.map((part, index) => {
    const shown = marked(part, options.pattern, paint);
    return index === 0 ? `${head} ${shown}`.trimEnd() : `${' '.repeat(margin)}${shown}`;
  });
}

/** `ERROR no currency`, `[error] …`, `{"level":"error"…`: said once is enough. */
function saysItself(text: string, level: string): boolean {
  return text.slice(0, 20).toLowerCase().includes(level);
}

/** Stacks keep their indentation, on continued lines too. */
function wrapIndented(text: string, width: number): string[] {
  const indent = /^ {0,8}/.exec(text)?.[0] ?? '';
  return wrap(text.trimStart(), width - indent.length).map((part) => indent + part);
}

/** `api@v42 #2`: the subject for `friday logs`, and the number of the instance. */
function subjectOf(line: LogLineView): string {
  const slot = /-(\d+)$/.exec(line.instance)?.[1];
  return `${line.service}@v${line.version}${slot === undefined ? '' : ` #${slot}`}`;
}

function marked(text: string, pattern: string | null, paint: Paint): string {
  if (pattern === null || pattern === '') return text;
  const escaped = pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return text.replace(new RegExp(escaped, 'gi'), (found) => paint.found(found));
}

/** Two lines with the same key say the same: numbers and ids do not count. */
function foldKey(line: LogLineView): string {
  const text = line.text.replace(/[0-9a-f]{12,}|\d+/gi, '#');
  return `${line.service}@${line.version} ${line.level ?? ''} ${text}`;
}

/** Repeats of the line that was shown last. */
type Run = { readonly key: string; readonly repeats: number; readonly first: LogLineView; readonly last: number };

/** Shows a line once and counts the ones like it that follow. */
export class Fold {
  readonly #options: LogOptions;
  #run: Run | null = null;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  /** The lines to print for one more line of the log. */
  push(line: LogLineView): string[] {
    const key = foldKey(line);
    if (this.#run?.key === key) {
      const { repeats, first } = this.#run;
      this.#run = { key, repeats: repeats + 1, first: repeats === 0 ? line : first, last: line.at };
      return [];
    }
    const before = this.flush();
    this.#run = { key, repeats: 0, first: line, last: line.at };
    return [...before, ...logLines(line, this.#options)];
  }

  /** What stands for the repeats that were not told yet: a single one is shown as it is. */
  flush(): string[] {
    const run = this.#run;
    if (run === null || run.repeats === 0) return [];
    this.#run = { ...run, repeats: 0 };
    if (run.repeats === 1) return logLines(run.first, this.#options);
    const [from, to] = [clockOf(run.first.at), clockOf(run.last)];
    const when = from === to ? `at ${from}` : `${from} to ${to}`;
    return [paintOf(this.#options.color).dim(`         ⋮ ${count(run.repeats)} more like this, ${when}`)];
  }
}
