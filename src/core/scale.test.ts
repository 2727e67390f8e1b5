// How many instances a load needs, for any load, bounds and targets.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { demandOf, instancesFor, type Load, nextSize, reasonOf, type Size, sizeOf, UNKNOWN_LOAD } from './scale.ts';
import type { Scale } from './spec/project.ts';

const SCALE: Scale = { min: 2, max: 6, target: { inflight: 20 }, downAfterMs: 300_000 };

function open(inflight: number): Load {
  return { ...UNKNOWN_LOAD, inflight };
}

/** Sizes after each of these loads, one a second. */
function sizes(scale: Scale, loads: readonly Load[], from: number, mayShrink = true): readonly Size[] {
  let size = sizeOf(from, 0);
  return loads.map((load, second) => {
    size = nextSize(scale, size, { atMs: 1000 * (second + 1), load, floor: 0, mayShrink });
    return size;
  });
}

function again<T>(value: T, times: number): readonly T[] {
  return Array.from({ length: times }, () => value);
}

const amount = fc.double({ min: 0, max: 5000, noNaN: true });
const target = fc.double({ min: 0.5, max: 500, noNaN: true });
const scales = fc
  .record({
    min: fc.integer({ min: 1, max: 20 }),
    more: fc.integer({ min: 0, max: 50 }),
    target: fc.record({ inflight: target }),
    downAfterMs: fc.constantFrom(0, 1000, 10_000, 300_000),
  })
  .map(({ more, ...scale }): Scale => ({ ...scale, max: scale.min + more }));
const loads = fc.array(
  fc.option(amount, { freq: 8 }).map((inflight): Load => ({ ...UNKNOWN_LOAD, inflight })),
  {
    minLength: 1,
    maxLength: 60,
  },
);

describe('the size of a service', () => {
  it('is the load by the target, rounded up', () => {
    expect(instancesFor(63, 20, 2)).toBe(4);
    expect(instancesFor(60, 20, 5)).toBe(3);
    expect(instancesFor(0, 20, 5)).toBe(1);
  });

  it('stays within a tenth of the target', () => {
    expect([18, 20, 22].map((each) => instancesFor(3 * each, 20, 3))).toEqual([3, 3, 3]);
    expect(instancesFor(66.1, 20, 3)).toBe(4);
    expect(instancesFor(38, 20, 3)).toBe(2);
  });

  it('follows the target that asks for most', () => {
    const scale: Scale = { ...SCALE, max: 20, target: { inflight: 20, rate: 50, cpu: 70 } };
    expect(demandOf(scale, { inflight: 63, rate: 260, cores: 1 }, 2)).toEqual({
      instances: 6,
      target: 'rate',
      isKnown: true,
    });
    expect(demandOf(scale, { inflight: 63, rate: 60, cores: 4.5 }, 2)).toMatchObject({ instances: 7, target: 'cpu' });
  });

  it('grows by what is known, and does not shrink, when a target cannot be measured', () => {
    const scale: Scale = { ...SCALE, target: { inflight: 20, cpu: 70 }, downAfterMs: 0 };
    expect(sizes(scale, [open(90)], 2).at(-1)?.wanted).toBe(5);
    expect(sizes(scale, again(open(1), 10), 5).at(-1)?.wanted).toBe(5);
  });

  it('grows at once and shrinks to the highest demand of the last five minutes', () => {
    const wanted = sizes(SCALE, [...again(open(110), 1), ...again(open(70), 100), ...again(open(10), 500)], 2).map(
      (one) => one.wanted,
    );
    expect(wanted[0]).toBe(6);
    expect(wanted[299]).toBe(6);
    expect(wanted[300]).toBe(4);
    expect(wanted[399]).toBe(4);
    expect(wanted[400]).toBe(2);
  });

  it('does not shrink when it may not, and begins to count only then', () => {
    const scale = { ...SCALE, downAfterMs: 10_000 };
    const held = sizes(scale, again(open(10), 100), 5, false).at(-1);
    expect(held?.wanted).toBe(5);
    if (!held) return;
    const seen = { load: open(10), floor: 0, mayShrink: true };
    expect(nextSize(scale, held, { ...seen, atMs: 109_000 }).wanted).toBe(5);
    expect(nextSize(scale, held, { ...seen, atMs: 110_000 }).wanted).toBe(2);
  });

  it('is never below the floor, but never beyond its most either', () => {
    const seen = { atMs: 1000, load: open(0), mayShrink: true };
    expect(nextSize(SCALE, sizeOf(2, 0), { ...seen, floor: 4 }).wanted).toBe(4);
    expect(nextSize(SCALE, sizeOf(2, 0), { ...seen, floor: 40 }).wanted).toBe(6);
  });

  it('stays within its bounds, and keeps no more than one demand for each size', () => {
    fc.assert(
      fc.property(scales, loads, fc.integer({ min: 0, max: 100 }), (scale, series, from) => {
        for (const size of sizes(scale, series, from)) {
          expect(size.wanted).toBeGreaterThanOrEqual(scale.min);
          expect(size.wanted).toBeLessThanOrEqual(scale.max);
          expect(size.peaks.length).toBeLessThanOrEqual(scale.max - scale.min + 2);
        }
      }),
    );
  });

  it('is not smaller for a greater load', () => {
    fc.assert(
      fc.property(scales, loads, amount, amount, fc.integer({ min: 1, max: 70 }), (scale, series, one, other, from) => {
        const before = sizes(scale, series, from).at(-1) ?? sizeOf(from, 0);
        const [less, more] = [Math.min(one, other), Math.max(one, other)].map((inflight) => {
          const seen = { atMs: 1000 * (series.length + 1), load: open(inflight), floor: 0, mayShrink: true };
          return nextSize(scale, before, seen).wanted;
        });
        expect(more).toBeGreaterThanOrEqual(less ?? 0);
      }),
    );
  });

  it('changes at most twice at a load that stays: once up or down, and never back', () => {
    fc.assert(
      fc.property(scales, amount, fc.integer({ min: 1, max: 70 }), (scale, inflight, from) => {
        const wanted = sizes(scale, again(open(inflight), 700), from).map((one) => one.wanted);
        const settled = wanted.at(-1) ?? 0;
        const changes = wanted.filter((one, i) => i > 0 && one !== wanted[i - 1]);
        expect(changes.length).toBeLessThanOrEqual(1);
        expect(changes.every((one) => one === settled)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('is the same when the same is seen twice', () => {
    fc.assert(
      fc.property(scales, loads, fc.integer({ min: 1, max: 70 }), fc.boolean(), (scale, series, from, mayShrink) => {
        const before = sizes(scale, series, from, mayShrink).at(-1) ?? sizeOf(from, 0);
        const load = series.at(-1) ?? UNKNOWN_LOAD;
        const seen = { atMs: 1000 * series.length, load, floor: 0, mayShrink };
        expect(nextSize(scale, before, seen)).toEqual(before);
      }),
    );
  });

  it('never falls by what is not known', () => {
    fc.assert(
      fc.property(scales, fc.integer({ min: 1, max: 70 }), (scale, from) => {
        const first = Math.min(scale.max, Math.max(scale.min, from));
        for (const { wanted } of sizes(scale, again(UNKNOWN_LOAD, 400), from)) expect(wanted).toBe(first);
      }),
      { numRuns: 30 },
    );
  });

  it('has a reason in words', () => {
    const scale: Scale = { ...SCALE, target: { inflight: 20, rate: 50, cpu: 70 } };
    const load = { inflight: 63.2, rate: 130.4, cores: 2.4 };
    expect(reasonOf(scale, load, 'inflight')).toBe('63 open requests, 20 wanted for each');
    expect(reasonOf(scale, load, 'rate')).toBe('130 requests/s, 50 wanted for each');
    expect(reasonOf(scale, load, 'cpu')).toBe('240% of a core in use, 70% wanted for each');
    expect(reasonOf(scale, load, null)).toBe(null);
  });
});
