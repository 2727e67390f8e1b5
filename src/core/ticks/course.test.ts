// The course of a release in few points: nothing that was counted is lost, and the judge's words are the release's own.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ArmCount } from '../traffic.ts';
import { CourseMaker, MERGED_BUCKETS } from './course.ts';
import { Replay } from './replay.ts';
import type { Tick, TicksHeader } from './tick.ts';

const START = 1_800_000_000;
const params = { service: 'api', stable: 1, candidate: 2, isSticky: false, minRequests: 20 };
const header: TicksHeader = { release: 1, salt: 's', params, parameters: null, ticks: null, missing: 0 };

function armOf(version: number, requests: number, failures: number, bucket: number): ArmCount {
  const latency = requests > 0 ? ([[bucket, requests]] as const) : [];
  return {
    version,
    requests,
    failures: { status: failures, timeout: 0, connection: 0, deadline: 0 },
    firstFailures: failures,
    latency,
  };
}

function tickAt(second: number, [good, bad]: readonly [number, number], bucket = 500): Tick {
  const candidate = armOf(2, good + bad, bad, bucket + 1);
  return { tick: START + second, epoch: 1, weight: 50, stable: armOf(1, good, 0, bucket), candidate };
}

function courseOf(ticks: readonly Tick[], most: number, moments = 0) {
  const maker = new CourseMaker(header, most, moments);
  for (const tick of ticks) maker.take(tick);
  return maker.course();
}

describe('the course of a release', () => {
  it('keeps every request, failure and latency, in at most so many points that ascend', () => {
    const second = fc.record({ skip: fc.nat(40), counts: fc.tuple(fc.nat(9), fc.nat(3)), bucket: fc.nat(1400) });
    fc.assert(
      fc.property(fc.array(second, { maxLength: 200 }), fc.integer({ min: 2, max: 50 }), (seconds, most) => {
        let at = 0;
        const ticks = seconds.map(({ skip, counts, bucket }) => {
          at += skip;
          return tickAt(at, counts, bucket);
        });
        const { points } = courseOf(ticks, most);
        expect(points.length).toBeLessThanOrEqual(most);
        const times = points.map((point) => point.tick);
        expect(times).toEqual([...new Set(times)].sort((one, other) => one - other));
        const sum = (of: (point: (typeof points)[number]) => number) => points.reduce((all, one) => all + of(one), 0);
        const told = ticks.reduce((all, { candidate }) => all + (candidate?.requests ?? 0), 0);
        expect(sum(({ candidate }) => candidate?.requests ?? 0)).toBe(told);
        expect(sum(({ candidate }) => candidate?.failures ?? 0)).toBe(
          ticks.reduce((all, { candidate }) => all + (candidate?.failures.status ?? 0), 0),
        );
        const counts = points.flatMap(({ candidate }) => candidate?.latency.filter((_, i) => i % 2 === 1) ?? []);
        expect(counts.reduce((all, one) => all + one, 0)).toBe(told);
      }),
    );
  });

  it('merges latency by neighbours, buckets ascending', () => {
    const { points } = courseOf([tickAt(0, [4, 0], 500), tickAt(0, [4, 0], 502), tickAt(0, [4, 0], 501)], 10);
    expect(points[0]?.stable?.latency).toEqual([500 / MERGED_BUCKETS, 8, 502 / MERGED_BUCKETS, 4]);
  });

  it('ends with the very word that a replay of all ticks ends with, and has each change of it', () => {
    const ticks = Array.from({ length: 300 }, (_, i) => tickAt(i, [20, i > 200 ? 4 : 0]));
    const replay = new Replay(params);
    const changes = ticks.map((tick) => replay.take(tick)).filter((one) => one.isChange);
    const { said } = courseOf(ticks, 50, 40);
    expect(said.length).toBeLessThanOrEqual(41);
    expect(said.at(-1)?.verdict).toEqual(replay.verdict());
    expect(said.at(-1)?.verdict.kind).toBe('fail');
    expect(said.map((one) => one.tick)).toEqual(expect.arrayContaining(changes.map((one) => one.tick)));
  });

  it('asks the judge nothing when nobody wants to know', () => {
    expect(courseOf([tickAt(0, [5, 5])], 10).said).toEqual([]);
  });

  it('goes on with seconds that no judge was told, in their order, however long its points are', () => {
    for (const most of [500, 20]) {
      const maker = new CourseMaker(header, most, 0);
      for (let second = 0; second < 100; second += 1) maker.take(tickAt(second, [3, 1]));
      const arm = { requests: 5, failures: 0, latency: [] };
      for (const second of [98, 100, 101, 102])
        maker.follow({ tick: START + second, epoch: 2, weight: 0, stable: arm, candidate: null });
      const { points, stepSeconds } = maker.course();
      const times = points.map((point) => point.tick);
      expect(times).toEqual([...new Set(times)].sort((one, other) => one - other));
      expect(points.reduce((all, one) => all + (one.stable?.requests ?? 0), 0)).toBe(100 * 3 + 4 * 5);
      expect((times.at(-1) ?? 0) + stepSeconds).toBeGreaterThan(START + 102);
    }
  });
});
