// Engine P: how strongly events say that their rate is higher, or lower, in the candidate's share. Pure.
import type { Counts } from './engineF.ts';
import { logMean } from './logs.ts';

/** Evidence so far: ln of the partial likelihood at each rate ratio 2^(i/4), i = -24 to 40. */
export type RatioState = { readonly lnL: readonly number[] };

const LOWEST = -24;
const HIGHEST = 40;

/** Rate ratios (candidate over stable) from 1/64 to 1024. */
export const RATIOS: readonly number[] = Array.from(
  { length: HIGHEST - LOWEST + 1 },
  (_, i) => 2 ** ((i + LOWEST) / 4),
);

/** Those at which the candidate is worse, and those at which it is better. */
export const RATIOS_ABOVE: readonly number[] = RATIOS.filter((ratio) => ratio > 1);
export const RATIOS_BELOW: readonly number[] = RATIOS.filter((ratio) => ratio < 1);

export function startP(): RatioState {
  return { lnL: RATIOS.map(() => 0) };
}

/**
 * Multiplies one stratum in. Order does not matter. `n0` and `n1` are exposures and need not be whole: for sticky clients
 * the two shares of traffic, with x the clients whose first failure this is.
 *
 * Source: Cox 1975, partial likelihood; as an e-process Lindon & Malek 2022 (arXiv 2011.03567), here with exposures that
 * may change from stratum to stratum: L(rho) += x1 ln rho - m ln((rho n1 + n0) / N).
 */
export function absorbP(state: RatioState, counts: Counts): RatioState {
  const gains = gainsP(counts, RATIOS);
  return gains ? { lnL: state.lnL.map((lnL, j) => lnL + (gains[j] ?? 0)) } : state;
}

/** ln of what one stratum multiplies the evidence for each rate ratio by; null when it changes nothing. */
export function gainsP({ n0, x0, n1, x1 }: Counts, ratios: readonly number[]): readonly number[] | null {
  const m = x0 + x1;
  if (m === 0) return null;
  return ratios.map((rho) => x1 * Math.log(rho) - m * Math.log((rho * n1 + n0) / (n0 + n1)));
}

/**
 * ln of the e-value against "the ratio is at most `rho0`" (`above`) or "at least `rho0`" (`below`): the even mixture over
 * the ratios beyond. `rho0` is taken to the nearest 2^(i/4); -Infinity when no ratio is beyond it.
 */
export function lnEOfP(state: RatioState, rho0: number, side: 'above' | 'below'): number {
  const null0 = Math.round(4 * Math.log2(rho0)) - LOWEST;
  const beyond = side === 'above' ? state.lnL.slice(null0 + 1) : state.lnL.slice(0, Math.max(0, null0));
  if (beyond.length === 0) return -Infinity;
  return logMean(beyond) - (state.lnL[null0] ?? 0);
}
