// Mistakes that somebody might make in the loop, one plant each, to prove that the invariants notice them.
import { type Evidence, startEvidence, verdictIn } from '../core/evidence.ts';
import type { Release } from '../core/release.ts';
import type { ServiceState, Watch } from '../core/service.ts';
import { promote, rollBack } from '../core/steer.ts';
import type { ServiceTraffic } from '../core/traffic.ts';
import { type Act, decide, type Memory, type Turn, type World } from '../core/turn.ts';
import type { Change, Store } from '../ports/store.ts';
import { type Faults, NO_FAULTS } from './hostile.ts';
import type { SimOptions } from './run.ts';
import type { Invariant } from './scene.ts';

export type Mistake = {
  readonly invariant: Invariant;
  /** What is done wrong, as a sentence about the loop. */
  readonly name: string;
  readonly plant: () => Partial<SimOptions>;
  /** Faults without which it does no harm. */
  readonly faults?: Partial<Faults>;
};

function withServices(memory: Memory, change: (service: ServiceState) => ServiceState): Memory {
  const services = Object.entries(memory.services).map(([name, service]) => [name, change(service)] as const);
  return { ...memory, services: Object.fromEntries(services) };
}

function withRelease(memory: Memory, change: (release: Release) => Release): Memory {
  return withServices(memory, (service) => ({ ...service, release: service.release && change(service.release) }));
}

/** The same turn with another table. */
function withTraffic(turn: Turn, change: (traffic: ServiceTraffic) => ServiceTraffic): Turn {
  const table = { ...turn.memory.table, services: turn.memory.table.services.map(change) };
  const acts = turn.acts.map((act): Act => (act.type === 'apply' ? { type: 'apply', table } : act));
  return { ...turn, memory: { ...turn.memory, table }, acts };
}

/** Decides on something else than what is remembered or seen. */
function misled(mislead: (memory: Memory, world: World) => readonly [Memory, World]): Partial<SimOptions> {
  return { decide: (memory, world) => decide(...mislead(memory, world)) };
}

/** Decides well, then spoils the turn. */
function spoiled(spoil: (turn: Turn, world: World) => Turn): Partial<SimOptions> {
  return { decide: (memory, world) => spoil(decide(memory, world), world) };
}

/** Says that it has stored a change one change before it does. */
function lateStore(store: Store): Store {
  let late: Change | null = null;
  let seq = 0;
  return {
    ...store,
    read: (kind) => store.read(kind),
    events: (query) => store.events(query),
    ticks: (release) => store.ticks(release),
    commit: async (change) => {
      const due = late;
      late = change;
      if (due) await store.commit(due);
      return (change.events ?? []).map((event) => {
        seq += 1;
        return { ...event, seq };
      });
    },
  };
}

/** Changes what is remembered of a promoted version that is watched. */
function withWatch(memory: Memory, change: (watch: Watch) => Watch): Memory {
  return withServices(memory, (service) => (service.watch ? { ...service, watch: change(service.watch) } : service));
}

/** Changes the evidence of promoted versions that are watched. */
function withWatchedEvidence(memory: Memory, change: (evidence: Evidence, release: Release) => Evidence): Memory {
  const evidence = { ...memory.evidence };
  for (const { watch, last } of Object.values(memory.services)) {
    const known = watch && evidence[watch.release];
    if (known && last?.id === watch.release) evidence[watch.release] = change(known, last);
  }
  return { ...memory, evidence };
}

/** As if the judge had failed it. */
function blamed(evidence: Evidence): Evidence {
  const failed = verdictIn(evidence)?.receipt ?? null;
  return { ...evidence, judge: evidence.judge && { ...evidence.judge, failed } };
}

/** The same turn, but what takes a promoted version back has not happened. */
function withoutTakeBack(before: Memory, turn: Turn): Turn {
  const isWrong = (service: ServiceState) => service.release?.isTakeBack && before.services[service.name]?.watch;
  const wrong = Object.values(turn.memory.services).filter(isWrong);
  if (wrong.length === 0) return turn;
  const kept = wrong.map(({ name }) => [name, before.services[name]] as const);
  const services = { ...turn.memory.services, ...Object.fromEntries(kept) } as Memory['services'];
  return { ...turn, memory: { ...turn.memory, services, table: before.table }, events: [], acts: [] };
}

const NOBODY = { 'web-v1-1': 0 };
/** Nothing but people who release now and then. */
const RELEASES: Partial<Faults> = { ...NO_FAULTS, order: 0.05 };

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
    name: 'forgets that a promoted version is compared no more',
    faults: RELEASES,
    plant: () => spoiled((turn) => ({ ...turn, events: turn.events.filter((event) => event.data.watch !== null) })),
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
    name: 'keeps a promoted version that the judge has failed',
    faults: RELEASES,
    plant: () => ({
      decide: (memory, world) => withoutTakeBack(memory, decide(withWatchedEvidence(memory, blamed), world)),
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
];
