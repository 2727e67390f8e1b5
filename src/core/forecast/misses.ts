// Why a plan does not find a regression, and how long a comparison would take to. Pure.
import { ROLLBACK_ODDS } from '../judge/engineF.ts';
import { toleratedBucket } from '../judge/latency.ts';
import { FAIL_LN_E, type JudgeParams, marginsIn, sharesOf } from '../judge/rules.ts';
import type { Histogram } from '../traffic.ts';
import { bucketsLonger } from './latencies.ts';
import type { Regression } from './regressions.ts';
import type { Usual } from './usual.ts';

export type Miss = {
  /**
   * `unjudged`: the judge does not look at latency. `clients`: each client of a sticky service counts once. `tolerated`: it is
   * within what a candidate gets for free. `evidence`: there is too little.
   */
  readonly reason: 'unjudged' | 'clients' | 'tolerated' | 'evidence';
  /** Seconds of comparing at `weight` that would find it more often than not; null where that cannot be told. */
  readonly neededSeconds: number | null;
  /** The highest weight below 100 of the plan, percent, and how long the plan compares at it. */
  readonly weight: number;
  readonly comparedSeconds: number;
};

type Begun = { readonly weight: number; readonly seconds: number };

/** `weights` are those of a good version, `params` those of the judge. */
export function missOf(regression: Regression, usual: Usual, weights: readonly Begun[], params: JudgeParams): Miss {
  const about = highest(weights);
  if (regression.kind === 'latency' && marginsIn(params).latency.length === 0)
    return { reason: 'unjudged', neededSeconds: null, ...about };
  if (usual.clients !== null) return { reason: 'clients', neededSeconds: null, ...about };
  const seconds = secondsToFind(regression, usual, about.weight, params);
  const reason = evidenceOf(regression, usual, about.weight, params) === 0 ? 'tolerated' : 'evidence';
  return { reason, neededSeconds: seconds, ...about };
}

function highest(weights: readonly Begun[]): Pick<Miss, 'weight' | 'comparedSeconds'> {
  const last = weights.findLastIndex((one) => one.weight < 100);
  const begin = weights[last];
  if (begin === undefined) return { weight: 50, comparedSeconds: 0 };
  const end = weights[last + 1];
  return { weight: begin.weight, comparedSeconds: end ? end.seconds - begin.seconds : 0 };
}

const WEEK_SECONDS = 7 * 86_400;

/** Seconds at `weight` (percent) until the metric that shows it best is expected to reach the limit by itself; null when that is longer than a week. */
export function secondsToFind(
  regression: Regression,
  usual: Usual,
  weight: number,
  params: JudgeParams,
): number | null {
  const seconds = 1 / (evidenceOf(regression, usual, weight, params) * usual.rate);
  return seconds < WEEK_SECONDS ? seconds : null;
}

/** What one request adds, in the mean, to the metric that shows it best, as a part of what that metric needs; 0 where none can show it. */
function evidenceOf(regression: Regression, usual: Usual, weight: number, params: JudgeParams): number {
  const w = weight / 100;
  const shares = sharesOf(params);
  const ofErrors = growth(usual.errorShare, regression.errorShare, w) / neededOf(shares.errors);
  const ofLatency = marginsIn(params).latency.map(({ quantile }) => {
    const [p0, p1] = slowShares(usual.latency, Number(quantile.slice(1)) / 100, regression.slower);
    return growth(p0, p1, w) / neededOf(shares.quantile);
  });
  return Math.max(ofErrors, ...ofLatency);
}

/** ln of the odds that a metric with that share of alpha has to reach, and what the mixture over odds ratios costs. */
function neededOf(share: number): number {
  return FAIL_LN_E - Math.log(share) + Math.log(ROLLBACK_ODDS.length);
}

/**
 * What a request adds to ln E in the mean, when bad requests have share p0 on stable and p1 on the candidate.
 * Source: Kullback & Leibler 1951; for two samples the divergence of each from the rate of both together.
 */
function growth(p0: number, p1: number, w: number): number {
  if (!(p1 > p0) || !(w > 0 && w < 1)) return 0;
  const both = w * p1 + (1 - w) * p0;
  return w * divergence(p1, both) + (1 - w) * divergence(p0, both);
}

function divergence(p: number, q: number): number {
  const part = (a: number, b: number) => (a > 0 ? a * Math.log(a / b) : 0);
  return part(p, q) + part(1 - p, 1 - q);
}

/** Shares beyond stable's quantile: of stable, and of the candidate beyond the tolerance. */
function slowShares(latency: Histogram, quantile: number, slower: Regression['slower']): readonly [number, number] {
  const total = latency.reduce((sum, [, count]) => sum + count, 0);
  const beyond = (limit: number) =>
    latency.reduce((sum, [bucket, count]) => (bucket >= limit ? sum + count : sum), 0) / total;
  let seen = 0;
  const edge = latency.find(([, count]) => {
    seen += count;
    return seen >= quantile * total;
  })?.[0];
  const limit = (edge ?? 0) + 1;
  const tolerated = toleratedBucket(limit);
  if (slower === null) return [beyond(limit), beyond(tolerated)];
  const moved = Math.round(bucketsLonger(slower.times));
  return [beyond(limit), slower.share * beyond(tolerated - moved) + (1 - slower.share) * beyond(tolerated)];
}
