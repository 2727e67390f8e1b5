// The course of a release as a picture needs it: its seconds merged into at most so many points, and what the judge said at moments. Pure.
import type { Verdict } from '../judge/judge.ts';
import { type ArmCount, type Cell, failuresOf, type Histogram } from '../traffic.ts';
import { Replay } from './replay.ts';
import type { Tick, TicksHeader } from './tick.ts';

/** Latency buckets are merged by twos: 2 % wide. */
export const MERGED_BUCKETS = 2;

/** What one version counted in one second or more; `latency` by merged buckets, `[bucket, count, …]` in one flat list. */
export type ArmPoint = {
  readonly requests: number;
  readonly failures: number;
  readonly latency: readonly number[];
};

export type Point = {
  /** First second, since 1970. */
  readonly tick: number;
  readonly epoch: number;
  /** The candidate's share that was asked for at its end, in percent. */
  readonly weight: number;
  readonly stable: ArmPoint | null;
  readonly candidate: ArmPoint | null;
};

/** What the judge said after a second. */
export type Said = { readonly tick: number; readonly weight: number; readonly verdict: Verdict };

export type Course = {
  /** Seconds of one point. */
  readonly stepSeconds: number;
  readonly points: readonly Point[];
  readonly said: readonly Said[];
};

export function pointOf({ tick, epoch, weight, stable, candidate }: Tick): Point {
  return { tick, epoch, weight, stable: armPointOf(stable), candidate: armPointOf(candidate) };
}

/** A cell of the service of a release as a point of it: by version, whatever arm that was; null when it is about others. */
export function pointOfCell(cell: Cell, from: number | null, version: number): Point | null {
  const arms = [cell.stable, cell.candidate];
  const by = (wanted: number | null) => arms.find((arm) => arm !== null && arm.version === wanted) ?? null;
  const [stable, candidate] = [by(from), by(version)];
  if (stable === null && candidate === null) return null;
  const isCandidate = candidate === null || cell.candidate?.version === version;
  const weight = isCandidate ? cell.weight : 100;
  return { tick: cell.tick, epoch: cell.epoch, weight, stable: armPointOf(stable), candidate: armPointOf(candidate) };
}

function armPointOf(arm: ArmCount | null): ArmPoint | null {
  if (arm === null) return null;
  return { requests: arm.requests, failures: failuresOf(arm), latency: merged(arm.latency) };
}

function merged(latency: Histogram): number[] {
  const flat: number[] = [];
  for (const [bucket, count] of latency) {
    const wide = Math.floor(bucket / MERGED_BUCKETS);
    if (flat.at(-2) === wide) flat[flat.length - 1] = (flat.at(-1) ?? 0) + count;
    else flat.push(wide, count);
  }
  return flat;
}

/**
 * Takes the ticks of a release in their order. When there are more than `most` points (2 or more), neighbours are merged by twos, so the
 * result has more than half of `most`; `moments` is how often the judge is asked at most (0 = it is not told anything).
 */
export class CourseMaker {
  readonly #most: number;
  readonly #replay: Replay | null;
  #moments: Thinned<Said>;
  #points: Point[] = [];
  #step = 1;

  constructor(header: TicksHeader, most: number, moments: number) {
    this.#most = most;
    this.#replay = moments > 0 ? new Replay(header.params) : null;
    this.#moments = new Thinned(Math.max(2, moments));
  }

  take(tick: Tick): void {
    this.#add(pointOf(tick));
    if (this.#replay === null) return;
    const { verdict, isChange } = this.#replay.take(tick);
    this.#moments.add({ tick: tick.tick, weight: tick.weight, verdict }, isChange);
  }

  /** A second that no judge was told, after all ticks; one that came too late counts for the last. */
  follow(point: Point): void {
    this.#add({ ...point, tick: Math.max(point.tick, this.#points.at(-1)?.tick ?? 0) });
  }

  #add(point: Point): void {
    const at = point.tick - (point.tick % this.#step);
    const last = this.#points.at(-1);
    if (last && last.tick === at) this.#points[this.#points.length - 1] = sumOf(last, point);
    else this.#points.push({ ...point, tick: at });
    if (this.#points.length > this.#most) this.#halve();
  }

  #halve(): void {
    this.#step *= 2;
    const points = this.#points;
    this.#points = [];
    for (const point of points) {
      const at = point.tick - (point.tick % this.#step);
      const last = this.#points.at(-1);
      if (last && last.tick === at) this.#points[this.#points.length - 1] = sumOf(last, point);
      else this.#points.push({ ...point, tick: at });
    }
    // Seconds far apart share no step: then it goes on with longer ones.
    if (this.#points.length > this.#most) this.#halve();
  }

  course(): Course {
    return { stepSeconds: this.#step, points: this.#points, said: this.#moments.all() };
  }
}

/** At most so many of a sequence, about evenly spread, with the last one and every one that is marked as long as there is room. */
class Thinned<T> {
  readonly #most: number;
  #kept: { readonly item: T; readonly index: number; readonly isMarked: boolean }[] = [];
  #every = 1;
  #taken = 0;
  #last: T | null = null;

  constructor(most: number) {
    this.#most = most;
  }

  add(item: T, isMarked: boolean): void {
    const index = this.#taken;
    this.#taken += 1;
    this.#last = item;
    if (isMarked || index % this.#every === 0) this.#kept.push({ item, index, isMarked });
    while (this.#kept.length > this.#most) this.#thin();
  }

  #thin(): void {
    this.#every *= 2;
    const fewer = this.#kept.filter((one) => one.isMarked || one.index % this.#every === 0);
    // Nothing but marked ones are left: half of them go too.
    this.#kept = fewer.length < this.#kept.length ? fewer : fewer.filter((_, i) => i % 2 === 0);
  }

  all(): T[] {
    const items = this.#kept.map((one) => one.item);
    return this.#last === null || items.at(-1) === this.#last ? items : [...items, this.#last];
  }
}

function sumOf(one: Point, other: Point): Point {
  return {
    tick: one.tick,
    epoch: other.epoch,
    weight: other.weight,
    stable: armSum(one.stable, other.stable),
    candidate: armSum(one.candidate, other.candidate),
  };
}

function armSum(one: ArmPoint | null, other: ArmPoint | null): ArmPoint | null {
  if (one === null || other === null) return one ?? other;
  return {
    requests: one.requests + other.requests,
    failures: one.failures + other.failures,
    latency: latencySum(one.latency, other.latency),
  };
}

/** Both lists ascend by bucket; so does the sum. */
function latencySum(one: readonly number[], other: readonly number[]): number[] {
  const sum: number[] = [];
  let [i, j] = [0, 0];
  while (i < one.length || j < other.length) {
    const left = one[i] ?? Number.POSITIVE_INFINITY;
    const right = other[j] ?? Number.POSITIVE_INFINITY;
    const bucket = Math.min(left, right);
    sum.push(bucket, (left === bucket ? (one[i + 1] ?? 0) : 0) + (right === bucket ? (other[j + 1] ?? 0) : 0));
    if (left === bucket) i += 2;
    if (right === bucket) j += 2;
  }
  return sum;
}
