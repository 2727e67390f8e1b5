// Loopback ports for the internal addresses of services, from a range that outgoing connections do not use.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { Failure } from '../core/failure.ts';
import type { Listen } from '../core/traffic.ts';

const FIRST = 18_000;
const LAST = 19_999;
const TRIES = 200;

/** Finds ports between 18000 and 19999 that nobody listens on; none is given twice. Failure: `unavailable`. */
export function freePorts(): () => Promise<number> {
  const given = new Set<number>();
  return async () => {
    for (let tries = 0; tries < TRIES; tries++) {
      const port = randomInt(FIRST, LAST + 1);
      if (given.has(port)) continue;
      given.add(port);
      if (await isFree(port)) return port;
      given.delete(port);
    }
    throw new Failure(
      'unavailable',
      `No free port was found on 127.0.0.1 between ${FIRST} and ${LAST} in ${TRIES} tries.`,
    );
  };
}

async function isFree(port: number): Promise<boolean> {
  return (await refusedAddress({ host: '127.0.0.1', port })) === null;
}

/** Why nobody can listen there now, in words; null when one can. */
export function refusedAddress({ host, port }: Listen): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(WORDS[error.code ?? ''] ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process has the port',
  EACCES: 'the port needs rights that this user does not have',
  EADDRNOTAVAIL: 'this machine does not have the address',
};
