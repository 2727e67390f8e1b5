// What is wrong with a project's files, and the form in which a person reads it.
import type { Position } from '../failure.ts';
import { nearest } from './nearest.ts';
import { type Path, pathText, positionOf, type Span } from './tree.ts';

/** An error stops everything and nothing is changed; a warning says what is ignored. */
export type Problem = {
  readonly severity: 'error' | 'warning';
  /** One sentence without the path: `unknown key "error"`. */
  readonly message: string;
  readonly position: Position | null;
  /** What to do, or `did you mean "errors"?`. */
  readonly hint: string | null;
  /** Dotted key path, for example `services.api.x-friday.port`; empty for the file as a whole. */
  readonly path: string;
};

/** A problem at a span. */
export function problemAt(
  severity: Problem['severity'],
  path: Path,
  span: Span | null,
  message: string,
  hint: string | null = null,
): Problem {
  return { severity, message, position: span === null ? null : positionOf(span), hint, path: pathText(path) };
}

export function errorAt(path: Path, span: Span | null, message: string, hint: string | null = null): Problem {
  return problemAt('error', path, span, message, hint);
}

export function warningAt(path: Path, span: Span | null, message: string, hint: string | null = null): Problem {
  return problemAt('warning', path, span, message, hint);
}

/** `did you mean "errors"?`, or null when nothing is near. */
export function didYouMean(word: string, known: Iterable<string>): string | null {
  const found = nearest(word, known);
  return found === null ? null : `did you mean "${found}"?`;
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === 'error');
}

export type ProblemFormat = {
  /** Terminal colours; colour never carries meaning alone. */
  readonly color?: boolean;
  /** File names inside this folder are shown relative to it. */
  readonly folder?: string;
};

/** Longest piece of a source line that is shown. */
const MAX_SOURCE = 160;
const MAX_SENTENCE = 400;

/** All problems as text for a terminal, errors first, with a closing line. Ends with a newline; empty without problems. */
export function formatProblems(problems: readonly Problem[], format: ProblemFormat = {}): string {
  if (problems.length === 0) return '';
  const sorted = [...problems].sort((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'));
  const blocks = sorted.map((problem) => formatProblem(problem, format));
  return `${[...blocks, closingLine(problems, format)].join('\n\n')}\n`;
}

function formatProblem(problem: Problem, format: ProblemFormat): string {
  const paint = format.color === true ? painted : plain;
  const sentence = problem.path === '' ? problem.message : `${problem.path}: ${problem.message}`;
  const head = `${paint(`${problem.severity}:`, problem.severity)} ${printable(cut(sentence))}`;
  const hint = printable(cut(problem.hint ?? ''));
  if (problem.position === null) return hint === '' ? head : `${head}\n  ${hint}`;
  const { file, line, column } = problem.position;
  const { source, offset, width } = excerpt(problem.position);
  const gutter = ' '.repeat(String(line).length);
  const carets = paint('^'.repeat(width), problem.severity);
  return [
    head,
    `  ${paint('-->', 'dim')} ${shortName(file, format.folder)}:${line}:${column}`,
    `  ${paint(`${line} |`, 'dim')} ${source}`,
    `  ${gutter} ${paint('|', 'dim')} ${' '.repeat(offset)}${carets}${hint === '' ? '' : ` ${hint}`}`,
  ].join('\n');
}

/** The part of a source line that is shown, with the place and width of the carets under it. */
function excerpt(position: Position): { source: string; offset: number; width: number } {
  const at = position.column - 1;
  const from = at < MAX_SOURCE - 40 ? 0 : at - 40;
  const source = printable(position.source.slice(from, from + MAX_SOURCE));
  const offset = [...position.source.slice(from, at)].length;
  const room = Math.max(1, [...source].length - offset);
  return { source: source.trimEnd(), offset, width: Math.max(1, Math.min(position.width ?? 1, room)) };
}

function closingLine(problems: readonly Problem[], format: ProblemFormat): string {
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  const warnings = problems.length - errors;
  const counts = [errors > 0 ? count(errors, 'problem') : '', warnings > 0 ? count(warnings, 'warning') : ''];
  const files = [...new Set(problems.flatMap(({ position }) => (position === null ? [] : [position.file])))];
  const names = files.map((file) => shortName(file, format.folder));
  const last = names.pop();
  const where = last === undefined ? '' : ` in ${names.length === 0 ? last : `${names.join(', ')} and ${last}`}`;
  return `${counts.filter(Boolean).join(', ')}${where}${errors > 0 ? ', nothing was changed' : ''}`;
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

function shortName(file: string, folder: string | undefined): string {
  return folder !== undefined && file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : file;
}

function cut(text: string): string {
  return text.length > MAX_SENTENCE ? `${text.slice(0, MAX_SENTENCE)}…` : text;
}

/** Text without the characters that would move a terminal's cursor or change its colours. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
  return text.replace(/\t/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '\u00b7');
}

const CODES = { error: '1;31', warning: '1;33', dim: '2' } as const;

function painted(text: string, style: keyof typeof CODES): string {
  return `\u001b[${CODES[style]}m${text}\u001b[0m`;
}

function plain(text: string): string {
  return text;
}
