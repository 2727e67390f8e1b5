// Kayenta's NetflixACAJudge, re-stated from its sources: a canary against a baseline of its size, in points of a minute.
import type { Policy, Run, Word } from './policy.ts';
import { addTo, quantileMs } from './statistics.ts';
import type { Arm, Second } from './traffic.ts';

/** 98 % two-sided. */
const Z = 2.3263478740408408;
const TOLERANCE = 0.25;
/** Its root finder stops so close to a root. */
const ROOT_TOLERANCE = 1e-4;

/** Location shift of `x` against `y` with its interval, by inverting the rank test (normal, continuity, ties), as R does. */
export function shiftOf(x: readonly number[], y: readonly number[]): { low: number; high: number; estimate: number } {
  const bottom = Math.min(...x) - Math.max(...y);
  const top = Math.max(...x) - Math.min(...y);
  /** Between two shifts of which the first is above the quantile and the second is not, or with `atLeast` below it. */
  const root = (quantile: number, atLeast = false) => {
    let [from, to] = [bottom, top];
    while (to - from > ROOT_TOLERANCE) {
      const middle = (from + to) / 2;
      const value = standardised(x, y, middle);
      if (value > quantile || (atLeast && value === quantile)) from = middle;
      else to = middle;
    }
    return (from + to) / 2;
  };
  return { low: root(Z), high: root(-Z), estimate: (root(0) + root(0, true)) / 2 };
}

function standardised(x: readonly number[], y: readonly number[], shift: number): number {
  const all = [...x.map((value) => [value - shift, 1] as const), ...y.map((value) => [value, 0] as const)];
  all.sort(([a], [b]) => a - b);
  let [rankSum, ties] = [0, 0];
  for (let i = 0; i < all.length; ) {
    let end = i;
    while (end < all.length && all[end]?.[0] === all[i]?.[0]) end += 1;
    for (let k = i; k < end; k += 1) rankSum += (all[k]?.[1] ?? 0) * ((i + end + 1) / 2);
    ties += (end - i) ** 3 - (end - i);
    i = end;
  }
  const [nx, ny, n] = [x.length, y.length, all.length];
  const centred = rankSum - (nx * (nx + 1)) / 2 - (nx * ny) / 2;
  const sigma = Math.sqrt(((nx * ny) / 12) * (n + 1 - ties / (n * (n - 1))));
  return sigma > 0 ? (centred - 0.5 * Math.sign(centred)) / sigma : 0;
}

/** Whether a metric of the canary is High: up by more than a quarter of the estimated shift, 98 % sure, and in the mean. */
export function isHigh(canary: readonly number[], baseline: readonly number[]): boolean {
  if (canary.length === 0 || baseline.length === 0) return false;
  if (new Set([...canary, ...baseline]).size === 1) return false;
  const { low, estimate } = shiftOf(canary, baseline);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const ratio = mean(baseline) === 0 || mean(canary) === 0 ? 1 : mean(canary) / mean(baseline);
  // Closer to 0 than its root finder stops, its verdict is a coin's; here it passes.
  return low > Math.max(ROOT_TOLERANCE, TOLERANCE * Math.abs(estimate)) && ratio >= 1;
}

/** Errors a minute, p50 and p99 of one side, one point a minute. */
class Points {
  readonly errors: number[] = [];
  readonly p50: number[] = [];
  readonly p99: number[] = [];
  private failures = 0;
  private latency = new Map<number, number>();

  add(arm: Arm): void {
    this.failures += arm.failures;
    addTo(this.latency, arm.latency);
  }

  close(): void {
    this.errors.push(this.failures);
    // Points without data are left out, as its default says.
    if (this.latency.size > 0) {
      this.p50.push(quantileMs(this.latency, 0.5));
      this.p99.push(quantileMs(this.latency, 0.99));
    }
    this.failures = 0;
    this.latency = new Map();
  }
}

/** 10 % each for canary and baseline for an hour, judged every 5 minutes on all points; one High of three metrics ends it. */
export const KAYENTA: Policy = {
  name: 'Kayenta',
  start: (): Run => {
    const [canary, baseline] = [new Points(), new Points()];
    const run = {
      weight: 0,
      take(second: Second): Word {
        const now = second.tick + 1;
        if (now === 0) run.weight = 10;
        if (now <= 0) return 'go on';
        canary.add(second.candidate);
        baseline.add(second.baseline);
        if (now % 60 === 0) for (const points of [canary, baseline]) points.close();
        if (now % 300 !== 0) return 'go on';
        if ((['errors', 'p50', 'p99'] as const).some((name) => isHigh(canary[name], baseline[name])))
          return 'roll back';
        return now >= 3600 ? 'promote' : 'go on';
      },
    };
    return run;
  },
};
