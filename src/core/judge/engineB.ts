// Engine B: how strongly 2x2 counts speak against a line p1 = ratio p0 + delta between the two failure rates. Pure.
import type { Counts } from './engineF.ts';
import { logMean } from './logs.ts';

/**
 * What is to be refuted: with `safe` that the candidate is on the line or above it (worse than the margin), with
 * `harmful` that it is on the line or below it. `stakes` are fractions of 1 for `safe`, rate ratios for `harmful`.
 */
export type Line = {
  readonly side: 'safe' | 'harmful';
  readonly ratio: number;
  readonly delta: number;
  readonly stakes: readonly number[];
};

/** ln of the evidence of each stake. */
export type LineState = readonly number[];

/** How often stable has failed so far: from it comes the guess of its rate, which must be made before a stratum. */
export type Guess = { readonly requests: number; readonly failures: number };

export const NO_GUESS: Guess = { requests: 0, failures: 0 };

/** Fractions that a certificate of "not worse" bets. */
export const SAFE_STAKES: readonly number[] = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 0.95, 1];

/** A stake that lost everything. A number, not -Infinity, which JSON cannot keep. */
const DEAD = -1e300;

export function startB(line: Line): LineState {
  return line.stakes.map(() => 0);
}

/** Stable's rate as guessed from the past; 0.001 before the first request. */
export function rateOf(guess: Guess): number {
  return (0.5 + guess.failures) / (500 + guess.requests);
}

export function addGuess(guess: Guess, { n0, x0 }: Counts): Guess {
  return { requests: guess.requests + n0, failures: guess.failures + x0 };
}

/**
 * Multiplies one stratum in. `guess` is stable's rate as guessed before the stratum; a wrong one costs power, never
 * validity: ln E[e] is concave in p0 and b puts its maximum, which is 0, at the guess.
 *
 * Source: Turner, Ly & Grünwald 2024, two-sample e-variable, here for a linear boundary in closed form; docs/judge.md.
 */
export function absorbB(state: LineState, line: Line, counts: Counts, guess: number): LineState {
  return state.map((lnL, j) => Math.max(DEAD, lnL + gainB(line, line.stakes[j] ?? 0, counts, guess)));
}

/** ln of what one stratum multiplies one stake by; -Infinity when it loses everything, 0 when the stake cannot be placed. */
export function gainB(line: Line, stake: number, { n0, x0, n1, x1 }: Counts, guess: number): number {
  const q = Math.min(guess, 0.95, (0.999 * (1 - line.delta)) / line.ratio);
  const a = betOf(line, stake, n0, n1);
  const u = 1 + (line.ratio * q + line.delta) * a;
  const k = (n1 * line.ratio * a) / u;
  if (!(u > 0) || !(n0 + k * q > 0)) return 0;
  const b = k / (n0 + k * q);
  return timesLog1p(x1, a) + timesLog1p(x0, -b) - n1 * Math.log(u) - timesLog1p(n0, -q * b);
}

/** Stakes among which the best one is sought, a fifth apart. */
const FINE_STAKES: readonly number[] = Array.from({ length: 26 }, (_, i) => 0.01 * 1.2 ** i);

/** What a stake against `line` wins in the mean by `n0` and `n1` requests, as ln, while both versions fail at `rate`. */
export function growthOfEqual(line: Line, stake: number, rate: number, n0: number, n1: number): number {
  return gainB(line, stake, { n0, x0: n0 * rate, n1, x1: n1 * rate }, rate);
}

/** The stake for `safe` that wins most while both versions fail at `rate`. */
export function bestStake(line: Line, rate: number, n0: number, n1: number): number {
  let [best, most] = [0, 0];
  for (const stake of FINE_STAKES) {
    const growth = growthOfEqual(line, stake, rate, n0, n1);
    if (growth > most) [best, most] = [stake, growth];
  }
  return best;
}

/** What a bad request of the candidate multiplies the stake by, less 1. */
function betOf(line: Line, stake: number, n0: number, n1: number): number {
  if (line.side === 'safe') return -stake;
  const share = (ratio: number) => (ratio * n1) / (ratio * n1 + n0);
  return n1 === 0 ? 0 : share(line.ratio * stake) / share(line.ratio) - 1;
}

/** times ln(1 + x), where 0 times anything is 0. */
function timesLog1p(times: number, x: number): number {
  return times === 0 ? 0 : times * Math.log1p(x);
}

/** ln of the e-value: the even mixture over the stakes. */
export function lnEOfB(state: LineState): number {
  return logMean(state);
}
