// Header lines of the plainest form: `Name: value` and CRLF, nothing that any parser could read differently.
import { NAME, skip, VALUE } from './characters.ts';

const CR = 13;
const LF = 10;
const SPACE = 32;
const COLON = 58;

/** Reads all lines from `at` to the end of `text` into `raw`: name, value, name, value. False = one of them is not plain. */
export function readHeaderLines(text: string, at: number, raw: string[]): boolean {
  let place = at;
  while (place < text.length) {
    const colon = skip(text, place, NAME);
    if (colon === place || text.charCodeAt(colon) !== COLON) return false;
    const from = text.charCodeAt(colon + 1) === SPACE ? colon + 2 : colon + 1;
    const to = skip(text, from, VALUE);
    if (to === from || text.charCodeAt(from) === SPACE || text.charCodeAt(to - 1) === SPACE) return false;
    if (text.charCodeAt(to) !== CR || text.charCodeAt(to + 1) !== LF) return false;
    raw.push(text.slice(place, colon), text.slice(from, to));
    place = to + 2;
  }
  return true;
}

/** A length in its one usual form, and small enough to be exact. */
const IS_LENGTH = /^(0|[1-9][0-9]{0,14})$/;

/** Undefined = not a length in its usual form. */
export function lengthIn(value: string): number | undefined {
  return IS_LENGTH.test(value) ? Number(value) : undefined;
}

const KEEP_ALIVE = /^keep-alive$/i;
const CLOSE = /^close$/i;

/** Whether a `Connection` value keeps the connection; undefined = it says something else. */
export function keepsConnection(value: string): boolean | undefined {
  if (KEEP_ALIVE.test(value)) return true;
  return CLOSE.test(value) ? false : undefined;
}
