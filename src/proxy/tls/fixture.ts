// Clients of HTTPS for tests: one request over either version, and what a handshake shows.
import { type ClientHttp2Session, connect as connectH2, type IncomingHttpHeaders } from 'node:http2';
import { type RequestOptions, request } from 'node:https';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { TableCertificate, TableTls } from '../../core/traffic.ts';

export function tlsOf(certificates: readonly TableCertificate[], over: Partial<TableTls> = {}): TableTls {
  return {
    listen: [{ host: '127.0.0.1', port: 0 }],
    certificates,
    redirectPort: null,
    hstsSeconds: 0,
    minVersion: '1.2',
    ...over,
  };
}

export type SecureReply = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
};

export type SecureSent = {
  readonly host?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
};

/** HTTP/1.1 over TLS. */
export function sendSecure(port: number, ca: string, path = '/', sent: SecureSent = {}): Promise<SecureReply> {
  const { host = 'shop.localhost', method = 'GET', headers = {}, body } = sent;
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      host: '127.0.0.1',
      port,
      path,
      method,
      headers: { host, ...headers },
      servername: host,
      ca,
      agent: false,
    };
    const outgoing = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers: got, trailers } = response;
        resolve({ status, headers: got, trailers, body: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export function openH2(port: number, ca: string, host = 'shop.localhost'): ClientHttp2Session {
  const session = connectH2(`https://127.0.0.1:${port}`, { servername: host, ca });
  session.on('error', () => undefined);
  return session;
}

/** HTTP/2 on an open session. */
export function sendH2(session: ClientHttp2Session, path = '/', sent: SecureSent = {}): Promise<SecureReply> {
  const { host = 'shop.localhost', method = 'GET', headers = {}, body } = sent;
  return new Promise((resolve, reject) => {
    const stream = session.request(
      { ':path': path, ':method': method, ':authority': host, ...headers },
      { endStream: body === undefined },
    );
    const chunks: Buffer[] = [];
    let head: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    stream.on('response', (got) => {
      head = got;
    });
    stream.on('trailers', (got) => {
      trailers = got;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      if (stream.rstCode !== 0) reject(new Error(`The stream was reset with code ${stream.rstCode}.`));
      const status = Number((head as Record<string, unknown>)[':status'] ?? 0);
      resolve({ status, headers: head, trailers, body: Buffer.concat(chunks).toString() });
    });
    if (body !== undefined) stream.end(body);
  });
}

/** Resolves with the connection once the handshake is through; rejects with why it failed. */
export function handshake(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
  });
}
