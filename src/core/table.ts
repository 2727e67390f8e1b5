// What the balancer is asked for: routing of each service, and the table that carries it out. Pure.

import { type CertificatesSeen, tlsOf } from './certificates.ts';
import { isEqual } from './equal.ts';
import { isOver } from './release.ts';
import {
  isBalanced,
  isOut,
  placeOf,
  type Routing,
  replicasOf,
  type ServiceState,
  specOf,
  wantedIds,
  wantedVersions,
} from './service.ts';
import type { TlsSpec } from './spec/project.ts';
import type { Listen, ServiceTraffic, Side, Table } from './traffic.ts';
import { watchOf } from './watch.ts';

export type InstanceTarget = {
  readonly id: string;
  readonly service: string;
  readonly version: number;
  readonly slot: number;
  readonly state: 'starting' | 'ready' | 'stopping' | 'exited';
  readonly host: string;
  readonly port: number;
  /** Why it has to go from where it runs; absent = it may stay. */
  readonly leaving?: string;
};

/**
 * The routing that a service needs now. The epoch rises by one when anything else differs from before.
 * While it rolls back, the candidate stays listed (at weight 0) only as long as stable has no ready instance.
 * While a promoted version is watched, the two keep their places: the old one is the stable of the routing.
 */
export function routingOf(service: ServiceState, readyOfStable: number): Routing {
  const { release, routing } = service;
  const watch = watchOf(service);
  const isUnderWay = release !== null && !isOver(release) && !service.isDown;
  const isNeeded = isUnderWay && (release.phase !== 'rolling_back' || readyOfStable === 0);
  const wanted = watch
    ? { stable: watch.from, candidate: watch.version, weight: watch.weight, salt: watch.salt }
    : {
        stable: service.isDown ? null : service.stable,
        candidate: isNeeded ? release.version : null,
        weight: isNeeded ? release.weight : 0,
        salt: isUnderWay ? release.salt : routing.salt,
      };
  const isSame =
    wanted.stable === routing.stable &&
    wanted.candidate === routing.candidate &&
    wanted.weight === routing.weight &&
    wanted.salt === routing.salt;
  return isSame ? routing : { ...wanted, epoch: routing.epoch + 1 };
}

/**
 * The wanted instances that are ready; while some are not, ready ones that are wanted no more stand in for them: each at its own place
 * before others, and those that have not left traffic yet before others. Drained ones do only when nothing else is ready.
 */
function sideOf(service: ServiceState, version: number | null, instances: readonly InstanceTarget[]): Side | null {
  if (version === null) return null;
  const able = instances.filter((one) => one.version === version && one.state === 'ready');
  const inside = able.filter((one) => !isOut(service, one));
  const ready = inside.length > 0 ? inside : able;
  const wanted = wantedIds(service, version, instances);
  const hasLeft = ({ id }: InstanceTarget) => (service.slots[id]?.drainingSince ?? null) !== null;
  const filled = new Set(ready.filter((one) => wanted.has(one.id)).map((one) => placeOf(one)));
  const isNeeded = (one: InstanceTarget) => placeOf(one) <= replicasOf(service, version) && !filled.has(placeOf(one));
  const rank = (one: InstanceTarget) => (wanted.has(one.id) ? 0 : 1 + (isNeeded(one) ? 0 : 2) + (hasLeft(one) ? 1 : 0));
  ready.sort((one, other) => rank(one) - rank(other) || one.slot - other.slot);
  const routed = ready.slice(0, replicasOf(service, version)).sort((one, other) => one.slot - other.slot);
  return { version, targets: routed.map(({ id, host, port }) => ({ id, host, port })) };
}

/** Whether waiting is worth it: a wanted instance runs, or is started again within the time that requests may wait. */
function isComing(service: ServiceState, instances: readonly InstanceTarget[], now: number, holdMs: number): boolean {
  return wantedVersions(service).some((version) => {
    for (const id of wantedIds(service, version, instances)) {
      const state = instances.find((one) => one.id === id)?.state;
      if (state === 'starting' || state === 'ready') return true;
      if ((service.slots[id]?.notBefore ?? 0) <= now + holdMs) return true;
    }
    return false;
  });
}

/** Unfinished after this long counts as failed. Fixed in advance; at least 2 s (the judge's note, section 2). */
const DEADLINE_MS = 5000;

/** Also while a promoted version is watched: the same as long as the salt is. */
function slowIn({ release, last, routing }: ServiceState): Pick<ServiceTraffic, 'slow'> {
  const slow = [release, last].find((one) => one?.salt === routing.salt)?.slow;
  return slow ? { slow } : {};
}

export function trafficOf(
  service: ServiceState,
  instances: readonly InstanceTarget[],
  now: number,
): ServiceTraffic | null {
  const spec = specOf(service);
  if (spec === null || !isBalanced(service)) return null;
  const { routing } = service;
  return {
    service: service.name,
    routes: service.isDown ? [] : spec.routes,
    internalPort: service.internalPort,
    isSticky: service.release?.isSticky ?? watchOf(service)?.isSticky ?? spec.isSticky,
    salt: routing.salt,
    epoch: routing.epoch,
    weight: routing.weight,
    stable: sideOf(service, routing.stable, instances),
    candidate: sideOf(service, routing.candidate, instances),
    ...slowIn(service),
    isComing: isComing(service, instances, now, spec.hold.ms),
    limits: {
      deadlineMs: Math.min(DEADLINE_MS, spec.timeoutMs),
      timeoutMs: spec.timeoutMs,
      holdRequests: spec.hold.requests,
      holdMs: spec.hold.ms,
    },
  };
}

/** The table of the whole project, without a revision number that means anything: `isSameTable` ignores it. */
export function tableOf(
  services: readonly ServiceState[],
  instances: readonly InstanceTarget[],
  listen: readonly Listen[],
  now: number,
  tls: TlsSpec | null = null,
  certificates: CertificatesSeen | null = null,
): Table {
  const traffic = services
    .map((service) =>
      trafficOf(
        service,
        instances.filter((one) => one.service === service.name),
        now,
      ),
    )
    .filter((one) => one !== null);
  // What is stopped needs no public address, and a port that somebody else has taken must not keep it from stopping.
  const isStopped = services.every((service) => service.isDown);
  const https = isStopped ? {} : tlsOf(tls, certificates);
  return { revision: 0, listen: isStopped ? [] : listen, services: traffic, ...https };
}

/** The table whose internal ports answer at these addresses too. */
export function withInternalHosts(table: Table, hosts: readonly string[] = []): Table {
  return hosts.length === 0 ? table : { ...table, internalHosts: hosts };
}

/** Whether two tables ask for the same, whatever their revision. */
export function isSameTable(one: Table, other: Table): boolean {
  return isEqual({ ...one, revision: 0 }, { ...other, revision: 0 });
}

/** Ids that a table sends new requests to. */
export function routedIds(table: Table): ReadonlySet<string> {
  const sides = table.services.flatMap((service) => [service.stable, service.candidate]);
  return new Set(sides.flatMap((side) => side?.targets.map((target) => target.id) ?? []));
}
