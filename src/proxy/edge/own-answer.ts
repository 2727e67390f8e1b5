// The answers that the proxy makes itself: short, plain text, and the same for every service.
import type { Socket } from 'node:net';
import type { ClientResponse } from './client.ts';

const TEXTS: Readonly<Record<number, string>> = {
  308: 'This address answers over HTTPS.',
  400: 'This request is malformed.',
  404: 'No service answers under this address.',
  408: 'The request did not arrive in time.',
  413: 'The extensions of a chunk are too large.',
  431: 'The request head is too large.',
  501: 'This method is not supported here.',
  502: 'The instance could not be reached or broke off.',
  503: 'No instance is ready. Try again in a second.',
  504: 'The instance did not answer in time.',
};

/** `label` is the version that should have answered; `cookie` the Set-Cookie value of a client that is new. */
export type OwnAnswer = {
  readonly label?: string | null;
  readonly cookie?: string | null;
  readonly detail?: string;
  readonly location?: string;
};

export function answerItself(response: ClientResponse, status: number, about: OwnAnswer = {}): void {
  const text = `${about.detail ?? TEXTS[status] ?? ''}\n`;
  const headers = ['content-type', 'text/plain; charset=utf-8', 'content-length', String(Buffer.byteLength(text))];
  if (status === 503) headers.push('retry-after', '1');
  if (about.location) headers.push('location', about.location);
  if (about.label) headers.push('x-friday-version', about.label);
  if (about.cookie) headers.push('set-cookie', about.cookie);
  if (status === 400 || status === 408) response.shouldKeepAlive = false;
  response.writeHead(status, headers);
  response.end(text, 'utf8');
}

/** What a client has not read of its last answer may take so long. */
const LINGER_MS = 1_000;

/** The same for a connection that has no response object, which ends with it. */
export function endWith(socket: Socket, status: number): void {
  const text = `${TEXTS[status] ?? ''}\n`;
  const length = Buffer.byteLength(text);
  const headers = `connection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${length}`;
  socket.on('error', () => undefined);
  socket.end(`HTTP/1.1 ${status} ${REASONS[status] ?? ''}\r\n${headers}\r\n\r\n${text}`);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
};
