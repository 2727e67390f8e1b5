// The answer to a request that came as an HTTP/2 stream.
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ClientResponse } from '../edge/client.ts';
import type { Exchange } from '../edge/exchange.ts';
import type { H2Request } from './h2-request.ts';

/** Headers that mean something for one HTTP/1 connection only (Source: RFC 9113 section 8.2.2). */
const OF_A_CONNECTION = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);
const HSTS = 'strict-transport-security';

export class H2Response implements ClientResponse {
  exchange: Exchange | null = null;
  /** Means nothing here: connections are told to end by themselves. */
  shouldKeepAlive = true;
  readonly req: H2Request;
  private readonly stream: ServerHttp2Stream;
  private readonly hsts: string | null;
  private trailers: Record<string, string> = {};
  /** A head that waits for whether a body follows it. */
  private unsent: string[] | null = null;
  private hasTrailers = false;
  private isEnded = false;

  constructor(stream: ServerHttp2Stream, request: H2Request, hsts: string | null) {
    this.stream = stream;
    this.req = request;
    this.hsts = hsts;
    stream.once('close', () => this.exchange?.onClosed());
  }

  writeContinue(): void {
    if (!this.stream.destroyed) this.stream.additionalHeaders({ ':status': constants.HTTP_STATUS_CONTINUE });
  }

  writeHead(status: number, headers: string[]): void;
  writeHead(status: number, reason: string, headers: string[]): void;
  writeHead(status: number, reason: string | string[], given?: string[]): void {
    const raw = typeof reason === 'string' ? (given ?? []) : reason;
    const headers: string[] = [':status', String(status)];
    let hasHsts = false;
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = (raw[i] as string).toLowerCase();
      if (OF_A_CONNECTION.has(name)) continue;
      requireSendable(name, raw[i + 1] as string);
      if (name === HSTS) hasHsts = true;
      else if (name === 'trailer') this.hasTrailers = true;
      headers.push(name, raw[i + 1] as string);
    }
    if (this.hsts !== null && !hasHsts) headers.push(HSTS, this.hsts);
    this.unsent = headers;
  }

  flushHeaders(): void {
    this.send(false);
  }

  write(chunk: Buffer): boolean {
    return this.send(false) || this.stream.destroyed || this.stream.write(chunk);
  }

  awaitDrain(): void {
    this.stream.once('drain', () => this.exchange?.onDrain());
  }

  addTrailers(pairs: [string, string][]): void {
    this.trailers = Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value]));
  }

  end(text?: string, encoding?: 'latin1' | 'utf8'): void {
    const isEmpty = text === undefined || text === '';
    if (this.send(isEmpty) || this.stream.destroyed) return;
    if (isEmpty) this.stream.end();
    else this.stream.end(Buffer.from(text, encoding));
  }

  /** True when that was all of it. */
  private send(isWhole: boolean): boolean {
    const { unsent, stream } = this;
    if (unsent === null) return this.isEnded;
    if (stream.destroyed || stream.closed) return true;
    this.unsent = null;
    const waitForTrailers = this.hasTrailers && this.req.method !== 'HEAD';
    this.isEnded = (isWhole && !waitForTrailers) || this.req.method === 'HEAD';
    if (waitForTrailers) stream.once('wantTrailers', () => this.sendTrailers());
    stream.respond(unsent, { endStream: this.isEnded, waitForTrailers });
    return this.isEnded;
  }

  private sendTrailers(): void {
    if (!this.stream.destroyed) this.stream.sendTrailers(this.trailers);
  }
}

/** Source: RFC 9110 sections 5.1 and 5.5. */
const IS_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const IS_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What HTTP/1 would refuse to send is refused here before anything of it is. */
function requireSendable(name: string, value: string): void {
  if (!IS_NAME.test(name) || !IS_VALUE.test(value)) throw new TypeError(`The header ${name} cannot be sent.`);
}
