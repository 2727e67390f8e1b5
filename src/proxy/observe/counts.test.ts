// What is counted of each request, and once only, on a clock that the test turns.
import { describe, expect, it } from 'vitest';
import { bucketOf, type Cell } from '../../core/traffic.ts';
import { facts, regime, world } from './fixture.ts';
import { ReleaseClients } from './release-clients.ts';
import type { RequestCount } from './request-count.ts';

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

describe('routes', () => {
  it('have the requests and failures of each arm, in the order of their names', () => {
    const { start, at, read } = world();
    for (const [arm, method, url, status] of [
      ['stable', 'POST', '/carts/17', 200],
      ['stable', 'GET', '/carts/18?full', 500],
      ['candidate', 'GET', '/carts/19', 200],
      ['stable', 'GET', '/carts/20', 200],
    ] as const) {
      start(10, arm, { method, url }).head(at(20), status, true);
    }
    at(2010);
    const { stable, candidate } = read().cells[0] as Cell;
    expect(stable?.routes).toEqual([
      { route: 'GET /carts/*', requests: 2, failures: 1, firstFailures: 0 },
      { route: 'POST /carts/*', requests: 1, failures: 0, firstFailures: 0 },
    ]);
    expect(candidate?.routes).toEqual([{ route: 'GET /carts/*', requests: 1, failures: 0, firstFailures: 0 }]);
  });

  const urlOf = (i: number) => `/${String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))}`;

  it('are those 64 whose first request started first, whatever its arm; the others are in none', () => {
    const { service, start, at, read } = world();
    for (let i = 0; i < 100; i += 1) start(i, i % 3 === 0 ? 'candidate' : 'stable', { url: urlOf(i) }).end(at(200));
    service.start('candidate', true, at(300), facts({ url: '/outside' })).end(at(301));
    for (let i = 0; i < 100; i += 1) start(400, i % 3 === 0 ? 'stable' : 'candidate', { url: urlOf(i) }).end(at(500));
    at(1000);
    const { stable, candidate } = read().cells[0] as Cell;
    const first = Array.from({ length: 64 }, (_, i) => `GET ${urlOf(i)}`).sort();
    for (const arm of [stable, candidate]) {
      expect(arm?.routes?.map(({ route, requests }) => [route, requests])).toEqual(first.map((route) => [route, 1]));
      expect(arm?.requests).toBe(100);
    }
  });

  it('are claimed by requests outside of the comparison too, so that the reason for being outside is no part of it', () => {
    const { service, start, at, read } = world();
    service.start('candidate', true, at(0), facts({ url: '/outside' })).end(at(1));
    for (let i = 0; i < 64; i += 1) start(10, 'stable', { url: urlOf(i) }).end(at(20));
    at(1000);
    expect(read().cells[0]?.stable?.routes?.length).toBe(63);
  });
});

describe('first requests', () => {
  it('are counted once per client and release, with those of them that failed', () => {
    const clients = new ReleaseClients(100);
    const { start, at, read, service } = world({ isSticky: true, clients });
    for (const [clientId, status] of [
      ['a', 500],
      ['a', 500],
      ['b', 200],
      ['b', 500],
    ] as const) {
      start(10, 'candidate', { clientId }).head(at(20), status, true);
    }
    service.change(regime({ isSticky: true, epoch: 2, clients }));
    start(1010, 'stable', { clientId: 'a' }).head(at(1020), 500, false);
    at(2000);
    const { cells } = read();
    expect(cells[0]?.candidate?.firstRequests).toEqual({ requests: 2, failures: 1 });
    expect(cells[1]?.stable?.firstRequests).toEqual({ requests: 0, failures: 0 });
  });

  it('fail in the cell in which they started', () => {
    const { start, at, read } = world({ isSticky: true });
    const one = start(900, 'candidate', { clientId: 'a' });
    start(1100, 'candidate', { clientId: 'a' }).end(at(1200));
    one.cut(at(1300), 502);
    at(2000);
    const firsts = read().cells.map(({ candidate }) => candidate?.firstRequests);
    expect(firsts).toEqual([
      { requests: 1, failures: 1 },
      { requests: 0, failures: 0 },
    ]);
  });

  it('are not told without a candidate, nor of clients that are not known', () => {
    const { start, at, read, service } = world({ isSticky: true, candidate: null });
    start(0, 'stable', { clientId: 'a' }).end(at(10));
    service.change(regime({ isSticky: true, epoch: 2 }));
    start(1000, 'stable', { clientId: null }).end(at(1010));
    at(2000);
    const [alone, rivals] = read().cells;
    expect(alone?.stable).not.toHaveProperty('firstRequests');
    expect(rivals?.stable?.firstRequests).toEqual({ requests: 0, failures: 0 });
  });
});

describe('first slow requests', () => {
  const slow = { stable: [bucketOf(100), bucketOf(300)], candidate: [bucketOf(200), bucketOf(600)] };

  it('are counted for each limit of the arm, once per client; a failed request is slow for every limit', () => {
    const { start, at, read } = world({ isSticky: true, slow });
    for (const [clientId, arm, ms] of [
      ['a', 'stable', 150],
      ['a', 'stable', 350],
      ['a', 'candidate', 900],
      ['b', 'candidate', 150],
    ] as const) {
      start(0, arm, { clientId }).head(at(ms), 200, true);
    }
    start(0, 'candidate', { clientId: 'c' }).head(at(1), 500, false);
    at(2000);
    const { stable, candidate } = read().cells[0] as Cell;
    expect([stable?.firstSlow, candidate?.firstSlow]).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it('are not told before it is known what slow means', () => {
    const clients = new ReleaseClients(100);
    const { start, at, read, service } = world({ isSticky: true, clients });
    start(0, 'stable', { clientId: 'a' }).head(at(500), 200, true);
    service.change(regime({ isSticky: true, clients, slow }));
    start(1000, 'stable', { clientId: 'a' }).head(at(1500), 200, true);
    at(3000);
    const [before, after] = read().cells;
    expect(before?.stable).not.toHaveProperty('firstSlow');
    expect(after?.stable?.firstSlow).toEqual([1, 1]);
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
