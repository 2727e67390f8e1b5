// Tests of the latency buckets and their quantiles.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUCKETS, bucketOf, edgeOf, quantile } from './traffic.ts';

describe('buckets', () => {
  it('hold each latency between their edges, and are 1 % wide', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.11, max: 160_000, noNaN: true }), (ms) => {
        const bucket = bucketOf(ms);
        expect(edgeOf(bucket)).toBeLessThanOrEqual(ms * (1 + 1e-6));
        expect(edgeOf(bucket + 1)).toBeGreaterThan(ms * (1 - 1e-6));
        expect(edgeOf(bucket + 1) / edgeOf(bucket)).toBeCloseTo(1.01, 9);
      }),
    );
  });

  it('are numbered from 0 to the last for whatever is measured, in order', () => {
    for (const ms of [0, -1, Number.NaN, 0.1]) expect(bucketOf(ms)).toBe(0);
    expect(bucketOf(Number.POSITIVE_INFINITY)).toBe(BUCKETS - 1);
    const latency = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(fc.property(latency, latency, (one, other) => one > other || bucketOf(one) <= bucketOf(other)));
  });
});

describe('a quantile', () => {
  it('of nothing is not known', () => {
    expect(quantile([], 0.5)).toBeNull();
  });

  it('is 1 % at most above the true one', () => {
    const latencies = fc.array(fc.double({ min: 0.2, max: 10_000, noNaN: true }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(latencies, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, share) => {
        const sorted = [...all].sort((one, other) => one - other);
        const truth = sorted[Math.ceil(share * sorted.length - 1e-12) - 1] ?? 0;
        const counts = new Map<number, number>();
        for (const ms of sorted) counts.set(bucketOf(ms), (counts.get(bucketOf(ms)) ?? 0) + 1);
        const found = quantile([...counts], share) ?? 0;
        expect(found).toBeGreaterThan(truth * (1 - 1e-6));
        expect(found).toBeLessThan(truth * 1.0101);
      }),
    );
  });
});
