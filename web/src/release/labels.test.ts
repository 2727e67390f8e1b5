// Words in the river never lie over the other arm.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placesOf } from './labels.ts';
import type { Column } from './shape.ts';

const PICTURE = { top: 38, bottom: 243 };

/** As the river makes them: 172 pixels for all traffic around the middle. */
function columnOf(share: number, load = 1): Column {
  const high = 172 * load;
  const [upper, lower] = [high * (1 - share), high * share];
  const gap = share > 0 && share < 1 ? 12 : 0;
  const top = 132 - (high + gap) / 2;
  const cut2 = top + upper + gap;
  const rest = { at: 0, x: 0, stable: 100 * (1 - share), candidate: 100 * share };
  return { ...rest, top, cut1: top + upper, cut2, bottom: cut2 + lower };
}

describe('the words of an arm', () => {
  it('are in it where it is high enough under all of them', () => {
    const places = placesOf([columnOf(0.5), columnOf(0.5)], PICTURE);
    expect(places.stable).toBeGreaterThan(columnOf(0.5).top);
    expect(places.stable).toBeLessThan(columnOf(0.5).cut1);
    expect(places.candidate).toBeGreaterThan(columnOf(0.5).cut2);
    expect(places.candidate).toBeLessThan(columnOf(0.5).bottom);
  });

  it('are below it just after the first requests, when most of the words are still left of the arm', () => {
    const places = placesOf([columnOf(0), columnOf(0), columnOf(0.25)], PICTURE);
    expect(places.candidate).toBeGreaterThan(columnOf(0).bottom);
  });

  it('are not there for an arm without traffic', () => {
    expect(placesOf([columnOf(0.5), columnOf(0)], PICTURE).candidate).toBeNull();
    expect(placesOf([columnOf(0.5), columnOf(1)], PICTURE).stable).toBeNull();
    expect(placesOf([], PICTURE)).toEqual({ stable: null, candidate: null });
  });

  it('lie over no part of the other arm, whatever the weights were', () => {
    const column = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0.2, max: 1, noNaN: true }));
    fc.assert(
      fc.property(fc.array(column, { minLength: 1, maxLength: 40 }), (all) => {
        const columns = all.map(([share, load]) => columnOf(share, load));
        const { stable, candidate } = placesOf(columns, PICTURE);
        // Words are about 14 pixels high above their baseline.
        for (const one of columns) {
          if (stable !== null) expect(stable).toBeLessThanOrEqual(Math.max(one.cut1, PICTURE.top));
          if (candidate !== null)
            expect(candidate - 14).toBeGreaterThanOrEqual(Math.min(one.cut1, PICTURE.bottom - 14) - 1);
        }
      }),
    );
  });
});
