// The course of a release: how long it keeps the loop waiting, and how many are worked out at once.
import { expect, it } from 'vitest';
import { cellOf } from '../core/judge/fixture.ts';
import { startJudge } from '../core/judge/judge.ts';
import { type Tick, tickOf } from '../core/ticks/tick.ts';
import type { Store } from '../ports/store.ts';
import { Courses } from './courses.ts';
import type { ReleaseRecord } from './memory.ts';

const TICKS = 4000;
const PARAMS = { service: 'web', stable: 41, candidate: 42, isSticky: false, minRequests: 20 };

function recordOf(id: number): ReleaseRecord {
  const evidence = { told: TICKS, judge: startJudge(PARAMS) };
  return { release: { id, salt: 'salt' }, evidence } as unknown as ReleaseRecord;
}

async function* batches(): AsyncGenerator<readonly Tick[]> {
  for (let from = 0; from < TICKS; from += 100) {
    yield Array.from({ length: 100 }, (_, i) =>
      tickOf(cellOf({ tick: 1_700_000_000 + from + i, stable: [38, 0], candidate: [2, 0] })),
    );
  }
}

/** A clock that goes on by `tickMs` whenever it is looked at; what was read and slept in between is noted. */
function place(lookMs: number) {
  const noted = { open: 0, mostOpen: 0, sleeps: 0, longestMs: 0 };
  let now = 0;
  let woke = 0;
  const clock = {
    monotonic: () => {
      now += lookMs;
      noted.longestMs = Math.max(noted.longestMs, now - woke);
      return now;
    },
    sleep: async () => {
      noted.sleeps += 1;
      woke = now;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  const store: Pick<Store, 'ticks'> = {
    ticks: async () => {
      noted.open += 1;
      noted.mostOpen = Math.max(noted.mostOpen, noted.open);
      const whole = async function* () {
        yield* batches();
        noted.open -= 1;
      };
      return { count: TICKS, batches: whole() };
    },
  };
  return { courses: new Courses(store, clock), noted };
}

it('lets the loop go on after some milliseconds, however long a tick takes', async () => {
  for (const lookMs of [0.5, 3, 7]) {
    const { courses, noted } = place(lookMs);
    const { points } = await courses.of(recordOf(1), { points: 100, moments: 20 });
    expect(points.reduce((sum, one) => sum + (one.candidate?.requests ?? 0), 0)).toBe(2 * TICKS);
    expect(noted.sleeps).toBeGreaterThan(0);
    expect(noted.longestMs).toBeLessThanOrEqual(8 + 2 * lookMs);
  }
});

it('is worked out once, one after the other, and not for more than can be waited for', async () => {
  const { courses, noted } = place(1);
  const asked = Array.from({ length: 40 }, (_, i) => courses.of(recordOf(i), { points: 10, moments: 0 }));
  const results = await Promise.allSettled(asked);
  expect(noted.mostOpen).toBe(1);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(32);
  const refused = results.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
  expect(new Set(refused)).toEqual(new Set(['unavailable']));
  expect((await courses.of(recordOf(35), { points: 10, moments: 0 })).points.length).toBeGreaterThan(5);
});
