// The heads of answers that the fast lane reads itself: of a grammar on which all parsers agree.
import { skip, VALUE } from './characters.ts';
import { keepsConnection, lengthIn, readHeaderLines } from './header-lines.ts';

export type PlainAnswer = {
  readonly status: number;
  readonly reason: string;
  /** Name, value, name, value; as they came. */
  readonly raw: string[];
  /** Length of the body in bytes, or how else its end is found. */
  readonly framing: number | 'chunked' | 'until-close';
  /** The connection is good for another request. */
  readonly isKept: boolean;
  /** How long the instance keeps it, in ms; null when it does not say. */
  readonly keptMs: number | null;
};

/** Node's parser refuses heads from 16 KiB on, as it counts them. */
const MAX_HEAD_CHARACTERS = 16_000;
const START = 'HTTP/1.1 ';
const STATUS_END = START.length + 3;
const SPACE = 32;
const IS_STATUS = /^[2-5][0-9][0-9]$/;
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;

/** `text` is a head with the CRLF of its last line; null = it is for Node's parser to say what it is. */
export function plainAnswerIn(text: string, method: string): PlainAnswer | null {
  if (text.length > MAX_HEAD_CHARACTERS || !text.startsWith(START)) return null;
  if (text.charCodeAt(STATUS_END) !== SPACE) return null;
  const status = statusAt(text, START.length);
  const reasonEnd = skip(text, STATUS_END + 1, VALUE);
  if (status === null || !text.startsWith('\r\n', reasonEnd)) return null;
  const raw: string[] = [];
  if (!readHeaderLines(text, reasonEnd + 2, raw)) return null;
  const found = new Framing();
  for (let i = 0; i < raw.length; i += 2) if (!found.note(raw[i] as string, raw[i + 1] as string)) return null;
  const framing = found.of(method, status);
  if (framing === null) return null;
  const { isKept, keptMs } = found;
  return { status, reason: text.slice(STATUS_END + 1, reasonEnd), raw, framing, isKept: isKept ?? true, keptMs };
}

/** 200 to 599; answers before the answer are not plain. */
function statusAt(text: string, at: number): number | null {
  const digits = text.slice(at, at + 3);
  return IS_STATUS.test(digits) ? Number(digits) : null;
}

class Framing {
  isKept: boolean | undefined;
  keptMs: number | null = null;
  private length: number | undefined;
  private isChunked = false;

  /** False = this header is not plain. */
  note(name: string, value: string): boolean {
    switch (name.length) {
      case 7:
        return name.toLowerCase() !== 'upgrade';
      case 10:
        return this.noteConnection(name.toLowerCase(), value);
      case 14:
        if (name.toLowerCase() !== 'content-length') return true;
        if (this.length !== undefined) return false;
        this.length = lengthIn(value);
        return this.length !== undefined;
      case 16:
        return name.toLowerCase() !== 'proxy-connection';
      case 17:
        if (name.toLowerCase() !== 'transfer-encoding') return true;
        if (this.isChunked || value.toLowerCase() !== 'chunked') return false;
        this.isChunked = true;
        return true;
      default:
        return true;
    }
  }

  private noteConnection(name: string, value: string): boolean {
    if (name === 'keep-alive') {
      const seconds = /^timeout=(\d{1,9})(,|$)/.exec(value)?.[1];
      if (seconds !== undefined) this.keptMs = Number(seconds) * 1000;
      return true;
    }
    if (name !== 'connection') return true;
    if (this.isKept !== undefined) return false;
    this.isKept = keepsConnection(value);
    return this.isKept !== undefined;
  }

  /** How the body ends (Source: RFC 9112 section 6.3); null when that is not plain. */
  of(method: string, status: number): PlainAnswer['framing'] | null {
    if (this.isChunked && this.length !== undefined) return null;
    if (method === 'HEAD') return 0;
    if (status === NO_CONTENT || status === NOT_MODIFIED) {
      return this.isChunked || this.length !== undefined ? null : 0;
    }
    return this.isChunked ? 'chunked' : (this.length ?? 'until-close');
  }
}
