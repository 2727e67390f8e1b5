// Everything that bench:dataplane can measure, and how each is started; what is not installed is left out with the reason.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run, startTalking } from '../proxy/child.ts';
import { isPeer, PEERS, type Name as ProxyName } from '../proxy/targets.ts';
import { isInstalled, packageVersion } from '../proxy/tools.ts';
import { type Ours, startOurs } from './ours.ts';
import { type Place, startBare, startCaddy, startNginx, startRules } from './servers.ts';

const PEER_NAMES = ['http-proxy', 'http-proxy-3', 'httpxy', '@fastify/http-proxy', 'fast-proxy'] as const;
export const ALL = [
  'direct',
  'haproxy',
  'rules',
  'friday-haproxy',
  'embedded',
  'nginx',
  'caddy',
  ...PEER_NAMES,
] as const;
export type Name = (typeof ALL)[number];

/** `pids`: the processes whose trees are the proxy; none for `direct`. */
export type Running = {
  readonly name: Name;
  readonly version: string;
  readonly port: number;
  readonly pids: readonly number[];
  readonly ours?: Ours;
};

const PROGRAMS: Readonly<Partial<Record<Name, string>>> = {
  haproxy: 'haproxy',
  rules: 'haproxy',
  'friday-haproxy': 'haproxy',
  nginx: 'nginx',
  caddy: 'caddy',
};
const SERVERS = { haproxy: startBare, rules: startRules, nginx: startNginx, caddy: startCaddy } as const;

/** Why a target cannot be measured here; null when it can. */
export function lackOf(name: Name): string | null {
  const program = PROGRAMS[name];
  if (program !== undefined && !isInPath(program)) return `${program} is not installed (apt install ${program})`;
  if (isPeer(name as ProxyName) && !isInstalled(name as ProxyName)) return 'not installed (npm ci --prefix bench)';
  return null;
}

export async function startTarget(name: Name, place: Place): Promise<Running> {
  const version = await versionOf(name);
  if (name === 'friday-haproxy' || name === 'embedded') {
    const ours = await startOurs(name, place.dir, place.upstream, place.cleanup);
    return { name, version, port: ours.port, pids: ours.pids, ours };
  }
  if (name === 'direct') return { name, version, port: place.upstream.ports[0], pids: [] };
  const file = PEERS[name as ProxyName];
  if (file !== undefined) {
    const path = join(import.meta.dirname, '..', 'proxy', 'peers', file);
    const child = await startTalking(process.execPath, [path, `http://127.0.0.1:${place.upstream.ports[0]}`]);
    place.cleanup.defer(() => child.stop());
    return { name, version, port: (JSON.parse(child.line) as { port: number }).port, pids: [child.pid] };
  }
  const { port, pid } = await SERVERS[name as keyof typeof SERVERS](place);
  return { name, version, port, pids: [pid] };
}

async function versionOf(name: Name): Promise<string> {
  if (isPeer(name as ProxyName)) return packageVersion(join(import.meta.dirname, '..', 'node_modules', name));
  if (name === 'embedded') return packageVersion(join(import.meta.dirname, '..', '..'));
  if (name === 'nginx') return /nginx\/([\d.]+)/.exec(await run('sh', ['-c', 'nginx -v 2>&1']))?.[1] ?? '';
  if (name === 'caddy') return /v?([\d.]+)/.exec(await run('caddy', ['version']))?.[1] ?? '';
  if (name === 'direct') return '';
  return /version (\d[\d.]*)/.exec(await run('haproxy', ['-v']))?.[1] ?? '';
}

function isInPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
