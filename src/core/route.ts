// Names the route that a request took, so that requests for many different things count as one kind of request. Pure.

/** Characters of the longest name: method, space, four segments and what stands for the rest. */
export const LONGEST_ROUTE = 20 + 1 + 4 * (1 + 40) + 2;

const SEGMENTS = 4;
const SEGMENT_CHARACTERS = 40;
/** What is no plain word is looked at no further than this; paths may be as long as a request head. */
const PATH_CHARACTERS = 1_000;
const IS_METHOD = /^[A-Z-]{1,20}$/;
/** Signs of path segments that people choose for routes; an escape, `@` or `;` speaks for something that users fill in. */
const IS_PLAIN = /^[A-Za-z0-9._:$-]+$/;
const IS_LONG_HEX = /^[0-9a-fA-F]{16,}$/;
const DIGITS_OF_IDS = 3;
const HYPHENS_OF_TITLES = 3;
const CHARACTERS_OF_TOKENS = 16;

/**
 * Method and path without what differs from request to request, `GET /articles/*` for every article: the query is cut, empty
 * segments are dropped, segments that look like ids become `*`, and `/…` stands for all behind the fourth. A target that
 * is no path, and a method of other signs than capitals, become `*`. Total, the same for the same request, at most
 * `LONGEST_ROUTE` characters; a route is the route of itself.
 *
 * An id is a segment without a letter, longer than 40 characters, with other signs than `A-Z a-z 0-9 . _ : $ -`, with three
 * digits or more, a title of four words or more (`how-to-bake-bread`), 16 or more hexadecimal digits, or 16 or more
 * characters of which most differ in kind (capital, small letter, digit) from the one before, as in base64.
 */
export function routeOf(method: string, url: string): string {
  const verb = IS_METHOD.test(method) ? method : '*';
  if (!url.startsWith('/')) return `${verb} *`;
  const segments = pathOf(url).split('/').filter(Boolean);
  const named = segments.slice(0, SEGMENTS).map((segment) => (isId(segment) ? '*' : segment));
  return `${verb} /${named.join('/')}${segments.length > SEGMENTS ? '/…' : ''}`;
}

function pathOf(url: string): string {
  const start = url.slice(0, PATH_CHARACTERS);
  const end = start.search(/[?#]/);
  return end < 0 ? start : start.slice(0, end);
}

function isId(segment: string): boolean {
  if (segment.length > SEGMENT_CHARACTERS || !IS_PLAIN.test(segment) || !/[A-Za-z]/.test(segment)) return true;
  return (
    countOf(segment, /[0-9]/g) >= DIGITS_OF_IDS ||
    countOf(segment, /-/g) >= HYPHENS_OF_TITLES ||
    IS_LONG_HEX.test(segment) ||
    isToken(segment)
  );
}

function countOf(text: string, sign: RegExp): number {
  return text.match(sign)?.length ?? 0;
}

/** Words, also joined ones as in `getUserProfile`, stay of one kind for a few characters; chance does not. */
function isToken(segment: string): boolean {
  if (segment.length < CHARACTERS_OF_TOKENS) return false;
  let changes = 0;
  for (let i = 1; i < segment.length; i += 1) if (kindAt(segment, i) !== kindAt(segment, i - 1)) changes += 1;
  return changes * 2 > segment.length;
}

function kindAt(text: string, place: number): 'capital' | 'small' | 'digit' | 'other' {
  const sign = text.charAt(place);
  if (sign >= 'A' && sign <= 'Z') return 'capital';
  if (sign >= 'a' && sign <= 'z') return 'small';
  return sign >= '0' && sign <= '9' ? 'digit' : 'other';
}
