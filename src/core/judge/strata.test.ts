// Tests of strata: when they close, what is passed over, and that closing does not choose among outcomes.
import { describe, expect, it } from 'vitest';
import { type Cell, failuresOf } from '../traffic.ts';
import { absorbF, type Counts, lnEOfF, ROLLBACK_ODDS, startF } from './engineF.ts';
import { type CellCounts, cellOf } from './fixture.ts';
import { logChoose } from './logs.ts';
import { addCell, type StrataRule, type Stratum, startStrata } from './strata.ts';

const rule: StrataRule = { expected: 2, seconds: 600, unit: 'request' };

function closedBy(cells: readonly Cell[], by: StrataRule = rule): Stratum[] {
  let state = startStrata();
  return cells.flatMap((cell) => {
    const next = addCell(state, cell, by);
    state = next.state;
    return next.closed;
  });
}
const strataOf = (counts: readonly CellCounts[], by: StrataRule = rule) => closedBy(counts.map(cellOf), by);
const brief = (strata: readonly Stratum[]) =>
  strata.map(({ n0, x0, n1, x1, firstTick, lastTick }) => `${firstTick}-${lastTick} ${n0},${x0};${n1},${x1}`);

describe('strata', () => {
  it('merge seconds until the smaller arm can expect two requests', () => {
    const cells = [
      { tick: 10, stable: [20, 1], candidate: [0, 0] },
      { tick: 11, stable: [18, 0], candidate: [1, 1] },
      { tick: 13, stable: [1, 0], candidate: [0, 0] },
      { tick: 14, stable: [30, 0], candidate: [12, 2] },
    ] as const;
    expect(brief(strataOf(cells))).toEqual(['10-13 39,1;1,1', '14-14 30,0;12,2']);
  });

  it('look at the smaller share, whichever arm has it', () => {
    for (const weight of [5, 95]) {
      expect(strataOf([{ tick: 1, weight, stable: [20, 0], candidate: [19, 0] }])).toHaveLength(0);
      expect(strataOf([{ tick: 1, weight, stable: [20, 0], candidate: [20, 0] }])).toHaveLength(1);
    }
  });

  it('close after 600 seconds, with the second that fills them or before one that is later', () => {
    const quiet = (tick: number) => ({ tick, stable: [1, 0], candidate: [0, 0] }) as const;
    expect(brief(strataOf([quiet(100), quiet(698), quiet(699), quiet(700)]))).toEqual(['100-699 3,0;0,0']);
    expect(brief(strataOf([quiet(100), quiet(698), quiet(700), quiet(1300)]))).toEqual([
      '100-698 2,0;0,0',
      '700-700 1,0;0,0',
    ]);
    const busy = { tick: 800, stable: [40, 0], candidate: [2, 0] } as const;
    expect(brief(strataOf([quiet(100), busy]))).toEqual(['100-100 1,0;0,0', '800-800 40,0;2,0']);
  });

  it('drop what is open when the epoch changes, and pass over cells of an epoch that is over', () => {
    const half = { stable: [20, 5], candidate: [1, 1] } as const;
    const cells = [
      { tick: 1, epoch: 3, ...half },
      { tick: 1, epoch: 4, ...half },
      { tick: 2, epoch: 3, ...half },
      { tick: 2, epoch: 4, ...half },
    ];
    expect(brief(strataOf(cells))).toEqual(['1-2 40,10;2,2']);
    expect(strataOf(cells)[0]?.epoch).toBe(4);
  });

  it('drop what is open when a clock went back', () => {
    const half = { stable: [20, 5], candidate: [1, 1] } as const;
    expect(
      brief(
        strataOf([
          { tick: 50, ...half },
          { tick: 3, ...half },
          { tick: 4, ...half },
        ]),
      ),
    ).toEqual(['3-4 40,10;2,2']);
  });

  it('leave out cells without a choice between the arms, but heed their epoch', () => {
    const half = { stable: [20, 5], candidate: [1, 1] } as const;
    const cells = [
      { tick: 1, epoch: 1, ...half },
      { tick: 2, epoch: 2, weight: 100, stable: null, candidate: [500, 3] },
      { tick: 3, epoch: 2, weight: 0, stable: [500, 3], candidate: null },
      { tick: 4, epoch: 1, ...half },
    ] as const;
    expect(strataOf(cells)).toEqual([]);
  });

  it('take an arm without requests as an empty one', () => {
    const cells = [
      { tick: 1, stable: [40, 0], candidate: null },
      { tick: 2, stable: null, candidate: [40, 1] },
    ] as const;
    expect(brief(strataOf(cells))).toEqual(['1-1 40,0;0,0', '2-2 0,0;40,1']);
  });

  it('never hold more bad requests than requests', () => {
    expect(brief(strataOf([{ tick: 1, stable: [40, 41], candidate: [2, 9] }]))).toEqual(['1-1 40,40;2,2']);
  });

  it('close each second and hold first failures when clients are the unit', () => {
    const clients: StrataRule = { expected: 0, seconds: 600, unit: 'client' };
    expect(brief(strataOf([{ tick: 1, stable: [1, 1, 0], candidate: [3, 3, 1] }], clients))).toEqual(['1-1 1,0;3,1']);
  });
});

describe('the closing of strata', () => {
  const weight = 0.1;
  const split = (n: number, k: number) =>
    Math.exp(logChoose(n, k) + k * Math.log(weight) + (n - k) * Math.log1p(-weight));

  /** Mean of the product of e-values over every way in which chance can part the requests of some seconds, each second good or bad as a whole. */
  function meanOver(
    seconds: readonly { readonly requests: number; readonly isBad: boolean }[],
    close: (cells: readonly Cell[]) => Counts[],
  ): number {
    const go = (cells: readonly Cell[]): number => {
      const second = seconds[cells.length];
      if (!second) return Math.exp(closeLnE(close(cells)));
      let mean = 0;
      for (let k = 0; k <= second.requests; k += 1) {
        const bad = (n: number) => (second.isBad ? n : 0);
        const stable = [second.requests - k, bad(second.requests - k)] as const;
        const cell = cellOf({ tick: cells.length, weight: 100 * weight, stable, candidate: [k, bad(k)] });
        mean += split(second.requests, k) * go([...cells, cell]);
      }
      return mean;
    };
    return go([]);
  }
  const closeLnE = (strata: readonly Counts[]) => lnEOfF(strata.reduce(absorbF, startF(ROLLBACK_ODDS)));

  /** "Close when both arms have two requests": the rule that comes to mind first. */
  function obvious(cells: readonly Cell[]): Counts[] {
    const closed: Counts[] = [];
    let open = { n0: 0, x0: 0, n1: 0, x1: 0 };
    for (const { stable, candidate } of cells) {
      const { n0, x0, n1, x1 } = open;
      open = {
        n0: n0 + stable!.requests,
        x0: x0 + failuresOf(stable!),
        n1: n1 + candidate!.requests,
        x1: x1 + failuresOf(candidate!),
      };
      if (open.n0 < 2 || open.n1 < 2) continue;
      closed.push(open);
      open = { n0: 0, x0: 0, n1: 0, x1: 0 };
    }
    return closed;
  }

  const good = (requests: number) => ({ requests, isBad: false });
  const bad = (requests: number) => ({ requests, isBad: true });

  it('keeps the mean at 1 where the obvious rule, which looks at the split, makes it 1.408', () => {
    const incident = [good(20), bad(20)];
    expect(meanOver(incident, obvious)).toBeCloseTo(1.408, 3);
    expect(meanOver(incident, (cells) => closedBy(cells))).toBeCloseTo(1, 9);
  });

  it.each([
    ['seconds that merge into one stratum', [good(12), bad(8)]],
    ['a stratum that is filled and one that stays open', [good(12), bad(9), good(4)]],
    ['two strata of several seconds', [good(9), bad(12), bad(8), good(13)]],
  ])('keeps the mean at 1 for %s', (_, seconds) => {
    expect(meanOver(seconds, (cells) => closedBy(cells))).toBeCloseTo(1, 9);
  });
});
