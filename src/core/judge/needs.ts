// How many more candidate requests a verdict takes, as far as the evidence lets it be told. Pure.
import { rateOf } from './engineB.ts';
import { lnSafety, type MetricState } from './metrics.ts';
import { errorLine, type JudgeParams, SAFE_LN_E } from './rules.ts';

/** Below this, a trend is mostly luck. */
const TREND_LN_E = 1;

/**
 * About how many candidate requests (clients, for sticky services) until every metric is safe: as fast as until now, or
 * for a candidate that fails as often as stable while there is no trend yet. 0 when all are safe; at least 1 otherwise.
 */
export function requestsUntilSafe(metrics: readonly MetricState[], params: JudgeParams, weight: number): number {
  const open = metrics.filter((metric) => metric.safety !== null && !metric.isSafe);
  return open.reduce((most, metric) => Math.max(most, untilSafe(metric, params, weight)), 0);
}

function untilSafe(metric: MetricState, params: JudgeParams, weight: number): number {
  const lnE = lnSafety(metric) ?? 0;
  const { n0, x0, n1 } = metric.seenForSafety;
  const missing = SAFE_LN_E - lnE;
  if (lnE > TREND_LN_E && n1 >= 1) return roundUp((missing * n1) / lnE);
  if (metric.name === 'errors')
    return roundUp(equalUntilSafe(params, rateOf({ requests: n0, failures: x0 }), weight, missing));
  return roundUp(Math.max(n1, LEAST_FOR_LATENCY));
}

/** So many requests are seldom enough for a certificate of latency. */
const LEAST_FOR_LATENCY = 300;

/**
 * Requests that the best stake of engine B takes to win `lnE` while both versions fail at `rate`, plus what the mixture
 * over the stakes costs.
 */
function equalUntilSafe(params: JudgeParams, rate: number, weight: number, lnE: number): number {
  const line = errorLine(params);
  const q = Math.min(rate, 0.95, (0.999 * (1 - line.delta)) / line.ratio);
  const n0 = weight > 0 && weight < 100 ? (100 - weight) / weight : 1;
  const gains = line.stakes.map((stake) => {
    const u = 1 - (line.ratio * q + line.delta) * stake;
    const k = (-line.ratio * stake) / u;
    if (!(u > 0) || !(n0 + k * q > 0) || stake >= 1) return 0;
    const b = k / (n0 + k * q);
    return rate * Math.log1p(-stake) + n0 * rate * Math.log1p(-b) - Math.log(u) - n0 * Math.log1p(-q * b);
  });
  const best = Math.max(...gains);
  return best > 0 ? (lnE + Math.log(line.stakes.length)) / best : LEAST_FOR_LATENCY;
}

/** Two digits are as much as such a forecast knows. */
function roundUp(requests: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, requests))) - 1);
  return Math.max(1, Math.ceil(requests / step) * step);
}
