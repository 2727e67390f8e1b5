// The moments of a replay that are shown: every change, and in between one every so often.
import type { Moment } from '../../core/ticks/replay.ts';

/** Lines that the table has as a rule. */
const LINES = 40;
/** A change has a sentence under it. */
const LINES_OF_CHANGE = 2;
/** Moments that are held at once, so that a replay of days takes no more memory than one of minutes. */
const MOST = 4000;
const INTERVALS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800];

export type Shown = {
  readonly moments: readonly Moment[];
  readonly left: { readonly changes: number; readonly after: number };
};

/** Takes moments in order and gives those that are shown. */
export class Moments {
  readonly #every: number | null;
  #interval: number;
  #first: Moment[] = [];
  #last: Moment[] = [];
  #dropped = 0;
  #regular: Moment[] = [];
  #hasFailed = false;

  /** `everyMs` apart; null = so far apart that the table stays short. */
  constructor(everyMs: number | null) {
    this.#every = everyMs === null ? null : Math.max(1, Math.round(everyMs / 1000));
    this.#interval = this.#every ?? 1;
  }

  take(moment: Moment): void {
    // After a fail nothing changes any more.
    if (this.#hasFailed) return;
    this.#hasFailed = moment.verdict.kind === 'fail';
    if (moment.isChange) this.#takeChange(moment);
    this.#takeRegular(moment);
  }

  shown(): Shown {
    const all = [...this.#first, ...this.#last];
    const most = this.#every === null ? LINES / LINES_OF_CHANGE : MOST;
    const isTooMany = this.#dropped > 0 || all.length > most;
    const head = isTooMany ? all.slice(0, most / 2) : all;
    const tail = isTooMany ? all.slice(-most / 2) : [];
    const changes = [...head, ...tail];
    const room = this.#every === null ? LINES - LINES_OF_CHANGE * changes.length : MOST;
    const regular = sparse(this.#regular, room);
    const moments = [...changes, ...regular].sort((a, b) => a.index - b.index);
    const left = all.length + this.#dropped - changes.length;
    return {
      moments,
      left: { changes: left, after: left === 0 ? 0 : moments.indexOf(tail[0] ?? (changes[0] as Moment)) },
    };
  }

  #takeChange(moment: Moment): void {
    if (this.#first.length < MOST / 2) {
      this.#first.push(moment);
      return;
    }
    this.#last.push(moment);
    if (this.#last.length <= MOST) return;
    this.#last = this.#last.slice(-MOST / 2);
    this.#dropped += MOST / 2 + 1;
  }

  #takeRegular(moment: Moment): void {
    if (!isNext(this.#regular.at(-1), moment, this.#interval)) return;
    this.#regular.push(moment);
    if (this.#regular.length <= MOST) return;
    this.#interval *= 2;
    this.#regular = thinned(this.#regular, this.#interval);
  }
}

/** Whether a new interval has begun since the moment before. */
function isNext(before: Moment | undefined, { seconds }: Moment, interval: number): boolean {
  return Math.floor(seconds / interval) > Math.floor((before?.seconds ?? 0) / interval);
}

function thinned(moments: readonly Moment[], interval: number): Moment[] {
  const kept: Moment[] = [];
  for (const moment of moments) if (isNext(kept.at(-1), moment, interval)) kept.push(moment);
  return kept;
}

/** At most so many of those that are no change, at the shortest round interval. */
function sparse(moments: readonly Moment[], most: number): Moment[] {
  if (most <= 0) return [];
  for (const interval of INTERVALS_S) {
    const kept = thinned(moments, interval).filter((moment) => !moment.isChange);
    if (kept.length <= most) return kept;
  }
  return [];
}
