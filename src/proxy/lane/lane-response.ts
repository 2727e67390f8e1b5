// An answer of the fast lane, written as Node's server writes it.
import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import type { Socket } from 'node:net';
import type { ClientResponse } from '../edge/client.ts';
import type { Exchange } from '../edge/exchange.ts';
import { httpDate } from './http-date.ts';
import type { LaneRequest } from './lane-request.ts';

/** Whoever owns the client's connection. */
export interface ResponseOwner {
  readonly keepAliveSeconds: number;
  /** All of the answer has left. */
  onSent(response: LaneResponse): void;
}

const LAST_CHUNK = '0\r\n';

export class LaneResponse implements ClientResponse {
  readonly req: LaneRequest;
  exchange: Exchange | null = null;
  shouldKeepAlive: boolean;
  /** A piece of it waits in this process, for the client takes no more. */
  isAwaitingDrain = false;
  private readonly owner: ResponseOwner;
  private readonly socket: Socket;
  /** What is to leave with the next bytes. */
  private unsent = '';
  private hasBody = true;
  private isChunked = false;
  private trailers = '';

  constructor(req: LaneRequest, owner: ResponseOwner, shouldKeepAlive: boolean) {
    this.req = req;
    this.owner = owner;
    this.socket = req.socket;
    this.shouldKeepAlive = shouldKeepAlive;
  }

  writeContinue(): void {
    // Requests that expect it are not taken.
  }

  writeHead(status: number, reasonOrHeaders: string | string[], headers?: string[]): void {
    const list = typeof reasonOrHeaders === 'string' ? (headers ?? []) : reasonOrHeaders;
    const reason = typeof reasonOrHeaders === 'string' ? reasonOrHeaders : (STATUS_CODES[status] ?? 'unknown');
    if (status < 100 || status > 999) throw new RangeError(`There is no status ${status}.`);
    const lines = new HeaderLines(list);
    this.hasBody = this.req.method !== 'HEAD' && status !== 204 && status !== 304;
    this.isChunked = this.hasBody && !lines.hasLength;
    let text = `HTTP/1.1 ${status} ${reason}\r\n${lines.text}`;
    if (!lines.hasDate) text += `Date: ${httpDate()}\r\n`;
    text += this.shouldKeepAlive
      ? `Connection: keep-alive\r\nKeep-Alive: timeout=${this.owner.keepAliveSeconds}\r\n`
      : 'Connection: close\r\n';
    this.unsent = this.isChunked ? `${text}Transfer-Encoding: chunked\r\n\r\n` : `${text}\r\n`;
  }

  flushHeaders(): void {
    const { unsent } = this;
    this.unsent = '';
    if (unsent !== '') this.send(unsent);
  }

  write(chunk: Buffer): boolean {
    const { socket, unsent } = this;
    if (!this.hasBody || chunk.length === 0) return true;
    if (!socket.writable) return true;
    this.unsent = '';
    socket.cork();
    const size = this.isChunked ? `${chunk.length.toString(16)}\r\n` : '';
    if (unsent !== '' || size !== '') socket.write(unsent + size, 'latin1');
    let isFree = socket.write(chunk);
    if (this.isChunked) isFree = socket.write('\r\n', 'latin1');
    socket.uncork();
    return isFree;
  }

  awaitDrain(): void {
    this.isAwaitingDrain = true;
  }

  addTrailers(pairs: [string, string][]): void {
    if (!this.isChunked) return;
    for (const [name, value] of pairs) {
      validateHeaderName(name);
      validateHeaderValue(name, value);
      this.trailers += `${name}: ${value}\r\n`;
    }
  }

  end(text = '', encoding: 'latin1' | 'utf8' = 'latin1'): void {
    const { unsent, socket } = this;
    this.unsent = '';
    const body = this.hasBody ? text : '';
    const framed =
      this.isChunked && body !== '' ? `${Buffer.byteLength(body, encoding).toString(16)}\r\n${body}\r\n` : body;
    const all = unsent + framed + (this.isChunked ? `${LAST_CHUNK}${this.trailers}\r\n` : '');
    if (all !== '') this.send(all, encoding);
    if (socket.writableLength === 0) this.owner.onSent(this);
    // Behind all that waits.
    else if (socket.writable) socket.write('', 'latin1', () => this.owner.onSent(this));
  }

  private send(text: string, encoding: 'latin1' | 'utf8' = 'latin1'): void {
    if (this.socket.writable) this.socket.write(text, encoding);
  }
}

/** Header lines as they are sent, and what they say of the answer. Throws when one of them cannot be sent. */
class HeaderLines {
  text = '';
  hasDate = false;
  hasLength = false;

  constructor(list: readonly string[]) {
    for (let i = 0; i + 1 < list.length; i += 2) {
      const name = list[i] as string;
      const value = list[i + 1] as string;
      if (IS_UNSENDABLE.test(value)) throw new TypeError(`The header ${name} cannot be sent.`);
      if (name.length === 4 && name.toLowerCase() === 'date') this.hasDate = true;
      else if (name.length === 14 && name.toLowerCase() === 'content-length') this.hasLength = true;
      this.text += `${name}: ${value}\r\n`;
    }
  }
}

const IS_UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/;
