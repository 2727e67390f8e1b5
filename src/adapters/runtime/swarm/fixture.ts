// A real three-node Swarm on one machine for tests: a manager and two workers, the base image on the manager.
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { baseImageTar } from '../engine/fixture-image.ts';
import { type Machine, newMachines } from './fixture-machines.ts';
import { SwarmNode } from './objects.ts';

export type TestSwarm = {
  readonly dir: string;
  readonly manager: Machine;
  /** The manager first. */
  readonly machines: readonly Machine[];
  /** Where containers reach this machine. */
  readonly gateway: string;
  /** Of a worker or the manager, by its host name. */
  idOf(hostname: string): Promise<string>;
  /** Waits until every node is ready. */
  untilReady(): Promise<void>;
  remove(): Promise<void>;
};

const READY_MS = 60_000;

/** A running Swarm of so many nodes, `n1` its manager, which has `node-base:local`. */
export async function newTestSwarm(count = 3): Promise<TestSwarm> {
  const dir = mkdtempSync(join(tmpdir(), 'friday-swarm-'));
  const machines = await newMachines(count, dir);
  try {
    const [manager, ...workers] = machines.all;
    if (manager === undefined) throw new Error('A Swarm needs a machine.');
    await gather(manager, workers);
    await importBase(manager, dir);
    const nodes = () => manager.engine.get('/nodes', z.array(SwarmNode));
    const swarm: TestSwarm = {
      dir,
      manager,
      machines: machines.all,
      gateway: machines.gateway,
      idOf: async (hostname) => {
        const found = (await nodes()).find((one) => one.Description.Hostname === hostname);
        if (found === undefined) throw new Error(`${hostname} is not in the Swarm.`);
        return found.ID;
      },
      untilReady: async () => {
        const end = Date.now() + READY_MS;
        const isReady = async () => {
          const all = await nodes();
          return all.length === count && all.every((one) => one.Status.State === 'ready');
        };
        while (!(await isReady())) {
          if (Date.now() > end) throw new Error(`Not every node became ready.\n${manager.log()}`);
          await wait(100);
        }
      },
      remove: machines.remove,
    };
    await swarm.untilReady();
    return swarm;
  } catch (error) {
    await machines.remove();
    throw error;
  }
}

async function gather(manager: Machine, workers: readonly Machine[]): Promise<void> {
  const listening = (address: string) => ({ ListenAddr: '0.0.0.0:2377', AdvertiseAddr: address });
  await manager.engine.post('/swarm/init', z.string(), { body: listening(manager.address) });
  const Tokens = z.object({ JoinTokens: z.object({ Worker: z.string() }) });
  const { JoinTokens } = await manager.engine.get('/swarm', Tokens);
  for (const { engine, address } of workers) {
    const body = { ...listening(address), RemoteAddrs: [`${manager.address}:2377`], JoinToken: JoinTokens.Worker };
    await engine.order('POST', '/swarm/join', { body });
  }
}

async function importBase({ engine }: Machine, dir: string): Promise<void> {
  const skeleton = join(dir, 'skeleton');
  mkdirSync(skeleton);
  const tar = await baseImageTar(skeleton);
  const query = { fromSrc: '-', repo: 'node-base', tag: 'local', changes: 'CMD ["/bin/node","/app/server.mjs"]' };
  const answer = await engine.stream('POST', '/images/create', { query, body: tar });
  const words = (await answer.toArray()).join('');
  if (words.includes('"error"')) throw new Error(`The base image cannot be imported: ${words}`);
}
