// Means to plant mistakes: what the loop decides on, what it decided, or what it stored is changed.
import { type Evidence, verdictIn } from '../core/evidence.ts';
import type { Release } from '../core/release.ts';
import type { ServiceState, Watch } from '../core/service.ts';
import type { ServiceTraffic } from '../core/traffic.ts';
import { type Act, decide, type Memory, type Turn, type World } from '../core/turn.ts';
import type { Change, Store } from '../ports/store.ts';
import type { Faults } from './hostile.ts';
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

export function withServices(memory: Memory, change: (service: ServiceState) => ServiceState): Memory {
  const services = Object.entries(memory.services).map(([name, service]) => [name, change(service)] as const);
  return { ...memory, services: Object.fromEntries(services) };
}

export function withRelease(memory: Memory, change: (release: Release) => Release): Memory {
  return withServices(memory, (service) => ({ ...service, release: service.release && change(service.release) }));
}

/** The same turn with another table. */
export function withTraffic(turn: Turn, change: (traffic: ServiceTraffic) => ServiceTraffic): Turn {
  const table = { ...turn.memory.table, services: turn.memory.table.services.map(change) };
  const acts = turn.acts.map((act): Act => (act.type === 'apply' ? { type: 'apply', table } : act));
  return { ...turn, memory: { ...turn.memory, table }, acts };
}

/** Decides on something else than what is remembered or seen. */
export function misled(mislead: (memory: Memory, world: World) => readonly [Memory, World]): Partial<SimOptions> {
  return { decide: (memory, world) => decide(...mislead(memory, world)) };
}

/** Decides well, then spoils the turn. */
export function spoiled(spoil: (turn: Turn, world: World) => Turn): Partial<SimOptions> {
  return { decide: (memory, world) => spoil(decide(memory, world), world) };
}

/** Says that it has stored a change one change before it does. */
export function lateStore(store: Store): Store {
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
export function withWatch(memory: Memory, change: (watch: Watch) => Watch): Memory {
  return withServices(memory, (service) => (service.watch ? { ...service, watch: change(service.watch) } : service));
}

/** Changes the evidence of promoted versions that are watched. */
export function withWatchedEvidence(
  memory: Memory,
  change: (evidence: Evidence, release: Release) => Evidence,
): Memory {
  const evidence = { ...memory.evidence };
  for (const { watch, last } of Object.values(memory.services)) {
    const known = watch && evidence[watch.release];
    if (known && last?.id === watch.release) evidence[watch.release] = change(known, last);
  }
  return { ...memory, evidence };
}

/** As if the judge had failed it. */
export function blamed(evidence: Evidence): Evidence {
  const failed = verdictIn(evidence)?.receipt ?? null;
  return { ...evidence, judge: evidence.judge && { ...evidence.judge, failed } };
}

/** The same turn, but what takes a promoted version back has not happened. */
export function withoutTakeBack(before: Memory, turn: Turn): Turn {
  const isWrong = (service: ServiceState) => service.release?.isTakeBack && before.services[service.name]?.watch;
  const wrong = Object.values(turn.memory.services).filter(isWrong);
  if (wrong.length === 0) return turn;
  const kept = wrong.map(({ name }) => [name, before.services[name]] as const);
  const services = { ...turn.memory.services, ...Object.fromEntries(kept) } as Memory['services'];
  return { ...turn, memory: { ...turn.memory, services, table: before.table }, events: [], acts: [] };
}
