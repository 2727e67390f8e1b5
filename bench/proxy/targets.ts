// Everything that the bench can measure, and how each is started.
import { join } from 'node:path';
import { startTalking } from './child.ts';
import { startEmbedded } from './embedded.ts';
import { startHaproxy } from './haproxy.ts';
import type { Upstream } from './upstream.ts';

export const ALL = [
  'direct',
  'haproxy',
  'embedded',
  'http-proxy',
  'http-proxy-3',
  'httpxy',
  '@fastify/http-proxy',
  'fast-proxy',
] as const;

export type Name = (typeof ALL)[number];

/** Something to send requests to. `pid` is the process whose tree is the proxy; null without one. */
export type Running = {
  readonly name: Name;
  readonly port: number;
  readonly pid: number | null;
  /** Closes the books after the last request; what the proxy itself counted, when it counts. */
  readonly settle?: () => Promise<Observed>;
};

/** What the embedded proxy reported over the whole run, read once a second. */
export type Observed = { readonly requests: number; readonly candidateShare: number; readonly failures: number };

export type Ground = { readonly dir: string; readonly upstream: Upstream; readonly cleanup: AsyncDisposableStack };

/** The packages in bench/node_modules, by the file that runs them. */
export const PEERS: Readonly<Partial<Record<Name, string>>> = {
  'http-proxy': 'http-proxy.ts',
  'http-proxy-3': 'http-proxy-3.ts',
  httpxy: 'httpxy.ts',
  '@fastify/http-proxy': 'fastify-http-proxy.ts',
  'fast-proxy': 'fast-proxy.ts',
};

export function isPeer(name: Name): boolean {
  return PEERS[name] !== undefined;
}

/** Starts a target; its end is put on `ground.cleanup`. */
export async function start(name: Name, ground: Ground): Promise<Running> {
  const file = PEERS[name];
  if (file !== undefined) return { name, ...(await startPeer(file, ground)) };
  if (name === 'haproxy') return { name, ...(await startHaproxy(ground)) };
  if (name === 'embedded') return { name, ...(await startEmbedded(ground)) };
  return { name, port: ground.upstream.ports[0], pid: null };
}

async function startPeer(file: string, { upstream, cleanup }: Ground): Promise<{ port: number; pid: number }> {
  const path = join(import.meta.dirname, 'peers', file);
  const child = await startTalking(process.execPath, [path, `http://127.0.0.1:${upstream.ports[0]}`]);
  cleanup.defer(() => child.stop());
  const { port } = JSON.parse(child.line) as { port: number };
  return { port, pid: child.pid };
}
