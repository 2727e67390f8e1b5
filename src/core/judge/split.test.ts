// Tests of engine S: the values of its authors, and what it notices.
import { describe, expect, it } from 'vitest';
import { binomial } from './fixture.ts';
import { absorbSplit, lnEOfCounts, lnEOfSplit, startSplit } from './split.ts';

describe('engine S', () => {
  it.each([
    [[260, 340], [0.5, 0.5], [50, 50], 3.612914386350854],
    [[40, 460], [0.05, 0.95], [5, 95], 2.344949101394817],
    [[60, 63, 32], [0.4, 0.4, 0.2], [1, 1, 1], -4.18381398236774],
    [[2, 2, 1], [0.4, 0.4, 0.2], [1, 1, 1], -6.4457198193855785 + 5.27460083993072],
  ])('knows ln E of counts %j against shares %j', (counts, theta, prior, expected) => {
    expect(Math.abs(lnEOfCounts(counts, theta, prior) - expected)).toBeLessThan(1e-9);
  });

  it('has mean exactly 1 while requests fall as they were asked to', () => {
    for (const weight of [1, 5, 50]) {
      let mean = 0;
      for (let n1 = 0; n1 <= 60; n1 += 1) {
        const state = absorbSplit(startSplit(), 1, weight, [60 - n1, n1]);
        mean += binomial(60, n1, weight / 100) * Math.exp(lnEOfSplit(state));
      }
      expect(Math.abs(mean - 1)).toBeLessThan(1e-9);
    }
  });

  it('finds a candidate whose requests get lost before they are counted, and stays with it', () => {
    let state = startSplit();
    for (let second = 0; second < 60; second += 1) state = absorbSplit(state, 1, 50, [25, 15]);
    expect(state.mismatch).toBeGreaterThan(Math.log(1000));
    const found = state.mismatch;
    for (let second = 0; second < 600; second += 1) state = absorbSplit(state, 2, 50, [25, 25]);
    expect(state.mismatch).toBe(found);
  });

  it('does not mind a change of the weight, nor weights that leave no choice', () => {
    let state = startSplit();
    for (const [epoch, weight] of [5, 25, 50, 100].entries()) {
      for (let second = 0; second < 60; second += 1) state = absorbSplit(state, epoch, weight, [100 - weight, weight]);
    }
    expect(state.mismatch).toBeNull();
    expect(absorbSplit(state, 0, 5, [0, 1000])).toBe(state);
  });
});
