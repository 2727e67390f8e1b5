// Mistakes about instances that people keep outside of traffic to look at.
import { isOut } from '../core/service.ts';
import type { Turn, World } from '../core/turn.ts';
import { type Mistake, spoiled, withTraffic } from './plant.ts';

/** Instances that are kept outside of traffic and are ready. */
function keptIn({ memory }: Turn, { instances }: World) {
  return instances.filter((one) => {
    const service = memory.services[one.service];
    return one.state === 'ready' && service !== undefined && isOut(service, one);
  });
}

export const DRAIN_MISTAKES: readonly Mistake[] = [
  {
    invariant: 'I2',
    name: 'stops a drained instance at once',
    plant: () =>
      spoiled((turn, world) => {
        const stops = keptIn(turn, world).map(({ id }) => ({ type: 'stop', id }) as const);
        return { ...turn, acts: [...turn.acts, ...stops] };
      }),
  },
  {
    invariant: 'I2',
    name: 'sends requests to a drained instance',
    plant: () =>
      spoiled((turn, world) =>
        withTraffic(turn, (traffic) => {
          const kept = keptIn(turn, world).filter(({ service }) => service === traffic.service);
          const { stable } = traffic;
          if (!stable || kept.length === 0) return traffic;
          const targets = [...stable.targets, ...kept.map(({ id, host, port }) => ({ id, host, port }))];
          return { ...traffic, stable: { ...stable, targets } };
        }),
      ),
  },
];
