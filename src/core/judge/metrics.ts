// The metrics of a release: for each, the evidence that the candidate is worse, and the evidence that it is not. Pure.
import { type Counts, gainsF, ROLLBACK_ODDS } from './engineF.ts';
import { gainsP, RATIOS_ABOVE } from './engineP.ts';
import { addRoundedDown, logMean, logSumExp } from './logs.ts';
import { lnEOfRoute, type RouteState } from './routes.ts';
import {
  errorLine,
  extrasIn,
  type JudgeParams,
  marginsIn,
  type Quantile,
  SAFE_LN_E,
  type Shares,
  sharesOf,
} from './rules.ts';
import {
  absorbErrorCounts,
  absorbSlowCounts,
  lnEOfSafety,
  type Safety,
  startErrorSafety,
  startLatencySafety,
} from './safety.ts';
import type { Stratum } from './strata.ts';

export type MetricName = 'errors' | Quantile | 'client_errors';

/** Evidence that the candidate is worse: ln of each bet of engine F, or for sticky clients of engine P. */
type Against = { readonly type: 'F' | 'P'; readonly lnL: readonly number[] };
const GRIDS = { F: ROLLBACK_ODDS, P: RATIOS_ABOVE };

export type MetricState = {
  readonly name: MetricName;
  readonly against: Against;
  /** Evidence that it is not worse than the margin; null where nothing has to be certified. */
  readonly safety: Safety | null;
  /** The certificate "not worse"; once obtained it stays. */
  readonly isSafe: boolean;
  /** What the evidence against rests on; for sticky clients only bad events, without requests. */
  readonly seen: Counts;
  /** What the evidence of safety rests on. */
  readonly seenForSafety: Counts;
};

const NO_COUNTS: Counts = { n0: 0, x0: 0, n1: 0, x1: 0 };

/** Errors first, then the quantiles as the margins name them, then answers of 4xx if they are judged. */
export function startMetrics(params: JudgeParams): readonly MetricState[] {
  const rest = { isSafe: false, seen: NO_COUNTS, seenForSafety: NO_COUNTS };
  const type = params.isSticky ? 'P' : 'F';
  const against = (): Against => ({ type, lnL: GRIDS[type].map(() => 0) });
  const latency = marginsIn(params).latency.map(
    ({ quantile }): MetricState => ({
      name: quantile,
      against: against(),
      safety: startLatencySafety(params.isSticky),
      ...rest,
    }),
  );
  const errors: MetricState = {
    name: 'errors',
    against: against(),
    safety: startErrorSafety(errorLine(params)),
    ...rest,
  };
  const clientErrors: MetricState = { name: 'client_errors', against: against(), safety: null, ...rest };
  return [errors, ...latency, ...(extrasIn(params).clientErrors ? [clientErrors] : [])];
}

/** ln of the odds that the candidate is worse in this metric. */
export function lnAgainst({ against }: MetricState): number {
  return logMean(against.lnL);
}

/** ln of the odds that the candidate is not worse than the margin of this metric; null where nothing is certified. */
export function lnSafety({ safety }: MetricState): number | null {
  return safety && lnEOfSafety(safety);
}

/** Share of alpha of a metric. */
export function shareOf(name: MetricName, { errors, quantile, clientErrors }: Shares): number {
  if (name === 'errors') return errors;
  return name === 'client_errors' ? clientErrors : quantile;
}

/**
 * ln of the odds that the candidate is worse in any metric or on any route: the weighted mean, an e-process however they
 * depend on each other, since all of them rest on the same strata. Source: Vovk & Wang 2021, merging e-values.
 */
export function lnEOfAll(metrics: readonly MetricState[], routes: readonly RouteState[], params: JudgeParams): number {
  const shares = sharesOf(params);
  const ofRoute = Math.log(shares.route);
  return logSumExp([
    ...metrics.map((metric) => Math.log(shareOf(metric.name, shares)) + lnAgainst(metric)),
    ...routes.map((route) => ofRoute + lnEOfRoute(route)),
  ]);
}

/** Takes one closed stratum into the evidence against, and except for sticky clients' errors into that of safety. */
export function absorbStratum(
  metrics: readonly MetricState[],
  stratum: Stratum,
  guess: number,
  params: JudgeParams,
): readonly MetricState[] {
  return metrics.map((metric, i) => {
    if (i === 0) {
      const seen = against(metric, stratum, [stratum.x0, stratum.x1]);
      return params.isSticky ? seen : absorbErrorSafety(seen, stratum, guess, params);
    }
    if (metric.name === 'client_errors') {
      return stratum.clientErrors ? against(metric, stratum, stratum.clientErrors) : metric;
    }
    const slow = stratum.slow?.[i - 1];
    const odds = stratum.limits?.[i - 1]?.odds ?? 1;
    return slow ? safe(against(metric, stratum, slow.against), stratum, slow.safety, odds) : metric;
  });
}

/** Takes a stratum of requests, for sticky services of clients' first requests, into the certificate of errors. */
export function absorbErrorSafety(
  metric: MetricState,
  counts: Counts,
  guess: number,
  params: JudgeParams,
): MetricState {
  if (metric.safety === null) return metric;
  const safety = absorbErrorCounts(metric.safety, errorLine(params), counts, guess);
  return certified({ ...metric, safety, seenForSafety: plus(metric.seenForSafety, counts) });
}

function against(metric: MetricState, stratum: Stratum, bad: readonly [number, number]): MetricState {
  const { type, lnL } = metric.against;
  const counts = exposed(type, stratum, bad);
  const gains = (type === 'F' ? gainsF : gainsP)(counts, GRIDS[type]);
  const next = gains ? { type, lnL: addRoundedDown(lnL, gains) } : metric.against;
  return { ...metric, against: next, seen: plus(metric.seen, counts) };
}

function safe(metric: MetricState, stratum: Stratum, bad: readonly [number, number], odds: number): MetricState {
  if (metric.safety === null) return metric;
  const counts = exposed(metric.safety.type, stratum, bad);
  const safety = absorbSlowCounts(metric.safety, counts, odds);
  return certified({ ...metric, safety, seenForSafety: plus(metric.seenForSafety, counts) });
}

/** A sticky client falls to the candidate with the chance that is its weight, whatever the requests. */
function exposed(type: 'F' | 'P' | 'B', { n0, n1, weight }: Stratum, [x0, x1]: readonly [number, number]): Counts {
  return type === 'P' ? { n0: 1 - weight / 100, x0, n1: weight / 100, x1 } : { n0, x0, n1, x1 };
}

function certified(metric: MetricState): MetricState {
  return metric.isSafe || (lnSafety(metric) ?? 0) < SAFE_LN_E ? metric : { ...metric, isSafe: true };
}

function plus(sum: Counts, { n0, x0, n1, x1 }: Counts): Counts {
  return { n0: sum.n0 + n0, x0: sum.x0 + x0, n1: sum.n1 + n1, x1: sum.x1 + x1 };
}
