// Classes of characters: fewer than HTTP allows, so that no two parsers can differ about what is in them.

export const NAME = 1;
export const VALUE = 2;
export const TARGET = 4;

const LETTERS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** By character code; what is above 255 is in no class. */
const CLASSES = new Uint8Array(256);
const put = (characters: string, kind: number) => {
  for (const one of characters) CLASSES[one.charCodeAt(0)] = (CLASSES[one.charCodeAt(0)] ?? 0) | kind;
};
put(`${LETTERS_AND_DIGITS}-_`, NAME);
// What a path and a query may consist of (Source: RFC 3986 sections 3.3 and 3.4).
put(`${LETTERS_AND_DIGITS}-._~!$&'()*+,;=:@/?%`, TARGET);
for (let code = 0x20; code < 0x7f; code += 1) CLASSES[code] = (CLASSES[code] ?? 0) | VALUE;

/** The first place from `at` on whose character is not of `kind`; the end of the text at last. */
export function skip(text: string, at: number, kind: number): number {
  let place = at;
  while (place < text.length && ((CLASSES[text.charCodeAt(place)] ?? 0) & kind) !== 0) place += 1;
  return place;
}
