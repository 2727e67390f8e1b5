// One turn of the loop: from what is remembered and what is seen to what is to be remembered and done. Pure.
import { withSelf } from './aa.ts';
import type { KnownLines } from './blame.ts';
import { type CertificatesSeen, certificatesIn, type KnownCertificates, noticeCertificates } from './certificates.ts';
import { freeSentence, next } from './course.ts';
import { keepDrained } from './drained.ts';
import { withEnded } from './ended.ts';
import { absorbCells, type Evidence, explained, startEvidence, withDecision } from './evidence.ts';
import { catchUp } from './gap.ts';
import { keepRestarts, withRestarts } from './instance-orders.ts';
import { countExits, type InstancePlan, planInstances } from './instances.ts';
import { type EventType, eventOf, type NewEvent } from './journal.ts';
import { slowLimitsOf } from './judge/judge.ts';
import { absorbPast, NO_PAST, type Past } from './past.ts';
import { isOver, type Release, standOf } from './release.ts';
import { type Scaling, turnScaling } from './scaling.ts';
import { isOut, type ServiceState, startQueued } from './service.ts';
import { loadsOf, releaseSeen } from './sight.ts';
import type { TlsSpec } from './spec/project.ts';
import { type Crowded, keepSpreading, withMoves } from './spreading.ts';
import { isSameTable, routedIds, routingOf, tableOf, withInternalHosts } from './table.ts';
import type { TickBatch } from './ticks/tick.ts';
import type { BalancerSeen, Cell, Cursor, Listen, Observations, Table } from './traffic.ts';
import { namesError, unmetDependencies } from './trouble.ts';
import { startOfWatch, startWatch, watchOf } from './watch.ts';
import { keepWatch, readyOf } from './watching.ts';

/** Everything that the control plane remembers between two turns. */
export type Memory = {
  readonly listen: readonly Listen[];
  /** Null or absent = no HTTPS. */
  readonly tls?: TlsSpec | null;
  /** What was told of the certificates; absent = nothing. */
  readonly certificates?: KnownCertificates;
  readonly nextRelease: number;
  /** The table that was asked for last. */
  readonly table: Table;
  /** Counts up to here are taken into the evidence. */
  readonly cursor: Cursor | null;
  /** When it was last looked, ms since 1970. */
  readonly lookedAt: number | null;
  readonly services: Readonly<Record<string, ServiceState>>;
  /** By number of the release under way. */
  readonly evidence: Readonly<Record<number, Evidence>>;
  /** Traffic lately by service, as of the cursor; absent before anything was read. */
  readonly past?: Readonly<Record<string, Past>>;
  /** By service that scales by itself; absent = none does. */
  readonly scaling?: Readonly<Record<string, Scaling>>;
};

export type InstanceSeenNow = {
  readonly id: string;
  readonly service: string;
  readonly version: number;
  readonly slot: number;
  readonly state: 'starting' | 'ready' | 'stopping' | 'exited';
  readonly host: string;
  readonly port: number;
  readonly startedAt: number;
  readonly reason: string;
  readonly exit: {
    readonly at: number;
    readonly code: number | null;
    readonly signal: string | null;
    readonly why?: string;
  } | null;
  /** As in `InstanceLook`. */
  readonly former?: InstanceSeenNow['exit'];
  readonly leaving?: string;
  /** Where it would be better elsewhere; absent = it is well where it is. */
  readonly crowded?: Crowded;
  /** Share of one core, and bytes; null or absent where the runtime does not know. */
  readonly cpu?: number | null;
  readonly memory?: number | null;
};

/** One look at the world. */
export type World = {
  readonly now: number;
  /** Since the look before, by a clock that never jumps, ms; 0 at the first look of a control plane. */
  readonly elapsedMs: number;
  readonly instances: readonly InstanceSeenNow[];
  /** Addresses of this machine, besides loopback, from which instances call services; left out = none. */
  readonly internalHosts?: readonly string[];
  /** Null when the balancer cannot be asked. */
  readonly balancer: BalancerSeen | null;
  /** New cells since the cursor; null when the balancer cannot be asked. */
  readonly observations: Observations | null;
  /** Last lines that an instance wrote, by id, for candidates in trouble. */
  readonly lastLines: Readonly<Record<string, readonly string[]>>;
  /** What instances wrote about failed requests, as far as it was found; left out, nobody looks. */
  readonly failureLines?: KnownLines;
  /** Null or left out when nobody looked. */
  readonly certificates?: CertificatesSeen | null;
  /** What failed when it was tried last, by instance id. */
  readonly troubles: Readonly<Record<string, string>>;
};

export type Act =
  | { readonly type: 'apply'; readonly table: Table }
  | { readonly type: 'start'; readonly service: string; readonly version: number; readonly slot: number }
  | { readonly type: 'stop'; readonly id: string }
  | { readonly type: 'remove'; readonly id: string };

export type Turn = {
  readonly memory: Memory;
  readonly events: readonly NewEvent[];
  /** What went into the evidence of `memory` and is to be kept with it. */
  readonly ticks: readonly TickBatch[];
  readonly acts: readonly Act[];
};

type ServiceTurn = {
  readonly service: ServiceState;
  readonly evidence: Readonly<Record<number, Evidence>>;
  readonly events: readonly NewEvent[];
  readonly ticks: readonly TickBatch[];
  readonly plan: InstancePlan;
  readonly scaling: Scaling | null;
};

/** Nothing was ever routed: no balancer is needed yet. */
export function isUnused(table: Table, services: Memory['services']): boolean {
  return table.revision <= 1 && Object.keys(services).length === 0;
}

/** Deterministic; the same memory and world give the same turn. Applying a turn twice changes nothing more. */
export function decide(before: Memory, looked: World): Turn {
  const going = withMoves(before.services, withRestarts(before.services, looked.instances));
  const world = { ...looked, instances: going };
  const memory = { ...catchUp(before, world.now, world.elapsedMs), past: pastIn(before, world) };
  const cells = world.observations?.cells ?? [];
  const turns: ServiceTurn[] = [];
  let { nextRelease } = memory;
  for (const service of Object.values(memory.services)) {
    const turn = turnOf(service, { ...memory, nextRelease }, world, cells);
    nextRelease = Math.max(nextRelease, (turn.service.release?.id ?? 0) + 1);
    turns.push(turn);
  }
  const services = Object.fromEntries(turns.map((turn) => [turn.service.name, turn.service]));
  const evidence: Record<number, Evidence> = Object.assign({}, ...turns.map((turn) => turn.evidence));
  const scaling = turns.flatMap(({ service, scaling: one }) => (one === null ? [] : [[service.name, one] as const]));
  const cursor = world.observations?.cursor ?? memory.cursor;
  const noticed = noticeCertificates(memory.certificates ?? {}, world.certificates ?? null, world.now);
  const table = nextTable(memory, services, world);
  const routed = routedIds(table);
  const acts: Act[] = [];
  if (!isUnused(table, services) && world.balancer?.revision !== table.revision) acts.push({ type: 'apply', table });
  for (const { service, plan } of turns) {
    acts.push(...plan.start.map((one) => ({ type: 'start', service: service.name, ...one }) as const));
    // One that drains may have to stand in again for another that has just ended.
    const stop = plan.stop.filter((id) => !routed.has(id));
    acts.push(...stop.map((id) => ({ type: 'stop', id }) as const));
    acts.push(...plan.remove.map((id) => ({ type: 'remove', id }) as const));
  }
  return {
    memory: {
      ...memory,
      nextRelease,
      table,
      cursor,
      services,
      evidence,
      scaling: Object.fromEntries(scaling),
      ...(noticed.known === memory.certificates ? {} : { certificates: noticed.known }),
    },
    events: [...turns.flatMap((turn) => turn.events), ...noticed.events],
    ticks: turns.flatMap((turn) => turn.ticks),
    acts,
  };
}

/** What is known of the traffic of every service, release or not. */
function pastIn({ services, past = {} }: Memory, { observations }: World): Readonly<Record<string, Past>> {
  const known = Object.keys(services).map((name) => {
    return [name, absorbPast(past[name] ?? NO_PAST, name, observations)] as const;
  });
  return Object.fromEntries(known);
}

/** The table for these services; a new revision when it differs, and always a higher one than the balancer has. */
function nextTable(memory: Memory, services: Memory['services'], world: World): Table {
  const { listen, tls = null, table } = memory;
  const { certificates = null } = world;
  const all = Object.values(services);
  const asked = tableOf(all, world.instances, listen, world.now, tls, certificates ?? certificatesIn(table));
  const wanted = withInternalHosts(asked, all.some((service) => !service.isDown) ? world.internalHosts : []);
  const known = Math.max(memory.table.revision, world.balancer?.revision ?? 0);
  const isAsked = isSameTable(wanted, memory.table) && known === memory.table.revision && known > 0;
  return isAsked ? memory.table : { ...wanted, revision: known + 1 };
}

function turnOf(known: ServiceState, memory: Memory, world: World, cells: readonly Cell[]): ServiceTurn {
  const instances = world.instances.filter((one) => one.service === known.name);
  const { service: restarted, events: restarts } = keepRestarts(known, instances, world.now);
  const { service: kept, events: drains } = keepDrained(restarted, instances, world.now);
  const { service: before, events: moves } = keepSpreading(kept, instances, world.now);
  const { slots, notes } = countExits(before, instances, world.now);
  const late = lateEvidence(before, memory, cells, world);
  const watched = keepWatch({ ...before, slots }, late.evidence, memory.nextRelease, world);
  const moved = moveRelease(watched.service, watched.evidence, memory, world, instances, cells);
  const rate = world.observations === null ? null : (memory.past?.[before.name]?.rate ?? null);
  const scaled = turnScaling(moved.service, memory.scaling?.[before.name], { ...world, instances, rate });
  const ready = readyOf(scaled.service, scaled.service.stable, instances);
  const routed = { ...scaled.service, routing: routingOf(scaled.service, ready) };
  const plan = planInstances(routed, {
    now: world.now,
    instances,
    routed: world.balancer?.revision === memory.table.revision ? routedIds(memory.table) : null,
    open: world.balancer?.open ?? {},
    areDependenciesMet: unmetDependencies(routed, memory.services, world.instances).length === 0,
  });
  const exits = notes.map((note) => eventOf(world.now, 'instance_exited', before, null, note.version, note.sentence));
  return {
    service: { ...routed, slots: plan.slots },
    evidence: moved.evidence,
    events: [...restarts, ...drains, ...moves, ...exits, ...watched.events, ...moved.events, ...scaled.events],
    ticks: [...late.ticks, ...moved.ticks],
    plan,
    scaling: scaled.scaling,
  };
}

type Moved = Pick<ServiceTurn, 'service' | 'evidence' | 'events' | 'ticks'>;

function moveRelease(
  before: ServiceState,
  late: Memory['evidence'],
  memory: Memory,
  world: World,
  instances: readonly InstanceSeenNow[],
  cells: readonly Cell[],
): Moved {
  const release = before.release;
  if (release === null) return { service: coolDown(before, world.now), evidence: late, events: [], ticks: [] };
  const past = memory.past?.[before.name] ?? NO_PAST;
  const known = memory.evidence[release.id] ?? startEvidence(release, past);
  const { evidence: counted, ticks } = absorbCells(
    known,
    release,
    cells,
    false,
    loadsOf(release, working(before, instances)),
  );
  const absorbed = withSelf(counted, release, cells);
  const seen = releaseSeen(before, release, absorbed, memory, world);
  const after = withSlow(next(release, seen), absorbed);
  const written = withLastLines(withWeight(absorbed, after, world.now), after, world, instances);
  const decided = withDecision(written, after, before.routing, world.now);
  const evidence = explained(decided, after, world.failureLines ?? {}, world.now);
  const events = eventsOf(before, release, after, evidence, world.now);
  const moved = { ...before, release: after };
  const settled = isOver(after) ? startQueued(withEnded(moved, after, world.now), world.now) : moved;
  const oldReady = readyOf(before, release.from, instances);
  const service = startWatch(settled, after, { now: world.now, oldReady, isJudged: evidence.judge !== null });
  return {
    service,
    evidence: { ...late, [release.id]: evidence },
    events: [...events, ...startOfWatch(service, world.now), ...startEvents(release, service.release, world.now)],
    ticks: batchOf(release, known, ticks),
  };
}

/** What a drained instance uses says nothing about its version. */
function working(service: ServiceState, instances: readonly InstanceSeenNow[]): readonly InstanceSeenNow[] {
  return instances.filter((one) => !isOut(service, one));
}

/** Sticky services: what slow means goes to the balancer as soon as it is known, and stays. */
function withSlow(release: Release, { judge }: Evidence): Release {
  if (!release.isSticky || release.slow != null || judge === null || isOver(release)) return release;
  const slow = slowLimitsOf(judge);
  return slow === null ? release : { ...release, slow };
}

/** Nothing where earlier ticks are not known: what is kept has to begin at the beginning. */
function batchOf({ id, service }: Release, { told }: Evidence, ticks: TickBatch['ticks']): TickBatch[] {
  return told === undefined || ticks.length === 0 ? [] : [{ release: id, service, from: told, ticks }];
}

/** A release that waited begins when the one before it has ended. */
function startEvents(ended: Release, begun: Release | null, now: number): NewEvent[] {
  if (begun === null || begun.id === ended.id) return [];
  const { id, version, sentence, service } = begun;
  return [eventOf(now, 'release_state', { name: service }, id, version, sentence, standOf(begun))];
}

/** Counts of the last seconds arrive after the end of a release, even after the start of the next one. */
function lateEvidence(
  service: ServiceState,
  memory: Memory,
  cells: readonly Cell[],
  world: World,
): Pick<ServiceTurn, 'evidence' | 'ticks'> {
  const { last, release } = service;
  const known = last ? memory.evidence[last.id] : undefined;
  if (!last || !known) return { evidence: {}, ticks: [] };
  // Of the same two versions, nobody could tell whose counts they are.
  const isAgain = release?.version === last.version;
  const isWatched = watchOf(service)?.release === last.id;
  const { evidence, ticks } = absorbCells(known, last, isAgain ? [] : cells, isWatched);
  // A stop ends a release between two turns.
  const decided = withDecision(evidence, last, service.routing, last.endedAt ?? world.now);
  const settled = explained(decided, last, world.failureLines ?? {}, world.now, !isWatched);
  return { evidence: { [last.id]: settled }, ticks: batchOf(last, known, ticks) };
}

/** A candidate that is taken back leaves its last words; one that is ready, or was judged, only those that name an error. */
function withLastLines(
  evidence: Evidence,
  release: Release,
  world: World,
  instances: readonly InstanceSeenNow[],
): Evidence {
  if (release.phase !== 'failed' && release.phase !== 'rolling_back' && release.phase !== 'rolled_back')
    return evidence;
  const own = instances.filter((one) => one.version === release.version);
  const written = own.filter((one) => (world.lastLines[one.id] ?? []).length > 0);
  const isJudged = release.ruling?.kind === 'fail';
  const telling =
    written.find((one) => namesError(world.lastLines[one.id] ?? [])) ??
    written.find((one) => one.state !== 'ready' && !isJudged);
  const lastLines = telling && world.lastLines[telling.id];
  return lastLines ? { ...evidence, lastLines } : evidence;
}

/** Also the weights that people gave it since the last look. */
function withWeight(evidence: Evidence, { weight }: Release, now: number): Evidence {
  if (weight === (evidence.weights.at(-1)?.weight ?? 0)) return evidence;
  return { ...evidence, weights: [...evidence.weights, { at: now, weight }] };
}

function coolDown(service: ServiceState, now: number): ServiceState {
  const isCold = service.warm !== null && now >= service.warm.untilMs && !service.watch;
  return isCold ? { ...service, warm: null } : service;
}

function eventsOf(service: ServiceState, before: Release, after: Release, evidence: Evidence, now: number): NewEvent[] {
  const hasFailed = after.ruling?.kind === 'fail' && before.ruling?.kind !== 'fail';
  const hasPassed = after.ruling?.kind === 'pass' && after.phase === 'promoting' && before.phase !== 'promoting';
  const data = { ...standOf(after), stable: evidence.stable, candidate: evidence.candidate };
  const tell = (type: EventType, sentence: string) =>
    eventOf(now, type, service, after.id, after.version, sentence, data);
  const events: NewEvent[] = [];
  if ((hasFailed || hasPassed) && after.ruling) events.push(tell('release_verdict', after.ruling.sentence));
  if (after.weight !== before.weight && after.weight > 0) events.push(tell('release_weight', after.sentence));
  else if (after.phase !== before.phase) events.push(tell('release_state', after.sentence));
  else if ((after.held == null) !== (before.held == null))
    events.push(tell('release_held', after.held ?? freeSentence(after)));
  return events;
}
