// A person takes one instance out of traffic to look at it, while another one stands in: for an hour at most. Pure.
import { Failure } from './failure.ts';
import { requireInstance, requireStandIns, type Standing } from './instance-orders.ts';
import { exitWords, type InstanceLook } from './instances.ts';
import { type EventType, eventOf, type NewEvent } from './journal.ts';
import { type Given, type Outcome, serviceOf } from './orders.ts';
import {
  type Drained,
  drainOf,
  isBalanced,
  isOut,
  placeOf,
  replicasOf,
  type ServiceState,
  wantedIds,
} from './service.ts';
import type { Memory } from './turn.ts';

/** The longest that a drained instance is kept, in ms. */
export const DRAINED_MS = 3_600_000;
/** The most that are drained of one service: each takes the room of one that serves. */
export const MAX_DRAINED = 2;

/** `out`: of traffic, and kept; `back`: into traffic; `stop`: now, not at the end of its time. */
export type DrainAct = 'out' | 'back' | 'stop';

/** What is to be known of an instance that is drained. */
export type DrainedLook = Standing & Pick<InstanceLook, 'startedAt' | 'exit'>;

/**
 * `seen` are the instances of the last look. What is asked for already is followed without a word. Failures: `not-found` (service,
 * instance), `conflict` (for `out` and `back`: nothing can stand in or versions are compared; it does not serve, is not drained,
 * or too many are).
 */
export function orderDrain(
  memory: Memory,
  name: string,
  { instance, act }: { readonly instance: string; readonly act: DrainAct },
  seen: readonly DrainedLook[],
  given: Given,
): Outcome {
  const service = serviceOf(memory, name);
  if (act !== 'stop') requireStandIns(service);
  const mine = seen.filter((one) => one.service === name);
  const one = requireInstance(service, mine, instance);
  if (act === 'out') return takeOut(memory, service, one, mine, given);
  const drain = drainOf(service, one);
  if (!drain) throw refusal(service, `${instance} is not drained`);
  return act === 'back'
    ? bringBack(memory, service, drain, one, mine, given)
    : stopDrained(memory, service, drain, one, mine, given);
}

function refusal({ name }: ServiceState, why: string, hint = `friday status ${name}`): Failure {
  return new Failure('conflict', `${why}.`, { hint });
}

function takeOut(
  memory: Memory,
  service: ServiceState,
  one: DrainedLook,
  mine: readonly DrainedLook[],
  given: Given,
): Outcome {
  const { id, startedAt } = one;
  const before = service.drained ?? [];
  const known = before.find((each) => each.id === id);
  if (known && !known.isReturning) return { memory, events: [] };
  if (!known) requireServing(service, one, mine);
  const others = before.filter((each) => each.id !== id);
  if (others.length >= MAX_DRAINED) {
    const ids = others.map((each) => each.id).join(' and ');
    const hint = `friday drain ${service.name} --instance ${others[0]?.id} --back`;
    throw refusal(
      service,
      `${service.name} has ${MAX_DRAINED} drained instances already, ${ids}, and may have no more`,
      hint,
    );
  }
  const drain: Drained = { id, startedAt, by: given.by, until: given.now + DRAINED_MS, outSince: null };
  const { restarts, ...rest } = service;
  const left = restarts?.filter((each) => each !== id) ?? [];
  const changed = { ...rest, ...(left.length > 0 ? { restarts: left } : {}), drained: [...others, drain] };
  const sentence = `${given.by} drains ${id}, until ${timeOf(drain.until)} at the latest${because(given)}.`;
  return ordered(memory, changed, given, sentence, { instance: id, until: drain.until });
}

/** Only one of the version that people use can be stood in for, and only one that runs can be looked at. */
function requireServing(service: ServiceState, one: DrainedLook, mine: readonly DrainedLook[]): void {
  const { id, version, state } = one;
  if (version !== service.stable) throw refusal(service, `${id} does not serve: people use v${service.stable}`);
  const isWanted = wantedIds(service, version, mine).has(id) && service.spreading?.moving?.id !== id;
  const isLeaving = service.slots[id]?.drainingSince != null;
  if (!isWanted || isLeaving || state === 'stopping') throw refusal(service, `${id} is leaving already`);
  if (state === 'exited') throw refusal(service, `${id} does not run, so there is nothing to look at`);
}

/** Of two that return to one place the one that is asked for last gets it. */
function bringBack(
  memory: Memory,
  service: ServiceState,
  drain: Drained,
  one: DrainedLook,
  mine: readonly DrainedLook[],
  given: Given,
): Outcome {
  const { id } = drain;
  if (drain.isReturning) return { memory, events: [] };
  const here = mine.filter((each) => isSamePlace(each, one)).map((each) => each.id);
  const others = (service.drained ?? []).filter(
    (each) => each.id !== id && !(each.isReturning && here.includes(each.id)),
  );
  const back: Drained = { ...drain, outSince: null, isReturning: true };
  const sentence = `${given.by} brings ${id} back into traffic${because(given)}.`;
  return ordered(memory, { ...service, drained: [...others, back] }, given, sentence, { instance: id });
}

function stopDrained(
  memory: Memory,
  service: ServiceState,
  drain: Drained,
  one: DrainedLook,
  mine: readonly DrainedLook[],
  given: Given,
): Outcome {
  const { id } = drain;
  if (!isOut(service, one) || !isFollowed(service, one, mine)) {
    const hint = `friday drain ${service.name} --instance ${id} --back`;
    throw refusal(service, `${id} still serves: no other instance stands in for it yet`, hint);
  }
  const sentence = `${given.by} stops ${id}, which was drained${because(given)}.`;
  return ordered(memory, forget(service, id), given, sentence, { instance: id });
}

function ordered(
  memory: Memory,
  service: ServiceState,
  given: Given,
  sentence: string,
  data: NewEvent['data'],
): Outcome {
  return {
    memory: { ...memory, services: { ...memory.services, [service.name]: service } },
    events: [eventOf(given.now, 'command', service, null, service.stable, sentence, data, given.by)],
  };
}

function because({ reason }: Given): string {
  return reason === '' ? '' : `: ${reason.replace(/\.$/, '')}`;
}

/** `14:05 UTC`. */
function timeOf(at: number): string {
  return `${new Date(at).toISOString().slice(11, 16)} UTC`;
}

function forget(service: ServiceState, id: string): ServiceState {
  const { drained = [], ...rest } = service;
  const left = drained.filter((one) => one.id !== id);
  return left.length === 0 ? rest : { ...rest, drained: left };
}

function isSamePlace(one: DrainedLook, other: DrainedLook): boolean {
  return one.id !== other.id && one.version === other.version && placeOf(one) === placeOf(other);
}

/** Another one is there that has its place, or will have it. */
function isFollowed(service: ServiceState, one: DrainedLook, mine: readonly DrainedLook[]): boolean {
  return rivalsOf(service, one, mine).length > 0;
}

/** Those that are not drained and share its place. */
function rivalsOf(service: ServiceState, one: DrainedLook, mine: readonly DrainedLook[]): readonly DrainedLook[] {
  return mine.filter((each) => isSamePlace(each, one) && drainOf(service, each) === undefined);
}

export type Kept = { readonly service: ServiceState; readonly events: readonly NewEvent[] };

/** What is still drained after a look at the instances of this service, and what is told of those that are not. */
export function keepDrained(before: ServiceState, instances: readonly DrainedLook[], now: number): Kept {
  let service = before;
  const events: NewEvent[] = [];
  for (const drain of before.drained ?? []) {
    const kept = keepOne(service, drain, instances, now);
    service = kept.service;
    events.push(...kept.events);
  }
  return { service, events };
}

type Tell = (sentence: string, changed: ServiceState, type?: EventType) => Kept;

function keepOne(service: ServiceState, drain: Drained, instances: readonly DrainedLook[], now: number): Kept {
  const { id } = drain;
  const tell: Tell = (sentence, changed, type = 'service_changed') => {
    const data = { instance: id };
    return { service: changed, events: [eventOf(now, type, service, null, service.stable, sentence, data)] };
  };
  const forgotten = forget(service, id);
  const one = instances.find((each) => each.id === id);
  if (one === undefined) return tell(`${id}, which was drained, is gone.`, forgotten, 'instance_exited');
  if (one.state === 'exited' || one.startedAt !== drain.startedAt) return ended(forgotten, one, instances, tell);
  const why = whyOver(service, one);
  if (drain.isReturning) {
    if (why !== null) return { service: forgotten, events: [] };
    const isBack = one.state === 'ready' && rivalsOf(service, one, instances).length === 0;
    return isBack ? tell(`${id} has its place in traffic again.`, forgotten) : { service, events: [] };
  }
  if (why !== null) return tell(`${id} is drained no more and stops: ${why}.`, forgotten);
  if (drain.outSince === null) {
    const isReplaced = rivalsOf(service, one, instances).some((each) => each.state === 'ready');
    return comingOut(service, drain, isReplaced, tell, now);
  }
  if (now < drain.until || !isFollowed(service, one, instances)) return { service, events: [] };
  return tell(`${id} is drained no more and stops: its time is over.`, forgotten);
}

/** Where nothing stands in for it yet, it is started again, and its end is told like that of any other. */
function ended(service: ServiceState, one: DrainedLook, instances: readonly DrainedLook[], tell: Tell): Kept {
  const { id, version, exit } = one;
  if (wantedIds(service, version, instances).has(id))
    return tell(`The drain of ${id} was given up: it ended.`, service);
  if (one.state !== 'exited') return tell(`${id} ended while it was drained.`, service, 'instance_exited');
  const how = exit?.why ? `: ${exit.why}` : `, with ${exit ? exitWords(exit) : 'an unknown status'}`;
  return tell(`${id} ended while it was drained${how}.`, service, 'instance_exited');
}

/** Until another one has its place the drain may still be given up. */
function comingOut(service: ServiceState, drain: Drained, isReplaced: boolean, tell: Tell, now: number): Kept {
  const { id, until } = drain;
  if (isReplaced && (service.slots[id]?.drainingSince ?? null) !== null) {
    const sentence = `${id} gets no new requests: another one has its place. It runs on until ${timeOf(until)} at the latest.`;
    return tell(sentence, replace(service, { ...drain, outSince: now }));
  }
  const isLate = now >= until;
  if (service.release === null && !isLate) return { service, events: [] };
  const why = isLate ? 'no other instance was ready in time' : 'a release began';
  const returning: Drained = { ...drain, isReturning: true };
  return tell(`The drain of ${id} was given up: ${why}.`, replace(service, returning));
}

function replace(service: ServiceState, drain: Drained): ServiceState {
  return { ...service, drained: (service.drained ?? []).map((one) => (one.id === drain.id ? drain : one)) };
}

/** Why it cannot stay, whatever its time; null when it can. */
function whyOver(service: ServiceState, { version, slot, leaving }: DrainedLook): string | null {
  const { name, stable, isDown } = service;
  if (isDown) return `${name} is stopped`;
  if (version !== stable) return stable === null ? `${name} begins anew` : `people use v${stable} now`;
  if (!isBalanced(service)) return `${name} is not behind the balancer any more`;
  if (placeOf({ slot }) > replicasOf(service, version)) return 'fewer instances are wanted';
  return leaving ?? null;
}
