// HAProxy with the least that makes it a proxy, in one thread: what the machine can do.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../test/ports.ts';
import { startSilent } from './child.ts';
import { isOpen } from './is-open.ts';
import type { Ground } from './targets.ts';

const configOf = (port: number, upstream: number) => `global
  nbthread 1
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
  server one 127.0.0.1:${upstream}
`;

export async function startHaproxy({ dir, upstream, cleanup }: Ground): Promise<{ port: number; pid: number }> {
  const port = await freePort();
  const file = join(dir, 'haproxy.cfg');
  await writeFile(file, configOf(port, upstream.ports[0]));
  const child = await startSilent('haproxy', ['-db', '-f', file], () => isOpen(port));
  cleanup.defer(() => child.stop());
  return { port, pid: child.pid };
}
