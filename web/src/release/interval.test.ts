// The intervals of the evidence: they hold what they should, and shrink with what is known.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countsOf, errorsWide, quantileDifference, quantileMs, shareDifference } from './interval.ts';

describe('an interval', () => {
  it('holds the measured difference, within what shares can be', () => {
    const tally = fc
      .tuple(fc.integer({ min: 1, max: 5000 }), fc.nat(5000))
      .map(([requests, bad]) => ({ requests, failures: Math.min(requests, bad) }));
    fc.assert(
      fc.property(tally, tally, (stable, candidate) => {
        const found = shareDifference(stable, candidate)!;
        expect(found.low).toBeLessThanOrEqual(found.value + 1e-12);
        expect(found.high).toBeGreaterThanOrEqual(found.value - 1e-12);
        expect(found.low).toBeGreaterThanOrEqual(-1);
        expect(found.high).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is wider than one look needs, and grows again far from the size it is tuned for', () => {
    expect(errorsWide(500)).toBeGreaterThan(1.96);
    expect(errorsWide(500)).toBeLessThan(errorsWide(5));
    expect(errorsWide(500)).toBeLessThan(errorsWide(5_000_000));
  });

  it('finds quantiles within a bucket, and their difference', () => {
    const slow = countsOf([[400, 90, 450, 10]]);
    const fast = countsOf([[300, 90, 350, 10]]);
    expect(quantileMs(slow, 0.5)).toBeCloseTo(0.1 * 1.01 ** (2 * (400 + 50 / 90)), 6);
    const found = quantileDifference(fast, slow, 0.5)!;
    expect(found.value).toBeGreaterThan(0);
    expect(found.low).toBeGreaterThan(0);
    expect(quantileDifference(countsOf([]), slow, 0.5)).toBeNull();
  });
});
