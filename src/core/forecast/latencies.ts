// Latencies to draw from: those that were measured, or a lognormal through given quantiles.
import { BUCKETS, bucketOf, type Histogram } from '../traffic.ts';
import { binomial, type Dice } from './dice.ts';

export type Latencies = {
  /** Buckets at equally spaced quantiles. */
  readonly places: Uint16Array;
  /** The same by bucket, ascending, with the share of each among itself and those after it. */
  readonly falls: readonly (readonly [bucket: number, share: number])[];
};

const PLACES = 4096;

/** Of a histogram with at least one count. */
export function latenciesOf(histogram: Histogram): Latencies {
  const total = histogram.reduce((sum, [, count]) => sum + count, 0);
  const places = new Uint16Array(PLACES);
  let [index, seen] = [0, 0];
  for (const [bucket, count] of histogram) {
    seen += count;
    for (; index < PLACES && (index + 0.5) * total < seen * PLACES; index += 1) places[index] = bucket;
  }
  let left = total;
  const falls = histogram.map(([bucket, count]) => {
    const share = count / left;
    left -= count;
    return [bucket, share] as const;
  });
  return { places, falls };
}

/** Standard normal quantile of 0.99, and the spread where only the median is given: that of the bench, p99 at four times the median. */
const Z99 = 2.3263;
const USUAL_SIGMA = 0.6;

/** A lognormal by its median and 99 % quantile, in ms above 0; without the latter four times the median. */
export function lognormal(p50: number, p99: number | null): Histogram {
  const sigma = p99 === null ? USUAL_SIGMA : Math.max(0.01, Math.log(p99 / p50) / Z99);
  const counts = new Map<number, number>();
  for (let i = 0; i < PLACES; i += 1) {
    const bucket = bucketOf(p50 * Math.exp(sigma * normalQuantile((i + 0.5) / PLACES)));
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

/** Standard normal quantile, to about 0.0005. Source: Abramowitz & Stegun 1964, 26.2.23. */
function normalQuantile(share: number): number {
  const tail = Math.min(share, 1 - share);
  const t = Math.sqrt(-2 * Math.log(tail));
  const z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  return share < 0.5 ? -z : z;
}

/** Buckets that a request which takes so many times as long moves up, with the part of a bucket that is left over. */
export function bucketsLonger(times: number): number {
  return Math.log(times) / Math.log(1.01);
}

/** Counts drawn latencies by bucket; used again and again, as making it is what costs. */
export class LatencyCounter {
  private readonly counts = new Uint32Array(BUCKETS);

  /** Adds `n` requests, each `longer` buckets later; a part of a bucket by chance. */
  add(roll: Dice, latencies: Latencies, n: number, longer = 0): void {
    const whole = Math.floor(longer);
    const part = longer - whole;
    const put = (bucket: number, count: number) => {
      const further = part === 0 ? 0 : binomial(roll, count, part);
      this.put(bucket + whole, count - further);
      this.put(bucket + whole + 1, further);
    };
    if (n < latencies.falls.length) {
      for (let i = 0; i < n; i += 1) put(latencies.places[Math.floor(roll() * PLACES)] ?? 0, 1);
      return;
    }
    let left = n;
    for (const [bucket, share] of latencies.falls) {
      if (left === 0) return;
      const count = binomial(roll, left, share);
      if (count > 0) put(bucket, count);
      left -= count;
    }
  }

  /** Adds requests of one bucket; beyond the last one they count as in it. */
  put(bucket: number, count: number): void {
    const place = Math.max(0, Math.min(BUCKETS - 1, bucket));
    this.counts[place] = (this.counts[place] ?? 0) + count;
  }

  /** What was added since the last time. */
  take(): Histogram {
    const histogram: [number, number][] = [];
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const count = this.counts[bucket] ?? 0;
      if (count > 0) histogram.push([bucket, count]);
    }
    this.counts.fill(0);
    return histogram;
  }
}
