// The addresses that HAProxy is to listen on: tried before it is told, for it would only say that it failed.
import { createServer } from 'node:net';
import { Failure } from '../../../../core/failure.ts';
import type { Listen, Table } from '../../../../core/traffic.ts';

const LOOPBACK = '127.0.0.1';
const PUBLIC_USE = 'listen for requests';

export type Listening = { readonly wanted: readonly Listen[]; readonly given: readonly Listen[] };

type Before = {
  readonly plain: Listening;
  readonly secure: Listening;
  readonly internal: readonly number[];
  readonly internalHosts: readonly string[];
};

/**
 * The public addresses of `table` with real ports: where it says 0, the port that the same place had before, else a free
 * one. Failure: `conflict`, naming the port, when another process has one of the public or internal ports.
 */
export async function addressesFor(
  table: Table,
  before: Before,
): Promise<{ readonly listening: readonly Listen[]; readonly listeningTls?: readonly Listen[] }> {
  const had = [...before.plain.given, ...before.secure.given].map(({ port }) => port);
  const own = new Set([...had, ...before.internal]);
  const listening = await publicPorts(table.listen, before.plain, own);
  const listeningTls = table.tls && (await publicPorts(table.tls.listen, before.secure, own));
  for (const { service, internalPort: port } of table.services) {
    const use = `listen for requests to ${service}`;
    if (!own.has(port)) await tryPort({ host: LOOPBACK, port }, use);
    for (const host of table.internalHosts ?? []) {
      if (!own.has(port) || !before.internalHosts.includes(host)) await tryPort({ host, port }, use);
    }
  }
  return listeningTls ? { listening, listeningTls } : { listening };
}

async function publicPorts(wanted: readonly Listen[], before: Listening, own: ReadonlySet<number>): Promise<Listen[]> {
  const given: Listen[] = [];
  for (const [place, { host, port }] of wanted.entries()) {
    const was = before.wanted[place];
    const had = before.given[place]?.port;
    if (port === 0 && had !== undefined && was?.host === host && was.port === 0) {
      if (own.size > 0) given.push({ host, port: had });
    } else if (port !== 0 && own.has(port)) given.push({ host, port });
    else given.push({ host, port: await tryPort({ host, port }, PUBLIC_USE) });
  }
  return given;
}

/** The port that was given. */
function tryPort({ host, port }: Listen, use: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => reject(refusal({ host, port }, use, error)));
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const found = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(found));
    });
  });
}

function refusal({ host, port }: Listen, use: string, error: NodeJS.ErrnoException): Failure {
  const where = `Port ${port} of ${host}`;
  if (error.code === 'EADDRINUSE') {
    return new Failure('conflict', `${where} is taken by another process; HAProxy was to ${use} there.`, {
      hint: `See who has it with "ss -ltnp sport = :${port}"${use === PUBLIC_USE ? ', or choose another port' : ''}.`,
    });
  }
  if (error.code === 'EACCES') {
    return new Failure('conflict', `${where} is not allowed to this user; HAProxy was to ${use} there.`, {
      hint: 'Choose a port above 1023, or allow the lower ones to this user.',
    });
  }
  return new Failure('conflict', `HAProxy cannot ${use} on port ${port} of ${host}: ${error.message}.`);
}
