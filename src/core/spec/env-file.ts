// Reads `.env` and `env_file` texts: NAME=value lines with quotes, comments and variables.
import { interpolate, type Lookup } from './interpolate.ts';
import { errorAt, type Problem, problemAt } from './problem.ts';
import { type Source, sourceOf } from './tree.ts';

export type EnvFile = { readonly values: ReadonlyMap<string, string>; readonly problems: readonly Problem[] };

const LINE = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*(?:([=:])[ \t]*|$)/;
const MAX_LINES = 10_000;

/**
 * The variables of a text. `outer` is what `$NAME` finds after the names above it in the same file; a name without `=`
 * takes its value from there, or is left out. `isRaw` takes every value as it is written.
 * Source: Compose specification, "Env_file format".
 */
export function readEnvFile(file: string, text: string, outer: Lookup, isRaw = false): EnvFile {
  const source = sourceOf(file, text.startsWith('\ufeff') ? ` ${text.slice(1)}` : text);
  const values = new Map<string, string>();
  const problems: Problem[] = [];
  let at = 0;
  for (let count = 0; at < source.text.length; count += 1) {
    if (count >= MAX_LINES) {
      problems.push(errorAt([], { source, start: at, end: at + 1 }, `the file has more than ${MAX_LINES} lines`));
      break;
    }
    at = readLine(source, at, { values, problems, outer, isRaw });
  }
  return { values, problems };
}

type Reading = {
  readonly values: Map<string, string>;
  readonly problems: Problem[];
  readonly outer: Lookup;
  readonly isRaw: boolean;
};

/** Reads what starts at `at`; gives the start of the next line. */
function readLine(source: Source, at: number, reading: Reading): number {
  const end = lineEnd(source.text, at);
  const line = source.text.slice(at, end).replace(/\r$/, '');
  if (/^\s*(#|$)/.test(line)) return end + 1;
  const head = LINE.exec(line);
  const name = head?.[1];
  if (head === null || name === undefined) {
    const start = at + line.length - line.trimStart().length;
    const span = { source, start, end: at + line.trimEnd().length };
    reading.problems.push(errorAt([], span, 'expected NAME=value', 'a # starts a comment'));
    return end + 1;
  }
  if (head[2] === undefined) {
    const value = reading.outer(name);
    if (value !== undefined) reading.values.set(name, value);
    return end + 1;
  }
  const start = at + head[0].length;
  const quote = source.text[start];
  if (!reading.isRaw && (quote === '"' || quote === "'")) return readQuoted(source, start, quote, name, reading);
  const rest = source.text.slice(start, end).replace(/\r$/, '');
  const isComment = rest.startsWith('#') && /[ \t]/.test(source.text[start - 1] ?? '');
  const value = reading.isRaw ? rest : isComment ? '' : rest.replace(/[ \t]+#.*$/, '').trimEnd();
  reading.values.set(name, reading.isRaw ? value : filled(source, start, value, reading));
  return end + 1;
}

function readQuoted(source: Source, start: number, quote: string, name: string, reading: Reading): number {
  let close = start + 1;
  while (close < source.text.length && source.text[close] !== quote) {
    close += quote === '"' && source.text[close] === '\\' ? 2 : 1;
  }
  const end = lineEnd(source.text, close);
  if (close >= source.text.length) {
    const span = { source, start, end: start + 1 };
    reading.problems.push(errorAt([], span, `the quote ${quote} is not closed`));
    return lineEnd(source.text, start) + 1;
  }
  const tail = source.text.slice(close + 1, end);
  if (!/^\s*(#.*)?$/.test(tail)) {
    const span = { source, start: close + 1 + tail.length - tail.trimStart().length, end };
    reading.problems.push(errorAt([], span, 'text after the closing quote', 'quote the whole value'));
  }
  const inner = source.text.slice(start + 1, close);
  const value = quote === "'" ? inner : filled(source, start + 1, unescaped(inner), reading);
  reading.values.set(name, value);
  return end + 1;
}

function filled(source: Source, start: number, text: string, reading: Reading): string {
  const lookup: Lookup = (name) => reading.outer(name) ?? reading.values.get(name);
  const result = interpolate(
    text.replaceAll('\\$', () => '$$'),
    lookup,
  );
  for (const finding of result.findings) {
    const span = { source, start: start + finding.at, end: start + finding.at + finding.width };
    reading.problems.push(problemAt(finding.severity, [], span, finding.message, finding.hint));
  }
  return result.text;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

function unescaped(text: string): string {
  return text.replace(/\\([nrt"\\])/g, (whole, letter: string) => ESCAPES[letter] ?? whole);
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}
