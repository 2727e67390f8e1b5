// Tests of engine F: published and independently computed values, and its promise by complete enumeration.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { absorbF, type Counts, lnEOfF, logMeans, NON_INFERIOR_ODDS, ROLLBACK_ODDS, startF } from './engineF.ts';
import { binomial } from './fixture.ts';
import { logChoose, logSumExp } from './logs.ts';
import vectors from './vectors.json' with { type: 'json' };

const counts = ([n0, x0, n1, x1]: readonly number[]): Counts => ({ n0: n0!, x0: x0!, n1: n1!, x1: x1! });
const lnE = (odds: readonly number[], strata: readonly (readonly number[])[]) =>
  lnEOfF(strata.map(counts).reduce(absorbF, startF(odds)));

/** Mean of the e-value of one stratum over everything that can happen. */
function meanOf(odds: readonly number[], n0: number, p0: number, n1: number, p1: number): number {
  let mean = 0;
  for (let x0 = 0; x0 <= n0; x0 += 1) {
    for (let x1 = 0; x1 <= n1; x1 += 1) {
      const chance = binomial(n0, x0, p0) * binomial(n1, x1, p1);
      if (chance > 0) mean += chance * Math.exp(lnE(odds, [[n0, x0, n1, x1]]));
    }
  }
  return mean;
}

const RATES = [0, 0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.999];
const SIZES: readonly (readonly [number, number])[] = [
  [20, 2],
  [12, 12],
  [3, 15],
];

describe('engine F', () => {
  it.each([
    [47, 3, 4, 2, 0.2270542618547517],
    [47, 3, 4, 5, 0.7921610683017545],
    [47, 3, 4, 20, 2.506691438288171],
    [250, 250, 260, 1.5, 55.27586408215213],
    [250, 250, 260, 2, 97.58175160938023],
    [250, 250, 260, 3, 161.4520606085418],
    [100_000, 64, 63, 1 / 50, -0.03951270941147596],
    [100_000, 64, 63, 1000, 26.96722704949222],
    [63, 100_000, 80_000, 1 / 50, -312_729.170159993],
    [63, 100_000, 80_000, 1000, 552519.3597506962],
    [5000, 100, 90, 1000, 224.36677322925405],
    [3000, 3000, 1500, 1 / 50, -1237.1387640689982],
    [3000, 3000, 1500, 2, 586.8485721989186],
    [3000, 3000, 1500, 1000, 9070.256857724928],
  ])('knows ln M for n0 %d, n1 %d, m %d at odds %d', (n0, n1, m, psi, expected) => {
    const [mean] = logMeans(n0, n1, m, [psi]);
    expect(Math.abs(mean! - expected)).toBeLessThan(1e-9 * Math.max(1, Math.abs(expected) / 1e4));
  });

  it('knows single e-values and the mixture over three strata', () => {
    expect(Math.exp(lnE([5], [[47, 3, 3, 1]]))).toBeCloseTo(2.2643253234750462, 9);
    expect(Math.exp(lnE([5], [[47, 2, 3, 2]]))).toBeCloseTo(11.32162661737523, 9);
    const three = [
      [47, 0, 3, 1],
      [48, 1, 2, 2],
      [47, 0, 3, 3],
    ];
    expect(lnE(ROLLBACK_ODDS, three.slice(0, 1))).toBeCloseTo(1.928269842862526, 9);
    expect(lnE(ROLLBACK_ODDS, three)).toBeCloseTo(16.58553581271267, 9);
  });

  it('follows the stream of 40 strata with its empty, full and silent ones', () => {
    for (const [length, expected] of Object.entries(vectors.after)) {
      const strata = vectors.strata.slice(0, Number(length));
      expect(Math.abs(lnE(ROLLBACK_ODDS, strata) - expected.fisherRollback)).toBeLessThan(1e-9);
      expect(Math.abs(lnE(NON_INFERIOR_ODDS, strata) - expected.fisherNonInferior)).toBeLessThan(1e-9);
    }
  });

  it.each([
    [40, 0, 0, 0],
    [0, 0, 40, 3],
    [40, 0, 2, 0],
    [40, 40, 2, 2],
  ])('learns nothing from %d requests with %d bad beside %d with %d bad', (...stratum) => {
    const before = absorbF(startF(ROLLBACK_ODDS), counts([47, 0, 3, 1]));
    expect(absorbF(before, counts(stratum))).toEqual(before);
  });

  describe.each(SIZES)('with %d stable and %d candidate requests', (n0, n1) => {
    it.each(RATES)('has mean exactly 1 when both fail at a rate of %d', (rate) => {
      expect(Math.abs(meanOf(ROLLBACK_ODDS, n0, rate, n1, rate) - 1)).toBeLessThan(1e-9);
      expect(Math.abs(meanOf(NON_INFERIOR_ODDS, n0, rate, n1, rate) - 1)).toBeLessThan(1e-9);
    });

    it.each(RATES.slice(1))('has mean at most 1 on the safe side of a rate of %d', (rate) => {
      expect(meanOf(ROLLBACK_ODDS, n0, rate, n1, rate * 0.6)).toBeLessThan(1 + 1e-9);
      expect(meanOf(NON_INFERIOR_ODDS, n0, rate * 0.6, n1, rate)).toBeLessThan(1 + 1e-9);
    });
  });

  it('agrees with sums of binomials around the change from plain numbers to logarithms', () => {
    const arm = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(arm, arm, fc.double({ min: 0, max: 1, noNaN: true }), (n0, n1, share) => {
        const m = Math.max(1, Math.min(n0 + n1 - 1, Math.round(share * (n0 + n1))));
        for (const psi of [1 / 50, 1.25, 1000]) {
          const terms: number[] = [];
          for (let k = Math.max(0, m - n0); k <= Math.min(m, n1); k += 1) {
            terms.push(logChoose(n1, k) + logChoose(n0, m - k) + k * Math.log(psi));
          }
          const expected = logSumExp(terms) - logChoose(n0 + n1, m);
          const [mean] = logMeans(n0, n1, m, [psi]);
          expect(Math.abs(mean! - expected)).toBeLessThan(1e-9);
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('knows sums of thousands of terms, and takes a bound above the truth beyond 65,536', () => {
    const truth = [-2864.196233865453, 1620.9661323121472, 28975.367505520073];
    logMeans(20_000, 5000, 10_000, [1 / 50, 2, 1000]).forEach((mean, i) => {
      expect(Math.abs(mean - truth[i]!)).toBeLessThan(1e-9 * Math.abs(truth[i]!));
    });
    const bounds = logMeans(400_000, 100_000, 200_000, [1 / 50, 2, 1000]);
    // Of twenty times the counts the truth is a little less than twenty times as much.
    bounds.forEach((bound, i) => {
      expect(bound).toBeGreaterThan(20 * truth[i]! - Math.abs(0.01 * truth[i]!));
    });
  });

  it('survives extreme arms and 3,000 catastrophic strata without losing its numbers', () => {
    expect(logMeans(63, 1e9, 63, [1000])[0]).toBeLessThanOrEqual(63 * Math.log(1000));
    expect(logMeans(1e9, 63, 63, [1000])[0]).toBeGreaterThan(0);
    let state = startF(ROLLBACK_ODDS);
    for (let i = 0; i < 3000; i += 1) state = absorbF(state, counts([500, 0, 500, 500]));
    expect(lnEOfF(state)).toBeGreaterThan(5e5);
    expect(Number.isFinite(lnEOfF(state))).toBe(true);
  });
});
