// `friday up` as a pure change of memory: what the file says against what runs.
import { eventOf, type NewEvent } from './journal.ts';
import {
  configure,
  type Given,
  type Outcome,
  orderDown,
  replaceInPlace,
  requestRelease,
  withVersion,
} from './orders.ts';
import { beginAnew, newService, type Revision, type ServiceState, type Version, versionOf } from './service.ts';
import { isReleased, type ServiceSpec, type TlsSpec } from './spec/project.ts';
import { addressOf, type Listen } from './traffic.ts';
import type { Memory } from './turn.ts';
import { takenBackBy } from './watch.ts';

export type Prepared = { readonly spec: ServiceSpec; readonly revision: Revision };

export type UpRequest = {
  readonly listen: readonly Listen[];
  /** Null or left out = no HTTPS. */
  readonly tls?: TlsSpec | null;
  /** The services that this order is about, dependencies first. */
  readonly prepared: readonly Prepared[];
  /** Names of all services in the file. */
  readonly named: readonly string[];
  /** A free loopback port for each service that is new. */
  readonly ports: Readonly<Record<string, number>>;
  readonly isForced: boolean;
  readonly removesOrphans: boolean;
};

export type ChangeAction = 'add' | 'change' | 'scale' | 'configure' | 'restart' | 'remove' | 'orphan' | 'same';

export type UpChange = {
  readonly service: string;
  readonly action: ChangeAction;
  readonly text: string;
  readonly version: number | null;
  readonly release: number | null;
};

/** Public addresses before and after, as `host:port`; those of HTTPS as `https://host:port`. */
export type ListenChange = { readonly from: readonly string[]; readonly to: readonly string[] };

export type UpOutcome = Outcome & { readonly changes: readonly UpChange[]; readonly listen: ListenChange | null };

/** Applies the file. Pure: a dry run is the same call whose memory is thrown away. */
export function orderUp(memory: Memory, request: UpRequest, given: Given): UpOutcome {
  let after: Memory = { ...memory, listen: request.listen, tls: request.tls ?? null };
  const listen = listenChange(memory, request);
  const events: NewEvent[] = listen === null ? [] : [listenEvent(listen, given)];
  const changes: UpChange[] = [];
  for (const prepared of request.prepared) {
    const outcome = upOne(after, prepared, request, given);
    after = outcome.memory;
    events.push(...outcome.events);
    changes.push(outcome.change);
  }
  for (const service of Object.values(memory.services)) {
    if (request.named.includes(service.name) || service.isRemoved) continue;
    if (request.removesOrphans) {
      const removed = removeService(after, service, given);
      after = removed.memory;
      events.push(...removed.events);
      changes.push(change(service, 'remove', 'is not in the file any more, stops', null, null));
    } else if (!service.isDown) {
      changes.push(change(service, 'orphan', 'is not in the file, runs on (--remove-orphans stops it)', null, null));
    }
  }
  return { memory: after, events, changes, listen };
}

type Addresses = Pick<UpRequest, 'listen' | 'tls'>;

/** Those of HTTPS with their scheme. */
function addressesOf({ listen, tls }: Addresses): string[] {
  return [...listen.map(addressOf), ...(tls?.listen ?? []).map((one) => `https://${addressOf(one)}`)];
}

/** Null without a change, and at first, when there is nothing to tell about. */
function listenChange(before: Addresses, after: Addresses): ListenChange | null {
  const [from, to] = [addressesOf(before), addressesOf(after)];
  return from.length === 0 || from.join() === to.join() ? null : { from, to };
}

function listenEvent({ to }: ListenChange, { now, by }: Given): NewEvent {
  const sentence = `${by} set where requests arrive: ${to.join(' and ') || 'nowhere'}.`;
  return eventOf(now, 'balancer', null, null, null, sentence, { listen: to }, by);
}

function change(
  service: { readonly name: string },
  action: ChangeAction,
  text: string,
  version: number | null,
  release: number | null,
): UpChange {
  return { service: service.name, action, text, version, release };
}

function removeService(memory: Memory, service: ServiceState, given: Given): Outcome {
  const stopped = orderDown(memory, [service.name], given);
  const known = stopped.memory.services[service.name] ?? service;
  const services = { ...stopped.memory.services, [service.name]: { ...known, isRemoved: true } };
  const sentence = `${service.name} is not in the file any more.`;
  return {
    memory: { ...stopped.memory, services },
    events: [...stopped.events, eventOf(given.now, 'service_removed', service, null, null, sentence)],
  };
}

/** The version whose code is to serve when everything under way goes well. */
function headOf(service: ServiceState): Version | null {
  return versionOf(service, service.queued?.version ?? service.release?.version ?? service.stable);
}

/** The same code that was just taken back; `up` does not send it out again by itself. */
function takenBack(service: ServiceState, revision: Revision): Version | null {
  const { last } = service;
  if (service.stable === null || !last) return null;
  if (last.purpose === 'aa') return service.versions.findLast((one) => isBefore(one, service, revision)) ?? null;
  const isBad = last.phase === 'rolled_back' || last.phase === 'failed';
  const version = versionOf(service, isBad ? last.version : takenBackBy(last));
  return version?.revision.digest === revision.digest ? version : null;
}

/** An A/A comparison says nothing of the code that was taken back before it. */
function isBefore(version: Version, { takenBack: digest, last }: ServiceState, revision: Revision): boolean {
  return digest === revision.digest && version.revision.digest === digest && version.version !== last?.version;
}

type OneOutcome = Outcome & { readonly change: UpChange };

function upOne(memory: Memory, { spec, revision }: Prepared, request: UpRequest, given: Given): OneOutcome {
  const known = memory.services[spec.name];
  const service = known ?? newService(spec.name, request.ports[spec.name] ?? 0);
  const head = headOf(service);
  if (!head) return add(memory, service, spec, revision, given);
  if (service.isDown) return restart(memory, service, head, spec, revision, given);
  const isSame = head.revision.digest === revision.digest;
  if (isSame && !request.isForced) return sameCode(memory, service, head, spec, given);
  const bad = request.isForced ? null : takenBack(service, revision);
  if (bad) {
    const text = `v${bad.version} of this code was taken back; friday release ${spec.name} tries it again`;
    return { memory, events: [], change: change(service, 'same', text, null, null) };
  }
  return renew(memory, service, head, spec, revision, given);
}

function copies(count: number): string {
  return `${count} replica${count === 1 ? '' : 's'}`;
}

/** `2 replicas`, or `2 to 6 replicas` where it scales by itself. */
function copiesOf({ replicas, scale }: ServiceSpec): string {
  return scale === undefined || scale.min === scale.max ? copies(replicas) : `${scale.min} to ${copies(scale.max)}`;
}

function add(memory: Memory, service: ServiceState, spec: ServiceSpec, revision: Revision, given: Given): OneOutcome {
  return begin(memory, service, 'add', `new, ${copiesOf(spec)}`, spec, revision, given);
}

/** What was stopped starts again: the same code as it was, other code as a first start. */
function restart(
  memory: Memory,
  service: ServiceState,
  head: Version,
  spec: ServiceSpec,
  revision: Revision,
  given: Given,
): OneOutcome {
  if (head.revision.digest === revision.digest && service.stable === head.version) {
    const outcome = configure(memory, service, revision, spec, given);
    return { ...outcome, change: change(service, 'restart', `v${head.version} starts again`, head.version, null) };
  }
  const text = `${revision.label}, starts again`;
  return begin(memory, beginAnew(service), 'restart', text, spec, revision, given);
}

function sameCode(memory: Memory, service: ServiceState, head: Version, spec: ServiceSpec, given: Given): OneOutcome {
  if (
    JSON.stringify(head.spec) === JSON.stringify(spec) &&
    (spec.scale !== undefined || service.replicas === spec.replicas)
  ) {
    return { memory, events: [], change: change(service, 'same', 'no change', null, null) };
  }
  const isScaled = spec.scale === undefined && service.replicas !== spec.replicas;
  const text = isScaled ? `${service.replicas} → ${copies(spec.replicas)}` : 'settings, no new version needed';
  const outcome = configure(memory, service, head.revision, spec, given);
  return { ...outcome, change: change(service, isScaled ? 'scale' : 'configure', text, null, null) };
}

function renew(
  memory: Memory,
  service: ServiceState,
  head: Version,
  spec: ServiceSpec,
  revision: Revision,
  given: Given,
): OneOutcome {
  const what = head.revision.digest === revision.digest ? revision.label : `${head.revision.label} → ${revision.label}`;
  const weights = [...spec.release.steps.map((step) => step.weight), 100].join(', ');
  const plan = spec.release.ramp ? 'auto, rises with the evidence' : `${weights}%`;
  const how = isReleased(spec) && service.stable !== null ? `release: ${plan}` : 'replaced in place';
  return begin(memory, service, 'change', `${what}   ${how}`, spec, revision, given);
}

function begin(
  memory: Memory,
  service: ServiceState,
  action: ChangeAction,
  text: string,
  spec: ServiceSpec,
  revision: Revision,
  given: Given,
): OneOutcome {
  const version = service.nextVersion;
  const changed = withVersion(service, spec, revision, given);
  if (!isReleased(spec)) {
    const outcome = replaceInPlace(memory, changed, version, given);
    return { ...outcome, change: change(service, action, text, version, null) };
  }
  const outcome = requestRelease(memory, changed, version, false, given);
  return { ...outcome, change: change(service, action, text, version, memory.nextRelease) };
}
