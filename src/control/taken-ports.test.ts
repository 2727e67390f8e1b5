// Internal ports that others have taken: who gets another one, and what is told of it.
import { expect, it } from 'vitest';
import { Failure } from '../core/failure.ts';
import { memoryOf } from '../core/service.fixture.ts';
import { newService } from '../core/service.ts';
import type { BalancerSeen, ServiceTraffic, Table } from '../core/traffic.ts';
import type { InstanceSeen } from '../ports/runtime.ts';
import { movePorts } from './taken-ports.ts';

const PORTS: Readonly<Record<string, number>> = { web: 18_001, api: 18_002, maths: 18_003 };
const memory = memoryOf(...Object.entries(PORTS).map(([name, port]) => newService(name, port)));
const services = Object.entries(PORTS).map(([service, internalPort]) => ({ service, internalPort }) as ServiceTraffic);
const refused: Table = { revision: 3, listen: [], services };
const instances = ['web', 'api'].map((service) => ({ service, state: 'ready' }) as InstanceSeen);

/** A balancer that listens for `own`, on a machine where others have `taken`. */
function meansWith(own: readonly string[], taken: readonly number[]) {
  const seen = { revision: 2, services: own.map((service) => ({ service, epoch: 1, weight: 0 })), open: {} };
  let next = 19_000;
  return {
    balancer: { look: async () => ({ ...seen, listening: [] }) satisfies BalancerSeen },
    refusedAddress: async ({ port }: { readonly port: number }) => (taken.includes(port) ? 'it is taken' : null),
    freePort: async () => (next += 1),
  };
}

it('gives another port to the service whose own is taken, and to no other', async () => {
  // The balancer has that of api itself.
  const moved = await movePorts(meansWith(['api'], [18_001, 18_002]), memory, refused, instances, 5);
  expect(Object.values(moved?.memory.services ?? {}).map((one) => [one.name, one.internalPort])).toEqual([
    ['web', 19_001],
    ['api', 18_002],
    ['maths', 18_003],
  ]);
  expect(moved?.events.map((one) => one.sentence)).toEqual([
    'Port 18001 of 127.0.0.1 is taken by another process, so other services find web at port 19001 now. Instances of api that run already look for it at the old one. To tell them: friday restart api.',
  ]);
});

it('leaves all as they are when no internal port is taken, or no table was refused', async () => {
  expect(await movePorts(meansWith([], []), memory, refused, instances, 5)).toBeNull();
  expect(await movePorts(meansWith([], [18_001]), memory, null, instances, 5)).toBeNull();
});

it('leaves all as they are when the balancer cannot be asked: the ports may be its own', async () => {
  const look = async () => {
    throw new Failure('unavailable', 'The proxy does not answer.');
  };
  const means = { ...meansWith([], [18_001]), balancer: { look } };
  expect(await movePorts(means, memory, refused, instances, 5)).toBeNull();
});
