// The course of one release from what the store keeps of its ticks, worked out in slices so that the loop goes on in between.
import { Failure } from '../core/failure.ts';
import { type Course, CourseMaker } from '../core/ticks/course.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import type { ReleaseRecord } from './memory.ts';

export type CourseQuery = {
  /** Points at most, 2 or more. */
  readonly points: number;
  /** What the judge said, at so many moments at most; 0 = not at all. */
  readonly moments: number;
};

/** The loop waits no longer than about that, plus what one row of the store takes to be read. */
const SLICE_MS = 8;
/** A judge takes 20 to 200 µs for a tick: so many are taken before the clock is looked at. */
const TICKS_BETWEEN = 16;
/** Courses that wait for their turn: one at a time is made, so that many cost no more memory than one. */
const MOST_WAITING = 32;
/** Courses of releases that are over do not change any more. */
const MOST_REMEMBERED = 16;

export class Courses {
  readonly #store: Pick<Store, 'ticks'>;
  readonly #clock: Pick<Clock, 'sleep' | 'monotonic'>;
  readonly #remembered = new Map<string, Promise<Course>>();
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(store: Pick<Store, 'ticks'>, clock: Pick<Clock, 'sleep' | 'monotonic'>) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Empty when nothing was compared, or nothing is kept. Failures: `unavailable` (too many are asked for at once), those of the store. */
  of(record: ReleaseRecord, query: CourseQuery): Promise<Course> {
    const told = record.evidence?.told ?? 0;
    const later = record.evidence?.later?.length ?? 0;
    const key = `${record.release.id} ${told} ${later} ${query.points} ${query.moments}`;
    const known = this.#remembered.get(key);
    if (known) return known;
    const made = this.#inTurn(() => this.#make(record, query));
    this.#remembered.set(key, made);
    made.catch(() => this.#remembered.delete(key));
    for (const old of this.#remembered.keys()) {
      if (this.#remembered.size <= MOST_REMEMBERED) break;
      this.#remembered.delete(old);
    }
    return made;
  }

  async #inTurn(work: () => Promise<Course>): Promise<Course> {
    if (this.#waiting >= MOST_WAITING) {
      throw new Failure('unavailable', `${MOST_WAITING} courses of releases are being worked out already.`, {
        hint: 'Ask again in a few seconds.',
      });
    }
    this.#waiting += 1;
    const made = this.#turn.then(work, work);
    this.#turn = made;
    return made.finally(() => {
      this.#waiting -= 1;
    });
  }

  async #make({ release, evidence }: ReleaseRecord, { points, moments }: CourseQuery): Promise<Course> {
    const judge = evidence?.judge;
    if (!judge || evidence.told === undefined) return { stepSeconds: 1, points: [], said: [] };
    const { id, salt } = release;
    const header = { release: id, salt, params: judge.params, parameters: judge.hash, ticks: null, missing: 0 };
    const maker = new CourseMaker(header, points, moments);
    const kept = await this.#store.ticks(id);
    const never = new AbortController().signal;
    let left = Math.min(kept.count, evidence.told);
    let taken = 0;
    let since = this.#clock.monotonic();
    for await (const batch of kept.batches) {
      for (const tick of batch.slice(0, left)) {
        maker.take(tick);
        taken += 1;
        if (taken % TICKS_BETWEEN !== 0 || this.#clock.monotonic() - since < SLICE_MS) continue;
        await this.#clock.sleep(0, never);
        since = this.#clock.monotonic();
      }
      left -= Math.min(left, batch.length);
    }
    for (const point of evidence.later ?? []) maker.follow(point);
    return maker.course();
  }
}
