// The HTTP server: answers, and stops without cutting anybody off.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { answer } from './answer.ts';
import type { Parameters } from './parameters.ts';

/** Connections without a request are kept so long after the end was asked for: a request may be under way on them. */
const LINGER_MS = 500;
const GRACE_MS = 10_000;

export type RunningServer = {
  readonly port: number;
  /** Accepts nothing new, resolves when every open request is answered; after 10 s cuts what is left. */
  stop(): Promise<void>;
};

/** Rejects when the port is taken or not allowed. */
export async function startServer({ port, host }: Parameters): Promise<RunningServer> {
  let isStopping = false;
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const { status, body } = answer(request.method ?? '', (request.url ?? '').replace(/[?#].*$/s, ''));
    const text = `${JSON.stringify(body)}\n`;
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
      ...(isStopping ? { connection: 'close' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : text);
  });
  // Longer than the idle time of the proxies in front, so that it is never this side that hangs up first.
  server.keepAliveTimeout = 75_000;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  const stop = async () => {
    isStopping = true;
    const closed = once(server, 'close');
    // http.Server.close would cut idle connections at once.
    NetServer.prototype.close.call(server);
    await sleep(LINGER_MS);
    server.closeIdleConnections();
    const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    await closed;
    clearTimeout(cut);
  };
  return { port: typeof address === 'object' && address !== null ? address.port : port, stop };
}
