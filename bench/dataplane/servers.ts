// Bare HAProxy, our HAProxy's rules without counting, nginx and Caddy: their configuration and their start.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  configOf,
  FILES,
  HOLD,
  mapText,
  routesOf,
  statesOf,
} from '../../src/adapters/balancer/haproxy/keeper/config.ts';
import { planOf } from '../../src/adapters/balancer/haproxy/keeper/plan.ts';
import { freePort } from '../../test/ports.ts';
import { startSilent } from '../proxy/child.ts';
import { isOpen } from '../proxy/is-open.ts';
import type { Upstream } from '../proxy/upstream.ts';
import { tableAt, USUAL_WEIGHT } from './ours.ts';

export type Place = {
  readonly dir: string;
  readonly upstream: Upstream;
  readonly threads: number;
  readonly cleanup: AsyncDisposableStack;
};
export type Server = { readonly port: number; readonly pid: number };

async function start(place: Place, port: number, command: string, args: readonly string[]): Promise<Server> {
  const child = await startSilent(command, args, () => isOpen(port));
  place.cleanup.defer(() => child.stop());
  return { port, pid: child.pid };
}

/** The least that makes it a proxy. */
export async function startBare(place: Place): Promise<Server> {
  const port = await freePort();
  const file = join(place.dir, 'bare.cfg');
  await writeFile(
    file,
    `global
  nbthread ${place.threads}
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
frontend edge
  bind 127.0.0.1:${port}
  default_backend service
backend service
  http-reuse always
  server one 127.0.0.1:${place.upstream.ports[0]}
`,
  );
  return start(place, port, 'haproxy', ['-db', '-f', file]);
}

/** What the keeper writes, without what counts. */
export async function startRules(place: Place): Promise<Server> {
  const [port, internalPort] = [await freePort(), await freePort()];
  const table = tableAt(place.upstream, { revision: 1, weight: USUAL_WEIGHT, internalPorts: [internalPort] });
  const { places, servers } = planOf({ services: [], places: {}, servers: [], next: 1 }, table);
  const wanted = { table, places, servers, listening: [{ host: '127.0.0.1', port }] };
  const dir = join(place.dir, 'rules');
  await mkdir(dir);
  const files = {
    [FILES.config]: configOf(wanted, false),
    [FILES.hold]: HOLD,
    [FILES.states]: mapText(statesOf(wanted)),
    [FILES.routes]: mapText(routesOf(table)),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return start(place, port, 'haproxy', ['-db', '-C', dir, '-f', FILES.config]);
}

/** As its documentation sets up a proxy with connections kept open, with the usual headers and without a log. */
export async function startNginx(place: Place): Promise<Server> {
  const port = await freePort();
  const file = join(place.dir, 'nginx.conf');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    file,
    `daemon off;
worker_processes ${place.threads};
pid ${place.dir}/nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 100000000;
${paths.map((one) => `  ${one}_temp_path ${place.dir}/nginx-${one};`).join('\n')}
  upstream service {
    server 127.0.0.1:${place.upstream.ports[0]};
    keepalive 256;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}
`,
  );
  return start(place, port, 'nginx', ['-c', file, '-p', place.dir]);
}

/** One line of a Caddyfile; it adds the usual headers by itself. */
export async function startCaddy(place: Place): Promise<Server> {
  const port = await freePort();
  const file = join(place.dir, 'Caddyfile');
  await writeFile(
    file,
    `{
  admin off
  auto_https off
  log {
    level ERROR
  }
}
http://127.0.0.1:${port} {
  reverse_proxy 127.0.0.1:${place.upstream.ports[0]}
}
`,
  );
  for (const name of ['XDG_DATA_HOME', 'XDG_CONFIG_HOME']) process.env[name] ??= place.dir;
  return start(place, port, 'caddy', ['run', '--adapter', 'caddyfile', '--config', file]);
}
