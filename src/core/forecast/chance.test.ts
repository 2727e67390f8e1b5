// Chance of the forecast: drawn counts have the shares that they should have.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantile } from '../traffic.ts';
import { Clients } from './clients.ts';
import { binomial, diceOf } from './dice.ts';
import { bucketsLonger, LatencyCounter, latenciesOf, lognormal } from './latencies.ts';

describe('binomial', () => {
  it.each([
    [1, 0.3],
    [10, 0.05],
    [40, 0.5],
    [40, 0.97],
    [2000, 0.001],
    [5000, 0.3],
  ])('of %i tries with chance %f has the mean and the spread that it should', (n, p) => {
    const roll = diceOf(7);
    const counts = Array.from({ length: 20_000 }, () => binomial(roll, n, p));
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    const spread = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
    const variance = n * p * (1 - p);
    expect(Math.abs(mean - n * p)).toBeLessThan(5 * Math.sqrt(variance / counts.length));
    expect(spread / variance).toBeGreaterThan(0.93);
    expect(spread / variance).toBeLessThan(1.07);
  });

  it('is a whole number of the tries, whatever it is asked', () => {
    const share = fc.double({ min: -0.5, max: 1.5, noNaN: true });
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 100_000 }), share, (seed, n, p) => {
        const count = binomial(diceOf(seed), n, p);
        expect(Number.isInteger(count) && count >= 0 && count <= n).toBe(true);
      }),
    );
  });
});

describe('latencies', () => {
  const histogram = [
    [500, 700],
    [600, 290],
    [700, 10],
  ] as const;

  it.each([40, 40_000])('drawn %i at a time are spread as those that were measured', (n) => {
    const counter = new LatencyCounter();
    const roll = diceOf(3);
    for (let drawn = 0; drawn < 40_000; drawn += n) counter.add(roll, latenciesOf(histogram), n);
    const taken = new Map(counter.take());
    expect([...taken.keys()]).toEqual([500, 600, 700]);
    expect(Math.abs((taken.get(500) ?? 0) / 40_000 - 0.7)).toBeLessThan(0.015);
    expect(Math.abs((taken.get(700) ?? 0) / 40_000 - 0.01)).toBeLessThan(0.003);
    expect(counter.take()).toEqual([]);
  });

  it('move by as many buckets as a slower request does', () => {
    const counter = new LatencyCounter();
    counter.add(diceOf(3), latenciesOf([[600, 1]]), 100_000, bucketsLonger(2));
    const taken = counter.take();
    const mean = taken.reduce((sum, [bucket, count]) => sum + bucket * count, 0) / 100_000;
    expect(mean - 600).toBeCloseTo(Math.log(2) / Math.log(1.01), 1);
  });

  it('of a lognormal go through its quantiles', () => {
    const drawn = lognormal(80, 400);
    expect(quantile(drawn, 0.5)).toBeGreaterThan(78);
    expect(quantile(drawn, 0.5)).toBeLessThan(82);
    expect(quantile(drawn, 0.99)).toBeGreaterThan(390);
    expect(quantile(drawn, 0.99)).toBeLessThan(410);
  });
});

describe('clients', () => {
  it('meet a thing for the first time once, on whatever side they are', () => {
    const weights = fc.array(fc.double({ min: 0, max: 99, noNaN: true }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 500 }), weights, (seed, count, rising) => {
        const clients = new Clients(diceOf(seed), count);
        let firsts = 0;
        for (const weight of rising.toSorted((a, b) => a - b)) {
          clients.moveTo(weight);
          for (const side of [0, 1] as const) {
            const met = clients.firsts('failure', side, 50);
            expect(met).toBeLessThanOrEqual(50);
            firsts += met;
          }
        }
        expect(firsts).toBeLessThanOrEqual(count);
      }),
    );
  });

  it('are on the side of the candidate as often as the weight says', () => {
    const clients = new Clients(diceOf(5), 100_000);
    for (const weight of [5, 25, 50]) clients.moveTo(weight);
    const met = [0, 1].map((side) => clients.firsts('request', side as 0 | 1, 10_000_000));
    expect(Math.abs((met[1] ?? 0) / 100_000 - 0.5)).toBeLessThan(0.01);
  });
});
