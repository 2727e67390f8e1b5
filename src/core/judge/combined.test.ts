// Tests of the whole judge: latency, certificates, the harm bound, the split, and what sticky clients show.
import { describe, expect, it } from 'vitest';
import { bucketOf, type Cell, type Histogram } from '../traffic.ts';
import { type CellCounts, cellOf } from './fixture.ts';
import { absorb, type JudgeParams, slowLimitsOf, startJudge, verdictOf } from './judge.ts';

const PARAMS: JudgeParams = {
  service: 'web',
  stable: 41,
  candidate: 42,
  isSticky: false,
  minRequests: 20,
  passRule: 'certified',
};
const judged = (counts: readonly CellCounts[], params: Partial<JudgeParams> = {}) =>
  absorb(startJudge({ ...PARAMS, ...params }), counts.map(cellOf));

/** Latencies spread over a hundred buckets from `ms` on, so that a few percent more move some requests over any limit. */
function spread(requests: number, ms: number, tick: number): Histogram {
  const first = bucketOf(ms);
  const counts = new Map<number, number>();
  for (let i = 0; i < requests; i += 1) {
    const bucket = first + ((7 * i + 13 * tick) % 100);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

/** Seconds of 50 requests at 50 %; both as fast, and no failure, unless told otherwise. */
const halves = (length: number, over: Partial<CellCounts> = {}, candidateMs = 80, from = 0): CellCounts[] =>
  Array.from({ length }, (_, i) => ({
    tick: from + i,
    weight: 50,
    stable: [25, 0],
    candidate: [25, 0],
    stableLatency: spread(25, 80, from + i),
    candidateLatency: spread(25, candidateMs, from + i),
    ...over,
  }));
const metric = (counts: readonly CellCounts[], name: string) =>
  verdictOf(judged(counts)).receipt.metrics.find((one) => one.metric === name);

describe('latency', () => {
  it('takes a candidate back that is 30 % slower but never fails, and says at which quantile', () => {
    const verdict = verdictOf(judged(halves(60, {}, 104)));
    expect(verdict.kind).toBe('fail');
    expect(verdict.receipt.sentence).toMatch(
      /^Requests slower than the p\d\d of v41: [\d.]+% on v42 against [\d.]+%; odds .*, limit 100:1\.$/,
    );
    const harmful = verdict.receipt.metrics.filter((one) => one.isHarmful).map((one) => one.metric);
    expect(harmful.length).toBeGreaterThan(0);
    expect(harmful).not.toContain('errors');
  });

  it('does not mind a candidate that is 4 % slower', () => {
    expect(verdictOf(judged(halves(600, {}, 83))).kind).not.toBe('fail');
  });

  it('does not count while the candidate warms up', () => {
    expect(verdictOf(judged(halves(10, {}, 800))).receipt.lnE).toBeLessThan(0.01);
    expect(verdictOf(judged(halves(20, {}, 800))).kind).toBe('fail');
  });

  it('learns from stable alone before the candidate has a share', () => {
    const alone = halves(20, { weight: 0, stable: [50, 0], candidate: null });
    const state = judged(alone);
    expect(state.memory).not.toBeNull();
    expect(state.judged).toBe(0);
    expect(verdictOf(state).receipt.stable.total.requests).toBe(0);
    const learned = judged([...alone, ...halves(14, { epoch: 2 }, 800, 20)]);
    expect(verdictOf(learned).kind).toBe('fail');
  });

  it('is not named when half of the slow requests or more are those that failed', () => {
    const bad = (tick: number): CellCounts => ({
      ...halves(1, {}, 80, tick)[0]!,
      stable: [25, tick % 2],
      candidate: [25, 2],
      candidateLatency: [...spread(23, 80, tick), [bucketOf(800), 2]],
    });
    const told = [...halves(40), ...Array.from({ length: 60 }, (_, i) => bad(40 + i))].map(cellOf);
    const failedLatency: Histogram = [[bucketOf(80), 2]];
    const cells = told.map(
      (cell): Cell =>
        cell.tick < 40 ? cell : { ...cell, candidate: cell.candidate && { ...cell.candidate, failedLatency } },
    );
    const { kind, receipt } = verdictOf(absorb(startJudge(PARAMS), cells));
    const lnE = (name: string) => receipt.metrics.find((one) => one.metric === name)?.lnE ?? 0;
    expect(lnE('p99')).toBeGreaterThan(lnE('errors') + Math.log(3));
    expect([kind, receipt.sentence]).toEqual(['fail', expect.stringMatching(/^Errors on v42: /)]);
  });

  it('is not passed by failing fast', () => {
    const failing = (length: number, failedLatency: Histogram) =>
      halves(length, {}, 80).map((counts): Cell => {
        const cell = cellOf({ ...counts, candidateLatency: [[bucketOf(1), 25]] });
        return { ...cell, candidate: cell.candidate && { ...cell.candidate, failedLatency } };
      });
    const lnE = (failedLatency: Histogram) => {
      const { receipt } = verdictOf(absorb(startJudge(PARAMS), failing(60, failedLatency)));
      return receipt.metrics.find((one) => one.metric === 'p95')?.lnE ?? 0;
    };
    expect(lnE([])).toBeLessThan(0);
    expect(lnE([[bucketOf(1), 25]])).toBeGreaterThan(4);
  });

  it('keeps the limits of a stratum while it is open, for its own seconds must not move them', () => {
    const primed = halves(20, { weight: 0, stable: [50, 0], candidate: null });
    const slow = (tick: number): CellCounts => ({
      ...halves(1, { epoch: 2 }, 80, tick)[0]!,
      stable: [1, 0],
      candidate: [1, 0],
      stableLatency: [[1000, 1]],
      candidateLatency: [[1000, 1]],
    });
    const one = (tick: number): CellCounts => ({ ...slow(tick), candidate: [0, 0], candidateLatency: [] });
    // So much slower that the limits of the next stratum are others.
    const jam: CellCounts = { ...slow(40), stableLatency: [[1000, 5000]] };
    const before = judged([...primed, slow(20), slow(35), jam]).strata.open;
    const later = judged([...primed, slow(20), slow(35), jam, one(41)]);
    expect([later.strata.open?.firstTick, later.strata.open?.lastTick]).toEqual([40, 41]);
    expect(before?.limits).toHaveLength(3);
    expect(later.strata.open?.limits).toEqual(before?.limits);
    expect(later.strata.open?.slow?.[0]?.against).toEqual([2, 1]);
  });
});

describe('certificates', () => {
  it('pass an equal candidate once every metric is safe, and say meanwhile what is missing', () => {
    const early = verdictOf(judged(halves(20)));
    expect(early).toMatchObject({
      kind: 'inconclusive',
      needs: { reason: 'certificate' },
      mayRise: true,
      isCalm: true,
    });
    expect(early.receipt.sentence).toMatch(/^Not enough data: v42 needs about \d+ more requests to be safe\. /);
    const verdict = verdictOf(judged(halves(400)));
    expect(verdict.kind).toBe('pass');
    expect(verdict.receipt.sentence).toBe('v42 is safe at 20:1: errors 0% against 0%.');
    expect(verdict.receipt.metrics.map((one) => one.sentence)).toEqual([
      'Errors: safe.',
      'p50: safe.',
      'p95: safe.',
      'p99: safe.',
    ]);
  });

  it('stay once obtained, though the odds fall again', () => {
    const params = { ...PARAMS, margins: { errors: { ratio: 1, delta: 0.2 }, latency: [] } };
    const good = absorb(startJudge(params), halves(3).map(cellOf));
    const worse = absorb(good, halves(2, { stable: [25, 10], candidate: [25, 17] }, 80, 3).map(cellOf));
    const [before, after] = [good, worse].map((state) => verdictOf(state).receipt.metrics[0]!);
    expect(before).toMatchObject({ isSafe: true });
    expect(after!.lnSafety).toBeLessThan(Math.log(20));
    expect(after).toMatchObject({ isSafe: true });
  });

  it('do not help a candidate under suspicion', () => {
    const state = judged(halves(400));
    let later = state;
    let tick = 400;
    while (verdictOf(later).isCalm && tick < 500) {
      later = absorb(later, halves(1, { candidate: [25, 3] }, 80, tick).map(cellOf));
      tick += 1;
    }
    const verdict = verdictOf(later);
    expect(verdict.receipt.metrics.every((one) => one.isSafe)).toBe(true);
    expect(verdict).toMatchObject({ kind: 'inconclusive', mayRise: false, needs: { reason: 'suspicion' } });
  });

  it('are not given to a candidate beyond the margin', () => {
    expect(metric(halves(400, { candidate: [25, 1] }), 'errors')?.isSafe).toBe(false);
    expect(metric(halves(400, {}, 104), 'p50')?.isSafe).toBe(false);
  });

  it('of errors take about as many requests as was told', () => {
    const told = verdictOf(judged(halves(1, { stable: [25, 0] }))).needs?.requests ?? 0;
    let seconds = 1;
    while (!metric(halves(seconds), 'errors')?.isSafe && seconds < 200) seconds += 1;
    expect(seconds * 25).toBeGreaterThan(told / 3);
    expect(seconds * 25).toBeLessThan(told * 3);
  });

  it('are not asked for by the rule of requests', () => {
    expect(verdictOf(judged(halves(30), { passRule: 'requests' })).kind).toBe('pass');
  });

  it('follow the margins of the service', () => {
    const margins = { errors: { ratio: 1, delta: 0.2 }, latency: [] };
    const { receipt } = verdictOf(judged(halves(30), { margins }));
    expect(receipt.metrics).toMatchObject([{ metric: 'errors', share: 1, isSafe: true }]);
  });
});

describe('the harm bound', () => {
  it('falls with good requests and is told beside every verdict', () => {
    const bounds = [0, 2, 20, 200].map((seconds) => verdictOf(judged(halves(seconds))).harmBound);
    expect(bounds[0]).toBe(1);
    expect(bounds).toEqual([...bounds].sort((a, b) => b - a));
    expect(bounds[3]).toBeLessThan(0.02);
  });
});

describe('a wrong split', () => {
  it('is told, and rolls nothing back', () => {
    const { kind, receipt } = verdictOf(judged(halves(100, { candidate: [12, 0], candidateLatency: [] })));
    expect(kind).not.toBe('fail');
    expect(receipt.splitOdds).toBe('more than 1000:1');
    expect(verdictOf(judged(halves(100))).receipt.splitOdds).toBeNull();
  });
});

describe('sticky clients', () => {
  const sticky = (stable: readonly number[], candidate: readonly number[], firsts = [4, 0, 4, 0]) => ({
    sticky: {
      stable: { firstSlow: stable, firstRequests: { requests: firsts[0]!, failures: firsts[1]! } },
      candidate: { firstSlow: candidate, firstRequests: { requests: firsts[2]!, failures: firsts[3]! } },
    },
  });
  const even = [1, 0, 0, 1, 0, 0];
  const run = (length: number, over: Partial<CellCounts>) => judged(halves(length, over), { isSticky: true });

  it('get limits that hold for the whole release', () => {
    const state = run(20, {});
    const limits = slowLimitsOf(state);
    expect(limits?.stable).toHaveLength(6);
    expect(limits?.candidate[0]).toBeGreaterThan(limits?.stable[0] ?? 0);
    const later = absorb(state, halves(300, { stableLatency: [[1200, 25]] }, 80, 20).map(cellOf));
    expect(slowLimitsOf(later)).toEqual(limits);
    expect(later.memory).toBeNull();
    expect(slowLimitsOf(judged(halves(20)))).toBeNull();
  });

  it('take a candidate back when first slow requests fall to it more often than its weight explains', () => {
    const verdict = verdictOf(run(60, sticky(even, [4, 0, 0, 4, 0, 0])));
    expect(verdict.kind).toBe('fail');
    expect(verdict.receipt.sentence).toMatch(
      /^Clients that met a request slower than the p50 of v41: \d+ on v42, which has 50% of them, \d+ on v41;/,
    );
    expect(verdictOf(run(60, sticky(even, even))).kind).toBe('inconclusive');
  });

  it('get certificate and harm bound from their first requests', () => {
    const verdict = verdictOf(run(400, sticky(even, even)));
    expect(verdict.receipt.metrics[0]?.isSafe).toBe(true);
    expect(verdict.harmBound).toBeLessThan(0.05);
    const worse = verdictOf(run(400, sticky(even, even, [4, 0, 4, 1])));
    expect(worse.receipt.metrics[0]?.isSafe).toBe(false);
    expect(worse.harmBound).toBeGreaterThanOrEqual(0.2);
  });

  it('leave what the balancer does not tell undecided', () => {
    const verdict = verdictOf(run(400, {}));
    expect(verdict).toMatchObject({ kind: 'inconclusive', harmBound: 1 });
    expect(verdict.receipt.metrics.some((one) => one.isSafe)).toBe(false);
  });
});
