// How far apart two versions may be, valid at every look, from counts and histograms. Pure.

export type Interval = { readonly value: number; readonly low: number; readonly high: number };
export type Tally = { readonly requests: number; readonly failures: number };

const ALPHA = 0.05;
/** The width is best at so many requests. */
const TUNED_FOR = 500;

/**
 * How many standard errors an interval is wide to each side so that it holds at all sample sizes at once, with 95 %.
 * Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024), "Time-uniform central limit theory and asymptotic confidence
 * sequences", eq. 2, with t ρ² = n / `TUNED_FOR`. About 3 at the size it is tuned for, where a single look needs 1.96.
 */
export function errorsWide(requests: number): number {
  const scaled = Math.max(1, requests) / TUNED_FOR;
  return Math.sqrt(2 * (1 + 1 / scaled) * Math.log(Math.sqrt(scaled + 1) / (ALPHA / 2)));
}

/** Candidate's share minus stable's, -1 to 1; null without requests on both sides. */
export function shareDifference(stable: Tally, candidate: Tally): Interval | null {
  if (stable.requests === 0 || candidate.requests === 0) return null;
  const value = candidate.failures / candidate.requests - stable.failures / stable.requests;
  // One failure and one success more on each side keep the width honest where none was seen (Agresti & Caffo 2000).
  const variance = ({ requests, failures }: Tally) => {
    const share = (failures + 1) / (requests + 2);
    return (share * (1 - share)) / (requests + 2);
  };
  const wide = errorsWide(candidate.requests) * Math.sqrt(variance(stable) + variance(candidate));
  return { value, low: Math.max(-1, value - wide), high: Math.min(1, value + wide) };
}

/** Counts by merged bucket: index i holds latencies from 0.1 ms · 1.01^(2 i) on. */
export type Counts = { readonly total: number; readonly buckets: Float64Array };

export const MERGED = 720;
const SMALLEST_MS = 0.1;
const GROWTH = 2 * Math.log(1.01);

export function edgeMs(bucket: number): number {
  return SMALLEST_MS * Math.exp(bucket * GROWTH);
}

/** `[bucket, count, bucket, count …]` of many seconds, added up. */
export function countsOf(parts: Iterable<readonly number[] | undefined>): Counts {
  const buckets = new Float64Array(MERGED);
  let total = 0;
  for (const part of parts) {
    if (!part) continue;
    for (let i = 0; i < part.length; i += 2) {
      const bucket = Math.min(MERGED - 1, part[i] ?? 0);
      buckets[bucket] = (buckets[bucket] ?? 0) + (part[i + 1] ?? 0);
      total += part[i + 1] ?? 0;
    }
  }
  return { total, buckets };
}

/** The latency in ms that `share` (0 to 1) of the requests do not exceed, within its bucket by proportion; null without any. */
export function quantileMs({ total, buckets }: Counts, share: number): number | null {
  if (total === 0) return null;
  const wanted = Math.min(1, Math.max(0, share)) * total;
  let seen = 0;
  for (let i = 0; i < buckets.length; i += 1) {
    const count = buckets[i] ?? 0;
    if (count > 0 && seen + count >= wanted) return edgeMs(i + (count === 0 ? 1 : (wanted - seen) / count));
    seen += count;
  }
  return edgeMs(MERGED);
}

/** Candidate's quantile minus stable's in ms; each side from the order statistics around it. Null without requests on both sides. */
export function quantileDifference(stable: Counts, candidate: Counts, share: number): Interval | null {
  const one = quantileInterval(stable, share);
  const other = quantileInterval(candidate, share);
  if (!one || !other) return null;
  const value = other.value - one.value;
  // Two intervals into one of the difference: Donner & Zou (2012), MOVER, eq. 1.
  const low = value - Math.hypot(other.value - other.low, one.high - one.value);
  const high = value + Math.hypot(other.high - other.value, one.value - one.low);
  return { value, low, high };
}

function quantileInterval(counts: Counts, share: number): Interval | null {
  const value = quantileMs(counts, share);
  if (value === null) return null;
  const wide = errorsWide(counts.total) * Math.sqrt((share * (1 - share)) / counts.total) + 1 / counts.total;
  const low = quantileMs(counts, share - wide) ?? value;
  const high = share + wide >= 1 ? value * 4 : (quantileMs(counts, share + wide) ?? value);
  return { value, low: Math.min(low, value), high: Math.max(high, value) };
}
