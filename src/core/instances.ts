// Which instances of a service to start, stop and forget, from what is wanted and what is seen. Pure.
import {
  drainOf,
  instanceId,
  isBalanced,
  type ServiceState,
  type Slot,
  versionOf,
  wantedSlots,
  wantedVersions,
} from './service.ts';
import { formatDuration } from './time.ts';

/** What one look shows of an instance, as far as this decision needs it. */
export type InstanceLook = {
  readonly id: string;
  readonly version: number;
  readonly slot: number;
  readonly state: 'starting' | 'ready' | 'stopping' | 'exited';
  readonly startedAt: number;
  readonly exit: Exit | null;
  /** How its run before ended, when the runtime has started it again by itself. */
  readonly former?: Exit | null;
  /** Why it has to go from where it runs; absent = it may stay. */
  readonly leaving?: string;
};

type Exit = {
  readonly at: number;
  readonly code: number | null;
  readonly signal: string | null;
  readonly why?: string;
};

export type InstancesSeen = {
  readonly now: number;
  readonly instances: readonly InstanceLook[];
  /** Ids that may get a new request now, as the balancer confirmed; null when it cannot be asked. */
  readonly routed: ReadonlySet<string> | null;
  /** Open requests per id. */
  readonly open: Readonly<Record<string, number>>;
  /** What this service depends on is there. Only the first start waits for it. */
  readonly areDependenciesMet: boolean;
};

export type InstancePlan = {
  readonly slots: Readonly<Record<string, Slot>>;
  readonly start: readonly { readonly version: number; readonly slot: number }[];
  readonly stop: readonly string[];
  readonly remove: readonly string[];
};

/** A life this long sets the count of ends back. */
const STEADY_MS = 60_000;
const MAX_BACKOFF_MS = 30_000;
/** So many ends in a row are a crash loop. */
export const CRASH_LOOP_EXITS = 3;
/** Open requests may hold an unwanted instance so long, unless the file says otherwise. */
export const DRAIN_MS = 300_000;

const FRESH: Slot = { exits: 0, exitedAt: null, notBefore: 0, drainingSince: null };

/** Wait before the start after the n-th end in a row, in ms: 0, 1 s, 2 s, 4 s … 30 s. */
export function backoffMs(exits: number): number {
  return exits <= 1 ? 0 : Math.min(MAX_BACKOFF_MS, 1000 * 2 ** Math.min(exits - 2, 10));
}

export type Counted = {
  readonly slots: Readonly<Record<string, Slot>>;
  /** Ends since the last look, in sentences. */
  readonly notes: readonly { readonly version: number; readonly sentence: string }[];
};

/** Counts each unexpected end once, before anything is decided about it. */
export function countExits(service: ServiceState, instances: readonly InstanceLook[], now: number): Counted {
  const wanted = wantedPlaces(service, instances);
  const slots: Record<string, Slot> = { ...service.slots };
  const notes: { version: number; sentence: string }[] = [];
  for (const look of instances) {
    if (!wanted.has(look.id)) continue;
    const before = service.slots[look.id] ?? FRESH;
    const after = afterLook(before, look, now);
    slots[look.id] = after;
    if (after.exitedAt !== before.exitedAt) notes.push(exitNote(look, after, mayRestart(service, look)));
  }
  return { slots, notes };
}

/**
 * What to do now. Instances stop only when no new request can reach them, and not while a person keeps them to look at; of unwanted
 * ones the slot tells since when they drain.
 */
export function planInstances(service: ServiceState, seen: InstancesSeen): InstancePlan {
  const wanted = wantedPlaces(service, seen.instances);
  const byId = new Map(seen.instances.map((one) => [one.id, one]));
  const slots: Record<string, Slot> = {};
  const start: { version: number; slot: number }[] = [];
  for (const [id, place] of wanted) {
    const look = byId.get(id);
    const slot = wantedAgain(service.slots[id] ?? FRESH, look);
    slots[id] = slot;
    if (isStartDue(service, seen, look, slot)) start.push(place);
  }
  const leaving = seen.instances.filter((one) => !wanted.has(one.id));
  for (const one of leaving) {
    const slot = service.slots[one.id] ?? FRESH;
    slots[one.id] = { ...slot, drainingSince: drainingSince(service, seen, one, slot.drainingSince) };
  }
  const isFree = (one: InstanceLook) => hasDrained(service, seen, one, slots[one.id]?.drainingSince ?? null);
  return {
    slots,
    start,
    stop: leaving
      .filter((one) => (one.state === 'ready' || one.state === 'starting') && !drainOf(service, one) && isFree(one))
      .map((one) => one.id),
    remove: leaving.filter((one) => one.state === 'exited').map((one) => one.id),
  };
}

type Place = { readonly version: number; readonly slot: number };

function wantedPlaces(service: ServiceState, instances: readonly InstanceLook[]): ReadonlyMap<string, Place> {
  const wanted = new Map<string, Place>();
  for (const version of wantedVersions(service)) {
    for (const slot of wantedSlots(service, version, instances)) {
      wanted.set(instanceId(service.name, version, slot), { version, slot });
    }
  }
  return wanted;
}

/** Counts an end once, and forgets ends after a steady life. */
function afterLook(slot: Slot, look: InstanceLook | undefined, now: number): Slot {
  if (!look) return slot;
  const exit = endOf(look);
  const isNews = exit !== null && exit.at !== slot.exitedAt && slot.drainingSince === null;
  if (!isNews) {
    const isSteady = look.state !== 'exited' && now - look.startedAt >= STEADY_MS;
    return slot.exits > 0 && isSteady ? { ...slot, exits: 0 } : slot;
  }
  const exits = look.state === 'exited' && exit.at - look.startedAt >= STEADY_MS ? 1 : slot.exits + 1;
  return { ...slot, exits, exitedAt: exit.at, notBefore: now + backoffMs(exits) };
}

/** The end to be counted: its own, or that of the run before, which the runtime has followed by another one. */
function endOf(look: InstanceLook): Exit | null {
  return look.state === 'exited' ? look.exit : (look.former ?? null);
}

/** The slot of a wanted instance. An end that was asked for before it was wanted again is no surprise. */
function wantedAgain(slot: Slot, look: InstanceLook | undefined): Slot {
  if (slot.drainingSince === null || look?.state === 'stopping') return slot;
  return { ...slot, drainingSince: null, exitedAt: look?.exit?.at ?? slot.exitedAt };
}

function mayRestart(service: ServiceState, look: InstanceLook): boolean {
  const policy = versionOf(service, look.version)?.spec.restart ?? 'always';
  if (policy === 'always') return true;
  return policy === 'on-failure' && look.exit?.code !== 0;
}

function isStartDue(service: ServiceState, seen: InstancesSeen, look: InstanceLook | undefined, slot: Slot): boolean {
  if (seen.now < slot.notBefore) return false;
  if (!look) return seen.areDependenciesMet && !isPlaceTaken(service, seen);
  return look.state === 'exited' && mayRestart(service, look);
}

/** A service at a fixed port cannot start beside its own older version. */
function isPlaceTaken(service: ServiceState, seen: InstancesSeen): boolean {
  if (isBalanced(service)) return false;
  return seen.instances.some((one) => one.version !== service.stable && one.state !== 'exited');
}

/** Since when no new request can reach it; a balancer that cannot be asked changes nothing. */
function drainingSince(
  service: ServiceState,
  seen: InstancesSeen,
  one: InstanceLook,
  before: number | null,
): number | null {
  if (isBalanced(service) && seen.routed === null) return before;
  return seen.routed?.has(one.id) ? null : (before ?? seen.now);
}

/** No new request can reach it, and its open ones have ended or had their time. */
function hasDrained(service: ServiceState, seen: InstancesSeen, one: InstanceLook, since: number | null): boolean {
  if (!isBalanced(service)) return true;
  if (seen.routed === null || since === null) return false;
  const drainMs = versionOf(service, one.version)?.spec.drainMs ?? DRAIN_MS;
  return (seen.open[one.id] ?? 0) === 0 || seen.now - since >= drainMs;
}

/** `exit status 1`, `signal SIGKILL`, or that nobody saw it. */
export function exitWords(exit: Omit<Exit, 'at'>): string {
  if (exit.why) return `the words "${exit.why}"`;
  if (exit.signal) return `signal ${exit.signal}`;
  return exit.code === null ? 'an unknown status' : `exit status ${exit.code}`;
}

function exitNote(look: InstanceLook, slot: Slot, isRestarted: boolean): { version: number; sentence: string } {
  const exit = endOf(look);
  const how = exit?.why ? `: ${exit.why}` : ` with ${exit ? exitWords(exit) : 'an unknown status'}`;
  const wait = backoffMs(slot.exits);
  const soon = wait === 0 ? 'It is started again.' : `It is started again in ${formatDuration(wait)}.`;
  const then = look.state === 'exited' ? soon : 'It was started again.';
  return { version: look.version, sentence: `${look.id} ended${how}.${isRestarted ? ` ${then}` : ''}` };
}

/** Why a version counts as crash looping, in words without a full stop; null when it does not. */
export function crashLoopOf(service: ServiceState, version: number, instances: readonly InstanceLook[]): string | null {
  for (const one of instances) {
    const slot = service.slots[one.id];
    if (one.version !== version || !slot || slot.exits < CRASH_LOOP_EXITS) continue;
    return `${one.id} ended ${slot.exits} times in a row${one.exit ? `, last with ${exitWords(one.exit)}` : ''}`;
  }
  return null;
}
