// The metrics of a release: for each, the evidence that the candidate is worse, and the evidence that it is not. Pure.
import { absorbB, type LineState, lnEOfB, startB } from './engineB.ts';
import { absorbF, type Counts, type FisherState, lnEOfF, NON_INFERIOR_ODDS, ROLLBACK_ODDS, startF } from './engineF.ts';
import { absorbP, lnEOfP, type RatioState, startP } from './engineP.ts';
import { logSumExp } from './logs.ts';
import { ERRORS_SHARE, errorLine, type JudgeParams, marginsIn, type Quantile, SAFE_LN_E } from './rules.ts';
import type { Stratum } from './strata.ts';

export type MetricName = 'errors' | Quantile;

type Engine =
  | { readonly type: 'F'; readonly state: FisherState }
  | { readonly type: 'P'; readonly state: RatioState }
  | { readonly type: 'B'; readonly state: LineState };

export type MetricState = {
  readonly name: MetricName;
  /** Evidence that the candidate is worse. */
  readonly against: Engine;
  /** Evidence that it is not worse than the margin. */
  readonly safety: Engine;
  /** The certificate "not worse"; once obtained it stays. */
  readonly isSafe: boolean;
  /** What the evidence against rests on; for sticky clients only bad events, without requests. */
  readonly seen: Counts;
  /** What the evidence of safety rests on. */
  readonly seenForSafety: Counts;
};

const NO_COUNTS: Counts = { n0: 0, x0: 0, n1: 0, x1: 0 };

/** Errors first, then the quantiles as the margins name them. */
export function startMetrics(params: JudgeParams): readonly MetricState[] {
  const rest = { isSafe: false, seen: NO_COUNTS, seenForSafety: NO_COUNTS };
  const against = (): Engine =>
    params.isSticky ? { type: 'P', state: startP() } : { type: 'F', state: startF(ROLLBACK_ODDS) };
  const latency = marginsIn(params).latency.map(({ quantile }): MetricState => {
    const safety: Engine = params.isSticky ? against() : { type: 'F', state: startF(NON_INFERIOR_ODDS) };
    return { name: quantile, against: against(), safety, ...rest };
  });
  const errors: Engine = { type: 'B', state: startB(errorLine(params)) };
  return [{ name: 'errors', against: against(), safety: errors, ...rest }, ...latency];
}

/** ln of the odds that the candidate is worse in this metric. */
export function lnAgainst({ against }: MetricState): number {
  return lnEOf(against, 'above');
}

/** ln of the odds that the candidate is not worse than the margin of this metric. */
export function lnSafety({ safety }: MetricState): number {
  return lnEOf(safety, 'below');
}

function lnEOf(engine: Engine, side: 'above' | 'below'): number {
  if (engine.type === 'F') return lnEOfF(engine.state);
  return engine.type === 'B' ? lnEOfB(engine.state) : lnEOfP(engine.state, 1, side);
}

/** Share of alpha of each metric; together 1. */
export function shareOf(name: MetricName, metrics: readonly MetricState[]): number {
  const quantiles = metrics.length - 1;
  if (name === 'errors') return quantiles === 0 ? 1 : ERRORS_SHARE;
  return (1 - ERRORS_SHARE) / quantiles;
}

/** What a metric adds to the odds of the release: its share times its own odds, as ln. */
export function lnPart(metric: MetricState, metrics: readonly MetricState[]): number {
  return Math.log(shareOf(metric.name, metrics)) + lnAgainst(metric);
}

/**
 * ln of the odds that the candidate is worse in any metric: the weighted mean, an e-process however the metrics depend on
 * each other. Source: Vovk & Wang 2021, merging e-values.
 */
export function lnEOfAll(metrics: readonly MetricState[]): number {
  return logSumExp(metrics.map((metric) => lnPart(metric, metrics)));
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
    const slow = stratum.slow?.[i - 1];
    return slow ? safe(against(metric, stratum, slow.against), stratum, slow.safety) : metric;
  });
}

/** Takes a stratum of requests, for sticky services of clients' first requests, into the certificate of errors. */
export function absorbErrorSafety(
  metric: MetricState,
  counts: Counts,
  guess: number,
  params: JudgeParams,
): MetricState {
  if (metric.safety.type !== 'B') return metric;
  const state = absorbB(metric.safety.state, errorLine(params), counts, guess);
  return certified({ ...metric, safety: { type: 'B', state }, seenForSafety: plus(metric.seenForSafety, counts) });
}

function against(metric: MetricState, stratum: Stratum, bad: readonly [number, number]): MetricState {
  const counts = exposed(metric.against, stratum, bad);
  return { ...metric, against: turned(metric.against, counts), seen: plus(metric.seen, counts) };
}

function safe(metric: MetricState, stratum: Stratum, bad: readonly [number, number]): MetricState {
  const counts = exposed(metric.safety, stratum, bad);
  return certified({
    ...metric,
    safety: turned(metric.safety, counts),
    seenForSafety: plus(metric.seenForSafety, counts),
  });
}

/** A sticky client falls to the candidate with the chance that is its weight, whatever the requests. */
function exposed(engine: Engine, { n0, n1, weight }: Stratum, [x0, x1]: readonly [number, number]): Counts {
  return engine.type === 'P' ? { n0: 1 - weight / 100, x0, n1: weight / 100, x1 } : { n0, x0, n1, x1 };
}

function turned(engine: Engine, counts: Counts): Engine {
  if (engine.type === 'F') return { type: 'F', state: absorbF(engine.state, counts) };
  return engine.type === 'P' ? { type: 'P', state: absorbP(engine.state, counts) } : engine;
}

function certified(metric: MetricState): MetricState {
  return metric.isSafe || lnSafety(metric) < SAFE_LN_E ? metric : { ...metric, isSafe: true };
}

function plus(sum: Counts, { n0, x0, n1, x1 }: Counts): Counts {
  return { n0: sum.n0 + n0, x0: sum.x0 + x0, n1: sum.n1 + n1, x1: sum.x1 + x1 };
}
