// Mistakes that show only after a promotion, while the version before it keeps a share.
import { startEvidence } from '../core/evidence.ts';
import { type Act, decide } from '../core/turn.ts';
import { type Faults, NO_FAULTS } from './hostile.ts';
import {
  blamed,
  type Mistake,
  misled,
  spoiled,
  withoutTakeBack,
  withTraffic,
  withWatch,
  withWatchedEvidence,
} from './plant.ts';

/** Nothing but people who release now and then. */
const RELEASES: Partial<Faults> = { ...NO_FAULTS, order: 0.05 };

export const WATCH_MISTAKES: readonly Mistake[] = [
  {
    invariant: 'I1',
    name: 'drops the targets of a promoted version while it is watched',
    faults: RELEASES,
    plant: () =>
      spoiled((turn) =>
        withTraffic(turn, (one) => {
          const isWatched = turn.memory.services[one.service]?.watch && one.candidate;
          return isWatched && one.candidate ? { ...one, candidate: { ...one.candidate, targets: [] } } : one;
        }),
      ),
  },
  {
    invariant: 'I2',
    name: 'stops the old version while it keeps a share',
    faults: RELEASES,
    plant: () =>
      spoiled((turn) => {
        const watched = Object.values(turn.memory.services).filter((service) => service.watch);
        const stops = watched.map(({ name, watch }): Act => ({ type: 'stop', id: `${name}-v${watch?.from}-1` }));
        return { ...turn, acts: [...turn.acts, ...stops] };
      }),
  },
  {
    invariant: 'I3',
    name: 'gives the old version more than its share after a promotion',
    faults: RELEASES,
    plant: () => misled((memory, world) => [withWatch(memory, (watch) => ({ ...watch, weight: 20 })), world]),
  },
  {
    invariant: 'I5',
    name: 'forgets that a promoted version is compared no more',
    faults: RELEASES,
    plant: () => spoiled((turn) => ({ ...turn, events: turn.events.filter((event) => event.data.watch !== null) })),
  },
  {
    invariant: 'I6',
    name: 'keeps a promoted version that the judge has failed',
    faults: RELEASES,
    plant: () => ({
      decide: (memory, world) => withoutTakeBack(memory, decide(withWatchedEvidence(memory, blamed), world)),
    }),
  },
  {
    invariant: 'I7',
    name: 'takes a promoted version back without a reason',
    faults: RELEASES,
    plant: () => misled((memory, world) => [withWatchedEvidence(memory, blamed), world]),
  },
  {
    invariant: 'I8',
    name: 'begins the evidence anew after a promotion',
    faults: RELEASES,
    plant: () => misled((memory, world) => [withWatchedEvidence(memory, (_, last) => startEvidence(last)), world]),
  },
];
