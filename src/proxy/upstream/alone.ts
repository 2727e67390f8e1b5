// The rare way to an instance: a connection for one request, for upgrades, request trailers and `OPTIONS *`.
import { type ClientRequest, request as httpRequest } from 'node:http';
import { NodeCall } from './node-call.ts';
import type { Answer, Call, UpstreamRequest } from './upstream.ts';
import { WholeBody } from './whole-body.ts';

/** `host:port`, with brackets around an IPv6 address. */
export function authorityOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export function sendAlone(host: string, port: number, request: UpstreamRequest, answer: Answer): Call {
  return new LoneCall(host, port, request, answer);
}

class LoneCall extends NodeCall {
  constructor(host: string, port: number, request: UpstreamRequest, answer: Answer) {
    super(answer);
    try {
      this.open(host, port, request);
    } catch (error) {
      this.progress = 'unsendable';
      queueMicrotask(() => this.fail(error instanceof Error ? error : new Error(String(error))));
    }
  }

  private open(host: string, port: number, request: UpstreamRequest): void {
    const { method, path } = request;
    const headers = headersOf(request, authorityOf(host, port));
    const outgoing = httpRequest({ host, port, method, path, headers, agent: false });
    outgoing.on('socket', (socket) => socket.once('connect', () => this.send(outgoing, request)));
    this.follow(outgoing);
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
