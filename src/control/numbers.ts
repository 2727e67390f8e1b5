// The control plane's own short history of numbers: an hour in steps of 10 s for each version and instance, bounded. No I/O.
import { Failure } from '../core/failure.ts';
import { type ArmCount, BUCKETS, edgeOf, failuresOf, type Observations } from '../core/traffic.ts';
import type { Metric, Metrics, Range, RangeQuery, Series } from '../ports/metrics.ts';
import type { InstanceSeen } from '../ports/runtime.ts';

export const STEP_SECONDS = 10;
/** 61 minutes, so that whole minutes of a full hour are known. */
export const SLOTS = 366;
/** A version takes 9 kB and up to 12 kB more while it has requests, an instance 4.5 kB: at most about 60 MB. */
const MOST_VERSIONS = 2000;
const MOST_INSTANCES = 4000;
const MOST_VALUES = 100_000;

type Key = { readonly service: string; readonly version: number; readonly instance: string | null };

/** Values of the last `SLOTS` steps, by the number of the step modulo `SLOTS`; `upTo` is the newest step that was written. */
type Ring<F extends string> = Key & { upTo: number; readonly fields: Readonly<Record<F, Float32Array>> };

type Counted = 'requests' | 'failures' | 'p50' | 'p95' | 'p99';
type Used = 'cpu' | 'memory' | 'open';
const COUNTED = ['requests', 'failures', 'p50', 'p95', 'p99'] as const;
const USED = ['cpu', 'memory', 'open'] as const;

/** The latency of a step that still grows: cells are closed seconds after their time, so two of them do. */
type Open = { readonly step: number; readonly latency: Uint32Array };

function ringOf<F extends string>(key: Key, fields: readonly F[], step: number): Ring<F> {
  const arrays = fields.map((field) => [field, new Float32Array(SLOTS).fill(Number.NaN)] as const);
  return { ...key, upTo: step, fields: Object.fromEntries(arrays) as Record<F, Float32Array> };
}

/** Makes room up to `step`; what is in between is not known. False when the step is too old to be kept. */
function reach<F extends string>(ring: Ring<F>, step: number): boolean {
  if (step <= ring.upTo - SLOTS) return false;
  const first = Math.max(ring.upTo + 1, step - SLOTS + 1);
  for (let one = first; one <= step; one += 1) {
    for (const values of Object.values<Float32Array>(ring.fields)) values[one % SLOTS] = Number.NaN;
  }
  ring.upTo = Math.max(ring.upTo, step);
  return true;
}

function at<F extends string>(ring: Ring<F>, field: F, step: number): number | null {
  if (step > ring.upTo || step <= ring.upTo - SLOTS) return null;
  const value = ring.fields[field][step % SLOTS] ?? Number.NaN;
  return Number.isNaN(value) ? null : value;
}

export class Numbers implements Metrics {
  readonly #versions = new Map<string, Ring<Counted>>();
  readonly #instances = new Map<string, Ring<Used>>();
  readonly #open = new Map<string, Open[]>();
  /** First and last second in which traffic was known at all: without, no cells mean nothing. */
  #known: { from: number; upTo: number } | null = null;

  /** Takes what was read; null = the balancer could not be asked. */
  addTraffic(read: Observations | null): void {
    if (read === null) return;
    const second = read.closedUpTo;
    const first = read.cells.reduce((least, cell) => Math.min(least, cell.tick), second);
    this.#known = { from: this.#known?.from ?? first, upTo: Math.max(second, this.#known?.upTo ?? second) };
    for (const { service, tick, stable, candidate } of read.cells) {
      if (stable) this.#count(service, stepOf(tick), stable);
      if (candidate) this.#count(service, stepOf(tick), candidate);
    }
    this.#forget(stepOf(this.#known.upTo));
  }

  #count(service: string, step: number, arm: ArmCount): void {
    if (arm.requests === 0) return;
    const id = `${service} ${arm.version}`;
    const ring = this.#versions.get(id) ?? ringOf({ service, version: arm.version, instance: null }, COUNTED, step);
    if (!this.#versions.has(id)) {
      makeRoom(this.#versions, MOST_VERSIONS);
      this.#versions.set(id, ring);
    }
    if (!reach(ring, step)) return;
    const { fields } = ring;
    const slot = step % SLOTS;
    const add = (field: 'requests' | 'failures', more: number) => {
      const before = fields[field][slot] ?? Number.NaN;
      fields[field][slot] = (Number.isNaN(before) ? 0 : before) + more;
    };
    add('requests', arm.requests);
    add('failures', failuresOf(arm));
    const latency = this.#latencyOf(id, step);
    if (latency === null) return;
    for (const [bucket, count] of arm.latency) latency[bucket] = (latency[bucket] ?? 0) + count;
    const [p50, p95, p99] = quantilesOf(latency, [0.5, 0.95, 0.99]);
    fields.p50[slot] = p50 ?? Number.NaN;
    fields.p95[slot] = p95 ?? Number.NaN;
    fields.p99[slot] = p99 ?? Number.NaN;
  }

  /** Null for a step that is closed already: its latency stays as it is. */
  #latencyOf(id: string, step: number): Uint32Array | null {
    const open = this.#open.get(id) ?? [];
    const found = open.find((one) => one.step === step);
    if (found) return found.latency;
    if (open.some((one) => one.step > step + 1)) return null;
    const made = { step, latency: new Uint32Array(BUCKETS) };
    this.#open.set(id, [...open, made].sort((a, b) => b.step - a.step).slice(0, 2));
    return made.latency;
  }

  /** Takes what instances use; `open` requests by id. `second` is the time since 1970. */
  addInstances(instances: readonly InstanceSeen[], open: Readonly<Record<string, number>>, second: number): void {
    const step = stepOf(second);
    for (const { id, service, version, state, cpu, memory } of instances) {
      if (state === 'exited') continue;
      const ring = this.#instances.get(id) ?? ringOf({ service, version, instance: id }, USED, step);
      if (!this.#instances.has(id)) {
        makeRoom(this.#instances, MOST_INSTANCES);
        this.#instances.set(id, ring);
      }
      if (!reach(ring, step)) continue;
      const slot = step % SLOTS;
      // The highest of a step: a short rush should be seen.
      const most = (field: Used, value: number | null) => {
        const before = ring.fields[field][slot] ?? Number.NaN;
        if (value !== null && !(before >= value)) ring.fields[field][slot] = value;
      };
      most('cpu', cpu);
      most('memory', memory);
      most('open', open[id] ?? 0);
    }
    for (const [id, ring] of this.#instances) if (ring.upTo <= step - SLOTS) this.#instances.delete(id);
  }

  #forget(step: number): void {
    for (const [id, ring] of this.#versions) if (ring.upTo <= step - SLOTS) this.#versions.delete(id);
    for (const [id, open] of this.#open) if (open.every((one) => one.step < step - 2)) this.#open.delete(id);
  }

  async range(query: RangeQuery): Promise<Range> {
    const wide = Math.max(1, Math.ceil(query.stepMs / 1000 / STEP_SECONDS));
    const first = Math.floor(query.fromMs / 1000 / STEP_SECONDS / wide) * wide;
    const last = Math.floor(query.toMs / 1000 / STEP_SECONDS);
    const steps = Math.max(0, Math.ceil((last - first + 1) / wide));
    const versions = [...this.#versions.values()].filter((ring) => isAsked(ring, query));
    const instances = [...this.#instances.values()].filter((ring) => isAsked(ring, query));
    const groups = groupsOf([...versions, ...instances], query);
    const values = groups.length * query.metrics.length * steps;
    if (values > MOST_VALUES) {
      throw new Failure('invalid', `${values} values are asked for; at most ${MOST_VALUES} are given at once.`, {
        hint: 'Ask for one service, fewer metrics, a shorter time or longer steps.',
      });
    }
    const known = this.#known;
    const rangeOf = (step: number) => Array.from({ length: wide }, (_, i) => step + i);
    const series = groups.flatMap((group): Series[] => {
      const counted = versions.filter((ring) => isIn(ring, group));
      const used = instances.filter((ring) => isIn(ring, group));
      return query.metrics.flatMap((metric): Series[] => {
        const has = isCounted(metric) ? counted.length > 0 : used.length > 0;
        if (!has) return [];
        const one = isCounted(metric)
          ? (step: number) => countedValue(metric, counted, rangeOf(step), known)
          : (step: number) => usedValue(metric, used, rangeOf(step));
        return [{ ...group, metric, values: Array.from({ length: steps }, (_, i) => one(first + i * wide)) }];
      });
    });
    return { fromMs: first * STEP_SECONDS * 1000, stepMs: wide * STEP_SECONDS * 1000, series };
  }
}

function makeRoom(rings: Map<string, { readonly upTo: number }>, most: number): void {
  if (rings.size < most) return;
  let oldest: [string, number] | null = null;
  for (const [id, { upTo }] of rings) if (oldest === null || upTo < oldest[1]) oldest = [id, upTo];
  if (oldest) rings.delete(oldest[0]);
}

function stepOf(second: number): number {
  return Math.floor(second / STEP_SECONDS);
}

function isCounted(metric: Metric): metric is Exclude<Metric, Used> {
  return metric !== 'cpu' && metric !== 'memory' && metric !== 'open';
}

function isAsked(ring: Key, { service, version, instance }: RangeQuery): boolean {
  if (service !== undefined && ring.service !== service) return false;
  if (version !== undefined && ring.version !== version) return false;
  return instance === undefined || ring.instance === instance;
}

type Group = Pick<Series, 'service' | 'version' | 'instance'>;

function groupsOf(rings: readonly Key[], { by }: RangeQuery): Group[] {
  const groups = new Map<string, Group>();
  for (const { service, version, instance } of rings) {
    if (by === 'instance' && instance === null) continue;
    const group = {
      service,
      version: by === 'service' ? null : version,
      instance: by === 'instance' ? instance : null,
    };
    groups.set(JSON.stringify(Object.values(group)), group);
  }
  const order = (one: Group, other: Group) =>
    one.service.localeCompare(other.service) ||
    (one.version ?? 0) - (other.version ?? 0) ||
    (one.instance ?? '').localeCompare(other.instance ?? '');
  return [...groups.values()].sort(order);
}

function isIn(ring: Key, group: Group): boolean {
  if (ring.service !== group.service) return false;
  if (group.version !== null && ring.version !== group.version) return false;
  return group.instance === null || ring.instance === group.instance;
}

/** Without any request, 0 requests where traffic is known; errors and latency are not known then. */
function countedValue(
  metric: Exclude<Metric, Used>,
  rings: readonly Ring<Counted>[],
  steps: readonly number[],
  known: { readonly from: number; readonly upTo: number } | null,
): number | null {
  const sum = (field: Counted) =>
    steps.reduce((total, step) => total + rings.reduce((all, ring) => all + (at(ring, field, step) ?? 0), 0), 0);
  const requests = sum('requests');
  if (metric === 'requests') {
    const seconds = known === null ? 0 : secondsIn(steps, known);
    if (seconds > 0) return requests / seconds;
    return requests > 0 ? requests / STEP_SECONDS : null;
  }
  if (requests === 0) return null;
  if (metric === 'errors') return sum('failures') / requests;
  // Quantiles of parts are weighed by their requests: exact for one part, close for neighbours.
  const weighed = steps.reduce(
    (total, step) =>
      total + rings.reduce((all, ring) => all + (at(ring, metric, step) ?? 0) * (at(ring, 'requests', step) ?? 0), 0),
    0,
  );
  return weighed / requests;
}

/** How many seconds of these steps, which follow on each other, are known. */
function secondsIn(steps: readonly number[], known: { readonly from: number; readonly upTo: number }): number {
  const from = Math.max((steps[0] ?? 0) * STEP_SECONDS, known.from);
  const end = Math.min(((steps.at(-1) ?? -1) + 1) * STEP_SECONDS - 1, known.upTo);
  return Math.max(0, end - from + 1);
}

/** The highest of the steps of what all of them use together. */
function usedValue(metric: Used, rings: readonly Ring<Used>[], steps: readonly number[]): number | null {
  const sums = steps.flatMap((step) => {
    const values = rings.map((ring) => at(ring, metric, step)).filter((value) => value !== null);
    return values.length === 0 ? [] : [values.reduce((total, value) => total + value, 0)];
  });
  return sums.length === 0 ? null : Math.max(...sums);
}

/** Ascending shares of a histogram, as the ends of their buckets; null without requests. */
function quantilesOf(latency: Uint32Array, shares: readonly number[]): (number | null)[] {
  const total = latency.reduce((sum, count) => sum + count, 0);
  const found: (number | null)[] = shares.map(() => null);
  if (total === 0) return found;
  let [seen, next] = [0, 0];
  for (let bucket = 0; bucket < latency.length && next < shares.length; bucket += 1) {
    seen += latency[bucket] ?? 0;
    while (next < shares.length && seen >= (shares[next] ?? 1) * total) {
      found[next] = edgeOf(bucket + 1);
      next += 1;
    }
  }
  return found;
}
