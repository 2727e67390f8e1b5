// One pass over the headers of a request: what the proxy needs of them, and those that go on to the instance.
import { isHost } from '../routing/route-map.ts';
import { isTraceparent } from './trace.ts';

/** `Connection` values that name no header. */
const PLAIN_CONNECTION = /^(keep-alive|close)$/i;
/** Headers that a client cannot have removed by naming them in `Connection`. */
const NEVER_NAMED = new Set(['host', 'content-length']);

/** Node reads `expect` of it in place of its own header object, which costs more than this whole pass. */
export class RequestHead {
  host: string | undefined;
  expect: string | undefined;
  /** Headers for the instance: name, value, name, value. */
  readonly kept: string[] = [];
  /** Why it is refused with 400; null = well formed. */
  problem: string | null = null;
  hasBody = false;
  isChunked = false;
  upgrade: string | null = null;
  trailer: string | null = null;
  cookies: string | null = null;
  forced: string | null = null;
  forwardedFor: string | null = null;
  /** What a proxy in front says of its own client; null when it says nothing, or nothing that makes sense. */
  forwardedProto: 'http' | 'https' | null = null;
  forwardedHost: string | null = null;
  traceparent: string | null = null;
  private connection: string | null = null;
  private hasLength = false;
  private traceparents = 0;
  private hasTracestate = false;

  constructor(raw: readonly string[]) {
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = raw[i] as string;
      const value = raw[i + 1] as string;
      if (this.goesOn(name, value)) this.kept.push(name, value);
    }
    if (this.connection !== null && !PLAIN_CONNECTION.test(this.connection)) this.removeNamed(this.connection);
    if (this.isChunked && this.hasLength) this.problem = 'Content-Length and Transfer-Encoding exclude each other.';
    if (this.traceparents > 1 || (this.traceparent !== null && !isTraceparent(this.traceparent))) this.dropTrace();
    else if (this.traceparent === null && this.hasTracestate) this.dropTrace();
  }

  /** Whether the client asks to change the protocol, to one that starts with an HTTP/1.1 handshake without a body. */
  get wantsUpgrade(): boolean {
    if (this.upgrade === null || this.connection === null || this.hasBody) return false;
    return /(^|,)\s*upgrade\s*(,|$)/i.test(this.connection) && !/(^|,)\s*h2c\s*(,|$)/i.test(this.upgrade);
  }

  /** Notes what matters; false for headers that are for this hop only, or that the proxy writes itself. */
  private goesOn(name: string, value: string): boolean {
    switch (name.length) {
      case 2:
        return name.toLowerCase() !== 'te' || /(^|,)\s*trailers\s*(;|,|$)/i.test(value);
      case 4:
        return this.noteHost(name, value);
      case 6:
        return this.noteShort(name.toLowerCase(), value);
      case 7:
        return this.noteSeven(name.toLowerCase(), value);
      case 10:
        return this.noteTen(name.toLowerCase(), value);
      case 11:
        return this.noteTraceparent(name, value);
      case 14:
        return this.noteLength(name, value);
      case 15:
        return this.noteForwardedFor(name, value);
      case 16:
        return this.noteSixteen(name.toLowerCase(), value);
      case 17:
        return this.noteSeventeen(name.toLowerCase(), value);
      case 19:
        return name.toLowerCase() !== 'proxy-authorization';
      default:
        return true;
    }
  }

  private noteHost(name: string, value: string): boolean {
    if (name.toLowerCase() !== 'host') return true;
    if (this.host !== undefined) this.problem = 'More than one Host header.';
    else if (!isHost(value)) this.problem = 'The Host header is no host.';
    this.host = value;
    return true;
  }

  private noteShort(name: string, value: string): boolean {
    if (name === 'cookie') this.cookies = this.cookies === null ? value : `${this.cookies}; ${value}`;
    if (name !== 'expect') return true;
    this.expect = value;
    return false;
  }

  private noteSeven(name: string, value: string): boolean {
    if (name === 'upgrade') this.upgrade = value;
    else if (name === 'trailer') this.trailer = value;
    else return true;
    return false;
  }

  private noteTen(name: string, value: string): boolean {
    if (name === 'connection') {
      this.connection = this.connection === null ? value : `${this.connection},${value}`;
      return false;
    }
    if (name === 'tracestate') this.hasTracestate = true;
    return name !== 'keep-alive';
  }

  private noteTraceparent(name: string, value: string): boolean {
    if (name.toLowerCase() !== 'traceparent') return true;
    this.traceparents += 1;
    this.traceparent = value;
    return true;
  }

  private noteLength(name: string, value: string): boolean {
    if (name.toLowerCase() !== 'content-length') return true;
    if (this.hasLength) this.problem = 'More than one Content-Length header.';
    this.hasLength = true;
    if (value !== '0') this.hasBody = true;
    return true;
  }

  private noteForwardedFor(name: string, value: string): boolean {
    if (name.toLowerCase() !== 'x-forwarded-for') return true;
    this.forwardedFor = this.forwardedFor === null ? value : `${this.forwardedFor}, ${value}`;
    return false;
  }

  private noteSixteen(name: string, value: string): boolean {
    if (name === 'x-friday-version') this.forced = value;
    if (name === 'x-forwarded-host' && isHost(value)) this.forwardedHost = value;
    return name !== 'x-friday-version' && name !== 'proxy-connection' && name !== 'x-forwarded-host';
  }

  private noteSeventeen(name: string, value: string): boolean {
    if (name === 'x-forwarded-proto') {
      if (value === 'https' || value === 'http') this.forwardedProto = value;
      return false;
    }
    if (name !== 'transfer-encoding') return true;
    if (this.isChunked || value.toLowerCase() !== 'chunked') this.problem = 'Transfer-Encoding can only be "chunked".';
    this.isChunked = true;
    this.hasBody = true;
    return false;
  }

  /** Removes the headers that `Connection` names (Source: RFC 9110 section 7.6.1). */
  private removeNamed(connection: string): void {
    const names = new Set(
      connection
        .toLowerCase()
        .split(',')
        .map((one) => one.trim()),
    );
    this.remove((name) => names.has(name) && !NEVER_NAMED.has(name));
    if (names.has('traceparent')) this.traceparent = null;
  }

  private dropTrace(): void {
    this.traceparent = null;
    this.remove((name) => name === 'traceparent' || name === 'tracestate');
  }

  private remove(isOut: (name: string) => boolean): void {
    let to = 0;
    for (let i = 0; i < this.kept.length; i += 2) {
      const name = this.kept[i] as string;
      if (isOut(name.toLowerCase())) continue;
      this.kept[to] = name;
      this.kept[to + 1] = this.kept[i + 1] as string;
      to += 2;
    }
    this.kept.length = to;
  }
}
