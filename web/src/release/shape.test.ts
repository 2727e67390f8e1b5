// The river as coordinates: as many dots for a failure in both arms, each within its arm and its time.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Moment } from './model.ts';
import { riverOf } from './shape.ts';

const START = 1_800_000_000_000;
const BOX = { width: 800, height: 250 };

const second = fc.record({
  stable: fc.record({ requests: fc.integer({ min: 1, max: 60 }), failures: fc.nat(3) }),
  candidate: fc.option(fc.record({ requests: fc.integer({ min: 1, max: 60 }), failures: fc.nat(9) })),
});
const seconds = fc.array(second, { minLength: 2, maxLength: 300 });

function momentsOf(all: readonly (typeof second extends fc.Arbitrary<infer T> ? T : never)[]): Moment[] {
  return all.map(({ stable, candidate }, i) => ({
    at: START + i * 1000,
    epoch: 1,
    weight: 50,
    seconds: 1,
    stable: { ...stable, latency: [] },
    candidate: candidate && { ...candidate, latency: [] },
  }));
}

describe('the dots of a river', () => {
  it('are as many for each failure in both arms, within one', () => {
    fc.assert(
      fc.property(seconds, (all) => {
        const moments = momentsOf(all);
        const { dots, perDot } = riverOf(moments, START, START + all.length * 1000, BOX);
        for (const isCandidate of [false, true]) {
          const failures = all.reduce(
            (sum, one) => sum + (one[isCandidate ? 'candidate' : 'stable']?.failures ?? 0),
            0,
          );
          const drawn = dots.filter((dot) => dot.isCandidate === isCandidate).length;
          expect(Math.abs(drawn - failures / perDot)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('lie within the picture, at most half a column from their own', () => {
    fc.assert(
      fc.property(seconds, (all) => {
        const { dots, columns } = riverOf(momentsOf(all), START, START + all.length * 1000, BOX);
        const step = (columns[1]?.x ?? 0) - (columns[0]?.x ?? 0);
        const tops = Math.min(...columns.map((one) => one.top));
        const bottoms = Math.max(...columns.map((one) => one.bottom));
        for (const dot of dots) {
          const own = columns.find((one) => one.at === dot.at);
          expect(Math.abs(dot.x - (own?.x ?? Number.NaN))).toBeLessThanOrEqual(step / 2 + 1e-6);
          expect(dot.y).toBeGreaterThanOrEqual(tops - 1e-6);
          expect(dot.y).toBeLessThanOrEqual(bottoms + 1e-6);
        }
      }),
    );
  });
});

describe('the banks of a river', () => {
  it('begin with the first moment, as wide as its traffic: before it nothing is known', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 200, max: 1500 }), (before, width) => {
        const steady = { stable: { requests: 40, failures: 0 }, candidate: { requests: 10, failures: 0 } };
        const moments = momentsOf(Array.from({ length: 20 }, () => steady));
        const { columns } = riverOf(moments, START - before, START + 20_000, { ...BOX, width });
        expect(Math.abs((columns[0]?.at ?? 0) - START)).toBeLessThanOrEqual((20_000 + before) / 20);
        for (const column of columns) {
          expect(column.stable).toBeCloseTo(40, 6);
          expect(column.candidate).toBeCloseTo(10, 6);
        }
      }),
    );
  });
});
