// Engine F: how strongly 2x2 counts speak for a candidate that fails more often, given how many failed in all. Pure.
import { logMean } from './logs.ts';

/** Requests and bad requests of both arms over one short time at one weight: 0 stable, 1 candidate. 0 <= x <= n. */
export type Counts = { readonly n0: number; readonly x0: number; readonly n1: number; readonly x1: number };

/** Evidence so far: ln of the likelihood ratio against "no difference", one for each odds ratio. */
export type FisherState = { readonly odds: readonly number[]; readonly lnL: readonly number[] };

/** Odds ratios (candidate over stable) that a rollback looks for. */
export const ROLLBACK_ODDS: readonly number[] = [1.25, 1.5, 2, 3, 4, 6, 10, 20, 50, 200, 1000];
/** Odds ratios that speak against "worse than the margin", once the margin is shifted to 1. */
export const NON_INFERIOR_ODDS: readonly number[] = [1.15, 1.3, 1.5, 2, 3, 5, 10, 50].map((odds) => 1 / odds);

/** Above so many terms a bound in closed form takes the place of the sum. */
const MAX_TERMS = 65_536;
/** A term so much smaller than the largest one changes no digit of their sum. */
const NEGLIGIBLE = 1e-18;

export function startF(odds: readonly number[]): FisherState {
  return { odds, lnL: odds.map(() => 0) };
}

/**
 * Multiplies one stratum in. Order does not matter. Counts whose split is no choice (an arm empty, no or only bad
 * requests) change nothing.
 *
 * Source: Fisher 1935, exact test given the margins; as an e-process with odds ratio psi: L += x1 ln psi - ln M(psi),
 * where M(psi) = sum over k of C(n1,k) C(n0,m-k) / C(N,m) psi^k is the mean of psi^x1 when there is no difference.
 */
export function absorbF(state: FisherState, counts: Counts): FisherState {
  const gains = gainsF(counts, state.odds);
  return gains ? { odds: state.odds, lnL: state.lnL.map((lnL, j) => lnL + at(gains, j)) } : state;
}

/** ln of what one stratum multiplies the evidence for each odds ratio by; null when it changes nothing. */
export function gainsF({ n0, x0, n1, x1 }: Counts, odds: readonly number[]): readonly number[] | null {
  const m = x0 + x1;
  if (n0 === 0 || n1 === 0 || m === 0 || m === n0 + n1) return null;
  const means = logMeans(n0, n1, m, odds);
  return odds.map((psi, j) => x1 * Math.log(psi) - at(means, j));
}

/** ln of the e-value: the even mixture over the odds ratios. Its mean never exceeds 1 while there is no difference. */
export function lnEOfF(state: FisherState): number {
  return logMean(state.lnL);
}

/**
 * ln M(psi) for each odds ratio, for 0 < m < n0 + n1 and both arms used. With more than 65,536 terms a slightly larger
 * value, which keeps the e-value valid. Source of the bounds: Hoeffding 1963, theorem 4 (drawing without replacement is
 * no larger in convex order than drawing with it).
 */
export function logMeans(n0: number, n1: number, m: number, odds: readonly number[]): readonly number[] {
  const first = Math.max(0, m - n0);
  const last = Math.min(m, n1);
  if (last - first + 1 > MAX_TERMS) {
    const total = n0 + n1;
    return odds.map((psi) =>
      Math.min(m * Math.log1p((n1 / total) * (psi - 1)), n1 * Math.log1p((m / total) * (psi - 1))),
    );
  }
  const terms: Terms = { n0, n1, m, first, last, ratios: new Float64Array(last - first + 1) };
  let k = Math.min(last, Math.max(first, Math.floor(((n1 + 1) * (m + 1)) / (n0 + n1 + 2))));
  const lnTotal = Math.log(sumAround(terms, k, 1));
  // ln of term k over the term at the mode; each odds ratio begins at the largest term of the one before.
  let ln = 0;
  return odds.map((psi) => {
    const peak = peakOf(terms, k, psi);
    ln += lnBetween(terms, k, peak);
    k = peak;
    return ln + k * Math.log(psi) + Math.log(sumAround(terms, k, psi)) - lnTotal;
  });
}

/** The terms C(n1,k) C(n0,m-k) of k from first to last. */
type Terms = {
  readonly n0: number;
  readonly n1: number;
  readonly m: number;
  readonly first: number;
  readonly last: number;
  /** Those of `ratio` that are known already, from `first` on; 0 = not yet. Each odds ratio needs most of them again. */
  readonly ratios: Float64Array;
};

/** What takes term k to term k + 1, for k from first to last - 1; falls with k. */
function ratio({ n0, n1, m, first, ratios }: Terms, k: number): number {
  const known = ratios[k - first];
  if (known) return known;
  const fresh = ((n1 - k) * (m - k)) / ((k + 1) * (n0 - m + k + 1));
  ratios[k - first] = fresh;
  return fresh;
}

/** The largest term under the odds `psi`, sought from `from` on. */
function peakOf(terms: Terms, from: number, psi: number): number {
  let k = from;
  while (k < terms.last && ratio(terms, k) * psi > 1) k += 1;
  while (k > terms.first && ratio(terms, k - 1) * psi < 1) k -= 1;
  return k;
}

/** ln of term `to` over term `from`. */
function lnBetween(terms: Terms, from: number, to: number): number {
  let ln = 0;
  let product = 1;
  for (let k = Math.min(from, to); k < Math.max(from, to); k += 1) {
    product *= ratio(terms, k);
    if (product < 1e-200 || product > 1e200) {
      ln += Math.log(product);
      product = 1;
    }
  }
  return Math.sign(to - from) * (ln + Math.log(product));
}

/** Sum of the terms under the odds `psi` over the largest of them, which is at `peak`. */
function sumAround(terms: Terms, peak: number, psi: number): number {
  let sum = 1;
  for (let k = peak, term = 1; k < terms.last && term > NEGLIGIBLE; k += 1) {
    term *= ratio(terms, k) * psi;
    sum += term;
  }
  for (let k = peak - 1, term = 1; k >= terms.first && term > NEGLIGIBLE; k -= 1) {
    term /= ratio(terms, k) * psi;
    sum += term;
  }
  return sum;
}

/** An element that is there. */
function at(values: { readonly [index: number]: number }, index: number): number {
  return values[index] ?? 0;
}
