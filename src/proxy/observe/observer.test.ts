// The counts by themselves, on a clock that the test turns.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf, type Cell, failuresOf, type Observations } from '../../core/traffic.ts';
import { LIMITS } from '../limits.ts';
import { OpenCell, type Regime, Tally } from './cell.ts';
import { Observer } from './observer.ts';
import { ReleaseClients } from './release-clients.ts';
import type { RequestCount, RequestFacts } from './request-count.ts';

const START = 1_000_000_000;

const facts = (over: Partial<RequestFacts> = {}): RequestFacts => ({
  method: 'GET',
  url: '/path?query',
  instance: 'web-v1-1',
  traceId: 'f'.repeat(32),
  clientId: null,
  wasUploading: () => false,
  ...over,
});

const regime = (over: Partial<Regime> = {}): Regime => ({
  service: 'web',
  epoch: 1,
  weight: 50,
  salt: 'salt',
  isSticky: false,
  stable: 1,
  candidate: 2,
  deadlineMs: 2000,
  timeoutMs: 10_000,
  clients: new ReleaseClients(100),
  ...over,
});

const world = (over: Partial<Regime> = {}, limits = {}) => {
  let now = START;
  const observer = new Observer(() => now, { ...LIMITS, ...limits });
  const service = observer.join(regime(over));
  return {
    observer,
    service,
    at: (ms: number) => {
      now = START + ms;
      return now;
    },
    start: (ms: number, arm: 'stable' | 'candidate' = 'stable', over: Partial<RequestFacts> = {}) => {
      now = START + ms;
      return service.start(arm, false, now, facts(over));
    },
    read: (seq = 0): Observations => JSON.parse(observer.read({ boot: observer.boot, seq })) as Observations,
  };
};

describe('a cell', () => {
  it('is given out when its second is over and all its requests are final', () => {
    const { start, at, read } = world();
    const one = start(100);
    const other = start(900);
    one.head(at(150), 200, false);
    one.end(at(160));
    at(1000);
    expect(read().cells).toEqual([]);
    expect(read().closedUpTo).toBe(START / 1000 - 1);
    other.head(at(1500), 200, false);
    other.end(at(1501));
    const { cells, closedUpTo } = read();
    expect(closedUpTo).toBe(START / 1000);
    expect(cells).toMatchObject([
      { seq: 1, tick: START / 1000, epoch: 1, stable: { requests: 2 }, candidate: { requests: 0 } },
    ]);
    expect(cells[0]?.stable?.latency).toEqual([
      [bucketOf(50), 1],
      [bucketOf(600), 1],
    ]);
  });

  it('is not given out within its second, even when all is final', () => {
    const { start, at, read } = world();
    start(100).end(at(101));
    at(999);
    expect(read().cells).toEqual([]);
    at(1000);
    expect(read().cells.length).toBe(1);
  });

  it('waits at most for the deadline; what has no head then has failed, what has one is fine', () => {
    const { start, at, read } = world();
    start(100);
    const streaming = start(200);
    streaming.head(at(250), 200, false);
    at(2199);
    expect(read().cells).toEqual([]);
    at(2200);
    const { stable, samples } = read().cells[0] as Cell;
    expect(stable).toMatchObject({ requests: 2, failures: { deadline: 1, connection: 0 } });
    expect(stable?.latency).toEqual([
      [bucketOf(50), 1],
      [bucketOf(2000), 1],
    ]);
    expect(samples).toMatchObject([{ failure: 'deadline', status: 504, path: '/path', at: START + 100 }]);
    streaming.cut(at(2300), 200);
    expect(read().cells.length).toBe(1);
  });

  it('judges every request by the same deadline, though it is open a little longer for those that began earlier', () => {
    const { start, at, read } = world();
    const early = start(0);
    start(900);
    early.head(at(2500), 200, false);
    early.end(at(2501));
    at(2900);
    expect(read().cells[0]?.stable).toMatchObject({ requests: 2, failures: { deadline: 2 } });
  });

  it('calls the end of the time a timeout when the timeout is not longer than the deadline', () => {
    const { start, at, read } = world({ timeoutMs: 2000 });
    start(0);
    at(2000);
    expect(read().cells[0]?.stable?.failures).toEqual({ status: 0, timeout: 1, connection: 0, deadline: 0 });
  });

  it('is given out after every earlier one of its service', () => {
    const { start, at, read } = world();
    const slow = start(0);
    start(1100).end(at(1110));
    at(1999);
    expect(read().cells).toEqual([]);
    slow.end(at(1999.5));
    at(2000);
    expect(read().cells.map(({ seq, tick }) => [seq, tick])).toEqual([
      [1, START / 1000],
      [2, START / 1000 + 1],
    ]);
  });

  it('is of one epoch: a change of the weight within a second makes two', () => {
    const { start, at, read, service } = world();
    const before = start(100);
    service.change(regime({ epoch: 2, weight: 70 }));
    start(200).end(at(300));
    before.end(at(400));
    at(1000);
    expect(read().cells.map(({ epoch, weight, stable }) => [epoch, weight, stable?.requests])).toEqual([
      [1, 50, 1],
      [2, 70, 1],
    ]);
  });

  it('does not exist for a second without requests, but the second is complete', () => {
    const { at, read } = world();
    at(5000);
    expect(read()).toMatchObject({ cells: [], closedUpTo: START / 1000 + 4, lost: 0 });
  });

  it('counts an answer that clients see after its end in the second in which they see it', () => {
    const { start, at, read, service } = world();
    const slow = start(0);
    at(2500);
    expect(read().cells.length).toBe(1);
    service.saw(slow.cell, at(3100), true);
    at(4000);
    const { cells } = read();
    expect(cells.map(({ tick, seen }) => [tick - START / 1000, seen.answers, seen.failures])).toEqual([
      [0, 0, 0],
      [3, 1, 1],
    ]);
    expect(cells[1]?.stable?.requests).toBe(0);
  });
});

describe('a request that was not assigned by chance', () => {
  it('is in no arm', () => {
    const { service, at, read } = world();
    const one = service.start('candidate', true, at(0), facts());
    one.head(at(10), 500, false);
    one.end(at(11));
    at(1000);
    const { outside, candidate, samples } = read().cells[0] as Cell;
    expect(outside).toEqual({ requests: 1, failures: 1 });
    expect([candidate?.requests, samples.length]).toEqual([0, 0]);
  });
});

describe('failed requests', () => {
  it('are told by the same buckets as all requests, each in that of its own latency', () => {
    const { start, at, read } = world();
    start(0).head(at(30), 200, false);
    start(30).head(at(60), 500, false);
    start(100).cut(at(150), 502);
    start(200).timeOut(at(900));
    const broken = start(300);
    broken.head(at(370), 200, false);
    broken.cut(at(2000), 200);
    start(400);
    at(2400);
    const { stable } = read().cells[0] as Cell;
    const bucketsOf = (latencies: readonly number[]) => latencies.map((ms) => [bucketOf(ms), 1]);
    expect(stable?.failures).toEqual({ status: 1, connection: 2, timeout: 1, deadline: 1 });
    expect(stable?.failedLatency).toEqual(bucketsOf([30, 50, 70, 700, 2000]));
    expect(stable?.latency).toEqual([[bucketOf(30), 2], ...bucketsOf([50, 70, 700, 2000])]);
  });
});

describe('client errors', () => {
  it('are the answers 400 to 499 of the instance that came whole, were left, or have a head at the deadline', () => {
    const { start, at, read } = world();
    for (const status of [399, 400, 499, 500]) {
      const one = start(10);
      one.head(at(20), status, false);
      one.end(at(30));
    }
    const left = start(40);
    left.head(at(50), 404, false);
    left.leave(at(60));
    start(70).head(at(80), 404, true);
    start(90).head(at(95), 404, false);
    start(100).leave(at(110));
    at(2100);
    expect(read().cells[0]?.stable).toMatchObject({ requests: 8, failures: { status: 1 }, clientErrors: 5 });
  });

  it('are failures instead when the instance cut them', () => {
    const { start, at, read } = world();
    const one = start(10);
    one.head(at(20), 404, false);
    one.cut(at(30), 404);
    at(1000);
    expect(read().cells[0]?.stable).toMatchObject({ failures: { connection: 1 }, clientErrors: 0 });
  });

  it('of sticky clients are told once per client and release, besides first failures', () => {
    const { start, at, read } = world({ isSticky: true });
    for (const [clientId, status] of [
      ['a', 404],
      ['a', 404],
      ['a', 500],
      ['b', 403],
    ] as const) {
      const one = start(10, 'candidate', { clientId });
      one.head(at(20), status, false);
      one.end(at(21));
    }
    at(1000);
    expect(read().cells[0]?.candidate).toMatchObject({ clientErrors: 3, firstClientErrors: 2, firstFailures: 1 });
  });
});

describe('first failures', () => {
  const failing = (one: RequestCount, now: number) => one.head(now, 500, false);

  it('are counted once per client and release, in whatever arm', () => {
    const clients = new ReleaseClients(3);
    const { start, at, read, service } = world({ isSticky: true, clients });
    for (const clientId of ['a', 'b', 'a', 'a']) failing(start(10, 'candidate', { clientId }), at(20));
    at(1000);
    service.change(regime({ isSticky: true, epoch: 2, clients }));
    failing(start(1010, 'stable', { clientId: 'a' }), at(1020));
    failing(start(1010, 'stable', { clientId: 'c' }), at(1020));
    failing(start(1010, 'stable', { clientId: 'beyond the limit' }), at(1020));
    at(2000);
    service.change(regime({ isSticky: true, epoch: 3, salt: 'next', clients: new ReleaseClients(3) }));
    failing(start(2010, 'stable', { clientId: 'a' }), at(2020));
    at(3000);
    expect(read().cells.map(({ stable, candidate }) => [stable?.firstFailures, candidate?.firstFailures])).toEqual([
      [0, 2],
      [1, 0],
      [1, 0],
    ]);
  });

  it('are not counted for services that are not sticky', () => {
    const { start, at, read } = world();
    failing(start(10, 'stable', { clientId: 'a' }), at(20));
    at(1000);
    const { stable } = read().cells[0] as Cell;
    expect(stable?.firstFailures).toBe(0);
    expect(stable).not.toHaveProperty('firstClientErrors');
  });
});

describe('a reader', () => {
  const filled = (limits = {}) => {
    const all = world({}, limits);
    for (let second = 0; second < 10; second += 1) all.start(second * 1000 + 100).end(all.at(second * 1000 + 200));
    all.at(10_000);
    return all;
  };

  it('gets the same cells however often it reads, and only newer ones after its cursor', () => {
    const { read, observer } = filled();
    const all = read();
    expect(all.cells.map((cell) => cell.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(read()).toEqual(all);
    expect(read(4).cells).toEqual(all.cells.slice(4));
    expect(read(10)).toMatchObject({ cells: [], cursor: { boot: observer.boot, seq: 10 }, lost: 0 });
  });

  it('of another life gets everything that is kept', () => {
    const { observer } = filled();
    for (const cursor of [null, { boot: 'another', seq: 7 }, { boot: observer.boot, seq: 99 }]) {
      expect((JSON.parse(observer.read(cursor)) as Observations).cells.length).toBe(10);
    }
  });

  it('is told how many cells were dropped before it came, and not those that it had', () => {
    const { read } = filled({ keptCells: 4 });
    expect(read()).toMatchObject({ lost: 6, cursor: { seq: 10 } });
    expect(read().cells.map((cell) => cell.seq)).toEqual([7, 8, 9, 10]);
    expect(read(5).lost).toBe(1);
    expect(read(8)).toMatchObject({ lost: 0 });
    expect(read(8).cells.map((cell) => cell.seq)).toEqual([9, 10]);
  });

  it('finds the newest cell at least, whatever the bytes', () => {
    const { read } = filled({ keptBytes: 10 });
    expect(read().cells.map((cell) => cell.seq)).toEqual([10]);
    expect(read().lost).toBe(9);
  });

  it('is never told that a second is complete while a later page has a cell of it', () => {
    const { read, start, at } = world({}, { keptCells: 20_000 });
    for (let second = 0; second < 10_050; second += 1) start(second * 1000).end(at(second * 1000 + 1));
    at(20_000_000);
    const page = read();
    expect([page.cells.length, page.closedUpTo]).toEqual([10_000, START / 1000 + 9999]);
    const rest = read(page.cursor.seq);
    expect([rest.cells.length, rest.closedUpTo]).toEqual([50, START / 1000 + 19_999]);
  });
});

describe('whatever happens', () => {
  it('every request is counted once, cells come in order, and none changes after it was given out', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('start' as const), arm: fc.constantFrom('stable' as const, 'candidate' as const) }),
      fc.record({
        do: fc.constantFrom('head' as const, 'end' as const, 'cut' as const, 'leave' as const, 'timeOut' as const),
        which: fc.nat(),
        status: fc.constantFrom(200, 404, 500),
      }),
      fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 1500 }) }),
      fc.record({ do: fc.constant('epoch' as const) }),
      fc.record({ do: fc.constant('read' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const { service, at, read } = world();
        const open: RequestCount[] = [];
        const given = new Map<number, string>();
        let [ms, epoch, started] = [0, 1, 0];
        const look = () => {
          for (const cell of read().cells) {
            expect(given.get(cell.seq) ?? JSON.stringify(cell)).toBe(JSON.stringify(cell));
            given.set(cell.seq, JSON.stringify(cell));
          }
        };
        for (const one of steps) {
          if (one.do === 'start') {
            open.push(service.start(one.arm, false, at(ms), facts()));
            started += 1;
          } else if (one.do === 'pass') {
            ms += one.ms;
            at(ms);
          } else if (one.do === 'epoch') {
            epoch += 1;
            service.change(regime({ epoch }));
          } else if (one.do === 'read') look();
          else if (open.length > 0) {
            const count = open[one.which % open.length] as RequestCount;
            if (one.do === 'head') count.head(at(ms), one.status, false);
            else if (one.do === 'cut') count.cut(at(ms), 502);
            else if (one.do === 'end') {
              count.head(at(ms), one.status, false);
              count.end(at(ms));
            } else count[one.do](at(ms));
          }
        }
        at(ms + 10_000);
        look();
        const cells = read().cells;
        expect(cells.map((cell) => cell.seq)).toEqual(cells.map((_, i) => i + 1));
        const order = cells.map((cell) => cell.tick * 1e6 + cell.epoch);
        expect(order).toEqual([...order].sort((a, b) => a - b));
        const arms = cells.flatMap((cell) => [cell.stable, cell.candidate]).filter((arm) => arm !== null);
        expect(arms.reduce((sum, arm) => sum + arm.requests, 0)).toBe(started);
        for (const arm of arms) {
          expect(arm.latency.reduce((sum, [, count]) => sum + count, 0)).toBe(arm.requests);
          expect(failuresOf(arm) + (arm.clientErrors ?? 0)).toBeLessThanOrEqual(arm.requests);
          const all = new Map(arm.latency);
          const failed = arm.failedLatency ?? [];
          expect(failed.reduce((sum, [, count]) => sum + count, 0)).toBe(failuresOf(arm));
          for (const [bucket, count] of failed) expect(count).toBeLessThanOrEqual(all.get(bucket) ?? 0);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the sample of failed requests', () => {
  it('is bounded, and every failed request of the cell has the same chance, in both arms', () => {
    const rounds = 2000;
    const hits = new Array<number>(60).fill(0);
    for (let round = 0; round < rounds; round += 1) {
      const cell = new OpenCell(regime(), 1);
      for (let i = 0; i < hits.length; i += 1) {
        // A third of the failures is of the candidate, which fails late in the second.
        cell.sample({ ...SAMPLE, at: i, arm: i < 40 ? 'stable' : 'candidate' });
      }
      const { samples } = cell.close(0, 1);
      expect(samples.length).toBe(20);
      for (const one of samples) hits[one.at] = (hits[one.at] ?? 0) + 1;
    }
    const [mean, sigma] = [rounds / 3, Math.sqrt(rounds * (1 / 3) * (2 / 3))];
    for (const count of hits) expect(Math.abs(count - mean)).toBeLessThan(5 * sigma);
  });
});

const SAMPLE = {
  at: 0,
  version: 1,
  arm: 'stable',
  method: 'GET',
  path: '/',
  status: 500,
  failure: 'status',
  ms: 1,
  instance: 'a',
  traceId: '',
} as const;

describe('latency', () => {
  it('is kept in buckets, ascending, only those that have a count', () => {
    const tally = new Tally(1, false);
    for (const ms of [10, 0.05, 10, 1e9, 3]) tally.addLatency(ms);
    expect(tally.toCount().latency).toEqual([
      [0, 1],
      [bucketOf(3), 1],
      [bucketOf(10), 2],
      [1439, 1],
    ]);
  });
});
