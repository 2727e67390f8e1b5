// Tests of the judge: its verdicts and receipts, what latches, and how often it is wrong.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LONGEST_ROUTE } from '../route.ts';
import type { Cell } from '../traffic.ts';
import { type CellCounts, cellOf, type ToldCounts } from './fixture.ts';
import { absorb, type JudgeParams, type JudgeState, problemOf, startJudge, verdictOf } from './judge.ts';
import { marginsOf } from './rules.ts';

const PARAMS: JudgeParams = { service: 'web', stable: 41, candidate: 42, isSticky: false, minRequests: 20 };
const judged = (counts: readonly CellCounts[], params: Partial<JudgeParams> = {}) =>
  absorb(startJudge({ ...PARAMS, ...params }), counts.map(cellOf));
const seconds = (length: number, counts: Omit<CellCounts, 'tick'>, from = 0) =>
  Array.from({ length }, (_, i) => ({ tick: from + i, ...counts }));

/** Uniform numbers from a seed. Source: Lehmer's generator with the multiplier of Park, Miller and Stockmeyer 1993. */
function dice(seed: number): () => number {
  let state = seed * 7919;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

describe('verdict', () => {
  it('is "not enough data" with a number before the first request', () => {
    const verdict = verdictOf(startJudge(PARAMS));
    expect(verdict).toMatchObject({ kind: 'inconclusive', needs: { requests: 20, reason: 'traffic' } });
    expect(verdict.receipt).toMatchObject({ odds: '1:1', limit: '100:1', alpha: 0.01, strata: 0, engine: 'F' });
    expect(verdict.receipt.lnE).toBeCloseTo(0, 12);
    expect(verdict).toMatchObject({ harmBound: 1, isCalm: true, mayRise: false });
  });

  it('counts down as requests of closed strata come in, and passes with the last one', () => {
    const calm = { stable: [38, 0], candidate: [2, 0] } as const;
    const verdict = verdictOf(judged(seconds(9, calm)));
    expect(verdict).toMatchObject({ kind: 'inconclusive', needs: { requests: 2, reason: 'traffic' } });
    expect(verdict.receipt.sentence).toBe('Not enough data: v42 needs 2 more requests, 18 were judged at 5%.');
    const passed = verdictOf(judged(seconds(10, calm)));
    expect(passed.kind).toBe('pass');
    expect(passed.receipt.sentence).toBe('v42 looks healthy: errors 0% against 0%.');
  });

  it('asks for the requests again at each new weight, but keeps the evidence', () => {
    const first = judged(seconds(10, { stable: [38, 1], candidate: [2, 0] }));
    const more = absorb(first, [cellOf({ tick: 10, epoch: 2, weight: 25, stable: [30, 0], candidate: [10, 0] })]);
    const verdict = verdictOf(more);
    expect(verdict).toMatchObject({ kind: 'inconclusive', needs: { requests: 10 } });
    expect(verdict.receipt).toMatchObject({
      epoch: 2,
      weight: 25,
      strata: 11,
      stable: { version: 41, total: { requests: 410, failures: 10 }, step: { requests: 30, failures: 0 } },
      candidate: { version: 42, total: { requests: 30, failures: 0 }, step: { requests: 10, failures: 0 } },
    });
    expect(verdict.receipt.lnE).toBeLessThan(0);
  });

  it('does not pass on requests of an earlier weight when told that a newer one is in force', () => {
    const state = judged(seconds(10, { stable: [38, 0], candidate: [2, 0] }));
    expect(verdictOf(state).kind).toBe('pass');
    const verdict = verdictOf(state, { epoch: 2, weight: 25 });
    expect(verdict).toMatchObject({ kind: 'inconclusive', needs: { requests: 20, reason: 'traffic' } });
    expect(verdict.receipt.sentence).toBe('Not enough data: v42 needs 20 more requests, 0 were judged at 25%.');
    expect(verdictOf(state, { epoch: 1, weight: 5 }).kind).toBe('pass');
  });

  it('holds a candidate that is under suspicion, however many requests it has had', () => {
    const state = judged([
      ...seconds(30, { stable: [38, 0], candidate: [2, 0] }),
      { tick: 30, stable: [38, 0], candidate: [2, 1] },
    ]);
    const verdict = verdictOf(state);
    expect(verdict).toMatchObject({ kind: 'inconclusive', needs: { requests: 0, reason: 'suspicion' } });
    expect(verdict.receipt.sentence).toBe(
      'Errors on v42: 1.61% against 0%; odds 4.3:1 of 100:1, so v42 holds its weight.',
    );
  });

  it('fails a candidate that fails every request, at 5% of 50 requests a second, within 3 seconds', () => {
    const state = judged(seconds(3, { stable: [47, 0], candidate: [3, 3] }));
    const verdict = verdictOf(state);
    expect(verdict.kind).toBe('fail');
    expect(verdict.receipt.strata).toBeLessThanOrEqual(2);
    expect(verdict.receipt.sentence).toBe('Errors on v42: 100% against 0%; odds more than 1000:1, limit 100:1.');
  });

  it('does not mind a candidate that fails less, nor an incident that hits both alike', () => {
    const better = judged(seconds(100, { stable: [38, 19], candidate: [2, 0] }));
    const incident = judged(seconds(100, { stable: [38, 38], candidate: [2, 2] }));
    expect(verdictOf(better).kind).toBe('pass');
    expect(verdictOf(incident).kind).toBe('pass');
  });

  it('stays a fail with the same receipt, whatever comes later', () => {
    const failed = judged(seconds(3, { stable: [47, 0], candidate: [3, 3] }));
    const later = absorb(failed, seconds(500, { stable: [47, 40], candidate: [3, 0] }, 3).map(cellOf));
    expect(later).toBe(failed);
    expect(verdictOf(later, { epoch: 9, weight: 100 })).toEqual(verdictOf(failed));
  });

  it('hears nothing of other services and versions', () => {
    const cells = seconds(3, { stable: [47, 0], candidate: [3, 3] });
    const others = cells.map((counts) => cellOf({ ...counts, versions: [41, 43] }));
    const elsewhere = cells.map((counts) => ({ ...cellOf(counts), service: 'api' }));
    const older = cells.map((counts) => cellOf({ ...counts, versions: [40, 42] }));
    const state = startJudge(PARAMS);
    expect(absorb(state, [...others, ...elsewhere, ...older])).toEqual(state);
  });
});

describe('verdict on sticky clients', () => {
  const sticky = { isSticky: true };

  it('fails when first failures fall to the candidate far more often than its weight explains', () => {
    const state = judged(seconds(3, { stable: [47, 0, 0], candidate: [3, 3, 1] }), sticky);
    const { kind, receipt } = verdictOf(state);
    expect({ kind, engine: receipt.engine, unit: receipt.unit }).toEqual({ kind: 'fail', engine: 'P', unit: 'client' });
    expect(receipt.sentence).toBe(
      `Clients that met an error: ${receipt.candidate.total.failures} on v42, which has 5% of them, 0 on v41; odds ${receipt.odds}, limit 100:1.`,
    );
  });

  it('does not count a broken client more than once', () => {
    const state = judged(
      [
        { tick: 0, stable: [38, 0, 0], candidate: [2, 2, 1] },
        ...seconds(300, { stable: [38, 0, 0], candidate: [2, 2, 0] }, 1),
      ],
      sticky,
    );
    expect(verdictOf(state).kind).toBe('inconclusive');
    expect(verdictOf(state).receipt.candidate.total.failures).toBe(1);
  });

  it('does not mind failures that fall to both arms as the weight says', () => {
    const state = judged(seconds(200, { weight: 50, stable: [20, 5, 1], candidate: [20, 5, 1] }), sticky);
    expect(verdictOf(state).kind).toBe('pass');
  });
});

describe('judge state', () => {
  const latency = fc
    .array(fc.tuple(fc.nat(1439), fc.nat(9)), { maxLength: 8 })
    .map((pairs) => [...new Map(pairs)].sort(([a], [b]) => a - b));
  const arm = fc.tuple(fc.nat(60), fc.nat(60)).map(([n, x]) => [n, Math.min(n, x)] as const);
  const stickyArm = fc.record({
    firstSlow: fc.array(fc.nat(3), { minLength: 6, maxLength: 6 }),
    firstRequests: arm.map(([requests, failures]) => ({ requests, failures })),
  });
  const route = fc
    .tuple(fc.constantFrom('GET /a', 'GET /b', 'POST /a'), arm, fc.nat(2))
    .map(([name, [requests, failures], firstFailures]) => ({ route: name, requests, failures, firstFailures }));
  const told = fc.record(
    { clientErrors: fc.nat(9), firstClientErrors: fc.nat(3), routes: fc.array(route, { maxLength: 3 }) },
    { requiredKeys: [] },
  );
  const row = fc.record({
    gap: fc.nat(20),
    turns: fc.nat(9),
    stable: arm,
    candidate: arm,
    stableLatency: latency,
    candidateLatency: latency,
    sticky: fc.record({ stable: stickyArm, candidate: stickyArm }),
    told: fc.record({ stable: told, candidate: told }),
  });
  const stream = fc.array(row, { maxLength: 60 }).map((rows) => {
    let [tick, epoch] = [0, 1];
    return rows.map(({ gap, turns, ...counts }): Cell => {
      tick += gap;
      if (turns === 0) epoch += 1;
      return cellOf({ tick, epoch, weight: [5, 25, 50][epoch % 3]!, ...counts });
    });
  });

  it('goes on bit for bit from JSON at any point, and however the cells are parted', () => {
    const cuts = fc.array(fc.nat(60), { maxLength: 4 });
    fc.assert(
      fc.property(stream, cuts, fc.boolean(), (cells, cutAt, isSticky) => {
        const start = startJudge({ ...PARAMS, isSticky, clientErrors: true, routes: ['GET /a', 'POST /a'] });
        const whole = absorb(start, cells);
        const bounds = [0, ...cutAt.map((cut) => Math.min(cut, cells.length)).sort((a, b) => a - b), cells.length];
        let parted: JudgeState = start;
        for (let i = 1; i < bounds.length; i += 1) {
          parted = absorb(JSON.parse(JSON.stringify(parted)), cells.slice(bounds[i - 1], bounds[i]));
        }
        expect(parted).toStrictEqual(whole);
        expect(JSON.stringify(verdictOf(parted))).toBe(JSON.stringify(verdictOf(whole)));
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  it('stays below 25 kB, however busy the service, spread its latency and long the names of its twenty routes', () => {
    const roll = dice(5);
    const names = [...'abcdefghijklmnopqrst'].map((letter) => letter.repeat(LONGEST_ROUTE));
    const busy = (n: number) => Array.from({ length: 1440 }, (_, i) => [i, Math.floor((n / 720) * roll())] as const);
    const sticky = (n: number) => {
      return { firstSlow: [n, 2 * n, n, 2 * n, n, 2 * n], firstRequests: { requests: 30 * n, failures: n } };
    };
    const told = (n: number): ToldCounts => ({
      clientErrors: 20 * n,
      firstClientErrors: n,
      routes: names.map((route) => ({ route, requests: 25 * n, failures: n, firstFailures: n })),
    });
    const rows = Array.from(
      { length: 300 },
      (_, tick): CellCounts => ({
        tick,
        weight: 10,
        stable: [4500, 180, 9],
        candidate: [500, 20, 1],
        stableLatency: busy(45_000),
        candidateLatency: busy(5000),
        sticky: { stable: sticky(9), candidate: sticky(1) },
        told: { stable: told(9), candidate: told(1) },
      }),
    );
    for (const isSticky of [false, true]) {
      const params = {
        isSticky,
        margins: marginsOf({ latencyMargins: { p90: 15 } }),
        clientErrors: true,
        routes: names,
      };
      const good = judged(rows, params);
      expect(verdictOf(good).kind).not.toBe('fail');
      const worse = rows.map((row) => ({ ...row, tick: row.tick + 300, candidate: [500, 400, 100] }) as const);
      const failed = judged([...rows, ...worse], params);
      expect(verdictOf(failed).kind).toBe('fail');
      for (const state of [good, failed]) expect(JSON.stringify(state).length).toBeLessThan(25_000);
    }
  });

  it('is judged no more, and says so, when its parameters are others than it began with', () => {
    const state = judged(seconds(10, { stable: [38, 0], candidate: [2, 0] }));
    for (const changed of [
      { minRequests: 1 },
      { isSticky: true },
      { candidate: 43 },
      { service: 'api' },
      { clientErrors: true },
      { routes: ['GET /'] },
    ]) {
      const tampered = { ...state, params: { ...state.params, ...changed } };
      expect(absorb(tampered, seconds(9, { stable: [47, 0], candidate: [3, 3] }).map(cellOf))).toBe(tampered);
      const verdict = verdictOf(tampered);
      expect(verdict).toMatchObject({ kind: 'inconclusive', needs: { requests: 0, reason: 'parameters' } });
      expect(verdict.receipt.sentence).toBe(problemOf(tampered));
      expect(problemOf(tampered)).toContain(`(${state.hash}, now `);
    }
    expect(problemOf(state)).toBeNull();
  });

  it('keeps a fail even then', () => {
    const failed = judged(seconds(3, { stable: [47, 0], candidate: [3, 3] }));
    expect(verdictOf({ ...failed, hash: '0' }).kind).toBe('fail');
  });
});

/** Seconds of traffic at about 50 requests a second in which each request falls on an arm by chance; error rates per second. */
function trafficOf(seed: number, length: number, rate: (tick: number, isCandidate: boolean) => number): Cell[] {
  const roll = dice(seed);
  return Array.from({ length }, (_, tick) => {
    const step = Math.min(3, Math.floor(tick / 100));
    const weight = [5, 10, 25, 50][step]!;
    const [stable, candidate]: [[number, number], [number, number]] = [
      [0, 0],
      [0, 0],
    ];
    const requests = 40 + Math.floor(20 * roll());
    for (let i = 0; i < requests; i += 1) {
      const isCandidate = roll() < weight / 100;
      const one = isCandidate ? candidate : stable;
      one[0] += 1;
      if (roll() < rate(tick, isCandidate)) one[1] += 1;
    }
    return cellOf({ tick, epoch: 1 + step, weight, stable, candidate });
  });
}
const failed = (cells: readonly Cell[], isSticky = false) =>
  verdictOf(absorb(startJudge({ ...PARAMS, isSticky }), cells)).kind === 'fail';

describe('over many releases', () => {
  it('takes back at most 1% of good ones, although errors drift and burst while the weight rises', () => {
    const drift = (tick: number) => 0.01 + 0.04 * Math.sin(tick / 60) ** 2 + (tick % 97 < 6 ? 0.5 : 0);
    let rolledBack = 0;
    for (let seed = 1; seed <= 300; seed += 1) if (failed(trafficOf(seed, 400, drift))) rolledBack += 1;
    expect(rolledBack).toBeLessThanOrEqual(3);
  }, 60_000);

  it('takes back every one that fails a fifth of its requests within 100 seconds, at 5%', () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      expect(failed(trafficOf(seed, 100, (_, isCandidate) => (isCandidate ? 0.2 : 0.001)))).toBe(true);
    }
  });
});
