// Certificates: the evidence that a metric is not worse than its margin. Pure.
import { absorbB, bestStake, gainB, type Line, lnEOfB, startB } from './engineB.ts';
import { type Counts, gainsF, NON_INFERIOR_ODDS } from './engineF.ts';
import { gainsP, RATIOS_BELOW } from './engineP.ts';
import { addRoundedDown, logMean, logSumExp } from './logs.ts';

/**
 * ln of the evidence of each bet. `tuned` is one bet more, with a stake that is chosen anew before each stratum: the one
 * that wins most if both versions are equal, going by stable's past.
 */
export type Safety =
  | { readonly type: 'F' | 'B'; readonly lnL: readonly number[]; readonly tuned: number }
  | { readonly type: 'P'; readonly lnL: readonly number[] };

/** Part of the purse on the tuned bet; the rest is on fixed stakes, for candidates that differ but are within the margin. */
export const TUNED_SHARE = 0.75;

/** Of errors: engine B against a line. */
export function startErrorSafety(line: Line): Safety {
  return { type: 'B', lnL: startB(line), tuned: 0 };
}

/** Of latency: engine F on requests, engine P on sticky clients, against "as many beyond the margin as stable's beyond the limit". */
export function startLatencySafety(isSticky: boolean): Safety {
  if (isSticky) return { type: 'P', lnL: RATIOS_BELOW.map(() => 0) };
  return { type: 'F', lnL: NON_INFERIOR_ODDS.map(() => 0), tuned: 0 };
}

export function lnEOfSafety(safety: Safety): number {
  if (safety.type === 'P') return logMean(safety.lnL);
  const fixed = safety.type === 'B' ? lnEOfB(safety.lnL) : logMean(safety.lnL);
  return logSumExp([Math.log(TUNED_SHARE) + safety.tuned, Math.log(1 - TUNED_SHARE) + fixed]);
}

/** Takes in a stratum of requests. `guess` is stable's rate of failures as guessed before the stratum. */
export function absorbErrorCounts(safety: Safety, line: Line, counts: Counts, guess: number): Safety {
  if (safety.type !== 'B') return safety;
  const stake = bestStake(line, guess, counts.n0, counts.n1);
  return {
    type: 'B',
    lnL: absorbB(safety.lnL, line, counts, guess),
    tuned: safety.tuned + (stake > 0 ? gainB(line, stake, counts, guess) : 0),
  };
}

/** Takes in the slow ones of a stratum. `odds`, below 1, are those of an equal candidate, as expected before the stratum. */
export function absorbSlowCounts(safety: Safety, counts: Counts, odds: number): Safety {
  if (safety.type === 'B') return safety;
  if (safety.type === 'P') {
    const gains = gainsP(counts, RATIOS_BELOW);
    return gains ? { type: 'P', lnL: addRoundedDown(safety.lnL, gains) } : safety;
  }
  const gains = gainsF(counts, [odds, ...NON_INFERIOR_ODDS]);
  if (gains === null) return safety;
  const [tuned = 0, ...fixed] = gains;
  return { type: 'F', lnL: addRoundedDown(safety.lnL, fixed), tuned: safety.tuned + tuned };
}
