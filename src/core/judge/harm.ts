// The harm bound: how much more often, at most, the candidate fails; 95 % sure at every look. Pure.
import { absorbB, type Line, type LineState, lnEOfB, startB } from './engineB.ts';
import type { Counts } from './engineF.ts';

/**
 * `bound` is the extra failure probability, 0.001 to 0.7, or 1 while nothing is excluded; it never rises. Of the lines at
 * the bound and above, which have said what they can, nothing is kept.
 */
export type HarmState = { readonly bound: number; readonly lines: readonly LineState[] };

/** Extra failure probabilities that can be excluded. */
export const HARM_STEPS: readonly number[] = [
  0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7,
];
const STAKES: readonly number[] = [0.02, 0.1, 0.3, 0.6, 0.85, 1];
/** Chance that the bound is ever below the truth. */
export const HARM_ALPHA = 0.05;

const lineOf = (delta: number): Line => ({ side: 'safe', ratio: 1, delta, stakes: STAKES });
const LINES: readonly Line[] = HARM_STEPS.map(lineOf);

export function startHarm(): HarmState {
  return { bound: 1, lines: LINES.map(startB) };
}

/** Takes one stratum in. `guess` as in engine B. */
export function absorbHarm(state: HarmState, counts: Counts, guess: number): HarmState {
  const lines = LINES.filter((line) => line.delta < state.bound);
  const after = lines.map((line, i) => absorbB(state.lines[i] ?? [], line, counts, guess));
  const excluded = after.findIndex((lnL) => lnEOfB(lnL) >= -Math.log(HARM_ALPHA));
  if (excluded < 0) return { bound: state.bound, lines: after };
  return { bound: lines[excluded]?.delta ?? state.bound, lines: after.slice(0, excluded) };
}
