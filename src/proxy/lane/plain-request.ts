// The requests that the fast lane takes: whole, alone, and of a grammar on which all parsers agree.
import { skip, TARGET } from './characters.ts';
import { keepsConnection, lengthIn, readHeaderLines } from './header-lines.ts';

export type PlainRequest = {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Name, value, name, value; as they came. */
  readonly raw: string[];
  /** The client wants the connection to end behind the answer. */
  readonly isLast: boolean;
  /** Null = none. */
  readonly body: Buffer | null;
};

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']);
const HEAD_END = '\r\n\r\n';
const VERSION = ' HTTP/1.1\r\n';
const SLASH = 47;

/** The one request that `bytes` are, from the first to the last; null = it is for Node's parser to say what they are. */
export function plainRequestIn(bytes: Buffer, maxHeadBytes: number): PlainRequest | null {
  const end = bytes.indexOf(HEAD_END);
  const bodyAt = end + HEAD_END.length;
  if (end < 0 || bodyAt > maxHeadBytes) return null;
  const text = bytes.toString('latin1', 0, end + 2);
  const targetAt = text.indexOf(' ') + 1;
  const method = text.slice(0, targetAt - 1);
  if (!METHODS.has(method) || text.charCodeAt(targetAt) !== SLASH) return null;
  const targetEnd = skip(text, targetAt, TARGET);
  if (!text.startsWith(VERSION, targetEnd)) return null;
  const raw: string[] = [];
  if (!readHeaderLines(text, targetEnd + VERSION.length, raw)) return null;
  const framing = framingOf(raw);
  if (framing === null || bytes.length - bodyAt !== framing.length) return null;
  const body = framing.length === 0 ? null : bytes.subarray(bodyAt);
  return { method, url: text.slice(targetAt, targetEnd), raw, isLast: framing.isLast, body };
}

type Framing = { readonly length: number; readonly isLast: boolean };

/** Null when a header is there that changes how the request, or what follows it, is read. */
function framingOf(raw: readonly string[]): Framing | null {
  let length: number | undefined;
  let isKept: boolean | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    switch (name.length) {
      case 6:
      case 7:
      case 16:
      case 17:
        if (IS_FOR_NODE.has(name.toLowerCase())) return null;
        break;
      case 10:
        if (name.toLowerCase() !== 'connection') break;
        if (isKept !== undefined) return null;
        isKept = keepsConnection(raw[i + 1] as string);
        if (isKept === undefined) return null;
        break;
      case 14:
        if (name.toLowerCase() !== 'content-length') break;
        if (length !== undefined) return null;
        length = lengthIn(raw[i + 1] as string);
        if (length === undefined) return null;
    }
  }
  return { length: length ?? 0, isLast: isKept === false };
}

/** What else the parser, or Node's server, acts upon. Their lengths are 6, 7, 16 and 17. */
const IS_FOR_NODE: ReadonlySet<string> = new Set(['expect', 'upgrade', 'proxy-connection', 'transfer-encoding']);
