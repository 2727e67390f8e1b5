// What all peers share: their package, the upstream they are told, saying where they listen, and ending with the bench.
import type { RequestListener } from 'node:http';
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A package of `bench/package.json`. Loaded by name at run time, for the peers are not installed where only the types are
 * checked; `T` is what the peer uses of it.
 */
export async function packageOf<T>(name: string): Promise<T> {
  return (await import(name)) as T;
}

/** `http://127.0.0.1:PORT`, the one argument of every peer. */
export function upstreamUrl(): string {
  const [, , url] = process.argv;
  if (!url) throw new TypeError('usage: node <peer>.ts http://127.0.0.1:PORT');
  return url;
}

/** Keeps connections to the upstream open; without it these proxies connect anew for every request. */
export function keepAliveAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
}

export function serve(listener: RequestListener): void {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1', () => announce((server.address() as AddressInfo).port));
}

/** Tells the bench the port, and ends when the bench does. */
export function announce(port: number): void {
  console.log(JSON.stringify({ port }));
  process.stdin.on('end', () => process.exit(0)).resume();
}
