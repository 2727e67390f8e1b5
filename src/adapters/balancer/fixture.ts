// A folder with a balancer, and instances behind it, for tests of the adapters.
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../test/ports.ts';
import type { BalancerPlace } from '../../ports/balancer.contract.ts';
import type { Balancer } from '../../ports/balancer.ts';
import { type Conduct, SLOW_MS } from '../../ports/balancer-counts.contract.ts';
import { type Instance, send, startInstance, until } from '../../proxy/fixture.ts';

const STATUS: Readonly<Record<Conduct, number>> = { serves: 200, fails: 500, denies: 404, slow: 200 };

/** `openIn` gives the balancer of a folder; whatever it started is stopped by `remove`. */
export async function placeOf(
  name: string,
  openIn: (dir: string) => Balancer,
): Promise<BalancerPlace & { readonly dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), `friday-${name}-`));
  const instances: Instance[] = [];
  const servers: Server[] = [];
  const open = () => openIn(dir);
  return {
    dir,
    open,
    instance: async (id, conduct = 'serves') => {
      const instance = await startInstance(id, (incoming, response) => {
        incoming.resume();
        setTimeout(() => response.writeHead(STATUS[conduct]).end(id), conduct === 'slow' ? SLOW_MS : 0);
      });
      instances.push(instance);
      return instance.target;
    },
    send: async ({ port, host, force, cookie, path = '/' } = {}) => {
      const to = port ?? (await open().look()).listening[0]?.port ?? 0;
      const headers = { ...(force && { 'x-friday-version': force }), ...(cookie && { cookie }) };
      const reply = await send(to, path, { headers, ...(host && { host }) });
      const version = String(reply.headers['x-friday-version'] ?? '');
      const set = reply.headers['set-cookie']?.[0]?.split(';')[0] ?? null;
      return { status: reply.status, instance: version === '' ? '' : reply.body, version, cookie: set };
    },
    freePort,
    takenPort: async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      servers.push(server);
      return (server.address() as AddressInfo).port;
    },
    until,
    remove: async () => {
      await open().stop(0);
      await Promise.all(instances.map((one) => one.kill()));
      for (const server of servers) server.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
