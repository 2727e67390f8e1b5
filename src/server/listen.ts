// Where the application is served: a unix socket that only its owner may open, and a loopback TCP port.
import { chmodSync, existsSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { dirname } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { Failure, sentenceOf } from '../core/failure.ts';
import type { Via } from './access/caller.ts';
import type { App } from './app.ts';
import { requireClosedFolder } from './folder.ts';

export type Listener = {
  /** Takes no new connection; open answers have `graceMs`, then they are cut. */
  close(graceMs: number): Promise<void>;
};

const MOST_CONNECTIONS = 1000;

/**
 * Serves on the unix socket, mode 600 in a folder of mode 700. The caller has made sure that it is the only control
 * plane of the project; a socket file that is left over is replaced. Failures: `refused`, `unavailable`.
 */
export async function listenOnSocket(app: App, socketPath: string): Promise<Listener> {
  requireClosedFolder(dirname(socketPath));
  if (existsSync(socketPath)) unlinkSync(socketPath);
  const server = serverOf(app, 'socket');
  try {
    await listening(server, { path: socketPath });
  } catch (error) {
    throw new Failure('unavailable', `The socket ${socketPath} cannot be served: ${sentenceOf(error)}.`, {
      hint: 'Set FRIDAY_STATE_DIR to a folder on a local disk with a short path.',
    });
  }
  chmodSync(socketPath, 0o600);
  return { close: (graceMs) => close(server, graceMs) };
}

/** Where to look first for a TCP port when none is asked for. */
export const DEFAULT_PORT = 4747;

/**
 * Serves on 127.0.0.1. `port` null = 4747, or a free one when that is taken; 0 = a free one.
 * Failure: `conflict` (a port that was asked for is taken).
 */
export async function listenOnLoopback(app: App, port: number | null): Promise<Listener & { readonly port: number }> {
  const server = serverOf(app, 'tcp');
  try {
    await listening(server, { host: '127.0.0.1', port: port ?? DEFAULT_PORT });
  } catch (error) {
    const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    if (!isTaken || port !== null) throw asFailure(error as Error, port ?? DEFAULT_PORT, isTaken);
    await listening(server, { host: '127.0.0.1', port: 0 });
  }
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    close: (graceMs) => close(server, graceMs),
  };
}

function asFailure(error: Error, port: number, isTaken: boolean): Failure {
  if (isTaken) {
    return new Failure('conflict', `Port ${port} on 127.0.0.1 is taken by another program.`, {
      hint: 'Ask for another one with --port, or for none: a free one is then found.',
    });
  }
  return new Failure('unavailable', `Port ${port} on 127.0.0.1 cannot be served: ${error.message}.`);
}

function serverOf(app: App, via: NonNullable<Via['via']>): Server {
  const server = createAdaptorServer({
    fetch: (request, { outgoing }) => app.fetch(request, { via, drop: () => outgoing.destroy() }),
  }) as Server;
  server.maxConnections = MOST_CONNECTIONS;
  return server;
}

function listening(server: Server, where: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(cut);
}
