// Tests of what "slow" means: the memory of stable's latency, its limits, and which requests are beyond them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ArmCount, bucketOf, edgeOf, type Histogram } from '../traffic.ts';
import { bucketsDown, bucketsUp, type LatencyMemory, limitsOf, remember, slowerThan } from './latency.ts';
import { DEFAULT_MARGINS } from './rules.ts';

const RULES = DEFAULT_MARGINS.latency;
const memoryOf = (seconds: readonly Histogram[]) =>
  seconds.reduce<LatencyMemory | null>((memory, latency, tick) => remember(memory, tick, latency), null);
const sumOf = (memory: LatencyMemory | null) => (memory?.units ?? []).reduce((sum, count) => sum + count, 0);

describe('the memory of latency', () => {
  it('forgets half in 120 seconds', () => {
    const memory = memoryOf([[[600, 100_000]]]);
    const later = remember(memory, 120, [[600, 1]]);
    expect(sumOf(later) / sumOf(memory)).toBeCloseTo(0.5, 2);
  });

  it('is nearly the same however long it slept in between, and takes seconds without requests', () => {
    expect(remember(null, 5, [])).toBeNull();
    const memory = memoryOf([[[600, 999]]]);
    const [often, once] = [remember(remember(memory, 45, []), 95, []), remember(memory, 95, [])];
    expect(Math.abs(sumOf(often) - sumOf(once))).toBeLessThanOrEqual(2);
    expect(often?.fadedAt).toBe(once?.fadedAt);
    expect(sumOf(remember(memory, 100_000, []))).toBe(0);
  });

  it('knows too little below 200 requests, unless a minute has passed', () => {
    expect(limitsOf(null, 0, RULES)).toBeNull();
    expect(limitsOf(memoryOf([[[600, 199]]]), 1, RULES)).toBeNull();
    expect(limitsOf(memoryOf([[[600, 200]]]), 1, RULES)).not.toBeNull();
    expect(limitsOf(memoryOf([[[600, 20]]]), 60, RULES)).not.toBeNull();
    expect(limitsOf(memoryOf([[[600, 19]]]), 60, RULES)).toBeNull();
  });
});

describe('limits', () => {
  it('lie where at most the share of the quantile was slower', () => {
    const even: Histogram = Array.from({ length: 100 }, (_, i) => [700 + i, 10]);
    const limits = limitsOf(memoryOf([even]), 1, RULES);
    expect(limits?.map((limit) => limit.stable)).toEqual([750, 795, 799]);
    expect(limits?.map((limit) => limit.tolerance - limit.stable)).toEqual([5, 5, 5]);
    expect(limits?.map((limit) => limit.margin - limit.stable)).toEqual([9, 14, 22]);
  });

  it('give the candidate at least 2 ms', () => {
    const bucket = bucketOf(3);
    const [p50] = limitsOf(memoryOf([[[bucket, 300]]]), 1, RULES) ?? [];
    const ms = edgeOf(p50?.stable ?? 0);
    expect(edgeOf(p50?.tolerance ?? 0)).toBeGreaterThanOrEqual(ms + 2);
    expect(edgeOf(p50?.margin ?? 0)).toBeLessThanOrEqual(ms + 2 + 1e-9);
  });

  it('round the tolerance up and the margin down to whole buckets', () => {
    expect([1, 5, 10].map(bucketsUp)).toEqual([1, 5, 10]);
    expect([1, 5, 10, 15, 25].map(bucketsDown)).toEqual([1, 4, 9, 14, 22]);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 400, noNaN: true }), (percent) => {
        expect(1.01 ** bucketsUp(percent)).toBeGreaterThanOrEqual((1 + percent / 100) * (1 - 1e-9));
        expect(1.01 ** bucketsDown(percent)).toBeLessThanOrEqual((1 + percent / 100) * (1 + 1e-9));
      }),
      { seed: 4 },
    );
  });

  it('are beyond every bucket when the slowest one is the quantile', () => {
    const [p50] = limitsOf(memoryOf([[[1439, 300]]]), 1, RULES) ?? [];
    expect(p50).toMatchObject({ stable: 1440, tolerance: 1440, margin: 1440 });
  });

  it('expect of an equal candidate the odds that the past shows, the same and nearer to 1 the more requests fail', () => {
    const past = memoryOf([
      [
        [700, 500],
        [703, 400],
        [750, 100],
      ],
    ]);
    const odds = (rate: number) => limitsOf(past, 1, RULES, rate)?.[0]?.odds ?? 0;
    expect(odds(0)).toBeCloseTo(101 / 899 / (502 / 498), 3);
    expect(odds(0.5)).toBeGreaterThan(odds(0));
    expect(odds(1)).toBeLessThan(1);
  });
});

describe('a slow request', () => {
  const arm = (latency: Histogram, failedLatency?: Histogram): ArmCount => ({
    version: 1,
    requests: 20,
    failures: { status: 5, timeout: 0, connection: 0, deadline: 0 },
    firstFailures: 0,
    latency,
    ...(failedLatency && { failedLatency }),
  });

  it('is one in the bucket of the limit or beyond, or a failed one', () => {
    const latency: Histogram = [
      [100, 12],
      [200, 5],
      [300, 3],
    ];
    expect(slowerThan(arm(latency), 200)).toBe(8);
    expect(slowerThan(arm(latency), 201)).toBe(3);
    const failed: Histogram = [
      [100, 4],
      [300, 1],
    ];
    expect(slowerThan(arm(latency, failed), 200)).toBe(12);
    expect(slowerThan(null, 200)).toBe(0);
  });
});
