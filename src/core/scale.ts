// How many instances a load needs: what targets ask for, up at once, down only after a while. Pure.
import type { Scale } from './spec/project.ts';

/** What the instances of one version have to carry together; null = not known now. */
export type Load = {
  /** Open requests. */
  readonly inflight: number | null;
  /** Requests per second. */
  readonly rate: number | null;
  /** Cores in use. */
  readonly cores: number | null;
};

export const UNKNOWN_LOAD: Load = { inflight: null, rate: null, cores: null };

/** A demand and when it was seen last. */
type Peak = readonly [atMs: number, instances: number];

export type Size = {
  /** Instances wanted. */
  readonly wanted: number;
  /** The highest demands of the window, oldest and highest first, each lower than the one before: at most one for each number of instances. */
  readonly peaks: readonly Peak[];
};

export type Demand = {
  readonly instances: number;
  /** The target that asks for most; null = none is known. */
  readonly target: keyof Scale['target'] | null;
  /** Every target could be measured. */
  readonly isKnown: boolean;
};

/** Loads this near to the target, as a share of it, change nothing. */
const TOLERANCE = 0.1 + 1e-9;
/** Less than a thousandth of an instance is no instance. */
const LEAST = 1e-3;

/**
 * Instances for a load when `current` carry it, at least 1.
 * Source: Kubernetes, Horizontal Pod Autoscaling, "Algorithm details": desired = ceil(current * metric / target), where
 * current * metric is the whole load, unchanged while |metric / target - 1| <= 0.1.
 */
export function instancesFor(load: number, target: number, current: number): number {
  const isNear = Math.abs(load / (current * target) - 1) <= TOLERANCE;
  return isNear ? current : Math.max(1, Math.ceil(load / target - LEAST));
}

/** The largest demand of all targets wins. Not bounded. */
export function demandOf({ target }: Scale, load: Load, current: number): Demand {
  const measured = [
    ['inflight', load.inflight, target.inflight],
    ['rate', load.rate, target.rate],
    ['cpu', load.cores, target.cpu === undefined ? undefined : target.cpu / 100],
  ] as const;
  let demand: Demand = { instances: 0, target: null, isKnown: true };
  for (const [name, amount, wanted] of measured) {
    if (wanted === undefined) continue;
    if (amount === null) {
      demand = { ...demand, isKnown: false };
      continue;
    }
    const instances = instancesFor(amount, wanted, current);
    if (instances > demand.instances) demand = { ...demand, instances, target: name };
  }
  return demand;
}

export function within({ min, max }: Pick<Scale, 'min' | 'max'>, instances: number): number {
  return Math.min(max, Math.max(min, instances));
}

export function sizeOf(wanted: number, atMs: number): Size {
  return { wanted, peaks: [[atMs, wanted]] };
}

export type SizeSeen = {
  /** Time for which the load was measured so far, ms; never falls. */
  readonly atMs: number;
  readonly load: Load;
  /** Not fewer than this, whatever the load. */
  readonly floor: number;
  readonly mayShrink: boolean;
};

/**
 * The size after one more measurement, within the bounds. It grows at once, and falls only to the highest demand of the last
 * `downAfterMs`; a load that is not known counts as one that needs as many as there are. Idempotent at the same time and load.
 * Source: Kubernetes, Horizontal Pod Autoscaling, "Stabilization window" (scale down: 300 s, scale up: 0).
 */
export function nextSize(scale: Scale, size: Size, { atMs, load, floor, mayShrink }: SizeSeen): Size {
  const current = within(scale, size.wanted);
  const demand = demandOf(scale, load, current);
  const least = demand.isKnown && mayShrink ? floor : Math.max(floor, current);
  const now = within(scale, Math.max(demand.instances, least));
  const since = atMs - scale.downAfterMs;
  const higher = size.peaks.filter(([at, instances]) => at > since && instances > now);
  const peaks: readonly Peak[] = [...higher, [atMs, now]];
  return { wanted: within(scale, peaks[0]?.[1] ?? now), peaks };
}

/** `63 open requests, 20 wanted for each`; null when no target is known. */
export function reasonOf({ target }: Scale, load: Load, asks: Demand['target']): string | null {
  if (asks === 'inflight' && load.inflight !== null)
    return `${plural(Math.round(load.inflight), 'open request')}, ${target.inflight} wanted for each`;
  if (asks === 'rate' && load.rate !== null)
    return `${Math.round(load.rate)} requests/s, ${target.rate} wanted for each`;
  if (asks === 'cpu' && load.cores !== null)
    return `${Math.round(100 * load.cores)}% of a core in use, ${target.cpu}% wanted for each`;
  return null;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
