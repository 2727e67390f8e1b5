// Tests of logarithmic sums and factorials against values of 40 digits.
import { describe, expect, it } from 'vitest';
import { logChoose, logGamma, logSumExp } from './logs.ts';

describe('logarithms', () => {
  it.each([
    [0.001, 6.907178885383854],
    [0.5, 0.5723649429247001],
    [1.5, -0.12078223763524522],
    [3.25, 0.9358019311087253],
    [9.99, 12.77931521435019],
    [10, 12.80182748008147],
    [10.5, 13.940625219403763],
    [100, 359.1342053695754],
    [4097.5, 29982.807035472695],
    [123_456.75, 1323901.5615730144],
    [1e9, 19723265827.503716],
  ])('know ln Gamma(%d) to 1e-14 of its size', (x, expected) => {
    expect(Math.abs(logGamma(x) - expected)).toBeLessThan(2e-14 * Math.max(1, Math.abs(expected)));
  });

  it('know ln of factorials, added up one by one, up to 5000', () => {
    let expected = 0;
    for (let n = 1; n <= 5000; n += 1) {
      expected += Math.log(n);
      expect(Math.abs(logGamma(n + 1) - expected)).toBeLessThan(1e-11 * Math.max(1, expected));
    }
  });

  it('know binomials', () => {
    expect(logChoose(50, 3)).toBeCloseTo(Math.log(19_600), 12);
    expect(logChoose(7, 0)).toBeCloseTo(0, 13);
  });

  it('add exponentials of any size', () => {
    expect(logSumExp([])).toBe(-Infinity);
    expect(logSumExp([-Infinity, -Infinity])).toBe(-Infinity);
    expect(logSumExp([0, 0, -Infinity])).toBeCloseTo(Math.LN2, 15);
    expect(logSumExp([6.6e7, 6.6e7])).toBe(6.6e7 + Math.LN2);
    expect(logSumExp([-1e5, -1e5])).toBeCloseTo(-1e5 + Math.LN2, 9);
  });
});
