// The headers of a request as an instance gets them.
import type { Socket } from 'node:net';
import type { ClientRequest } from './client.ts';

const PEER = Symbol('address of the client');

type Known = Socket & { [PEER]?: string };

/** Address of the client, looked up once per connection; IPv4 in its usual form. */
function peerOf(socket: Known): string {
  socket[PEER] ??= (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return socket[PEER];
}

/** A program of this machine: what ends TLS here, or a service. Others could claim anything. */
function isOfThisMachine(peer: string): boolean {
  return peer.startsWith('127.') || peer === '::1';
}

/** What the client sent but the hop-by-hop headers, and what the proxy knows: client address, host, version and trace. */
export function upstreamHeaders(
  { head, socket }: Pick<ClientRequest, 'head' | 'socket'>,
  label: string,
  traceparent: string,
): string[] {
  const headers = head.kept.slice();
  const peer = peerOf(socket);
  const isBelieved = isOfThisMachine(peer);
  const host = (isBelieved ? head.forwardedHost : null) ?? head.host;
  headers.push(
    'x-forwarded-for',
    head.forwardedFor === null ? peer : `${head.forwardedFor}, ${peer}`,
    'x-forwarded-proto',
    'encrypted' in socket ? 'https' : ((isBelieved ? head.forwardedProto : null) ?? 'http'),
    'x-friday-version',
    label,
  );
  if (host !== undefined) headers.push('x-forwarded-host', host);
  if (head.traceparent === null) headers.push('traceparent', traceparent);
  return headers;
}
