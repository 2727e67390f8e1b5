// Failed requests in groups of one cause: whose they are, by evidence and not by how few were seen.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  absorbBlame,
  blameGroups,
  blameWords,
  closeBlame,
  sampleKey,
  settleBlame,
  startBlame,
  unexplained,
} from './blame.ts';
import type { Arm, ArmCount, Cell, FailedRequest } from './traffic.ts';

type Fail = { readonly arm: Arm; readonly path?: string; readonly status?: number; readonly line?: string | null };

let serial = 0;
const lines: Record<string, string | null> = {};

function failed(tick: number, { arm, path = '/checkout', status = 500, line }: Fail): FailedRequest {
  serial += 1;
  const version = arm === 'stable' ? 41 : 42;
  const traceId = serial.toString(16).padStart(32, '0');
  const one = {
    at: tick * 1000,
    version,
    arm,
    method: 'POST',
    path,
    status,
    ms: 5,
    instance: `api-v${version}-1`,
    traceId,
  };
  if (line !== undefined) lines[sampleKey(one)] = line;
  return { ...one, failure: 'status' };
}

function arm(version: number, requests: number): ArmCount {
  const failures = { status: 0, timeout: 0, connection: 0, deadline: 0 };
  return { version, requests, failures, firstFailures: 0, latency: [] };
}

/** A second of 100 requests or so with these failures. */
function second(tick: number, fails: readonly Fail[], { weight = 5, n0 = 95, n1 = 5, epoch = 3 } = {}): Cell {
  return {
    seq: tick,
    service: 'api',
    tick,
    epoch,
    weight,
    stable: arm(41, n0),
    candidate: arm(42, n1),
    outside: { requests: 0, failures: 0 },
    seen: { answers: n0 + n1, failures: fails.length, refused: 0 },
    samples: fails.map((one) => failed(tick, one)),
  };
}

const NEW: Fail = { arm: 'candidate', line: 'TypeError: no currency' };
const OLD: Fail = { arm: 'stable', line: 'Error: cart is gone' };

function blamed(cells: readonly Cell[], isSticky = false) {
  const later = ((cells.at(-1)?.tick ?? 0) + 60) * 1000;
  const state = closeBlame(absorbBlame(startBlame(), cells), later);
  return blameGroups(settleBlame(state, lines, isSticky, later), isSticky);
}

describe('a group of failed requests', () => {
  it('is only the candidate’s when the odds say so, and has its line', () => {
    const [group, ...others] = blamed([1, 2, 3, 4].map((tick) => second(tick, [NEW])));
    expect(group).toMatchObject({
      route: 'POST /checkout',
      status: 500,
      line: 'TypeError: no currency',
      stable: 0,
      candidate: 4,
      mark: 'only',
      instance: 'api-v42-1',
    });
    expect(others).toEqual([]);
  });

  it('is only seen on the candidate while as few could be chance, however empty the other side is', () => {
    const half = { weight: 50, n0: 50, n1: 50 };
    const [group] = blamed([second(1, [NEW, NEW], half)]);
    expect(group).toMatchObject({ stable: 0, candidate: 2, mark: 'seen' });
    expect(group && blameWords(group, { stable: 41, candidate: 42 })).toBe('seen on v42 2 times');
  });

  it('parts causes by line, where numbers and ids make no difference', () => {
    const cell = (tick: number) =>
      second(tick, [
        { arm: 'candidate', line: `order ${tick} has no currency` },
        { arm: 'candidate', line: 'the database is away' },
        OLD,
      ]);
    const groups = blamed([1, 2, 3, 4, 5].map(cell));
    expect(groups.map((one) => [one.line, one.stable, one.candidate, one.mark])).toEqual([
      ['order 1 has no currency', 0, 5, 'only'],
      ['the database is away', 0, 5, 'only'],
      ['Error: cart is gone', 5, 0, 'seen'],
    ]);
  });

  it('is not the candidate’s alone when stable fails there too and only its line is missing', () => {
    const cells = [1, 2, 3, 4, 5, 6].map((tick) => second(tick, [NEW, { arm: 'stable', line: null }]));
    const groups = blamed(cells);
    expect(groups).toHaveLength(1);
    expect(groups[0]).toMatchObject({ stable: 6, candidate: 6, mark: 'more' });
    expect(groups[0] && blameWords(groups[0], { stable: 41, candidate: 42 })).toBe('more on v42, 6 times against 6');
  });

  it('has no odds where clients keep their version, for one of them can fail a thousand times', () => {
    const [group] = blamed(
      [1, 2, 3, 4].map((tick) => second(tick, [NEW, NEW])),
      true,
    );
    expect(group).toMatchObject({ candidate: 8, odds: null, mark: 'seen' });
  });

  it('is no comparison where nothing was left to chance: all the traffic, or the weight before', () => {
    const all = blamed([1, 2, 3, 4].map((tick) => second(tick, [NEW], { weight: 100, n0: 0, n1: 100 })));
    expect(all).toMatchObject([{ candidate: 4, mark: 'seen', odds: '1:1' }]);
    const few = { n0: 9, n1: 1 };
    const open = [second(1, [NEW], few), second(2, [NEW], few), second(3, [], { ...few, epoch: 4, weight: 25 })];
    expect(blamed(open)).toMatchObject([{ candidate: 2, odds: '1:1' }]);
  });

  it('counts at once, and keeps its count when the line is found', () => {
    const cells = [1, 2].map((tick) => second(tick, [NEW]));
    const fresh = absorbBlame(startBlame(), cells);
    expect(blameGroups(fresh, false)).toMatchObject([{ candidate: 2, line: null }]);
    const settled = settleBlame(fresh, lines, false, 2500);
    expect(blameGroups(settled, false)).toMatchObject([{ candidate: 2, line: 'TypeError: no currency' }]);
    expect(unexplained(settled)).toEqual([]);
  });

  it('waits some seconds for its line, then does without', () => {
    const cell = second(1, [{ arm: 'candidate' }]);
    const waits = settleBlame(absorbBlame(startBlame(), [cell]), {}, false, 2000);
    expect(unexplained(waits)).toHaveLength(1);
    const settled = settleBlame(waits, {}, false, 9000);
    expect(unexplained(settled)).toEqual([]);
    expect(blameGroups(settled, false)).toMatchObject([{ candidate: 1, line: null }]);
  });
});

describe('blame', () => {
  it('keeps at most 20 groups, those with the most failures', () => {
    const many = Array.from({ length: 15 }, (_, i): Fail => ({ arm: 'stable', path: `/rare/${'x'.repeat(i + 1)}` }));
    const other = many.map((one) => ({ ...one, path: `${one.path}/y` }));
    const groups = blamed([second(1, [NEW, NEW, NEW]), second(2, many), second(3, other), second(4, [NEW])]);
    expect(groups).toHaveLength(20);
    expect(groups[0]).toMatchObject({ route: 'POST /checkout', candidate: 4 });
  });

  it('is plain JSON and bounded, whatever comes', () => {
    const arms = fc.constantFrom<Arm>('stable', 'candidate');
    const fail = fc.record({ arm: arms, path: fc.webPath(), status: fc.constantFrom(500, 502) });
    const cells = fc.array(
      fc.record({
        fails: fc.array(fail, { maxLength: 20 }),
        weight: fc.constantFrom(0, 1, 50, 100),
        epoch: fc.nat(3),
        n: fc.nat(30),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(cells, fc.boolean(), (all, isSticky) => {
        let state = startBlame();
        for (const [tick, { fails, weight, epoch, n }] of all.entries()) {
          state = absorbBlame(state, [second(tick, fails, { weight, epoch, n0: n, n1: n })]);
          state = settleBlame(state, {}, isSticky, tick * 1000);
        }
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
        expect(unexplained(state).length).toBeLessThanOrEqual(200);
        expect(blameGroups(state, isSticky).length).toBeLessThanOrEqual(20);
      }),
      { numRuns: 60 },
    );
  });

  it('calls at most one in twenty equal versions by a name', () => {
    // Both fail 10 % there; each second anew, and it may be looked after each.
    let random = 7;
    const draw = () => {
      random = (random * 48271) % 2147483647;
      return random / 2147483647;
    };
    let wrong = 0;
    const runs = 300;
    for (let run = 0; run < runs; run += 1) {
      let state = startBlame();
      let isNamed = false;
      for (let tick = 1; tick <= 40; tick += 1) {
        const requests = Array.from({ length: 30 }, () => (draw() < 0.2 ? 'candidate' : 'stable') as Arm);
        const fails = requests.filter(() => draw() < 0.1).map((one): Fail => ({ arm: one, line: null }));
        const n1 = requests.filter((one) => one === 'candidate').length;
        state = absorbBlame(state, [second(tick, fails, { weight: 20, n0: 30 - n1, n1 })]);
        state = settleBlame(state, lines, false, tick * 1000);
        isNamed ||= blameGroups(state, false).some((one) => one.mark !== 'seen');
      }
      if (isNamed) wrong += 1;
    }
    expect(wrong / runs).toBeLessThanOrEqual(0.05);
  });
});
