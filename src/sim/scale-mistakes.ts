// Mistakes in the sizes of services that scale by themselves.
import { type ServiceState, versionOf } from '../core/service.ts';
import type { Scale } from '../core/spec/project.ts';
import type { Turn } from '../core/turn.ts';
import { NO_FAULTS } from './hostile.ts';
import { type Mistake, spoiled, withServices } from './plant.ts';

/** The same turn with other sizes of stable versions that scale by themselves. */
function resized(turn: Turn, change: (wanted: number, scale: Scale, service: ServiceState) => number): Turn {
  const memory = withServices(turn.memory, (service) => {
    const { stable, copies } = service;
    const scale = versionOf(service, stable)?.spec.scale;
    const wanted = stable === null ? undefined : copies?.[stable];
    if (stable === null || !scale || wanted === undefined) return service;
    return { ...service, copies: { ...copies, [stable]: change(wanted, scale, service) } };
  });
  return { ...turn, memory };
}

export const SCALE_MISTAKES: readonly Mistake[] = [
  {
    invariant: 'I9',
    name: 'shrinks while the balancer cannot be asked',
    plant: () => spoiled((turn, world) => (world.balancer === null ? resized(turn, (_, { min }) => min) : turn)),
  },
  {
    invariant: 'I9',
    name: 'shrinks stable by what its candidate carries',
    faults: { ...NO_FAULTS, order: 0.05 },
    plant: () =>
      spoiled((turn) =>
        resized(turn, (wanted, { min }, { release }) => {
          const left = release ? 1 - release.weight / 100 : 1;
          return left < 1 ? Math.max(min, Math.ceil(wanted * left)) : wanted;
        }),
      ),
  },
];
