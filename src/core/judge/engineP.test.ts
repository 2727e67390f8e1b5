// Tests of engine P: known values, and its promise by complete enumeration.
import { describe, expect, it } from 'vitest';
import type { Counts } from './engineF.ts';
import { absorbP, lnEOfP, RATIOS, startP } from './engineP.ts';
import { binomial } from './fixture.ts';
import vectors from './vectors.json' with { type: 'json' };

const counts = ([n0, x0, n1, x1]: readonly number[]): Counts => ({ n0: n0!, x0: x0!, n1: n1!, x1: x1! });
const stateAfter = (strata: readonly (readonly number[])[]) => strata.map(counts).reduce(absorbP, startP());
const THREE = [
  [47, 0, 3, 1],
  [48, 1, 2, 2],
  [47, 0, 3, 3],
];

describe('engine P', () => {
  it('knows ln E of three strata, and the interval of ratios that they leave', () => {
    const state = stateAfter(THREE);
    expect(lnEOfP(state, 1, 'above')).toBeCloseTo(14.12951237067279, 9);
    // 95 %: both sides at 2.5 %. On the grid, rounded outwards, the interval is [8, infinity).
    const isRejected = (side: 'above' | 'below') => (rho: number) => lnEOfP(state, rho, side) >= Math.log(2 / 0.05);
    expect(RATIOS.filter(isRejected('above')).at(-1)).toBe(8);
    expect(RATIOS.filter(isRejected('below'))).toEqual([]);
  });

  it('follows the stream of 40 strata', () => {
    for (const [length, expected] of Object.entries(vectors.after)) {
      const state = stateAfter(vectors.strata.slice(0, Number(length)));
      expect(Math.abs(lnEOfP(state, 1, 'above') - expected.ratio_rho0_1)).toBeLessThan(1e-9);
      expect(Math.abs(lnEOfP(state, 2, 'above') - expected.ratio_rho0_2)).toBeLessThan(1e-9);
      expect(Math.abs(lnEOfP(state, 4, 'below') - expected.ratio_below_4)).toBeLessThan(1e-9);
    }
  });

  it.each([1, 2])('has mean at most 1 over everything that can happen at a true ratio of %d', (rho0) => {
    for (const p0 of [0, 0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.999]) {
      for (const [n0, n1] of [
        [20, 2],
        [12, 12],
        [3, 15],
      ] as const) {
        const p1 = Math.min(1, rho0 * p0);
        let mean = 0;
        for (let x0 = 0; x0 <= n0; x0 += 1) {
          for (let x1 = 0; x1 <= n1; x1 += 1) {
            const e = Math.exp(lnEOfP(stateAfter([[n0, x0, n1, x1]]), rho0, 'above'));
            mean += binomial(n0, x0, p0) * binomial(n1, x1, p1) * e;
          }
        }
        expect(mean).toBeLessThan(1 + 1e-9);
      }
    }
  });

  it('has mean exactly 1 when each first failure falls to the candidate with the chance that is its weight', () => {
    for (const weight of [0.01, 0.05, 0.3, 0.5, 0.99]) {
      for (const failures of [1, 2, 7]) {
        let mean = 0;
        for (let x1 = 0; x1 <= failures; x1 += 1) {
          const state = stateAfter([[1 - weight, failures - x1, weight, x1]]);
          mean += binomial(failures, x1, weight) * Math.exp(lnEOfP(state, 1, 'above'));
        }
        expect(Math.abs(mean - 1)).toBeLessThan(1e-9);
      }
    }
  });

  it('has no evidence beyond its grid, and none before the first event', () => {
    expect(lnEOfP(startP(), 1024, 'above')).toBe(-Infinity);
    expect(lnEOfP(startP(), 1 / 64, 'below')).toBe(-Infinity);
    expect(lnEOfP(stateAfter([[100, 0, 5, 0]]), 1, 'above')).toBeCloseTo(0, 12);
    expect(lnEOfP(stateAfter([[0, 0, 0, 0]]), 1, 'above')).toBeCloseTo(0, 12);
  });
});
