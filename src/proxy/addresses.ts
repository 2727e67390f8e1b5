// The addresses that a table asks for: public ones, plain and encrypted, and the internal one of each service.
import { Failure } from '../core/failure.ts';
import type { BalancerSeen, Listen, Table } from '../core/traffic.ts';

const LOOPBACK = '127.0.0.1';

export type Address = {
  readonly key: string;
  readonly address: Listen;
  readonly service: string | null;
  readonly isSecure: boolean;
};

export type Addresses = Pick<BalancerSeen, 'listening' | 'listeningTls'>;

type Open = ReadonlyMap<string, { readonly port: number }>;

/** Names of public addresses, the same from table to table; equal ones with port 0 are told apart by their order. */
function publicKeys(listen: readonly Listen[], scheme: 'http' | 'https'): string[] {
  const uses = new Map<string, number>();
  return listen.map(({ host, port }) => {
    const name = `${host} ${port}`;
    const use = uses.get(name) ?? 0;
    uses.set(name, use + 1);
    const key = keyOf({ host, port }, use);
    return scheme === 'http' ? key : `https ${key}`;
  });
}

/** The public addresses with the ports that were given. */
export function listeningOf({ listen, tls }: Table, listeners: Open): Addresses {
  const plain = withPorts(listen, publicKeys(listen, 'http'), listeners);
  if (tls === undefined) return { listening: plain };
  return { listening: plain, listeningTls: withPorts(tls.listen, publicKeys(tls.listen, 'https'), listeners) };
}

function withPorts(listen: readonly Listen[], keys: readonly string[], listeners: Open): Listen[] {
  return listen.map(({ host, port }, place) => ({ host, port: listeners.get(keys[place] ?? '')?.port ?? port }));
}

function keyOf({ host, port }: Listen, use: number): string {
  return `${host} ${port} ${use}`;
}

/** The public ones first, in the order of the table: plain, then encrypted. */
export function addressesOf({ listen, tls, services, internalHosts = [] }: Table): Address[] {
  const open = (addresses: readonly Listen[], scheme: 'http' | 'https') => {
    const keys = publicKeys(addresses, scheme);
    return addresses.map((address, place) => {
      return { key: keys[place] ?? '', address, service: null, isSecure: scheme === 'https' };
    });
  };
  const internal = [LOOPBACK, ...internalHosts].flatMap((host) =>
    services.map(({ service, internalPort: port }) => {
      const address = { host, port };
      return { key: keyOf(address, 0), address, service, isSecure: false };
    }),
  );
  return [...open(listen, 'http'), ...open(tls?.listen ?? [], 'https'), ...internal];
}

/** Failure: `conflict`, in words. */
export function refuseAddress({ host, port }: Listen, service: string | null, error: NodeJS.ErrnoException): never {
  const use = service === null ? 'listen for requests' : `listen for requests to ${service}`;
  const where = `Port ${port} of ${host}`;
  if (error.code === 'EADDRINUSE') {
    throw new Failure('conflict', `${where} is taken by another process; the proxy was to ${use} there.`, {
      hint: `See who has it with "ss -ltnp sport = :${port}"${service === null ? ', or choose another port' : ''}.`,
    });
  }
  if (error.code === 'EACCES') {
    throw new Failure('conflict', `${where} is not allowed to this user; the proxy was to ${use} there.`, {
      hint: 'Choose a port above 1023, or allow the lower ones to this user.',
    });
  }
  throw new Failure('conflict', `The proxy cannot ${use} on port ${port} of ${host}: ${error.message}.`);
}
