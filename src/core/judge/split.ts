// Engine S: whether requests fall to the arms as they were asked to; a diagnosis, never a reason to roll back. Pure.
import { logGamma } from './logs.ts';

/** Counts of the newest epoch, and the evidence of the epochs before it. */
export type SplitState = {
  readonly epoch: number;
  /** The candidate's share in percent. */
  readonly weight: number;
  readonly counts: readonly [stable: number, candidate: number];
  readonly lnBefore: number;
  /** ln of the odds at which the split was first found wrong; stays. */
  readonly mismatch: number | null;
};

/** Chance that a right split is ever called wrong. */
export const SPLIT_ALPHA = 0.001;
/** How closely a split is expected to meet its weight: so many requests' worth. */
const CONCENTRATION = 100;

export function startSplit(): SplitState {
  return { epoch: -1, weight: 0, counts: [0, 0], lnBefore: 0, mismatch: null };
}

/** Adds requests of one epoch, in order of epochs. Weights of 0 and 100 % leave no choice and say nothing. */
export function absorbSplit(
  state: SplitState,
  epoch: number,
  weight: number,
  counts: readonly [number, number],
): SplitState {
  if (epoch < state.epoch || weight <= 0 || weight >= 100) return state;
  const isNew = epoch > state.epoch || weight !== state.weight;
  const [n0, n1] = isNew ? [0, 0] : state.counts;
  const next: SplitState = {
    epoch,
    weight,
    counts: [n0 + counts[0], n1 + counts[1]],
    lnBefore: isNew ? lnEOfSplit(state) : state.lnBefore,
    mismatch: state.mismatch,
  };
  const lnE = lnEOfSplit(next);
  return next.mismatch === null && lnE >= -Math.log(SPLIT_ALPHA) ? { ...next, mismatch: lnE } : next;
}

/** ln of the odds that the split is not the one that was asked for. */
export function lnEOfSplit({ weight, counts, lnBefore }: SplitState): number {
  if (counts[0] + counts[1] === 0) return lnBefore;
  return lnBefore + lnEOfCounts(counts, [1 - weight / 100, weight / 100]);
}

/**
 * ln of the odds against the shares `theta` (above 0, together 1) after these counts, with a Dirichlet prior around them.
 * Source: Lindon & Malek 2022 (arXiv 2011.03567), multinomial e-process.
 */
export function lnEOfCounts(
  counts: readonly number[],
  theta: readonly number[],
  prior: readonly number[] = theta.map((share) => CONCENTRATION * share),
): number {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const whole = sum(prior);
  return counts.reduce(
    (lnE, count, i) => {
      const [a, share] = [prior[i] ?? 1, theta[i] ?? 1];
      return lnE + logGamma(a + count) - logGamma(a) - count * Math.log(share);
    },
    logGamma(whole) - logGamma(whole + sum(counts)),
  );
}
