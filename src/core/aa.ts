// A/A: a version compared with itself, which shows what the judge makes of luck and of instances that are never alike. Pure.
import { type Evidence, verdictIn } from './evidence.ts';
import { LATENCY_FLOOR_MS, TOLERANCE_PERCENT, WARM_UP_SECONDS } from './judge/rules.ts';
import type { Release } from './release.ts';
import { formatDuration } from './time.ts';
import { type ArmCount, type Cell, failuresOf, type Histogram, quantile } from './traffic.ts';

/** What was seen of one arm, without the first seconds. */
export type SelfArm = { readonly requests: number; readonly failures: number; readonly latency: Histogram };

export type SelfComparison = {
  /** The second from which on it counts: caches are cold before; null before the first request. */
  readonly from: number | null;
  readonly stable: SelfArm;
  readonly candidate: SelfArm;
  /** Highest ln of the odds so far, by metric, and `all` for the release. */
  readonly peaks: Readonly<Record<string, number>>;
};

const NOTHING: SelfArm = { requests: 0, failures: 0, latency: [] };
const BEGIN: SelfComparison = { from: null, stable: NOTHING, candidate: NOTHING, peaks: {} };

/** Evidence with what an A/A comparison shows beside the judge; of other releases as it is. `cells` are those just taken in. */
export function withSelf(evidence: Evidence, release: Release, cells: readonly Cell[]): Evidence {
  if (release.purpose !== 'aa') return evidence;
  const rivals = cells.filter(
    ({ service, stable, candidate }) =>
      service === release.service && stable?.version === release.from && candidate?.version === release.version,
  );
  const counted = rivals.reduce(absorbSelf, evidence.self ?? BEGIN);
  const receipt = verdictIn(evidence)?.receipt;
  const seen = receipt
    ? [['all', receipt.lnE] as const, ...receipt.metrics.map((one) => [one.metric, one.lnE] as const)]
    : [];
  const peaks = { ...counted.peaks };
  for (const [name, lnE] of seen) peaks[name] = Math.max(peaks[name] ?? 0, lnE);
  return { ...evidence, self: { ...counted, peaks } };
}

function absorbSelf(self: SelfComparison, { tick, stable, candidate }: Cell): SelfComparison {
  const isServed = (candidate?.requests ?? 0) > 0;
  const from = self.from ?? (isServed ? tick + WARM_UP_SECONDS : null);
  if (from === null || tick < from) return { ...self, from };
  return { ...self, from, stable: plus(self.stable, stable), candidate: plus(self.candidate, candidate) };
}

function plus(sum: SelfArm, arm: ArmCount | null): SelfArm {
  if (arm === null) return sum;
  const counts = new Map(sum.latency);
  for (const [bucket, count] of arm.latency) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  return {
    requests: sum.requests + arm.requests,
    failures: sum.failures + failuresOf(arm),
    latency: [...counts].sort(([one], [other]) => one - other),
  };
}

/** How far apart the same code is at one quantile. */
export type SelfQuantile = {
  readonly quantile: 'p50' | 'p95' | 'p99';
  readonly stableMs: number | null;
  readonly candidateMs: number | null;
  /** The slower one takes so many percent longer; null without requests. */
  readonly percent: number | null;
  /** The judge overlooks it. */
  readonly isTolerated: boolean;
};

export type SelfFindings = {
  readonly requests: { readonly stable: number; readonly candidate: number };
  /** 0 to 1; null without requests. */
  readonly errors: { readonly stable: number | null; readonly candidate: number | null };
  readonly quantiles: readonly SelfQuantile[];
  readonly tolerancePercent: number;
  readonly toleranceMs: number;
};

/** What the comparison has shown of the instances; requests of its first seconds do not count. */
export function selfFindings({ stable, candidate }: SelfComparison): SelfFindings {
  const rate = ({ requests, failures }: SelfArm) => (requests === 0 ? null : failures / requests);
  return {
    requests: { stable: stable.requests, candidate: candidate.requests },
    errors: { stable: rate(stable), candidate: rate(candidate) },
    quantiles: (
      [
        ['p50', 0.5],
        ['p95', 0.95],
        ['p99', 0.99],
      ] as const
    ).map(([name, share]) => {
      const [a, b] = [quantile(stable.latency, share), quantile(candidate.latency, share)];
      if (a === null || b === null) {
        return { quantile: name, stableMs: a, candidateMs: b, percent: null, isTolerated: true };
      }
      const percent = 100 * (Math.max(a, b) / Math.min(a, b) - 1);
      const isTolerated = percent <= TOLERANCE_PERCENT || Math.abs(a - b) <= LATENCY_FLOOR_MS;
      return { quantile: name, stableMs: a, candidateMs: b, percent, isTolerated };
    }),
    tolerancePercent: TOLERANCE_PERCENT,
    toleranceMs: LATENCY_FLOOR_MS,
  };
}

/** `p50 by 0.4%, p95 by 2.1%, p99 by 6%`; empty without requests. */
export function differenceWords({ quantiles }: SelfFindings): string {
  return quantiles
    .filter(({ percent }) => percent !== null)
    .map(({ quantile: name, percent }) => `${name} by ${Number((percent ?? 0).toFixed(1))}%`)
    .join(', ');
}

/** Why an A/A comparison that ran to its end is taken back. */
export function selfSentence(release: Release, { self }: Evidence, odds: string): string {
  const { service, from, version, steps } = release;
  const lasted = formatDuration(steps[0]?.bakeMs ?? 0);
  const differs = self ? differenceWords(selfFindings(self)) : '';
  const found =
    differs === ''
      ? 'no requests to compare'
      : `the odds went up to ${odds}; its instances differ in ${differs}; the tolerance is ${TOLERANCE_PERCENT}%, or ${LATENCY_FLOOR_MS} ms`;
  return `A/A of ${service} is over after ${lasted}, v${version} being the code of v${from}: ${found}.`;
}
