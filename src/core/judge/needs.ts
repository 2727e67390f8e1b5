// How many more candidate requests a verdict takes, as far as the evidence lets it be told. Pure.
import { bestStake, growthOfEqual, rateOf } from './engineB.ts';
import { lnSafety, type MetricState } from './metrics.ts';
import { errorLine, type JudgeParams, SAFE_LN_E } from './rules.ts';
import { TUNED_SHARE } from './safety.ts';

/** Below this, a trend is mostly luck. */
const TREND_LN_E = 1;

/**
 * About how many candidate requests (clients, for sticky services) until every metric is safe: as fast as until now, or
 * for a candidate that fails as often as stable while there is no trend yet. 0 when all are safe; at least 1 otherwise.
 */
export function requestsUntilSafe(metrics: readonly MetricState[], params: JudgeParams, weight: number): number {
  const open = metrics.filter((metric) => metric.safety !== null && !metric.isSafe);
  // Latency of a sticky service counts first slow requests by the second; how many clients that took, the errors know.
  const clients = params.isSticky ? (metrics[0]?.seenForSafety.n1 ?? 0) : null;
  return open.reduce((most, metric) => {
    return Math.max(most, untilSafe(metric, params, weight, clients ?? metric.seenForSafety.n1));
  }, 0);
}

/** `n1`: what its evidence took of the candidate's requests or clients. */
function untilSafe(metric: MetricState, params: JudgeParams, weight: number, n1: number): number {
  const lnE = lnSafety(metric) ?? 0;
  const { n0, x0 } = metric.seenForSafety;
  const missing = SAFE_LN_E - lnE;
  if (lnE > TREND_LN_E && n1 >= 1) return roundUp((missing * n1) / lnE);
  if (metric.name === 'errors')
    return roundUp(equalUntilSafe(params, rateOf({ requests: n0, failures: x0 }), weight, missing));
  return roundUp(Math.max(n1, LEAST_FOR_LATENCY));
}

/** So many requests are seldom enough for a certificate of latency. */
const LEAST_FOR_LATENCY = 300;

/** What the tuned stake is behind for its share of the purse, as ln. */
const MIXING = -Math.log(TUNED_SHARE);

/** Requests that the best stake of engine B takes to win `lnE` while both versions fail at `rate`. */
function equalUntilSafe(params: JudgeParams, rate: number, weight: number, lnE: number): number {
  const line = errorLine(params);
  const n0 = weight > 0 && weight < 100 ? (100 - weight) / weight : 1;
  const best = growthOfEqual(line, bestStake(line, rate, n0, 1), rate, n0, 1);
  return best > 0 ? (lnE + MIXING) / best : LEAST_FOR_LATENCY;
}

/** Two digits are as much as such a forecast knows. */
function roundUp(requests: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, requests))) - 1);
  return Math.max(1, Math.ceil(requests / step) * step);
}
