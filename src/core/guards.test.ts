// Tests of the rules beside the judge: what trips each of them, and what does not.
import { describe, expect, it } from 'vitest';
import { absorbGuards, type Guards, startGuards, warningsOf } from './guards.ts';
import { type CellCounts, cellOf } from './judge/fixture.ts';
import type { Loads } from './load.ts';
import { type Release, startRelease } from './release.ts';
import { specFor } from './service.fixture.ts';

function release(rest: Partial<Release> = {}): Release {
  const begun = { id: 2, version: 42, from: 41, isDirect: false, salt: 's', now: 0, by: 'anna', reason: '' };
  return { ...startRelease({ ...begun, spec: specFor() }), weight: 5, ...rest };
}

function after(cells: readonly CellCounts[], one: Release = release(), before = 0): Guards {
  return cells.reduce((state, cell) => absorbGuards(state, one, [cellOf(cell)], null), startGuards(before));
}

const UNKNOWN = { splitOdds: null, problem: null, upTo: null };
const warned = (cells: readonly CellCounts[], one = release(), before = 0) =>
  warningsOf(after(cells, one, before), one, UNKNOWN);

describe('the first requests', () => {
  const known: CellCounts = { tick: 0, weight: 0, stable: [100, 0], candidate: [0, 0] };
  const failing = (tick: number, requests = 2): CellCounts => ({
    tick,
    stable: [40, 0],
    candidate: [requests, requests],
  });

  it('that fail five times in a row take the candidate back, and four do not', () => {
    expect(warned([known, failing(1), failing(2)]).collapse).toBeNull();
    expect(warned([known, failing(1), failing(2), failing(3, 1)]).collapse).toBe(
      'The first 5 requests to v42 of web in a row failed, and on v41 they do not.',
    );
  });

  it('may fail when one between them was answered, or later than 10 s after the first', () => {
    const mixed: CellCounts = { tick: 2, stable: [40, 0], candidate: [2, 1] };
    expect(warned([known, failing(1), mixed, failing(3), failing(4)]).collapse).toBeNull();
    const answered: CellCounts = { tick: 1, stable: [40, 0], candidate: [2, 0] };
    expect(warned([known, answered, failing(11), failing(12), failing(13)]).collapse).toBeNull();
    expect(warned([known, answered, failing(8), failing(9), failing(10)]).collapse).not.toBeNull();
  });

  it('need a longer row where stable fails too', () => {
    const both = (tick: number): CellCounts => ({ tick, stable: [40, 12], candidate: [2, 2] });
    expect(warned([1, 2, 3, 4].map(both)).collapse).toBeNull();
    expect(warned([1, 2, 3, 4, 5].map(both)).collapse).not.toBeNull();
    const all = (tick: number): CellCounts => ({ tick, stable: [40, 40], candidate: [2, 2] });
    expect(warned([1, 2, 3, 4, 5, 6, 7, 8, 9].map(all)).collapse).toBeNull();
  });

  it('of one client that keeps its version count once', () => {
    const sticky = release({ isSticky: true });
    const again = (tick: number): CellCounts => ({ tick, stable: [40, 0], candidate: [3, 3, tick === 1 ? 1 : 0] });
    expect(warned([known, ...[1, 2, 3, 4].map(again)], sticky).collapse).toBeNull();
    const others = (tick: number): CellCounts => ({ tick, stable: [40, 0], candidate: [3, 3, 3] });
    expect(warned([known, ...[1, 2].map(others)], sticky).collapse).not.toBeNull();
  });
});

describe('failures of both versions', () => {
  const second = (tick: number, failures: number): CellCounts => ({ tick, stable: [95, failures], candidate: [5, 0] });
  const minute = (failures: number) => Array.from({ length: 60 }, (_, i) => second(i, failures));

  it('above 14.4 times what the promise allows hold the ramp', () => {
    expect(warned(minute(1)).interference).toBeNull();
    expect(warned(minute(2)).interference).toBe(
      'v41 and v42 of web together failed 120 of 6000 requests in the last minute, more than 1.44%: v42 holds at 5%.',
    );
    expect(warned(minute(2), release({ slo: 99 })).interference).toBeNull();
  });

  it('that were usual before the release do not', () => {
    expect(warned(minute(2), release(), 0.01).interference).toBeNull();
    expect(warned(minute(6), release(), 0.01).interference).not.toBeNull();
  });

  it('need to be a few, leave after a minute, and let go only when they are well over', () => {
    expect(warned([{ tick: 1, stable: [10, 4], candidate: [0, 0] }]).interference).toBeNull();
    const quiet = (tick: number): CellCounts => ({ tick, stable: [95, 0], candidate: [5, 0] });
    expect(warned([...minute(2), quiet(200)]).interference).toBeNull();
    expect(warned(minute(1), release({ held: 'both fail' })).interference).not.toBeNull();
  });

  it('leave after a minute in which nobody asks for anything, too', () => {
    const [state, one] = [after(minute(2)), release({ held: 'both fail' })];
    expect(warningsOf(state, one, { ...UNKNOWN, upTo: 59 }).interference).not.toBeNull();
    expect(warningsOf(state, one, { ...UNKNOWN, upTo: 119 }).interference).toBeNull();
  });
});

describe('the load', () => {
  /** Minutes of 100 requests a second, half of them on each side. */
  function loaded(minutes: number, loads: Loads | null, candidate = 50): Guards {
    let state = startGuards(0);
    for (let tick = 0; tick < 60 * minutes; tick += 1) {
      const cell = cellOf({ tick, weight: 50, stable: [50, 0], candidate: [candidate, 0] });
      state = absorbGuards(state, release(), [cell], loads);
    }
    return state;
  }
  const doubts = (state: Guards) => warningsOf(state, release(), UNKNOWN).doubts;
  const use = (cores: number, memory: number) => ({ cores, memory });

  it('of a quarter more per request, in three means of five minutes, is asked about', () => {
    const heavy = { stable: use(0.4, 100), candidate: use(0.52, 100) };
    expect(doubts(loaded(7, heavy)).cpu).toBeNull();
    expect(doubts(loaded(8, heavy)).cpu).toMatch(/^v42 uses 30% more processor time per request than v41, three means/);
    expect(doubts(loaded(8, heavy)).memory).toBeNull();
    expect(doubts(loaded(8, { stable: use(0.4, 100), candidate: use(0.4, 140) })).memory).toMatch(/40% more memory/);
  });

  it('of equal versions, of idle ones and of a small share is not', () => {
    expect(doubts(loaded(9, { stable: use(0.4, 100), candidate: use(0.48, 120) }))).toMatchObject({
      cpu: null,
      memory: null,
    });
    expect(doubts(loaded(9, { stable: use(0.01, 100), candidate: use(0.04, 100) })).cpu).toBeNull();
    expect(doubts(loaded(9, { stable: use(0.4, 100), candidate: use(0.3, 100) }, 1)).cpu).toBeNull();
    expect(doubts(loaded(9, null))).toMatchObject({ cpu: null, memory: null });
  });
});

describe('a wrong split', () => {
  it('is asked about, unless one version was away', () => {
    expect(warningsOf(startGuards(0), release(), { ...UNKNOWN, splitOdds: '2000:1' }).doubts.split).toMatch(
      /odds 2000:1/,
    );
    const alone = { ...startGuards(0), wasAlone: true };
    expect(warningsOf(alone, release(), { ...UNKNOWN, splitOdds: '2000:1' }).doubts.split).toBeNull();
  });
});
