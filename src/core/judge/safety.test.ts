// Tests of certificates: the promise of the tuned bets by complete enumeration, and that they are worth their part of the purse.
import { describe, expect, it } from 'vitest';
import { bestStake, gainB, growthOfEqual, type Line, SAFE_STAKES } from './engineB.ts';
import { binomial } from './fixture.ts';
import { absorbErrorCounts, absorbSlowCounts, lnEOfSafety, startErrorSafety, startLatencySafety } from './safety.ts';

const LINES: readonly Line[] = [
  { side: 'safe', ratio: 1.25, delta: 0.005, stakes: SAFE_STAKES },
  { side: 'safe', ratio: 1, delta: 0.1, stakes: SAFE_STAKES },
];
const RATES = [0, 0.001, 0.01, 0.05, 0.2, 0.5, 0.8];
const SIZES = [
  [20, 2],
  [12, 12],
  [3, 15],
] as const;

/** Mean of the e-value over everything that can happen to n0 requests at a rate of p0 and n1 at one of p1. */
function meanOf(
  [n0, n1]: readonly [number, number],
  p0: number,
  p1: number,
  lnE: (x0: number, x1: number) => number,
): number {
  let mean = 0;
  for (let x0 = 0; x0 <= n0; x0 += 1) {
    for (let x1 = 0; x1 <= n1; x1 += 1) {
      mean += binomial(n0, x0, p0) * binomial(n1, x1, p1) * Math.exp(lnE(x0, x1));
    }
  }
  return mean;
}

describe('a certificate', () => {
  it.each([0.001, 0.05, 0.4])('of errors has mean at most 1 on its line and above, whatever the guess: %d', (guess) => {
    for (const line of LINES) {
      for (const [n0, n1] of SIZES) {
        for (const p0 of RATES) {
          const limit = Math.min(1, line.ratio * p0 + line.delta);
          for (const p1 of [limit, Math.min(1, 2 * limit)]) {
            const mean = meanOf([n0, n1], p0, p1, (x0, x1) =>
              lnEOfSafety(absorbErrorCounts(startErrorSafety(line), line, { n0, x0, n1, x1 }, guess)),
            );
            expect(mean).toBeLessThan(1 + 1e-9);
          }
        }
      }
    }
  });

  it.each([0.02, 0.3, 0.7, 0.98])(
    'of latency has mean 1 at its margin and at most 1 beyond, whatever the odds: %d',
    (odds) => {
      for (const [n0, n1] of SIZES) {
        for (const p0 of RATES) {
          const lnE = (x0: number, x1: number) =>
            lnEOfSafety(absorbSlowCounts(startLatencySafety(false), { n0, x0, n1, x1 }, odds));
          // Rounding down takes a little.
          expect(Math.abs(meanOf([n0, n1], p0, p0, lnE) - 1)).toBeLessThan(1e-7);
          expect(meanOf([n0, n1], p0, Math.min(1, 1.5 * p0), lnE)).toBeLessThan(1 + 1e-9);
        }
      }
    },
  );

  it('keeps three quarters of what a tuned bet alone has won', () => {
    const line = LINES[0]!;
    const counts = { n0: 500, x0: 5, n1: 500, x1: 5 };
    const alone = gainB(line, bestStake(line, 0.01, 500, 500), counts, 0.01);
    const safety = lnEOfSafety(absorbErrorCounts(startErrorSafety(line), line, counts, 0.01));
    expect(safety).toBeGreaterThan(alone + Math.log(0.75));
  });
});

describe('the best stake', () => {
  it.each([
    [0.001, 25, 25],
    [0.01, 25, 25],
    [0.01, 48, 2],
    [0.3, 10, 40],
  ])('at a rate of %d with %d and %d requests wins more than any fixed one', (rate, n0, n1) => {
    const line = LINES[0]!;
    const best = growthOfEqual(line, bestStake(line, rate, n0, n1), rate, n0, n1);
    expect(best).toBeGreaterThan(0);
    // Fixed stakes may lie between two of those among which it is sought.
    for (const stake of SAFE_STAKES) expect(growthOfEqual(line, stake, rate, n0, n1)).toBeLessThan(1.02 * best);
  });

  it('is none where an equal version is no better than the line, or an arm is empty', () => {
    const equal: Line = { side: 'safe', ratio: 1, delta: 0, stakes: SAFE_STAKES };
    expect(bestStake(equal, 0.01, 25, 25)).toBe(0);
    expect(bestStake(LINES[0]!, 0.01, 25, 0)).toBe(0);
  });
});
