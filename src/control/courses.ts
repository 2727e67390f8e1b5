// The course of one release from what the store keeps of its ticks, worked out in slices so that the loop goes on in between.
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

/** A judge takes some 20 µs for a tick. */
const SLICE = 250;
/** Courses of releases that are over do not change any more. */
const MOST_REMEMBERED = 16;

export class Courses {
  readonly #store: Pick<Store, 'ticks'>;
  readonly #clock: Pick<Clock, 'sleep'>;
  readonly #remembered = new Map<string, Promise<Course>>();

  constructor(store: Pick<Store, 'ticks'>, clock: Pick<Clock, 'sleep'>) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Empty when nothing was compared, or nothing is kept. Failures of the store are thrown. */
  of(record: ReleaseRecord, query: CourseQuery): Promise<Course> {
    const told = record.evidence?.told ?? 0;
    const later = record.evidence?.later?.length ?? 0;
    const key = `${record.release.id} ${told} ${later} ${query.points} ${query.moments}`;
    const known = this.#remembered.get(key);
    if (known) return known;
    const made = this.#make(record, query);
    this.#remembered.set(key, made);
    made.catch(() => this.#remembered.delete(key));
    for (const old of this.#remembered.keys()) {
      if (this.#remembered.size <= MOST_REMEMBERED) break;
      this.#remembered.delete(old);
    }
    return made;
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
    for await (const batch of kept.batches) {
      for (const tick of batch.slice(0, left)) {
        maker.take(tick);
        taken += 1;
        if (taken % SLICE === 0) await this.#clock.sleep(0, never);
      }
      left -= Math.min(left, batch.length);
    }
    for (const point of evidence.later ?? []) maker.follow(point);
    return maker.course();
  }
}
