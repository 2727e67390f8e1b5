// Mistakes that somebody might make in the loop, one plant each, to prove that the invariants notice them.
import type { Release } from '../core/release.ts';
import type { ServiceState } from '../core/service.ts';
import { promote, rollBack } from '../core/steer.ts';
import { type Act, decide } from '../core/turn.ts';
import { DRAIN_MISTAKES } from './drain-mistakes.ts';
import { NO_FAULTS } from './hostile.ts';
import { lateStore, type Mistake, misled, spoiled, withRelease, withServices, withTraffic } from './plant.ts';
import { SCALE_MISTAKES } from './scale-mistakes.ts';
import { WATCH_MISTAKES } from './watch-mistakes.ts';

const NOBODY = { 'web-v1-1': 0 };

export const MISTAKES: readonly Mistake[] = [
  {
    invariant: 'I1',
    name: 'drops the targets of stable while a release is under way',
    plant: () =>
      spoiled((turn) =>
        withTraffic(turn, (one) => {
          return one.candidate && one.stable ? { ...one, stable: { ...one.stable, targets: [] } } : one;
        }),
      ),
  },
  {
    invariant: 'I1',
    name: 'never starts again what has ended',
    plant: () =>
      spoiled((turn, world) => {
        const ended = new Set(world.instances.filter((one) => one.state === 'exited').map((one) => one.id));
        const isAgain = (act: Act) => act.type === 'start' && ended.has(`${act.service}-v${act.version}-${act.slot}`);
        return { ...turn, acts: turn.acts.filter((act) => !isAgain(act)) };
      }),
  },
  {
    invariant: 'I1',
    name: 'leaves instances of old versions running',
    plant: () => spoiled((turn) => ({ ...turn, acts: turn.acts.filter((act) => act.type !== 'stop') })),
  },
  {
    invariant: 'I2',
    name: 'takes a started instance for a ready one',
    plant: () =>
      misled((memory, world) => {
        const instances = world.instances.map((one) =>
          one.state === 'starting' ? { ...one, state: 'ready' as const } : one,
        );
        return [memory, { ...world, instances }];
      }),
  },
  {
    invariant: 'I2',
    name: 'stops before the open requests have ended',
    plant: () =>
      misled((memory, world) => [
        memory,
        { ...world, balancer: world.balancer && { ...world.balancer, open: NOBODY } },
      ]),
  },
  {
    invariant: 'I2',
    name: 'stops before the balancer routes elsewhere',
    faults: { ...NO_FAULTS, refusal: 0.5, order: 0.08 },
    plant: () =>
      misled((memory, world) => {
        const { revision } = memory.table;
        return [memory, { ...world, balancer: world.balancer && { ...world.balancer, revision } }];
      }),
  },
  {
    invariant: 'I3',
    name: 'lowers the weight while traffic is thin',
    plant: () =>
      misled((memory, world) => {
        const lower = (release: Release) => ({ ...release, weight: Math.max(1, release.weight - 1) });
        return [withRelease(memory, (one) => (one.phase === 'waiting_for_traffic' ? lower(one) : one)), world];
      }),
  },
  {
    invariant: 'I3',
    name: 'replaces stable by a candidate that never had all traffic',
    plant: () =>
      misled((memory, world) => {
        const hurry = (release: Release): Release => ({ ...release, phase: 'promoting', step: release.steps.length });
        return [withRelease(memory, (one) => (one.phase === 'ramping' && one.bakingSince ? hurry(one) : one)), world];
      }),
  },
  {
    invariant: 'I4',
    name: 'acts on what the store only says it has stored',
    plant: () => ({ mistakenStore: lateStore }),
  },
  {
    invariant: 'I4',
    name: 'asks for a table that it does not remember',
    plant: () => ({
      decide: (memory, world) => {
        const turn = decide(memory, world);
        return { ...turn, memory: { ...turn.memory, table: memory.table } };
      },
    }),
  },
  {
    invariant: 'I4',
    name: 'forgets to keep what the judge was told',
    plant: () => spoiled((turn) => ({ ...turn, ticks: [] })),
  },
  {
    invariant: 'I5',
    name: 'forgets the event of a promotion',
    plant: () =>
      spoiled((turn) => ({ ...turn, events: turn.events.filter((event) => event.data.phase !== 'promoted') })),
  },
  {
    invariant: 'I5',
    name: 'tells a change twice',
    plant: () => spoiled((turn) => ({ ...turn, events: turn.events.flatMap((event) => [event, event]) })),
  },
  {
    invariant: 'I5',
    name: 'gives no reason',
    plant: () => spoiled((turn) => ({ ...turn, events: turn.events.map((event) => ({ ...event, sentence: ' ' })) })),
  },
  {
    invariant: 'I6',
    name: 'gives a release that failed a second chance',
    faults: { ...NO_FAULTS, order: 0.05 },
    plant: () =>
      misled((memory, world) => {
        const again = (release: Release): Release =>
          release.ruling?.kind === 'fail' ? { ...release, phase: 'ramping', weight: 5, ruling: null } : release;
        const evidence = Object.entries(memory.evidence).map(([id, one]) => {
          return [id, { ...one, judge: one.judge && { ...one.judge, failed: null } }] as const;
        });
        return [{ ...withRelease(memory, again), evidence: Object.fromEntries(evidence) }, world];
      }),
  },
  {
    invariant: 'I6',
    name: 'rewrites a release that is over',
    plant: () =>
      misled((memory, world) => {
        const rewrite = (service: ServiceState) => ({
          ...service,
          last: service.last && { ...service.last, reason: 'other' },
        });
        return [withServices(memory, rewrite), world];
      }),
  },
  {
    invariant: 'I7',
    name: 'takes silence for success',
    plant: () =>
      misled((memory, world) => {
        const goOn = (release: Release): Release => {
          const ordered =
            release.phase === 'waiting_for_traffic' ? promote(release, null, world.now, 'friday') : { release };
          return 'release' in ordered ? ordered.release : release;
        };
        return [withRelease(memory, goOn), world];
      }),
  },
  {
    invariant: 'I7',
    name: 'takes silence for failure',
    plant: () =>
      misled((memory, world) => {
        const giveUp = (release: Release): Release => {
          const ordered =
            release.phase === 'waiting_for_traffic' ? rollBack(release, world.now, 'friday', '') : { release };
          return 'release' in ordered ? ordered.release : release;
        };
        return [withRelease(memory, giveUp), world];
      }),
  },
  {
    invariant: 'I8',
    name: 'counts the bake from when the weight was asked for',
    faults: { ...NO_FAULTS, lateness: 0.5, order: 0.03 },
    plant: () =>
      misled((memory, world) => {
        const early = (release: Release) =>
          release.weight > 0 ? { ...release, bakingSince: release.phaseSince } : release;
        return [withRelease(memory, (one) => (one.phase === 'ramping' ? early(one) : one)), world];
      }),
  },
  {
    invariant: 'I8',
    name: 'begins the evidence anew after a restart',
    faults: { kill: 0.02 },
    plant: () => misled((memory, world) => [world.elapsedMs === 0 ? { ...memory, evidence: {} } : memory, world]),
  },
  {
    invariant: 'I8',
    name: 'counts the same seconds twice',
    plant: () =>
      misled((memory, world) => {
        const { observations } = world;
        const cells = observations?.cells.flatMap((cell) => [cell, cell]) ?? [];
        return [memory, { ...world, observations: observations && { ...observations, cells } }];
      }),
  },
  {
    invariant: 'I3',
    name: 'forgets where a person must say yes',
    plant: () => misled((memory, world) => [withRelease(memory, (one) => ({ ...one, approvals: [] })), world]),
  },
  {
    invariant: 'I7',
    name: 'takes a row of failures for one that began at the first request',
    faults: { ...NO_FAULTS, order: 0.05 },
    plant: () =>
      misled((memory, world) => {
        const wary = Object.entries(memory.evidence).map(([id, one]) => {
          return [
            id,
            one.guards && (one.guards.firstTick ?? 0) > 0 ? { ...one, guards: { ...one.guards, collapsed: 5 } } : one,
          ] as const;
        });
        return [{ ...memory, evidence: Object.fromEntries(wary) }, world];
      }),
  },
  {
    invariant: 'I8',
    name: 'lets a ramp rise before its weight was routed long enough',
    faults: { ...NO_FAULTS, order: 0.03 },
    plant: () =>
      misled((memory, world) => {
        const early = (one: Release) => (one.ramp ? { ...one, ramp: { ...one.ramp, dwellMs: 2000 } } : one);
        return [withRelease(memory, early), world];
      }),
  },
  ...WATCH_MISTAKES,
  ...SCALE_MISTAKES,
  ...DRAIN_MISTAKES,
];
