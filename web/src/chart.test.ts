// What a chart draws where little is known.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aloneIn, ticksOf } from './chart.tsx';

describe('a value without neighbours', () => {
  it('is a mark of its own, wherever it stands', () => {
    expect(aloneIn([1])).toEqual([0]);
    expect(aloneIn([null, 0, null, 2, 3, null, 4])).toEqual([1, 6]);
    expect(aloneIn([1, 2, 3])).toEqual([]);
    expect(aloneIn([null, null])).toEqual([]);
  });

  it('is all that a line through neighbours leaves out', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(9), { freq: 2 })), (values) => {
        const alone = new Set(aloneIn(values));
        values.forEach((value, i) => {
          const isInLine = value !== null && [values[i - 1], values[i + 1]].some((one) => one != null);
          expect(alone.has(i)).toBe(value !== null && !isInLine);
        });
      }),
    );
  });
});

describe('the steps of an axis', () => {
  it('begin at nothing and end at or above the highest', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (highest) => {
        const ticks = ticksOf(highest);
        expect(ticks[0]).toBe(0);
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(highest * 0.998);
        expect(ticks.length).toBeLessThanOrEqual(6);
      }),
    );
  });
});
