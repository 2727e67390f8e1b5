// Moments of a release merged into rows of one length each. Pure.
import type { Tally } from './interval.ts';
import type { Moment } from './model.ts';

export type Row = {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly seconds: number;
  /** Asked at its end, in percent. */
  readonly weight: number;
  readonly stable: Tally;
  readonly candidate: Tally;
};

const LENGTHS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400];

/** At most `most` rows, oldest first; moments ascend. What has no request is no row. */
export function inRows(moments: readonly Moment[], most: number): readonly Row[] {
  const [first, last] = [moments[0], moments.at(-1)];
  if (!first || !last) return [];
  const span = (last.at - first.at) / 1000 + last.seconds;
  // One more than fits: the first row may begin before the first moment.
  const length = LENGTHS_S.find((one) => span / one <= most - 1) ?? Math.ceil(span / (most - 1));
  const rows = new Map<number, Row>();
  for (const { at, weight, stable, candidate } of moments) {
    const start = Math.floor(at / 1000 / length) * length * 1000;
    const before = rows.get(start);
    rows.set(start, {
      at: start,
      seconds: length,
      weight,
      stable: sum(before?.stable, stable),
      candidate: sum(before?.candidate, candidate),
    });
  }
  return [...rows.values()];
}

function sum(before: Tally | undefined, more: Tally | null): Tally {
  return {
    requests: (before?.requests ?? 0) + (more?.requests ?? 0),
    failures: (before?.failures ?? 0) + (more?.failures ?? 0),
  };
}
