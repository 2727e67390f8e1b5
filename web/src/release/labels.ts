// Where the words in the arms of the river go: within the arm over their whole length, else beside it. Pure.
import type { Column } from './shape.ts';

/** Baselines of the words of both arms, in pixels; null = that arm has no words. */
export type Places = { readonly stable: number | null; readonly candidate: number | null };

/** An arm must be so high under all of the words. */
const LEAST = 24;
/** From the edge of the arm to the baseline, at most. */
const DEEPEST = 30;
/** Half the height of the words above their baseline. */
const HALF = 7;
const BESIDE = 19;

/** `columns` are those under the words, the last one is now. Bounds are those of the picture. */
export function placesOf(columns: readonly Column[], { top, bottom }: { top: number; bottom: number }): Places {
  const last = columns.at(-1);
  if (!last) return { stable: null, candidate: null };
  const most = (of: (column: Column) => number) => Math.max(...columns.map(of));
  const least = (of: (column: Column) => number) => Math.min(...columns.map(of));
  const upper = { from: most((one) => one.top), to: least((one) => one.cut1) };
  // Where the candidate had nothing yet, nothing of its arm is under the words.
  const lower = { from: most((one) => one.cut2), to: least((one) => one.bottom) };
  const within = ({ from, to }: typeof upper) =>
    to - from < LEAST ? null : from + Math.min(DEEPEST, (to - from) / 2 + HALF);
  const above = Math.max(top, least((one) => one.top) - HALF);
  const below = Math.min(bottom, most((one) => one.bottom) + BESIDE);
  return {
    stable: last.stable > 0 ? (within(upper) ?? above) : null,
    candidate: last.candidate > 0 ? (within(lower) ?? below) : null,
  };
}
