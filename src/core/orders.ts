// People's orders as pure changes of memory: release, roll back, promote, pause, stop. A refused order is a Failure.

import { requireYes } from './approval.ts';
import { withEnded } from './ended.ts';
import { Failure } from './failure.ts';
import { eventOf, type NewEvent } from './journal.ts';
import { isOver, type Release, standOf } from './release.ts';
import {
  forgetOldVersions,
  type Queued,
  type Revision,
  type ServiceState,
  startQueued,
  type Version,
  versionOf,
} from './service.ts';
import { isReleased, type ServiceSpec, type Step } from './spec/project.ts';
import { cutShort, type Ordered, pause, promote, rollBack, supersede } from './steer.ts';
import type { Memory } from './turn.ts';
import { takenBackBy, watchOf } from './watch.ts';

/** Who orders, when and why; `salt` is 16 random hexadecimal digits. */
export type Given = {
  readonly now: number;
  readonly by: string;
  readonly reason: string;
  readonly salt: string;
  /** Whether the order may be the yes that a weight waits for; absent = it may. */
  readonly mayApprove?: boolean | undefined;
};

export type Outcome = { readonly memory: Memory; readonly events: readonly NewEvent[] };

/** The service, or a `not-found` that names those there are. */
export function serviceOf(memory: Memory, name: string): ServiceState {
  const service = memory.services[name];
  if (service) return service;
  const names = Object.keys(memory.services).join(', ') || 'none';
  throw new Failure('not-found', `There is no service ${name}; expected one of: ${names}.`, { hint: 'friday status' });
}

function put(memory: Memory, service: ServiceState): Memory {
  return { ...memory, services: { ...memory.services, [service.name]: service } };
}

function because(reason: string): string {
  return reason ? `: ${reason}` : '';
}

/** The service with one version more, whose number is `nextVersion` of before; old ones that nothing needs are forgotten. */
export function withVersion(service: ServiceState, spec: ServiceSpec, revision: Revision, given: Given): ServiceState {
  const version: Version = {
    version: service.nextVersion,
    revision,
    spec,
    createdAt: given.now,
    by: given.by,
    reason: given.reason,
  };
  return forgetOldVersions({
    ...service,
    versions: [...service.versions, version],
    nextVersion: service.nextVersion + 1,
    replicas: spec.replicas,
    isDown: false,
    isRemoved: false,
  });
}

/**
 * A release of a version that the service knows. It starts at once, or after the one under way has been taken back
 * (a promotion that has begun is left to end). Of two that wait, only the newer one is kept. `steps` are instead of
 * those in the file, this once.
 */
export function requestRelease(
  memory: Memory,
  service: ServiceState,
  version: number,
  isDirect: boolean,
  given: Given,
  steps: readonly Step[] | null = null,
  purpose: Queued['purpose'] = undefined,
): Outcome {
  const id = memory.nextRelease;
  const queued: Queued = {
    id,
    version,
    isDirect,
    steps,
    salt: `${given.salt}-${service.name}`,
    by: given.by,
    reason: given.reason,
    ...(purpose === undefined ? {} : { purpose }),
  };
  const active = service.release;
  const mustLeave =
    active !== null && active.phase !== 'promoting' && active.phase !== 'rolling_back' && !isOver(active);
  const release = mustLeave ? supersede(active, given.now, version) : active;
  const changed = startQueued({ ...service, release, queued }, given.now);
  const label = versionOf(service, version)?.revision.label ?? '';
  const sentence = `${given.by} ${requestWords(service, queued)} (${label})${because(given.reason)}.`;
  const stand = changed.release?.id === id ? standOf(changed.release) : {};
  const data = { isDirect, ...stand };
  const events = [eventOf(given.now, 'release_requested', service, id, version, sentence, data, given.by)];
  if (mustLeave && release) events.push(stateEvent(service, release, given.now));
  events.push(...dropQueued(service, `v${version} took its place`, given.now));
  return { memory: { ...put(memory, changed), nextRelease: id + 1 }, events };
}

function requestWords({ name, stable }: ServiceState, { version, isDirect, purpose }: Queued): string {
  if (purpose === 'aa') return `compares v${stable} of ${name} with itself, as v${version}`;
  return isDirect ? `put ${name} back to v${version}` : `released v${version} of ${name}`;
}

function stateEvent(service: ServiceState, release: Release, now: number): NewEvent {
  return eventOf(now, 'release_state', service, release.id, release.version, release.sentence, standOf(release));
}

/** What the journal says of a waiting release that will never start. */
function dropQueued({ queued, ...service }: ServiceState, why: string, now: number): readonly NewEvent[] {
  if (queued === null) return [];
  const sentence = `v${queued.version} of ${service.name} was never started: ${why}.`;
  return [eventOf(now, 'release_state', service, queued.id, queued.version, sentence)];
}

/** An A/A comparison: stable's own code as the candidate, at `weight` percent for `bakeMs`. Failures: `not-found`, `conflict`. */
export function orderComparison(
  memory: Memory,
  name: string,
  { weight, bakeMs }: { readonly weight: number; readonly bakeMs: number },
  given: Given,
): Outcome {
  const service = serviceOf(memory, name);
  const stable = versionOf(service, service.stable);
  const refuse = (why: string, hint: string) => new Failure('conflict', `${name} ${why}.`, { hint });
  if (service.isDown || stable === null)
    throw refuse('does not run, so it cannot be compared with itself', `friday up ${name}`);
  if (!isReleased(stable.spec))
    throw refuse('is not behind the balancer, so its versions are not compared', 'friday plan -h');
  if (service.replicas === 0) throw refuse('has no replicas, so nothing of it can be compared', `friday up ${name}`);
  if (underWay(service) || service.queued) throw refuse('is being released', `friday status ${name} -w`);
  if (watchOf(service)) throw refuse('is still compared with the version before', `friday status ${name}`);
  const reason = given.reason === '' ? 'A/A' : `A/A, ${given.reason}`;
  const own = { ...given, reason };
  const numbered = withVersion(service, stable.spec, stable.revision, own);
  const bad = badDigestOf(service);
  const changed = { ...numbered, replicas: service.replicas, ...(bad === undefined ? {} : { takenBack: bad }) };
  const steps = [{ weight, bakeMs, needsApproval: false }];
  return requestRelease(memory, changed, service.nextVersion, false, own, steps, 'aa');
}

/** The code that was taken back last, whatever was compared since. */
function badDigestOf(service: ServiceState): string | undefined {
  const { last, takenBack } = service;
  if (last?.purpose === 'aa') return takenBack;
  if (!last) return undefined;
  const isBad = last.phase === 'rolled_back' || last.phase === 'failed';
  return versionOf(service, isBad ? last.version : takenBackBy(last))?.revision.digest;
}

/** A service that is not behind the balancer changes in place. */
export function replaceInPlace(memory: Memory, service: ServiceState, version: number, given: Given): Outcome {
  const lineage = service.stable === null ? service.lineage : [...service.lineage, service.stable].slice(-20);
  const changed = { ...service, stable: version, lineage };
  const sentence = `${given.by} set ${service.name} to v${version}${because(given.reason)}.`;
  const type = service.stable === null ? 'service_added' : 'service_changed';
  return {
    memory: put(memory, changed),
    events: [eventOf(given.now, type, service, null, version, sentence, {}, given.by)],
  };
}

/** Settings that need no new instances: replicas, routes, plans. The versions with this revision take the new spec. */
export function configure(
  memory: Memory,
  service: ServiceState,
  revision: Revision,
  spec: ServiceSpec,
  given: Given,
): Outcome {
  const versions = service.versions.map((one) => (one.revision.digest === revision.digest ? { ...one, spec } : one));
  const changed = { ...service, versions, replicas: spec.replicas, isDown: false, isRemoved: false };
  const sentence = `${given.by} ${configureWords(service, spec)}${because(given.reason)}.`;
  const data = { replicas: spec.replicas };
  return {
    memory: put(memory, changed),
    events: [eventOf(given.now, 'service_changed', service, null, service.stable, sentence, data, given.by)],
  };
}

function configureWords(service: ServiceState, { replicas, scale }: ServiceSpec): string {
  if (service.isDown) return `started ${service.name}`;
  if (service.replicas === replicas || scale !== undefined) return `changed the settings of ${service.name}`;
  return `scaled ${service.name} from ${service.replicas} to ${replicas} replica${replicas === 1 ? '' : 's'}`;
}

function withReason(sentence: string, reason: string): string {
  return reason === '' || sentence.includes(reason) ? sentence : `${sentence.replace(/\.$/, '')}${because(reason)}.`;
}

/** An order that finds what it wants is followed without a word. */
function obey(memory: Memory, service: ServiceState, ordered: Ordered, given: Given): Outcome {
  if ('problem' in ordered) throw new Failure('conflict', ordered.problem, { hint: `friday status ${service.name}` });
  if (ordered.release === service.release) return { memory: put(memory, service), events: [] };
  const release = { ...ordered.release, sentence: withReason(ordered.release.sentence, given.reason) };
  const { id, version, sentence } = release;
  const event = eventOf(given.now, 'command', service, id, version, sentence, standOf(release), given.by);
  const changed = isOver(release) ? { ...service, release: null, last: release } : { ...service, release };
  return { memory: put(memory, changed), events: [event] };
}

function underWay(service: ServiceState): Release | null {
  return service.release && !isOver(service.release) ? service.release : null;
}

/** Ends the release under way; without one goes back to `version`, or to the version that was stable before. */
export function orderRollBack(memory: Memory, name: string, version: number | null, given: Given): Outcome {
  const service = serviceOf(memory, name);
  const release = underWay(service);
  if (release && (version === null || version === release.from || version === release.version)) {
    const ordered = rollBack(release, given.now, given.by, given.reason);
    const outcome = obey(memory, { ...service, queued: null }, ordered, given);
    const dropped = dropQueued(service, `${given.by} rolled ${name} back`, given.now);
    return { ...outcome, events: [...outcome.events, ...dropped] };
  }
  requireYes(service, { to: null, version }, given.mayApprove);
  const target = version ?? service.lineage.at(-1) ?? null;
  if (target === null) {
    const ran = service.stable === null ? 'has never run' : `has only ever run v${service.stable}`;
    throw new Failure('conflict', `${name} ${ran}, so there is nothing to go back to.`, {
      hint: `friday history ${name}`,
    });
  }
  return makeStable(memory, service, target, given);
}

/** An old version becomes stable again, straight to 100 % once it is ready. */
function makeStable(memory: Memory, service: ServiceState, target: number, given: Given): Outcome {
  const { name } = service;
  if (!versionOf(service, target)) {
    const kept = service.versions.map((one) => `v${one.version}`).join(', ');
    throw new Failure('not-found', `${name} has no v${target} any more; kept are ${kept}.`, {
      hint: `friday history ${name}`,
    });
  }
  if (target === service.stable && !underWay(service)) {
    throw new Failure('conflict', `${name} v${target} already has 100% of traffic.`, {
      hint: `friday history ${name}`,
    });
  }
  if (service.isDown) throw new Failure('conflict', `${name} is stopped.`, { hint: `friday up ${name}` });
  const spec = versionOf(service, target)?.spec;
  if (spec && !isReleased(spec)) {
    const hint = 'change the file and run friday up';
    throw new Failure('conflict', `${name} is not behind the balancer, so its versions are not released.`, { hint });
  }
  return requestRelease(memory, service, target, true, given);
}

export function orderPromote(
  memory: Memory,
  name: string,
  target: { readonly to: number | null; readonly version: number | null },
  given: Given,
): Outcome {
  const service = serviceOf(memory, name);
  const release = underWay(service);
  requireYes(service, target, given.mayApprove);
  if (release && (target.version === null || target.version === release.version)) {
    return obey(memory, service, promote(release, target.to, given.now, given.by), given);
  }
  if (target.version !== null && target.version === release?.from) {
    return orderRollBack(memory, name, target.version, given);
  }
  if (target.version !== null) return makeStable(memory, service, target.version, given);
  const hint = `friday release ${name}`;
  throw new Failure('conflict', `No release of ${name} is under way, so there is nothing to promote.`, { hint });
}

export function orderPause(memory: Memory, name: string, given: Given): Outcome {
  const service = serviceOf(memory, name);
  const release = underWay(service);
  if (!release)
    throw new Failure('conflict', `No release of ${name} is under way, so there is nothing to pause.`, {
      hint: `friday status ${name}`,
    });
  return obey(memory, service, pause(release, given.now, given.by), given);
}

/** Stops services; a release under way ends at once. */
export function orderDown(memory: Memory, names: readonly string[], given: Given): Outcome {
  let after = memory;
  const events: NewEvent[] = [];
  for (const name of names) {
    const service = serviceOf(after, name);
    if (service.isDown) continue;
    const ended = service.release && cutShort(service.release, given.now, given.by);
    const settled = ended ? withEnded(service, ended, given.now) : service;
    after = put(after, { ...settled, isDown: true, queued: null, warm: null });
    if (ended) events.push(stateEvent(service, ended, given.now));
    events.push(...dropQueued(service, `${given.by} stopped ${name}`, given.now));
    const sentence = `${given.by} stopped ${name}${because(given.reason)}.`;
    events.push(eventOf(given.now, 'command', service, null, service.stable, sentence, {}, given.by));
  }
  return { memory: after, events };
}
