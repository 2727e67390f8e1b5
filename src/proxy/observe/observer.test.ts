// The counts by themselves, on a clock that the test turns.
import { describe, expect, it } from 'vitest';
import { bucketOf, type Cell, type Observations } from '../../core/traffic.ts';
import { OpenCell } from './cell.ts';
import { facts, regime, START, world } from './fixture.ts';
import { Tally } from './tally.ts';

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
    const tally = new Tally(1, null);
    for (const ms of [10, 0.05, 10, 1e9, 3]) tally.addLatency(ms);
    expect(tally.toCount().latency).toEqual([
      [0, 1],
      [bucketOf(3), 1],
      [bucketOf(10), 2],
      [1439, 1],
    ]);
  });
});
