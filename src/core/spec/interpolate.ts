// Fills `${VARIABLES}` into text as Compose does, and says what is wrong with each one that cannot be filled.

export type Lookup = (name: string) => string | undefined;

/** Something about the variable that starts at offset `at` of the text and is `width` characters wide. */
export type Finding = {
  readonly severity: 'error' | 'warning';
  readonly at: number;
  readonly width: number;
  readonly message: string;
  readonly hint: string | null;
};

export type Interpolated = { readonly text: string; readonly findings: readonly Finding[] };

export type InterpolateOptions = {
  /** Variables that stay as they are written, because they get their value later. */
  readonly isKept?: (name: string) => boolean;
};

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
const MAX_DEPTH = 16;
/** Longest text that comes out; the rest is an error. */
const MAX_LENGTH = 65_536;

/**
 * `text` with `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?message}`, `${NAME?message}`,
 * `${NAME:+other}`, `${NAME+other}` filled in and `$$` as one dollar sign. Defaults may hold variables themselves.
 * An unset variable without default becomes empty, with a warning. Text without `$` comes back as it is.
 * Source: Compose specification, "Interpolation".
 */
export function interpolate(text: string, lookup: Lookup, options: InterpolateOptions = {}): Interpolated {
  const findings: Finding[] = [];
  const limit = Math.max(MAX_LENGTH, text.length);
  const result = fill(text, 0, 0, { lookup, isKept: options.isKept ?? (() => false), findings, limit });
  if (result.length <= limit) return { text: result, findings };
  const message = `the value is longer than ${limit} characters once its variables are filled in`;
  return { text: '', findings: [{ severity: 'error', at: 0, width: text.length, message, hint: null }] };
}

type Filling = {
  readonly lookup: Lookup;
  readonly isKept: (name: string) => boolean;
  readonly findings: Finding[];
  /** Where filling stops because the value is too long already. */
  readonly limit: number;
};

/** `offset` is where `text` starts in the whole value, so that findings in nested defaults point at the right place. */
function fill(text: string, offset: number, depth: number, filling: Filling): string {
  let result = '';
  let at = 0;
  while (at < text.length && result.length <= filling.limit) {
    const dollar = text.indexOf('$', at);
    if (dollar === -1) return result + text.slice(at);
    result += text.slice(at, dollar);
    const piece = variableAt(text, dollar);
    if ('wrong' in piece) {
      error(filling, offset + dollar, 1, piece.wrong, piece.hint);
      return result;
    }
    result += filledIn(piece, offset + dollar, depth, filling);
    at = piece.end;
  }
  return result;
}

/** One reference: `word` is what follows the operator, from `wordStart` to the closing brace. */
type Reference = { end: number; name: string; operator: string; wordStart: number; word: string };

type Wrong = { wrong: string; hint: string };

/** The reference that starts at the dollar sign at `start`, or what is wrong with it. */
function variableAt(text: string, start: number): Reference | Wrong {
  const hint = 'write $$ for a dollar sign';
  const none = { operator: '', wordStart: 0, word: '' };
  if (text[start + 1] === '$') return { ...none, end: start + 2, name: '$' };
  if (text[start + 1] !== '{') {
    const name = NAME.exec(text.slice(start + 1, start + 257))?.[0];
    return name === undefined
      ? { wrong: 'no variable name follows this $', hint }
      : { ...none, end: start + 1 + name.length, name };
  }
  const name = NAME.exec(text.slice(start + 2, start + 258))?.[0];
  if (name === undefined) return { wrong: 'no variable name follows this $ and its brace', hint };
  const close = closingBrace(text, start + 1);
  if (close === -1) return { wrong: `the brace of ${name} is not closed`, hint: 'close it with }' };
  const rest = text.slice(start + 2 + name.length, close);
  const operator = /^(:?[-?+])?/.exec(rest)?.[0] ?? '';
  if (rest !== '' && operator === '') return { wrong: `expected :-, -, :?, ?, :+, + or } after ${name}`, hint };
  const wordStart = start + 2 + name.length + operator.length;
  return { end: close + 1, name, operator, wordStart, word: rest.slice(operator.length) };
}

function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    else if (text[at] === '}') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}

function filledIn(reference: Reference, at: number, depth: number, filling: Filling): string {
  const { name, operator, word } = reference;
  if (name === '$') return '$';
  const isBraced = reference.wordStart > 0;
  if (filling.isKept(name)) return isBraced ? `\${${name}}` : `$${name}`;
  const width = isBraced ? name.length + operator.length + word.length + 3 : name.length + 1;
  if (depth >= MAX_DEPTH) {
    error(filling, at, 1, `variables are nested more than ${MAX_DEPTH} deep`, null);
    return '';
  }
  const wordAt = at + 2 + name.length + operator.length;
  const value = filling.lookup(name);
  const isFilled = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
  const kind = operator.at(-1) ?? '';
  if (kind === '+') return isFilled ? fill(word, wordAt, depth + 1, filling) : '';
  if (isFilled && value !== undefined) return value;
  if (kind === '-') return fill(word, wordAt, depth + 1, filling);
  if (kind === '?') {
    const message = word === '' ? '' : `: ${fill(word, wordAt, depth + 1, filling)}`;
    const state = value === undefined ? 'not set' : 'empty';
    error(filling, at, width, `the variable ${name} is ${state}${message}`, `export ${name}=… or put it into .env`);
    return '';
  }
  filling.findings.push({
    severity: 'warning',
    at,
    width,
    message: `the variable ${name} is not set; it is taken as empty`,
    hint: hintFor(name),
  });
  return '';
}

function hintFor(name: string): string {
  if (name === 'PORT' || name.startsWith('FRIDAY_')) return `write $$${name} for the value that the instance gets`;
  return `write \${${name}:-} if that is meant`;
}

function error(filling: Filling, at: number, width: number, message: string, hint: string | null): void {
  filling.findings.push({ severity: 'error', at, width, message, hint });
}
