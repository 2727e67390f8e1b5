// Tests of engine B and the harm bound: known values, and their promise by complete enumeration.
import { describe, expect, it } from 'vitest';
import {
  absorbB,
  addGuess,
  type Line,
  type LineState,
  lnEOfB,
  NO_GUESS,
  rateOf,
  SAFE_STAKES,
  startB,
} from './engineB.ts';
import { type Counts, ROLLBACK_ODDS } from './engineF.ts';
import { binomial } from './fixture.ts';
import { absorbHarm, HARM_STEPS, startHarm } from './harm.ts';
import vectors from './vectors.json' with { type: 'json' };

const counts = ([n0, x0, n1, x1]: readonly number[]): Counts => ({ n0: n0!, x0: x0!, n1: n1!, x1: x1! });
const safe = (ratio: number, delta: number): Line => ({ side: 'safe', ratio, delta, stakes: SAFE_STAKES });
const harmful = (ratio: number, delta: number): Line => ({ side: 'harmful', ratio, delta, stakes: ROLLBACK_ODDS });

function lnE(line: Line, strata: readonly (readonly number[])[]): number {
  let state: LineState = startB(line);
  let guess = NO_GUESS;
  for (const stratum of strata.map(counts)) {
    state = absorbB(state, line, stratum, rateOf(guess));
    guess = addGuess(guess, stratum);
  }
  return lnEOfB(state);
}

describe('engine B', () => {
  it('knows ln E of three strata and of sixty silent ones', () => {
    const three = [
      [47, 0, 3, 1],
      [48, 1, 2, 2],
      [47, 0, 3, 3],
    ];
    expect(Math.abs(lnE(harmful(1, 0.001), three) - 13.63491958952928)).toBeLessThan(1e-9);
    const silent = Array.from({ length: 60 }, () => [25, 0, 25, 0]);
    expect(Math.abs(lnE(safe(1.25, 0.005), silent) - 5.980724818825059)).toBeLessThan(1e-9);
  });

  it('follows the stream of 40 strata', () => {
    for (const [length, expected] of Object.entries(vectors.after)) {
      const strata = vectors.strata.slice(0, Number(length));
      expect(Math.abs(lnE(safe(1.25, 0.005), strata) - expected['lineNI_1.25x_0.5pp'])).toBeLessThan(1e-9);
      expect(Math.abs(lnE(safe(1, 0.1), strata) - expected.lineNI_1x_10pp)).toBeLessThan(1e-9);
      expect(Math.abs(lnE(harmful(1.1, 0.0005), strata) - expected['lineRB_1.1x_0.05pp'])).toBeLessThan(1e-9);
    }
  });

  const sizes = [
    [20, 2],
    [12, 12],
    [3, 15],
  ] as const;
  const lines = [
    [1, 0.001],
    [1.25, 0.005],
    [1, 0.1],
  ] as const;

  describe.each(lines)('on the line %d p0 + %d', (ratio, delta) => {
    it.each(sizes)('has mean at most 1 with %d and %d requests, whatever the rates and the guess', (n0, n1) => {
      for (const p0 of [0, 0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.999]) {
        const p1 = ratio * p0 + delta;
        if (p1 > 1) continue;
        for (const guess of [0.001, 0.05, 0.4]) {
          for (const line of [safe(ratio, delta), harmful(ratio, delta)]) {
            let mean = 0;
            for (let x0 = 0; x0 <= n0; x0 += 1) {
              for (let x1 = 0; x1 <= n1; x1 += 1) {
                const e = Math.exp(lnEOfB(absorbB(startB(line), line, { n0, x0, n1, x1 }, guess)));
                mean += binomial(n0, x0, p0) * binomial(n1, x1, p1) * e;
              }
            }
            expect(mean).toBeLessThan(1 + 1e-9);
          }
        }
      }
    });
  });

  it('learns nothing without a choice, and remembers a lost stake in JSON', () => {
    const line = safe(1.25, 0.005);
    for (const nothing of [
      [0, 0, 40, 3],
      [40, 3, 0, 0],
    ]) {
      expect(absorbB(startB(line), line, counts(nothing), 0.01)).toEqual(startB(line));
    }
    const lost = absorbB(startB(line), line, counts([40, 0, 5, 1]), 0.01);
    expect(JSON.parse(JSON.stringify(lost))).toEqual(lost);
    const later = absorbB(lost, line, counts([4000, 0, 5000, 0]), 0.01);
    expect(later.at(-1)).toBe(lost.at(-1));
  });
});

describe('the harm bound', () => {
  const boundAfter = (strata: number, stratum: Counts) => {
    let state = startHarm();
    let guess = NO_GUESS;
    for (let i = 0; i < strata; i += 1) {
      state = absorbHarm(state, stratum, rateOf(guess));
      guess = addGuess(guess, stratum);
    }
    return state.bound;
  };

  it('is 1 before anything was seen and falls as good requests come', () => {
    expect(startHarm().bound).toBe(1);
    const bounds = [5, 20, 100, 500, 4000].map((n) => boundAfter(n, { n0: 47, x0: 0, n1: 3, x1: 0 }));
    expect(bounds).toEqual([...bounds].sort((a, b) => b - a));
    expect(bounds[0]).toBeLessThan(1);
    expect(bounds.at(-1)).toBeLessThan(0.005);
  });

  it('never falls below the extra failures that there are', () => {
    expect(boundAfter(300, { n0: 40, x0: 0, n1: 10, x1: 1 })).toBeGreaterThanOrEqual(0.1);
    expect(boundAfter(300, { n0: 40, x0: 4, n1: 10, x1: 1 })).toBeLessThan(0.1);
  });

  it('never rises, whatever comes later', () => {
    let state = startHarm();
    for (let i = 0; i < 300; i += 1) state = absorbHarm(state, { n0: 25, x0: 0, n1: 25, x1: 0 }, 0.001);
    const low = state.bound;
    for (let i = 0; i < 300; i += 1) state = absorbHarm(state, { n0: 25, x0: 0, n1: 25, x1: 25 }, 0.001);
    expect(state.bound).toBe(low);
    expect(HARM_STEPS).toContain(low);
  });
});
