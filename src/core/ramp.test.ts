// Tests of the ramp: where it starts, when it rises, what it may cost, and how it ends.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_RAMP, firstWeight, nextMove, type RampSeen, smoothRate } from './ramp.ts';

const calm = { kind: 'inconclusive', isCalm: true, harmBound: 0.02, isWeightJudged: true } as const;
const seen = (over: Partial<RampSeen> = {}): RampSeen => ({
  weight: 5,
  atWeightMs: 15_000,
  bakedMs: 15_000,
  rate: 50,
  verdict: calm,
  ...over,
});

describe('the first weight', () => {
  it.each([
    [0, 20],
    [0.5, 20],
    [19, 17],
    [20, 5],
    [50, 5],
    [100, 3.3],
    [333, 1],
    [5000, 1],
  ])('at %d requests a second is %d %', (rate, weight) => {
    expect(firstWeight(rate)).toBe(weight);
    expect(nextMove(seen({ weight: 0, rate, verdict: null, atWeightMs: null, bakedMs: 0 }))).toMatchObject({
      type: 'rise',
      weight,
    });
  });
});

describe('a step', () => {
  it('is at most threefold, and at most what the budget affords at the harm bound', () => {
    expect(nextMove(seen())).toMatchObject({ type: 'rise', weight: 15 });
    expect(nextMove(seen({ rate: 5000, weight: 1, verdict: { ...calm, harmBound: 0.05 } }))).toMatchObject({
      type: 'rise',
      weight: 1.3,
    });
    expect(nextMove(seen({ weight: 20 }))).toMatchObject({ type: 'rise', weight: 50 });
  });

  it('waits for the dwell, which begins when the balancer confirmed the weight', () => {
    expect(nextMove(seen({ atWeightMs: 14_999 }))).toMatchObject({ type: 'hold', until: 'dwell' });
    expect(nextMove(seen({ atWeightMs: null }))).toMatchObject({ type: 'hold', until: 'dwell' });
  });

  it('waits until something was judged at the weight, which takes minutes on quiet services', () => {
    const verdict = { ...calm, isWeightJudged: false };
    expect(nextMove(seen({ verdict }))).toMatchObject({ type: 'hold', until: 'traffic' });
    expect(nextMove(seen({ verdict: null }))).toMatchObject({ type: 'rise' });
  });

  it('waits while a suspicion is not settled', () => {
    expect(nextMove(seen({ verdict: { ...calm, isCalm: false } }))).toMatchObject({ type: 'hold', until: 'calm' });
  });

  it('is not taken when the budget affords hardly more, and says why', () => {
    expect(nextMove(seen({ rate: 500, verdict: { ...calm, harmBound: 0.15 } }))).toEqual({
      type: 'hold',
      until: 'evidence',
      sentence: 'Up to 15% more failures are still possible, so more traffic would risk more than 10 requests.',
    });
  });
});

describe('the end', () => {
  const passed = { ...calm, kind: 'pass' } as const;

  it('is a promotion when everything is safe, at the highest weight and after the shortest bake', () => {
    const full = { verdict: passed, weight: 50, bakedMs: 120_000 };
    expect(nextMove(seen(full))).toMatchObject({ type: 'promote' });
    expect(nextMove(seen({ ...full, bakedMs: 119_999 }))).toMatchObject({ type: 'hold' });
    expect(nextMove(seen({ ...full, weight: 15 }))).toMatchObject({ type: 'rise', weight: 45 });
    expect(nextMove(seen({ ...full, verdict: calm }))).toMatchObject({ type: 'hold', until: 'evidence' });
  });

  it('of the longest bake is for a person, unless the rule says otherwise', () => {
    const late = seen({ weight: 20, bakedMs: 1_800_000 });
    expect(nextMove(late)).toMatchObject({ type: 'hold', until: 'person' });
    expect(nextMove(late, { ...DEFAULT_RAMP, atEnd: 'promote' })).toMatchObject({ type: 'promote' });
    const suspected = { ...late, verdict: { ...calm, isCalm: false } };
    expect(nextMove(suspected, { ...DEFAULT_RAMP, atEnd: 'promote' })).toMatchObject({ type: 'hold', until: 'calm' });
  });

  it('is no promotion where nothing was judged, whatever the rule says', () => {
    const silent = seen({ weight: 20, bakedMs: 1_800_000, verdict: { ...calm, isWeightJudged: false } });
    expect(nextMove(silent, { ...DEFAULT_RAMP, atEnd: 'promote' })).toMatchObject({ type: 'hold', until: 'traffic' });
  });

  it('is a rollback when the judge says fail, whatever else holds', () => {
    const verdict = { kind: 'fail', isCalm: false, harmBound: 0.001, isWeightJudged: false } as const;
    for (const weight of [0, 5, 50])
      expect(nextMove(seen({ verdict, weight, bakedMs: 9e9 }))).toEqual({ type: 'rollback' });
  });
});

describe('over all that can be seen', () => {
  const anything = fc.record({
    weight: fc.double({ min: 1, max: 50, noNaN: true }),
    atWeightMs: fc.option(fc.nat(100_000)),
    bakedMs: fc.nat(2_000_000),
    rate: fc.double({ min: 0, max: 1e5, noNaN: true }),
    verdict: fc.record({
      kind: fc.constantFrom('pass' as const, 'inconclusive' as const),
      isCalm: fc.boolean(),
      isWeightJudged: fc.boolean(),
      harmBound: fc.double({ min: 0.001, max: 1, noNaN: true }),
    }),
  });

  it('rises only upwards, calmly, after the dwell, threefold at most and within the budget', () => {
    fc.assert(
      fc.property(anything, (one) => {
        const move = nextMove(one);
        if (move.type !== 'rise') return;
        const { budget, reactionSeconds, dwellMs } = DEFAULT_RAMP;
        expect(move.weight).toBeGreaterThan(one.weight * 0.999);
        expect(move.weight).toBeLessThanOrEqual(Math.min(50, one.weight * 3 + 1e-9));
        expect(one.verdict).toMatchObject({ isCalm: true, isWeightJudged: true });
        expect(one.atWeightMs).toBeGreaterThanOrEqual(dwellMs);
        const cost = (move.weight / 100) * one.rate * reactionSeconds * one.verdict.harmBound;
        expect(cost).toBeLessThanOrEqual(budget + 1e-6);
      }),
      { seed: 6, numRuns: 2000 },
    );
  });
});

describe('the smoothed rate', () => {
  it('starts with the first seconds, follows by halves in 15 seconds, and takes silence', () => {
    expect(smoothRate(null, 100, 2)).toBe(50);
    expect(smoothRate(50, 1500, 15)).toBe(75);
    expect(smoothRate(50, 0, 15)).toBe(25);
    expect(smoothRate(50, 10, 0)).toBe(50);
  });
});
