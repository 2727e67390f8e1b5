// Which size each version of a service gets: what it carries is measured, its share worked out, and its size follows. Pure.
import { eventOf, type NewEvent } from './journal.ts';
import { nextWeight, percent, type Release } from './release.ts';
import { demandOf, type Load, nextSize, reasonOf, type Size, sizeOf, UNKNOWN_LOAD, within } from './scale.ts';
import { isBalanced, isOut, placeOf, replicasOf, type ServiceState, versionOf, wantedVersions } from './service.ts';
import type { Scale } from './spec/project.ts';
import { formatDuration } from './time.ts';
import type { BalancerSeen } from './traffic.ts';

/** What the instances of one version carry, and their share of the traffic, 0 to 1, all smoothed alike. */
type Gauge = { readonly inflight: number | null; readonly cores: number | null; readonly share: number };

/** What is remembered of a service that scales by itself. */
export type Scaling = {
  /** Of the last measurement, ms since 1970. */
  readonly at: number;
  /** How long was measured so far: time without a measurement ends no wait. */
  readonly measuredMs: number;
  /** The routing that was measured last, and since when on that clock. */
  readonly epoch: number;
  readonly epochSinceMs: number;
  /** Requests per second of all versions. */
  readonly rate: number | null;
  readonly gauges: Readonly<Record<number, Gauge>>;
  readonly sizes: Readonly<Record<number, Size>>;
};

type Instance = {
  readonly id: string;
  readonly version: number;
  readonly slot: number;
  readonly state: string;
  readonly startedAt: number;
  readonly cpu?: number | null;
};

export type ScalingSeen = {
  readonly now: number;
  /** Of this service. */
  readonly instances: readonly Instance[];
  readonly balancer: BalancerSeen | null;
  /** Requests per second of all versions, smoothed; null when it is not known. */
  readonly rate: number | null;
};

export type Scaled = {
  readonly service: ServiceState;
  /** Null when it does not scale by itself. */
  readonly scaling: Scaling | null;
  readonly events: readonly NewEvent[];
};

const HALF_LIFE_MS = 5000;
/** The most that counts between two measurements. */
const COUNTED_MS = 3000;
/** What an instance uses while it warms up says nothing about the load. */
const SETTLED_MS = 30_000;
/** After a change of the weight, requests of before may be open so long. */
const STEADY_MS = 30_000;
/** From a smaller share nothing can be said of all traffic. */
const LEAST_SHARE = 0.05;

const EMPTY: Scaling = { at: 0, measuredMs: 0, epoch: -1, epochSinceMs: 0, rate: null, gauges: {}, sizes: {} };

/** The service with the sizes that its versions need now, after one look. */
export function turnScaling(service: ServiceState, before: Scaling | undefined, seen: ScalingSeen): Scaled {
  const scaled = wantedVersions(service).filter((version) => scaleOf(service, version) !== undefined);
  if (scaled.length === 0 || !isBalanced(service))
    return { service: withoutCopies(service), scaling: null, events: [] };
  const measured = measure(service, before ?? { ...EMPTY, at: seen.now }, seen);
  let current = service;
  const sizes: Record<number, Size> = {};
  const events: NewEvent[] = [];
  for (const version of scaled) {
    const scale = scaleOf(service, version);
    if (scale === undefined) continue;
    const loads = loadsOf(current, version, measured.scaling, measured.isNew);
    const old = measured.scaling.sizes[version];
    const size = nextOf(current, version, scale, old, loads, measured.scaling.measuredMs);
    sizes[version] = size;
    // What a candidate begins with is no change.
    const was = old || version === service.stable ? replicasOf(service, version) : undefined;
    current = { ...current, copies: { ...current.copies, [version]: size.wanted } };
    if (was === undefined || was === size.wanted) continue;
    const why = whyChanged(current, version, scale, loads, was, size.wanted);
    const sentence = `${subjectOf(current, version)} ${size.wanted > was ? 'grows' : 'shrinks'} from ${was} to ${instances(size.wanted)}: ${why}.`;
    const release = current.release?.version === version ? current.release.id : null;
    const data = { instances: size.wanted, before: was };
    events.push(eventOf(seen.now, 'service_scaled', current, release, version, sentence, data));
  }
  const copies = Object.fromEntries(scaled.map((version) => [version, sizes[version]?.wanted ?? 0]));
  return { service: { ...current, copies }, scaling: { ...measured.scaling, sizes }, events };
}

function withoutCopies(service: ServiceState): ServiceState {
  if (service.copies === undefined) return service;
  const { copies: _, ...rest } = service;
  return rest;
}

function scaleOf(service: ServiceState, version: number | null): Scale | undefined {
  return versionOf(service, version)?.spec.scale;
}

type Measured = { readonly scaling: Scaling; readonly isNew: boolean };

/** A look that does not show who gets which share measures nothing. */
function measure(service: ServiceState, before: Scaling, { now, instances, balancer, rate }: ScalingSeen): Measured {
  const { routing } = service;
  const actual = balancer?.services.find((one) => one.service === service.name);
  if (balancer === null || actual?.epoch !== routing.epoch) return { scaling: { ...before, at: now }, isNew: false };
  const elapsedMs = Math.min(COUNTED_MS, Math.max(0, now - before.at));
  const measuredMs = before.measuredMs + elapsedMs;
  const gauges = wantedVersions(service).map((version) => {
    const copies = replicasOf(service, version);
    const own = instances.filter((one) => one.version === version && placeOf(one) <= copies && !isOut(service, one));
    const sample: Gauge = {
      inflight: own.some((one) => one.state === 'ready')
        ? own.reduce((sum, one) => sum + (balancer.open[one.id] ?? 0), 0)
        : null,
      cores: coresOf(own, now),
      share: shareOf(service, version),
    };
    return [version, smoothed(before.gauges[version], sample, elapsedMs)] as const;
  });
  const isSame = before.epoch === routing.epoch;
  const epochSinceMs = isSame ? before.epochSinceMs : measuredMs;
  const scaling = { ...before, at: now, measuredMs, epoch: routing.epoch, epochSinceMs, rate };
  return { scaling: { ...scaling, gauges: Object.fromEntries(gauges) }, isNew: true };
}

/** Cores that all ready ones use, by those that have settled; null while one of these is not known. */
function coresOf(own: readonly Instance[], now: number): number | null {
  const ready = own.filter((one) => one.state === 'ready');
  const settled = ready.filter((one) => now - one.startedAt >= SETTLED_MS);
  if (settled.length === 0 || settled.some((one) => one.cpu == null)) return null;
  return (settled.reduce((sum, one) => sum + (one.cpu ?? 0), 0) * ready.length) / settled.length;
}

function shareOf({ routing }: ServiceState, version: number): number {
  if (version === routing.candidate) return routing.weight / 100;
  if (version !== routing.stable) return 0;
  return routing.candidate === null ? 1 : 1 - routing.weight / 100;
}

function smoothed(before: Gauge | undefined, sample: Gauge, elapsedMs: number): Gauge {
  if (before === undefined) return sample;
  const part = 1 - 2 ** (-elapsedMs / HALF_LIFE_MS);
  const towards = (old: number | null, now: number | null) =>
    old === null || now === null ? now : old + (now - old) * part;
  return {
    inflight: towards(before.inflight, sample.inflight),
    cores: towards(before.cores, sample.cores),
    share: towards(before.share, sample.share) ?? sample.share,
  };
}

/** The share of all traffic, 0 to 1, that a version has to be ready for: a candidate's next weight, everything for the others. */
function futureShare(service: ServiceState, version: number): number {
  const { release } = service;
  if (release?.version !== version || service.stable === null) return 1;
  return weightAhead(release) / 100;
}

function weightAhead(release: Release): number {
  const next = release.purpose === 'aa' ? (release.steps[0]?.weight ?? 0) : nextWeight(release);
  return Math.max(release.weight, next, release.sizedFor ?? 0);
}

/**
 * What a version has to carry: what it carries now, for the share that it has to be ready for. Of the other arm's load only
 * what came to this one's share counts, so that a candidate that is slow does not make stable larger.
 */
function loadsOf(service: ServiceState, version: number, scaling: Scaling, isNew: boolean): Load {
  const gauge = scaling.gauges[version];
  if (!isNew || gauge === undefined) return UNKNOWN_LOAD;
  const future = futureShare(service, version);
  const others = wantedVersions(service).filter((one) => one !== version);
  const isSteady = scaling.measuredMs - scaling.epochSinceMs >= STEADY_MS;
  const forAll = (key: 'inflight' | 'cores') => {
    const own = gauge[key];
    if (own === null || gauge.share < LEAST_SHARE) return null;
    const all = others.reduce((sum, one) => sum + (scaling.gauges[one]?.[key] ?? 0), own);
    return future * (isSteady ? own / gauge.share : Math.min(own / gauge.share, all));
  };
  const rate = scaling.rate === null ? null : future * scaling.rate;
  return { inflight: forAll('inflight'), rate, cores: forAll('cores') };
}

function nextOf(
  service: ServiceState,
  version: number,
  scale: Scale,
  old: Size | undefined,
  load: Load,
  atMs: number,
): Size {
  const { stable, release } = service;
  const ofStable = stable === null || stable === version ? 0 : replicasOf(service, stable);
  if (release?.version === version && stable !== null && stable !== version) {
    const floor = shareOfStable(ofStable, weightAhead(release));
    const known = old ?? sizeOf(within(scale, floor), atMs);
    if (release.phase === 'rolling_back') return known;
    return nextSize(scale, known, { atMs, load, floor, mayShrink: true });
  }
  const known = old ?? sizeOf(replicasOf(service, version), atMs);
  const isWarm = version !== stable && release?.version !== version;
  // What is kept to go back to carries nothing, but may have to carry everything at once.
  if (isWarm) return { wanted: within(scale, Math.max(known.wanted, ofStable)), peaks: known.peaks };
  return nextSize(scale, known, { atMs, load, floor: 0, mayShrink: release === null || stable === null });
}

/** Instances that a candidate needs for a weight, when stable needs `ofStable` for all traffic. */
export function shareOfStable(ofStable: number, weight: number): number {
  return Math.ceil((ofStable * weight) / 100 - 1e-9);
}

/** Instances that a scaled candidate must have ready before it may get this weight; null when nothing is asked of it. */
export function neededAt(service: ServiceState, release: Release, weight: number): number | null {
  const scale = scaleOf(service, release.version);
  if (scale === undefined || service.stable === null) return null;
  return within(scale, shareOfStable(replicasOf(service, service.stable), weight));
}

function subjectOf({ name, stable }: ServiceState, version: number): string {
  return version === stable || stable === null ? name : `v${version} of ${name}`;
}

/** `5 min`, `90s`. */
function spanOf(ms: number): string {
  return ms > 0 && ms % 60_000 === 0 ? `${ms / 60_000} min` : formatDuration(ms);
}

function instances(count: number): string {
  return `${count} instance${count === 1 ? '' : 's'}`;
}

function whyChanged(
  service: ServiceState,
  version: number,
  scale: Scale,
  load: Load,
  was: number,
  wanted: number,
): string {
  const { release, stable } = service;
  const demand = demandOf(scale, load, was);
  const reason = reasonOf(scale, load, demand.target);
  if (wanted < was)
    return `${reason ?? 'its bounds have changed'}, and no more was needed for ${spanOf(scale.downAfterMs)}`;
  if (reason !== null && within(scale, demand.instances) >= wanted)
    return `${reason}${atMost(scale, demand.instances)}`;
  if (release?.version === version && stable !== null) {
    return `${percent(weightAhead(release))} of traffic needs its share of the ${replicasOf(service, stable)} of v${stable}`;
  }
  if (version !== stable && stable !== null)
    return `v${stable} has ${replicasOf(service, stable)}, and it has to be as many to go back to`;
  return `at least ${scale.min} are wanted`;
}

function atMost({ max }: Scale, needed: number): string {
  return needed > max ? `; it needs ${needed}, but may have ${max}` : '';
}

/** Why the serving version has the size that it has, in a sentence; for people who look. */
export function sizeSentence(service: ServiceState, scaling: Scaling | undefined): string {
  const version = service.stable ?? service.release?.version ?? null;
  const scale = scaleOf(service, version);
  if (version === null || scale === undefined) return '';
  const wanted = replicasOf(service, version);
  const load = scaling ? loadsOf(service, version, scaling, true) : UNKNOWN_LOAD;
  const demand = demandOf(scale, load, wanted);
  const reason = reasonOf(scale, load, demand.target);
  if (reason === null) return 'The load is not known, so nothing changes.';
  const sentence = `${reason.charAt(0).toUpperCase()}${reason.slice(1)}`;
  if (within(scale, demand.instances) >= wanted) return `${sentence}${atMost(scale, demand.instances)}.`;
  if (!demand.isKnown) return `${sentence}. Not every target is known, so it does not shrink.`;
  if (service.release !== null) return `${sentence}. It does not shrink while a release is under way.`;
  return `${sentence}. It shrinks once no more was needed for ${spanOf(scale.downAfterMs)}.`;
}
