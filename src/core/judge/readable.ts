// The rules that a verdict rests on, as people read them: what the hash in the receipt stands for. Pure.
import { ROLLBACK_ODDS } from './engineF.ts';
import { RATIOS } from './engineP.ts';
import { oddsText } from './receipt.ts';
import {
  ALPHA,
  CALM_LN_E,
  extrasIn,
  FAIL_LN_E,
  type JudgeParams,
  LATENCY_FLOOR_MS,
  type Margins,
  marginsIn,
  type PassRule,
  SAFE_LN_E,
  strataRule,
  TOLERANCE_PERCENT,
  WARM_UP_SECONDS,
} from './rules.ts';

export type ReadableRules = {
  readonly minRequests: number;
  readonly passRule: PassRule;
  /** What "not worse" means. */
  readonly margins: Margins;
  /** Whether answers of 4xx are judged, and the routes whose errors are judged by themselves. */
  readonly clientErrors: boolean;
  readonly routes: readonly string[];
  /** Chance that a good release is ever taken back. */
  readonly alpha: number;
  /** Odds at which a release fails, below which it may pass, and at which a metric is safe. */
  readonly failAt: string;
  readonly calmBelow: string;
  readonly safeAt: string;
  /** So much slower costs nothing, and so long the latency of a fresh candidate does not count. */
  readonly tolerancePercent: number;
  readonly toleranceMs: number;
  readonly warmUpSeconds: number;
  /** Seconds of one weight are compared together until the smaller side can expect so many requests, or so long. */
  readonly stratumRequests: number;
  readonly stratumSeconds: number;
  /** The regressions that the bets are on: candidate over stable. */
  readonly ratios: readonly number[];
};

export function readableRules(params: JudgeParams): ReadableRules {
  const { expected, seconds } = strataRule(params);
  return {
    minRequests: params.minRequests,
    passRule: params.passRule ?? 'requests',
    margins: marginsIn(params),
    ...extrasIn(params),
    alpha: ALPHA,
    failAt: oddsText(FAIL_LN_E),
    calmBelow: oddsText(CALM_LN_E),
    safeAt: oddsText(SAFE_LN_E),
    tolerancePercent: TOLERANCE_PERCENT,
    toleranceMs: LATENCY_FLOOR_MS,
    warmUpSeconds: WARM_UP_SECONDS,
    stratumRequests: expected,
    stratumSeconds: seconds,
    ratios: params.isSticky ? RATIOS.filter((ratio) => ratio > 1) : ROLLBACK_ODDS,
  };
}
