// One service as fridaymorning remembers it: its versions, who serves, and what the balancer is asked for. Pure.
import { type Release, startRelease } from './release.ts';
import { isReleased, type ServiceSpec, type Step } from './spec/project.ts';
import type { Spreading } from './spreading.ts';

/** Exact code and configuration, immutable: a snapshot or an image, and what belongs to it. */
export type Revision = {
  /** Hexadecimal SHA-256 over content, command and preparation; equal code gives an equal digest. */
  readonly digest: string;
  /** One word for people: a commit, a tag, or the first 7 digits of the digest. */
  readonly label: string;
};

/** A numbered revision of a service. Never changes, is never numbered anew. */
export type Version = {
  readonly version: number;
  readonly revision: Revision;
  readonly spec: ServiceSpec;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly by: string;
  readonly reason: string;
};

/** What the balancer is asked to do for one service. `epoch` rises with every change of the rest. */
export type Routing = {
  readonly stable: number | null;
  readonly candidate: number | null;
  readonly weight: number;
  readonly epoch: number;
  readonly salt: string;
};

/** How often the instance in a slot has ended, and since when it drains. */
export type Slot = {
  /** Unexpected ends in a row; a minute of life sets it back to 0. */
  readonly exits: number;
  /** The end that was counted last, so that no end counts twice; ms since 1970. */
  readonly exitedAt: number | null;
  /** Not started again before, ms since 1970. */
  readonly notBefore: number;
  /** Since when it finishes its open requests: it is wanted no more and no new request can reach it. Null before, and again once it runs anew. */
  readonly drainingSince: number | null;
};

/** The old version keeps a share after a promotion by verdict, while it is warm, so that the judge can go on. */
export type Watch = {
  /** Number of the promoted release; its evidence goes on. */
  readonly release: number;
  /** The promoted version. */
  readonly version: number;
  /** The version before, which keeps the rest. */
  readonly from: number;
  /** The promoted version's share, 50 to 99.99 percent. */
  readonly weight: number;
  /** As in the release, so that sticky clients keep their place. */
  readonly salt: string;
  readonly isSticky: boolean;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Since when the promoted version has no ready instance, ms since 1970; null while it has. */
  readonly lostSince: number | null;
};

/** A release that waits for the one under way to end. */
export type Queued = {
  readonly id: number;
  readonly version: number;
  readonly isDirect: boolean;
  /** Instead of those in the file, this once; null or left out = those in the file. */
  readonly steps?: readonly Step[] | null;
  readonly salt: string;
  readonly by: string;
  readonly reason: string;
  readonly purpose?: 'aa';
};

/** An instance that a person has taken out of traffic to look at it, or wants to. */
export type Drained = {
  readonly id: string;
  /** When this run of it began, ms since 1970: another run is not the one to be looked at. */
  readonly startedAt: number;
  readonly by: string;
  /** Then it stops, ms since 1970. */
  readonly until: number;
  /** Since when no new request reaches it, ms since 1970; null while another one is to stand in first. */
  readonly outSince: number | null;
  /** It goes back into traffic, and what stands in for it leaves. */
  readonly isReturning?: true;
};

export type ServiceState = {
  readonly name: string;
  /** The newest 20 versions and every one that is still named below. */
  readonly versions: readonly Version[];
  readonly nextVersion: number;
  /** Loopback port under which other services reach this one. */
  readonly internalPort: number;
  /** Copies wanted of each version that serves and does not scale by itself. */
  readonly replicas: number;
  /** Copies wanted now of versions that scale by themselves; absent = none does. */
  readonly copies?: Readonly<Record<number, number>>;
  readonly stable: number | null;
  /** Versions that were stable before, oldest first, at most 20; a rollback without a release under way goes to the last. */
  readonly lineage: readonly number[];
  /** The previous version keeps running until then, so that a rollback needs no start. */
  readonly warm: { readonly version: number; readonly untilMs: number } | null;
  /** Lasts at most as long as `warm`; absent or null = nothing is compared. */
  readonly watch?: Watch | null;
  readonly release: Release | null;
  /** The release that ended last. */
  readonly last: Release | null;
  /** Digest of the code that was taken back by the last release that was no A/A; absent = none, or `last` tells. */
  readonly takenBack?: string;
  /** The next release; it starts when the one under way has ended. */
  readonly queued: Queued | null;
  readonly routing: Routing;
  readonly slots: Readonly<Record<string, Slot>>;
  /** Ids of instances that a person restarts, the next one first; absent = none. */
  readonly restarts?: readonly string[];
  /** At most 2; absent = none. */
  readonly drained?: readonly Drained[];
  /** Instances that move to other nodes; absent = they are spread. */
  readonly spreading?: Spreading;
  /** Stopped by a person; nothing runs. */
  readonly isDown: boolean;
  /** The file names it no more. What is known of it stays, in case that it comes back. */
  readonly isRemoved: boolean;
};

/** A service that has never run. */
export function newService(name: string, internalPort: number): ServiceState {
  return {
    name,
    versions: [],
    nextVersion: 1,
    internalPort,
    replicas: 1,
    stable: null,
    lineage: [],
    warm: null,
    release: null,
    last: null,
    queued: null,
    routing: { stable: null, candidate: null, weight: 0, epoch: 0, salt: '' },
    slots: {},
    isDown: false,
    isRemoved: false,
  };
}

/** The service as if it began: nothing to compare with; what was stable stays there to go back to. */
export function beginAnew(service: ServiceState): ServiceState {
  const lineage = service.stable === null ? service.lineage : [...service.lineage, service.stable].slice(-20);
  return { ...service, stable: null, lineage };
}

export function versionOf(service: ServiceState, version: number | null): Version | null {
  return service.versions.find((one) => one.version === version) ?? null;
}

/** The spec that people see: of what serves, else of what is to serve. */
export function specOf(service: ServiceState): ServiceSpec | null {
  const current = versionOf(service, service.stable) ?? service.versions.at(-1);
  return current?.spec ?? null;
}

/** Whether it stands behind the balancer. */
export function isBalanced(service: ServiceState): boolean {
  const spec = specOf(service);
  return spec !== null && isReleased(spec);
}

/** The versions that instances are wanted of, the candidate last. */
export function wantedVersions(service: ServiceState): readonly number[] {
  if (service.isDown) return [];
  const wanted = new Set<number>();
  if (service.stable !== null) wanted.add(service.stable);
  if (service.warm !== null) wanted.add(service.warm.version);
  if (service.release !== null) wanted.add(service.release.version);
  return [...wanted];
}

/** Copies wanted of a version; of one that scales by itself and was not sized yet those that it begins with. */
export function replicasOf(service: ServiceState, version: number | null): number {
  const scale = versionOf(service, version)?.spec.scale;
  if (version === null || scale === undefined) return service.replicas;
  const isFirst = service.stable === null || service.stable === version;
  const wanted = service.copies?.[version] ?? (isFirst ? service.replicas : scale.min);
  return Math.min(scale.max, Math.max(scale.min, wanted));
}

/** What is to be known of an instance to tell which ones are wanted. */
export type Placed = {
  readonly version: number;
  readonly slot: number;
  /** Why it has to go from where it runs; absent = it may stay. */
  readonly leaving?: string | undefined;
};

/** More copies of a version than there can be: slots that differ by a multiple of it stand in for one another. */
const PLACES = 1000;

/**
 * Slots wanted of a version, one for each of its copies: 1, 2, 3 and so on. One that has to go from where it runs, or is drained, is
 * followed by another one 1000 above the highest there is, which then keeps that place: 2, 1002, 2002. One that returns takes its
 * place back. `instances` are those of the service.
 */
export function wantedSlots(service: ServiceState, version: number, instances: readonly Placed[]): readonly number[] {
  const places = Array.from({ length: replicasOf(service, version) }, (_, i) => i + 1);
  const own = isBalanced(service) ? instances.filter((one) => one.version === version) : [];
  if (!own.some((one) => hasMoved(one) || drainOf(service, one) !== undefined)) return places;
  return places.map((place) => {
    const here = own.filter((one) => placeOf(one) === place);
    return slotAt(service, place, here);
  });
}

function slotAt(service: ServiceState, place: number, here: readonly Placed[]): number {
  const next = here.reduce((highest, one) => Math.max(highest, one.slot + PLACES), 0);
  const returning = here.find((one) => drainOf(service, one)?.isReturning && one.leaving === undefined);
  if (returning) return returning.slot;
  const refused = service.spreading?.refused;
  const isRefused = ({ version, slot }: Placed) => instanceId(service.name, version, slot) === refused;
  const serving = here.filter((one) => drainOf(service, one) === undefined && !isRefused(one));
  const newest = serving.reduce<Placed | null>((best, one) => (best && best.slot > one.slot ? best : one), null);
  if (newest === null) return here.length === 0 ? place : next;
  // Nobody is to stand in before the one that was refused is gone.
  return newest.leaving === undefined || here.some(isRefused) ? newest.slot : next;
}

/** Which copy of its version an instance is, counted from 1, whoever it stands in for. */
export function placeOf({ slot }: Pick<Placed, 'slot'>): number {
  return ((slot - 1) % PLACES) + 1;
}

/** It stands in for another one, or needs one that does. */
function hasMoved({ slot, leaving }: Placed): boolean {
  return slot > PLACES || leaving !== undefined;
}

/** What is remembered of an instance that a person drains; undefined = nobody does. */
export function drainOf({ name, drained }: ServiceState, { version, slot }: Placed): Drained | undefined {
  return drained?.find((one) => one.id === instanceId(name, version, slot));
}

/** A drained instance that another one stands in for. It counts for nothing, and serves only when no other can. */
export function isOut(service: ServiceState, one: Placed): boolean {
  const drain = drainOf(service, one);
  return drain !== undefined && drain.outSince !== null && !drain.isReturning;
}

/** Ids of the instances that are wanted of a version, among those of the service that are there and those to come. */
export function wantedIds(service: ServiceState, version: number, instances: readonly Placed[]): ReadonlySet<string> {
  const slots = wantedSlots(service, version, instances);
  return new Set(slots.map((slot) => instanceId(service.name, version, slot)));
}

/** Whether an instance keeps the place of one that had to go, which may be gone. */
export function isStandInOf({ name }: ServiceState, { version, slot }: Placed, id: string): boolean {
  for (let place = slot - PLACES; place > 0; place -= PLACES) if (instanceId(name, version, place) === id) return true;
  return false;
}

export function instanceId(service: string, version: number, slot: number): string {
  return `${service}-v${version}-${slot}`;
}

const KEPT_VERSIONS = 20;

/** The service without versions that are both old and unused. */
export function forgetOldVersions(service: ServiceState): ServiceState {
  const { stable, lineage, warm, release, queued } = service;
  const named = [stable, lineage.at(-1), warm?.version, release?.version, queued?.version];
  const newest = service.versions.slice(-KEPT_VERSIONS).map((one) => one.version);
  const keep = new Set<number | null | undefined>([...named, ...newest]);
  const versions = service.versions.filter((one) => keep.has(one.version));
  return { ...service, versions, lineage: lineage.filter((version) => keep.has(version)) };
}

/** The queued release begins as soon as none is under way. */
export function startQueued(service: ServiceState, now: number): ServiceState {
  const { queued } = service;
  const spec = versionOf(service, queued?.version ?? null)?.spec;
  if (service.release !== null || queued === null || !spec) return service;
  const release = startRelease({ ...queued, from: service.stable, spec, now });
  const warm = service.warm?.version === queued.version || service.warm === null ? service.warm : null;
  return { ...service, queued: null, release, warm };
}

/** The waiting release as people see it before it starts; null when none waits. */
export function previewOf(service: ServiceState, now: number): Release | null {
  const spec = versionOf(service, service.queued?.version ?? null)?.spec;
  if (!service.queued || !spec) return null;
  const release = startRelease({ ...service.queued, from: service.stable, spec, now });
  return {
    ...release,
    sentence: `v${release.version} of ${service.name} starts when the release under way has ended.`,
  };
}
