// The rare way to an instance: a connection for one request, for upgrades, request trailers and `OPTIONS *`.
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Answer, Call, Progress, UpstreamRequest } from './upstream.ts';
import { WholeBody } from './whole-body.ts';

/** `host:port`, with brackets around an IPv6 address. */
export function authorityOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export function sendAlone(host: string, port: number, request: UpstreamRequest, answer: Answer): Call {
  return new LoneCall(host, port, request, answer);
}

class LoneCall implements Call {
  private readonly answer: Answer;
  private outgoing: ClientRequest | null = null;
  private incoming: IncomingMessage | null = null;
  private progress: Progress = 'unsent';
  private isOver = false;

  constructor(host: string, port: number, request: UpstreamRequest, answer: Answer) {
    this.answer = answer;
    try {
      this.outgoing = this.open(host, port, request);
    } catch (error) {
      this.progress = 'unsendable';
      queueMicrotask(() => this.fail(error instanceof Error ? error : new Error(String(error))));
    }
  }

  private open(host: string, port: number, request: UpstreamRequest): ClientRequest {
    const { method, path } = request;
    const headers = headersOf(request, authorityOf(host, port));
    const outgoing = httpRequest({ host, port, method, path, headers, agent: false });
    outgoing.on('socket', (socket) => socket.once('connect', () => this.send(outgoing, request)));
    outgoing.on('response', (incoming) => this.read(incoming));
    outgoing.on('upgrade', (incoming, socket, first) => this.change(incoming, socket as Socket, first));
    outgoing.on('error', (error) => this.fail(error));
    return outgoing;
  }

  resume(): void {
    this.incoming?.resume();
  }

  abort(): void {
    this.isOver = true;
    this.outgoing?.destroy();
  }

  private send(outgoing: ClientRequest, { body, trailers }: UpstreamRequest): void {
    this.progress = 'sent';
    if (body === null) {
      outgoing.end();
      return;
    }
    if (body instanceof WholeBody) {
      outgoing.end(body.take());
      return;
    }
    body.on('error', () => this.abort());
    body.on('end', () => {
      if (trailers) outgoing.addTrailers(pairsOf(trailers.read()));
      outgoing.end();
    });
    body.pipe(outgoing, { end: false });
  }

  private read(incoming: IncomingMessage): void {
    this.progress = 'answered';
    this.incoming = incoming;
    if (this.isOver) return;
    this.answer.onHead(incoming.statusCode ?? 0, incoming.statusMessage ?? '', incoming.rawHeaders);
    incoming.on('data', (chunk: Buffer) => {
      if (!this.isOver && !this.answer.onBody(chunk)) incoming.pause();
    });
    incoming.on('end', () => {
      if (this.isOver) return;
      this.isOver = true;
      this.answer.onEnd(incoming.rawTrailers);
    });
    incoming.on('error', (error) => this.fail(error));
  }

  private change(incoming: IncomingMessage, socket: Socket, first: Buffer): void {
    if (this.isOver) {
      socket.destroy();
      return;
    }
    this.isOver = true;
    this.answer.onUpgrade(incoming.headers.upgrade ?? '', incoming.rawHeaders, socket, first);
  }

  private fail(error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.answer.onFail(error, this.progress);
  }
}

function headersOf({ headers, body, upgrade, trailers }: UpstreamRequest, authority: string): string[] {
  const all = [...headers];
  const has = (name: string) => headers.some((one, i) => i % 2 === 0 && one.toLowerCase() === name);
  if (!has('host')) all.push('host', authority);
  if (upgrade === null) all.push('connection', 'close');
  else all.push('connection', 'upgrade', 'upgrade', upgrade);
  if (body !== null && !has('content-length')) all.push('transfer-encoding', 'chunked');
  if (trailers) all.push('trailer', trailers.names);
  return all;
}

/** Raw trailers in the form that Node takes. */
export function pairsOf(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) pairs.push([raw[i] ?? '', raw[i + 1] ?? '']);
  return pairs;
}
