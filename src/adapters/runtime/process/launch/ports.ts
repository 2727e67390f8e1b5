// Finds a free port for a new instance.
import { createServer } from 'node:net';
import { Failure } from '../../../../core/failure.ts';

/** First and last port that may be given out. Above 32767 the kernel picks ports for outgoing connections. */
export type PortRange = { readonly first: number; readonly last: number };

export type Ports = {
  /** A free port that nobody else was given; it stays reserved until `release`. Failure: `unavailable` (all are taken). */
  take(isKnown: (port: number) => boolean): Promise<number>;
  /** The start it was taken for is over: the instance is known now, or there is none. */
  release(port: number): void;
};

/** Goes round the range from a place drawn by `draw` (0 to 1), so that a port that was just freed comes last. */
export function portsIn({ first, last }: PortRange, draw: number): Ports {
  const count = last - first + 1;
  const reserved = new Set<number>();
  let next = Math.floor(draw * count);
  return {
    take: async (isKnown) => {
      for (let tried = 0; tried < count; tried += 1) {
        const port = first + (next % count);
        next += 1;
        if (reserved.has(port) || isKnown(port)) continue;
        reserved.add(port);
        if (await isFree(port)) return port;
        reserved.delete(port);
      }
      throw new Failure('unavailable', `No port from ${first} to ${last} is free for another instance.`, {
        hint: 'Stop what listens there.',
      });
    },
    release: (port) => {
      reserved.delete(port);
    },
  };
}

/** Whether a program could listen on the port now, with either loopback address. */
export async function isFree(port: number): Promise<boolean> {
  return (await canListen('127.0.0.1', port)) && (await canListen('::1', port));
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // Without IPv6 nobody can be in the way there.
    server.once('error', (error: NodeJS.ErrnoException) => resolve(host === '::1' && error.code !== 'EADDRINUSE'));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
