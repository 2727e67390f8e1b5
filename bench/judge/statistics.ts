// The classical tests that the peers' rules stand on.
import { logChoose } from '../../src/core/judge/logs.ts';
import { edgeOf, type Histogram } from '../../src/core/traffic.ts';

/** Adds the counts of `more` to `sum`. */
export function addTo(sum: Map<number, number>, more: Histogram): void {
  for (const [bucket, count] of more) sum.set(bucket, (sum.get(bucket) ?? 0) + count);
}

/** Quantile in ms of counts by bucket; NaN without any. */
export function quantileMs(counts: ReadonlyMap<number, number>, share: number): number {
  const sorted = [...counts].sort(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [bucket, count] of sorted) {
    seen += count;
    if (seen >= share * total) return edgeOf(bucket + 0.5);
  }
  return Number.NaN;
}

/** Chance of at least x1 bad ones in the candidate's n1, given all margins. Source: Fisher 1935. */
export function fisherAbove(n0: number, x0: number, n1: number, x1: number): number {
  const [m, total] = [x0 + x1, n0 + n1];
  const last = Math.min(m, n1);
  let term = Math.exp(logChoose(n1, x1) + logChoose(n0, m - x1) - logChoose(total, m));
  let sum = 0;
  for (let k = x1; k <= last; k += 1) {
    sum += term;
    term *= ((n1 - k) * (m - k)) / ((k + 1) * (n0 - m + k + 1));
  }
  return Math.min(1, sum);
}

/** One-sided chance that the candidate's latencies are this much larger. Source: Mann & Whitney 1947, normal, with ties. */
export function rankAbove(stable: ReadonlyMap<number, number>, candidate: ReadonlyMap<number, number>): number {
  const buckets = [...new Set([...stable.keys(), ...candidate.keys()])].sort((a, b) => a - b);
  let [below, ties, rankSum, n0, n1] = [0, 0, 0, 0, 0];
  for (const bucket of buckets) {
    const [a, b] = [stable.get(bucket) ?? 0, candidate.get(bucket) ?? 0];
    rankSum += b * (below + (a + b + 1) / 2);
    below += a + b;
    ties += (a + b) ** 3 - (a + b);
    [n0, n1] = [n0 + a, n1 + b];
  }
  if (n0 === 0 || n1 === 0) return 1;
  const u = rankSum - (n1 * (n1 + 1)) / 2 - (n0 * n1) / 2;
  const variance = ((n0 * n1) / 12) * (below + 1 - ties / (below * (below - 1)));
  return variance > 0 ? normalAbove((u - 0.5) / Math.sqrt(variance)) : 1;
}

/** Chance of a standard normal above z, to about 1e-7. Source: Abramowitz & Stegun 1964, 26.2.17. */
export function normalAbove(z: number): number {
  if (z < 0) return 1 - normalAbove(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const poly = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
}
