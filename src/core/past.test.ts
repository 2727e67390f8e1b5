// Tests of what is known of a service's traffic: it is the same in however many reads it comes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellOf } from './judge/fixture.ts';
import { absorbPast, NO_PAST, type Past, shareOfFailures } from './past.ts';
import type { Cell, Observations } from './traffic.ts';

function read(cells: readonly Cell[], closedUpTo: number): Observations {
  return { cursor: { boot: 'b', seq: 0 }, lost: 0, closedUpTo, cells };
}

const steady = (from: number, to: number, requests: number, failures = 0): Cell[] =>
  Array.from({ length: to - from }, (_, i) =>
    cellOf({ tick: from + i, stable: [requests, failures], candidate: null }),
  );

const pastOf = (cells: readonly Cell[], upTo: number, past: Past = NO_PAST) =>
  absorbPast(past, 'web', read(cells, upTo));

describe('the past of a service', () => {
  it('has the rate of what came, follows it, and hears silence', () => {
    const busy = pastOf(steady(0, 60, 50), 59);
    expect(busy.rate).toBeCloseTo(50);
    expect(pastOf([], 74, busy).rate).toBeCloseTo(25);
    expect(pastOf([], 1059, busy).rate).toBe(0);
  });

  it('has the share of failures, which fades with a half-life of five minutes', () => {
    const past = pastOf(steady(0, 300, 100, 10), 299);
    expect(shareOfFailures(past)).toBeCloseTo(0.1);
    expect(shareOfFailures(pastOf(steady(300, 600, 100), 599, past))).toBeCloseTo(0.1 / 3, 3);
    expect(shareOfFailures(NO_PAST)).toBe(0);
  });

  it('knows at most 32 routes, the busiest first', () => {
    const [cell] = steady(0, 1, 100);
    if (!cell?.stable) throw new Error('no cell');
    const names = Array.from({ length: 50 }, (_, i) => `GET /${i}`);
    const routes = names.map((route, i) => ({ route, requests: i + 1, failures: 0, firstFailures: 0 }));
    const past = pastOf([{ ...cell, stable: { ...cell.stable, routes, clientErrors: 0 } }], 0);
    expect(past.routes).toHaveLength(32);
    expect(past.routes[0]?.[0]).toBe('GET /49');
    expect(past.tellsClientErrors).toBe(true);
  });

  it('is the same, bit for bit, in however many reads it comes', () => {
    const seconds = fc.array(fc.record({ requests: fc.nat(200), skip: fc.nat(3) }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(seconds, fc.array(fc.nat(5), { maxLength: 40 }), (list, sizes) => {
        let tick = 0;
        const cells = list.map(({ requests, skip }) => {
          tick += 1 + skip;
          return cellOf({ tick, stable: [requests, requests % 3], candidate: null });
        });
        const whole = pastOf(cells, tick);
        let parts: Past = NO_PAST;
        let rest = cells;
        for (const size of sizes) {
          const some = rest.slice(0, size);
          rest = rest.slice(size);
          const upTo = some.at(-1)?.tick;
          if (upTo !== undefined) parts = pastOf(some, upTo, parts);
        }
        expect(pastOf(rest, tick, parts)).toEqual(whole);
      }),
    );
  });

  it('goes on where a balancer began anew with an earlier time', () => {
    const past = pastOf(steady(1000, 1060, 50), 1059);
    const again = pastOf(steady(10, 20, 50), 19, past);
    expect(again.upTo).toBe(19);
    expect(again.rate).toBeCloseTo(50);
  });
});
