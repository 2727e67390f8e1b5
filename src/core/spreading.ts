// Instances of a service that have met on one node part again: one moves at a time, and another one stands in for it first. Pure.
import { eventOf, type NewEvent } from './journal.ts';
import { isBalanced, isStandInOf, type Placed, type ServiceState, wantedIds } from './service.ts';
import { watchOf } from './watch.ts';

/** Why the runtime would rather have an instance elsewhere. */
export type Crowded = {
  /** `n1 has 2 instances of web, n2 none` */
  readonly why: string;
  /** Of all instances of its version, above 0; every move that helps makes it smaller. */
  readonly unevenness: number;
};

/** What is remembered of moves; absent while instances are spread. */
export type Spreading = {
  /** Since when nothing else happens and an instance could be elsewhere, ms since 1970; null = something happens. */
  readonly since: number | null;
  /** The instance on its way since then, until it is gone; null = none. */
  readonly moving: { readonly id: string; readonly why: string; readonly since: number } | null;
  /** One that was to stand in for it and did not become ready, until it is gone: it is not wanted. Absent = none. */
  readonly refused?: string;
  /** The smallest unevenness that a move began with; null = none began. */
  readonly least: number | null;
  /** Moves since then that have made nothing better. */
  readonly vain: number;
};

/** What is to be known of an instance. */
export type Spreadable = Placed & {
  readonly id: string;
  readonly state: 'starting' | 'ready' | 'stopping' | 'exited';
  readonly crowded?: Crowded | undefined;
};

/** So long nothing else happens before an instance moves, in ms; twice as long after each move in vain. */
export const QUIET_MS = 30_000;
/** One that stands in has so long to become ready. */
export const MOVE_MS = 300_000;
/** Then instances stay where they are until they are spread by something else. */
export const MOST_IN_VAIN = 3;

const BEGUN: Spreading = { since: null, moving: null, least: null, vain: 0 };

/** A release and a stop come before what is left of a move. */
function mayMove({ release, isDown }: ServiceState): boolean {
  return release === null && !isDown;
}

/** The instances as they are seen; those that move have to go from where they run. */
export function withMoves<One extends Spreadable>(
  services: Readonly<Record<string, ServiceState>>,
  instances: readonly One[],
): readonly One[] {
  const going = new Map<string, string>();
  for (const service of Object.values(services)) {
    const moving = service.spreading?.moving;
    if (moving && mayMove(service)) going.set(moving.id, moving.why);
  }
  if (going.size === 0) return instances;
  return instances.map((one) => {
    const why = going.get(one.id);
    return why === undefined ? one : { ...one, leaving: one.leaving ?? why };
  });
}

export type Spread = { readonly service: ServiceState; readonly events: readonly NewEvent[] };

/** What becomes of moves after a look at the instances of this service, and what is told of them. */
export function keepSpreading(looked: ServiceState, instances: readonly Spreadable[], now: number): Spread {
  const before = forgetRefused(looked, instances);
  const known = before.spreading ?? BEGUN;
  if (known.moving !== null) return keepMoving(before, known, known.moving, instances, now);
  if (!isQuiet(before, instances)) {
    return unchanged(known.since === null ? before : { ...before, spreading: { ...known, since: null } });
  }
  const one = instances.find(({ crowded, version }) => crowded !== undefined && version === before.stable);
  if (one?.crowded === undefined) return unchanged(spread(before));
  return nextMove(before, known, one.id, one.crowded, now);
}

function forgetRefused(service: ServiceState, instances: readonly Spreadable[]): ServiceState {
  const { refused, ...rest } = service.spreading ?? BEGUN;
  const isGone = refused !== undefined && instances.every(({ id }) => id !== refused);
  return isGone ? { ...service, spreading: rest } : service;
}

function unchanged(service: ServiceState): Spread {
  return { service, events: [] };
}

function spread({ spreading: _, ...service }: ServiceState): ServiceState {
  return service;
}

/** All instances of the version that people use are ready where they are, and no versions are compared. */
function isQuiet(service: ServiceState, instances: readonly Spreadable[]): boolean {
  const { stable, release, queued, restarts, isDown } = service;
  if (stable === null || isDown || release !== null || queued !== null || restarts !== undefined) return false;
  if (!isBalanced(service) || watchOf(service) !== null) return false;
  const wanted = wantedIds(service, stable, instances);
  const own = instances.filter(({ version, state }) => version === stable && state !== 'exited');
  const isSettled = (one: Spreadable) => one.state === 'ready' && one.leaving === undefined && wanted.has(one.id);
  return own.length === wanted.size && own.every(isSettled);
}

function nextMove(before: ServiceState, known: Spreading, id: string, crowded: Crowded, now: number): Spread {
  const since = known.since ?? now;
  const isBetter = known.least === null || crowded.unevenness < known.least;
  const vain = isBetter ? 0 : known.vain + 1;
  const waiting = (spreading: Spreading) => unchanged({ ...before, spreading });
  if (vain > MOST_IN_VAIN) return known.since === null ? waiting({ ...known, since }) : unchanged(before);
  if (now - since < QUIET_MS * 2 ** vain)
    return known.since === null ? waiting({ ...known, since }) : unchanged(before);
  const tell = (sentence: string) =>
    eventOf(now, 'service_changed', before, null, before.stable, sentence, { instance: id });
  if (vain === MOST_IN_VAIN) {
    const sentence = `The instances of ${before.name} stay where they are, though ${crowded.why}: ${vain} moves have not spread them.`;
    return { service: { ...before, spreading: { ...known, vain } }, events: [tell(sentence)] };
  }
  const moving = { id, why: crowded.why, since: now };
  const spreading = { since: null, moving, least: least(known, crowded), vain };
  return { service: { ...before, spreading }, events: [tell(`${id} moves to another node: ${crowded.why}.`)] };
}

function least({ least: before }: Spreading, { unevenness }: Crowded): number {
  return before === null ? unevenness : Math.min(before, unevenness);
}

function keepMoving(
  before: ServiceState,
  known: Spreading,
  { id, since }: NonNullable<Spreading['moving']>,
  instances: readonly Spreadable[],
  now: number,
): Spread {
  const mover = instances.find((one) => one.id === id);
  const next = instances.find((one) => one.state !== 'exited' && isStandInOf(before, one, id));
  const ended = { ...known, moving: null, since: null };
  const tell = (sentence: string) => [eventOf(now, 'service_changed', before, null, before.stable, sentence)];
  if (!mover) {
    const events = next ? tell(`${id} has moved: ${next.id} has taken its place.`) : [];
    return { service: { ...before, spreading: ended }, events };
  }
  if (!mayMove(before)) {
    const why = before.isDown ? 'it was stopped' : 'a release began';
    return { service: spread(before), events: tell(`The move of ${id} was given up: ${why}.`) };
  }
  const late = standInOf(before, mover, instances);
  if (now - since < MOVE_MS || mover.state !== 'ready' || !late || late.state === 'ready') return unchanged(before);
  const sentence = `The move of ${id} was given up: ${late.id} was not ready within ${MOVE_MS / 60_000} minutes.`;
  return { service: { ...before, spreading: { ...ended, refused: late.id } }, events: tell(sentence) };
}

/** The newest one that is there to take the place of an instance, also when it has ended. */
function standInOf(service: ServiceState, { id }: Spreadable, instances: readonly Spreadable[]): Spreadable | null {
  const all = instances.filter((one) => isStandInOf(service, one, id));
  return all.reduce<Spreadable | null>((best, one) => (best && best.slot > one.slot ? best : one), null);
}
