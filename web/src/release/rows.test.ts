// The river as a table loses no request, however long the release was.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Moment } from './model.ts';
import { inRows } from './rows.ts';

describe('the rows of a table', () => {
  it('hold every request, ascend, and are at most so many', () => {
    const second = fc.record({ skip: fc.integer({ min: 1, max: 5000 }), good: fc.nat(50), bad: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(second, { maxLength: 150 }), fc.integer({ min: 2, max: 30 }), (seconds, most) => {
        let at = 1_800_000_000_000;
        const moments = seconds.map(({ skip, good, bad }): Moment => {
          at += skip * 1000;
          const arm = { requests: good, failures: bad, latency: [] };
          return { at, epoch: 1, weight: 25, stable: arm, candidate: good > 20 ? arm : null, seconds: 1 };
        });
        const rows = inRows(moments, most);
        expect(rows.length).toBeLessThanOrEqual(most);
        expect(rows.map((row) => row.at)).toEqual([...new Set(rows.map((row) => row.at))].sort((a, b) => a - b));
        const told = moments.reduce((all, one) => all + (one.stable?.requests ?? 0), 0);
        expect(rows.reduce((all, row) => all + row.stable.requests, 0)).toBe(told);
      }),
    );
  });
});
