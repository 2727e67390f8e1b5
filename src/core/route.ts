// Names the route that a request took, so that requests for many different things count as one kind of request. Pure.

/** Characters of the longest name: method, space, four segments and what stands for the rest. */
export const LONGEST_ROUTE = 20 + 1 + 4 * (1 + 40) + 2;

const SEGMENTS = 4;
const SEGMENT_CHARACTERS = 40;
/** What is no plain word is looked at no further than this; paths may be as long as a request head. */
const PATH_CHARACTERS = 1_000;
const IS_METHOD = /^[A-Z-]{1,20}$/;
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
  const end = endOfPath(url);
  let route = '';
  let segments = 0;
  for (let from = 1; from < end; ) {
    const slash = url.indexOf('/', from);
    const to = slash < 0 || slash > end ? end : slash;
    if (to > from) {
      segments += 1;
      if (segments > SEGMENTS) return `${verb} ${route}/…`;
      route += isId(url, from, to) ? '/*' : `/${url.slice(from, to)}`;
    }
    from = to + 1;
  }
  return `${verb} ${route || '/'}`;
}

function endOfPath(url: string): number {
  const most = Math.min(url.length, PATH_CHARACTERS);
  for (let i = 0; i < most; i += 1) {
    const sign = url.charCodeAt(i);
    if (sign === QUERY || sign === FRAGMENT) return i;
  }
  return most;
}

/** In one pass, for it runs for each new path that a client asks for. */
function isId(url: string, from: number, to: number): boolean {
  const length = to - from;
  if (length > SEGMENT_CHARACTERS) return true;
  let [letters, digits, hyphens, hexadecimals, changes] = [0, 0, 0, 0, 0];
  let before: Kind | null = null;
  for (let i = from; i < to; i += 1) {
    const sign = url.charCodeAt(i);
    const kind = kindOf(sign);
    if (kind === 'free') return true;
    if (kind === 'digit') digits += 1;
    else if (kind !== 'mark') letters += 1;
    if (sign === HYPHEN) hyphens += 1;
    if (isHexadecimal(sign)) hexadecimals += 1;
    // Words, also joined ones as in `getUserProfile`, stay of one kind for a few characters; chance does not.
    if (before !== null && kind !== before) changes += 1;
    before = kind;
  }
  if (letters === 0 || digits >= DIGITS_OF_IDS || hyphens >= HYPHENS_OF_TITLES) return true;
  return length >= CHARACTERS_OF_TOKENS && (hexadecimals === length || changes * 2 > length);
}

const [QUERY, FRAGMENT, HYPHEN] = [63, 35, 45];

/** `free`: an escape, `@`, `;` and all else that speaks for something that users fill in. */
type Kind = 'capital' | 'small' | 'digit' | 'mark' | 'free';

function kindOf(sign: number): Kind {
  if (sign >= 97 && sign <= 122) return 'small';
  if (sign >= 65 && sign <= 90) return 'capital';
  if (sign >= 48 && sign <= 57) return 'digit';
  // . _ : $ -
  return sign === 46 || sign === 95 || sign === 58 || sign === 36 || sign === HYPHEN ? 'mark' : 'free';
}

function isHexadecimal(sign: number): boolean {
  return (sign >= 48 && sign <= 57) || (sign >= 97 && sign <= 102) || (sign >= 65 && sign <= 70);
}
