// A person restarts instances: one after the other, each only when another one stands in for it. Pure.
import { Failure } from './failure.ts';
import { eventOf, type NewEvent } from './journal.ts';
import { type Given, type Outcome, serviceOf } from './orders.ts';
import {
  drainOf,
  isBalanced,
  isStandInOf,
  type Placed,
  type ServiceState,
  wantedIds,
  wantedVersions,
} from './service.ts';
import type { Memory } from './turn.ts';
import { watchOf } from './watch.ts';

/** What is to be known of an instance to have another one follow it. */
export type Standing = Placed & {
  readonly id: string;
  readonly service: string;
  readonly state: 'starting' | 'ready' | 'stopping' | 'exited';
};

const RESTARTED = 'somebody restarts it';

/**
 * Instances of a service are to be followed by new ones of the same version; `instance` null = all of the version that
 * people use. `seen` are the instances of the last look. Failures: `not-found` (service, instance), `conflict` (nothing
 * can stand in, nothing runs, or versions are being compared: fresh instances would answer for one of them).
 */
export function orderRestart(
  memory: Memory,
  name: string,
  instance: string | null,
  seen: readonly Standing[],
  given: Given,
): Outcome {
  const service = serviceOf(memory, name);
  requireStandIns(service);
  const mine = seen.filter((one) => one.service === name);
  const ids = instance === null ? servingIds(service, mine) : [requireWanted(service, mine, instance)];
  const before = service.restarts ?? [];
  const added = ids.filter((id) => !before.includes(id));
  if (added.length === 0) return { memory, events: [] };
  const changed = { ...service, restarts: [...before, ...added] };
  const what = instance ?? (ids.length === 1 ? ids[0] : `the ${ids.length} instances of ${name}, one after the other`);
  const why = given.reason === '' ? '' : `: ${given.reason.replace(/\.$/, '')}`;
  const sentence = `${given.by} restarts ${what}${why}.`;
  const data = { instances: added };
  return {
    memory: { ...memory, services: { ...memory.services, [name]: changed } },
    events: [eventOf(given.now, 'command', service, null, service.stable, sentence, data, given.by)],
  };
}

/** Throws `conflict` where no instance can stand in for another one, or a fresh one would answer for a version that is compared. */
export function requireStandIns(service: ServiceState): void {
  const { name } = service;
  const refuse = (why: string, hint: string) => new Failure('conflict', `${name} ${why}.`, { hint });
  if (service.isDown || service.stable === null) throw refuse('does not run', `friday up ${name}`);
  if (!isBalanced(service)) {
    const why = 'is not behind the balancer, so no other instance can stand in for one';
    throw refuse(why, `friday down ${name}, then friday up ${name}: it is away in between`);
  }
  const compared = 'a fresh instance would answer for one of the versions';
  if (service.release || service.queued) throw refuse(`is being released: ${compared}`, `friday status ${name}`);
  if (watchOf(service)) throw refuse(`is still compared with the version before: ${compared}`, `friday status ${name}`);
}

function servingIds(service: ServiceState, mine: readonly Standing[]): readonly string[] {
  const wanted = service.stable === null ? new Set() : wantedIds(service, service.stable, mine);
  const ids = mine.filter((one) => wanted.has(one.id)).map((one) => one.id);
  if (ids.length > 0) return ids;
  throw new Failure('conflict', `No instance of ${service.name} is there to be restarted.`, {
    hint: `friday status ${service.name}`,
  });
}

/** The instance of this service with this id, else `not-found`. */
export function requireInstance<One extends Standing>({ name }: ServiceState, mine: readonly One[], id: string): One {
  const one = mine.find((each) => each.id === id);
  if (one) return one;
  const ids = mine.map((each) => each.id).join(', ') || 'none';
  const hint = `friday status ${name}`;
  throw new Failure('not-found', `${name} has no instance ${id}; expected one of: ${ids}.`, { hint });
}

function requireWanted(service: ServiceState, mine: readonly Standing[], id: string): string {
  const { name } = service;
  const one = requireInstance(service, mine, id);
  const hint = `friday status ${name}`;
  const drain = drainOf(service, one);
  if (drain && !drain.isReturning) {
    throw new Failure('conflict', `${id} is drained, so it is not restarted.`, {
      hint: `friday drain ${name} --instance ${id} --back`,
    });
  }
  const isWanted = wantedVersions(service).includes(one.version) && wantedIds(service, one.version, mine).has(id);
  if (!isWanted) throw new Failure('conflict', `${id} is leaving already.`, { hint });
  return id;
}

/** A release and a stop come before what is left of a restart. */
function mayRestart({ release, isDown }: ServiceState): boolean {
  return release === null && !isDown;
}

/** The instances as they are seen; of each service the one that is to be restarted now has to go from where it runs. */
export function withRestarts<One extends Standing>(
  services: Readonly<Record<string, ServiceState>>,
  instances: readonly One[],
): readonly One[] {
  const going = new Set<string>();
  for (const service of Object.values(services)) {
    const id = service.restarts?.find((each) => instances.some((one) => one.id === each));
    if (id !== undefined && mayRestart(service)) going.add(id);
  }
  if (going.size === 0) return instances;
  return instances.map((one) => (going.has(one.id) ? { ...one, leaving: one.leaving ?? RESTARTED } : one));
}

export type Restarting = { readonly service: ServiceState; readonly events: readonly NewEvent[] };

/** What is left to be restarted after a look at the instances of this service, and what is told of those that have gone. */
export function keepRestarts(before: ServiceState, instances: readonly Standing[], now: number): Restarting {
  const { restarts, ...service } = before;
  if (restarts === undefined) return { service: before, events: [] };
  const left = restarts.filter((id) => instances.some((one) => one.id === id));
  if (left.length > 0 && !mayRestart(before)) {
    const why = before.isDown ? 'it was stopped' : 'a release began';
    const sentence = `The restart of ${left.join(', ')} was given up: ${why}.`;
    return { service, events: [eventOf(now, 'service_changed', before, null, before.stable, sentence)] };
  }
  if (left.length === restarts.length) return { service: before, events: [] };
  const events = restarts.filter((id) => !left.includes(id)).flatMap((id) => followed(before, id, instances, now));
  return { service: left.length === 0 ? service : { ...service, restarts: left }, events };
}

/** Nothing where none took its place: fewer are wanted, or it is not needed any more. */
function followed(service: ServiceState, id: string, instances: readonly Standing[], now: number): NewEvent[] {
  const next = instances.find((one) => one.state !== 'exited' && isStandInOf(service, one, id));
  if (!next) return [];
  const sentence = `${id} was restarted: ${next.id} has taken its place.`;
  return [eventOf(now, 'service_changed', service, null, service.stable, sentence, { instance: next.id })];
}
