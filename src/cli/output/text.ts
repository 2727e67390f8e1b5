// Text in terminal columns: cleaning, measuring, cutting, padding and wrapping.
import { stripVTControlCharacters } from 'node:util';

const WIDE =
  /^(?:\p{Extended_Pictographic}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}])$/u;
const NARROW_PICTURES = /^[\u0023-\u0039\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u2bff]$/u;
const MARK = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

function columnsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (MARK.test(character)) return 0;
  return WIDE.test(character) && !NARROW_PICTURES.test(character) ? 2 : 1;
}

/** Text of others (log lines, paths, reasons) on one line, without anything that moves the cursor or colours the terminal. */
export function cleaned(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replace(/[\t\n\r]+/g, ' ')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
      .replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '')
  );
}

/** Columns that the text takes on a terminal; escape sequences take none. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += columnsOf(character);
  return width;
}

/** At most `width` columns of an unpainted text; what was cut shows as `…`. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width < 1) return '';
  let kept = '';
  let used = 0;
  for (const character of text) {
    const columns = columnsOf(character);
    if (used + columns > width - 1) break;
    kept += character;
    used += columns;
  }
  return `${kept.trimEnd()}…`;
}

/** A painted line of at most `width` columns; one that is too long loses its colours with its end. */
export function clip(line: string, width: number): string {
  return widthOf(line) <= width ? line : cut(stripVTControlCharacters(line), width);
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

/** `left` and `right` at the two ends of a line of `width` columns; null when they do not fit. */
export function ends(left: string, right: string, width: number): string | null {
  const gap = width - widthOf(left) - widthOf(right);
  if (right === '') return gap >= 0 ? left : null;
  return gap >= 2 ? left + ' '.repeat(gap) + right : null;
}

/** Lines of at most `width` columns, broken between words; a word that is too long for a line is broken where the line ends. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    const pieces = broken(word, Math.max(1, width));
    line = pieces.pop() ?? '';
    lines.push(...pieces);
  }
  if (line !== '') lines.push(line);
  return lines;
}

function broken(word: string, width: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  let used = 0;
  for (const character of word) {
    const columns = columnsOf(character);
    if (used + columns > width && piece !== '') {
      pieces.push(piece);
      piece = '';
      used = 0;
    }
    piece += character;
    used += columns;
  }
  return piece === '' ? pieces : [...pieces, piece];
}

/** `1 service`, `3 services`. */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
