// What the soak's instances run on: processes, a Docker Engine or a three-node Swarm of its own.
import type { Engine } from '../../src/adapters/runtime/engine/client.ts';
import { newTestEngine } from '../../src/adapters/runtime/engine/fixture.ts';
import { newTestSwarm } from '../../src/adapters/runtime/swarm/fixture.ts';

export const RUNTIMES = ['process', 'docker', 'swarm'] as const;

export type SoakEngine = {
  /** For the control plane. */
  readonly environment: Readonly<Record<string, string>>;
  /** How images are brought to the nodes of a Swarm, as `x-friday.swarm.nodes`. */
  readonly nodes?: Readonly<Record<string, string>>;
  /** SIGKILL for the instance with this handle, as `friday status` shows it. */
  kill(handle: string): Promise<void>;
  close(): Promise<void>;
};

export async function openEngine(runtime: (typeof RUNTIMES)[number]): Promise<SoakEngine> {
  if (runtime === 'docker') return openDocker();
  if (runtime === 'swarm') return openSwarm();
  return {
    environment: {},
    kill: async (handle) => {
      const pid = Number(handle.replace('pid ', ''));
      if (!(pid > 1)) throw new Error(`No process to kill: ${handle}`);
      process.kill(pid, 'SIGKILL');
    },
    close: async () => undefined,
  };
}

async function openDocker(): Promise<SoakEngine> {
  const place = await newTestEngine();
  return {
    environment: { DOCKER_HOST: place.host },
    kill: (handle) => killContainer(place.engine, handle.replace('container ', '')),
    close: () => place.remove(),
  };
}

async function openSwarm(): Promise<SoakEngine> {
  const swarm = await newTestSwarm();
  return {
    environment: { DOCKER_HOST: swarm.manager.host },
    nodes: Object.fromEntries(swarm.machines.map(({ hostname, host }) => [hostname, host])),
    kill: async (handle) => {
      const [container = '', hostname = ''] = handle.split(' on ');
      const machine = swarm.machines.find((one) => one.hostname === hostname);
      if (machine === undefined) throw new Error(`No container to kill: ${handle}`);
      await killContainer(machine.engine, container);
    },
    close: () => swarm.remove(),
  };
}

function killContainer(engine: Engine, container: string): Promise<void> {
  return engine.order('POST', `/containers/${container}/kill`);
}
