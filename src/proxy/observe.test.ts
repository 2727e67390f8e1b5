// What the counts say about real requests, against what instances and clients saw.
import { request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { edgeOf, quantile } from '../core/traffic.ts';
import { outsideIn, Place, seenIn, side, sumOf, traffic, until } from './fixture.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.close());

describe('the counts', () => {
  it('are exactly those of the instances and of the clients, under load, while weights change', async () => {
    const failed = { a: 0, b: 0 };
    const [a, b] = await Promise.all(
      (['a', 'b'] as const).map((id) =>
        place.instance(id, (incoming, response) => {
          const isBad = Math.random() < (id === 'b' ? 0.3 : 0.1);
          if (isBad) failed[id] += 1;
          incoming
            .resume()
            .on('end', () => response.writeHead(isBad ? 500 : 200).end('x'.repeat(Math.random() * 40_000)));
        }),
      ),
    );
    if (!a || !b) throw new Error('There are two.');
    const statuses: number[] = [];
    let isOver = false;
    const lane = async () => {
      const agent = place.agent();
      while (!isOver) {
        const [method, body] = Math.random() < 0.3 ? ['POST', 'x'.repeat(Math.random() * 50_000)] : ['GET', undefined];
        const reply = await place.send('/some?path', { agent, method, ...(body && { body }) });
        statuses.push(reply.status);
      }
    };
    await place.apply(traffic({ weight: 10, stable: side(1, a), candidate: side(2, b) }));
    const lanes = Array.from({ length: 12 }, lane);
    for (const [i, weight] of [10, 30, 60, 20].entries()) {
      await place.apply(traffic({ epoch: i + 1, weight, stable: side(1, a), candidate: side(2, b) }));
      await wait(600);
    }
    isOver = true;
    await Promise.all(lanes);
    const cells = await place.cells();
    const [stable, candidate] = [sumOf(cells, 'stable'), sumOf(cells, 'candidate')];
    expect(stable).toMatchObject({
      requests: a.requests.length,
      latencies: a.requests.length,
      failures: { status: failed.a },
    });
    expect(candidate).toMatchObject({ requests: b.requests.length, failures: { status: failed.b } });
    expect(stable.requests + candidate.requests).toBe(statuses.length);
    expect(outsideIn(cells).requests).toBe(0);
    expect(seenIn(cells)).toEqual({ answers: statuses.length, failures: failed.a + failed.b, refused: 0 });
    expect(new Set(cells.map((cell) => cell.epoch)).size).toBe(4);
    for (const cell of cells) expect(cell.samples.length).toBeLessThanOrEqual(20);
    const sample = cells.flatMap((cell) => cell.samples)[0];
    expect(sample).toMatchObject({ path: '/some', status: 500, failure: 'status' });
    expect(sample?.traceId).toMatch(/^[0-9a-f]{32}$/);
    const seen = place.proxy.seen().targets;
    expect(seen.a).toEqual({ open: 0, requests: a.requests.length, failures: failed.a });
  }, 30_000);

  it('hold the time to the head of the answer, not to its end', async () => {
    const instance = await place.instance('a', async (_, response) => {
      await wait(60);
      response.write('head');
      await wait(300);
      response.end();
    });
    await place.apply(traffic({ stable: side(1, instance) }));
    await Promise.all([place.send('/'), place.send('/')]);
    const latency = (await place.cells()).flatMap((cell) => cell.stable?.latency ?? []);
    expect(quantile(latency, 1)).toBeGreaterThan(55);
    expect(edgeOf(latency.at(-1)?.[0] ?? 0)).toBeLessThan(250);
  });

  it('belong to the second in which a request started', async () => {
    const instance = await place.instance('a', (_, response) => void setTimeout(() => response.end(), 1200));
    await place.apply(traffic({ stable: side(1, instance) }));
    const tick = Math.floor(Date.now() / 1000);
    await place.send('/');
    const [cell] = await place.cells();
    expect([tick, tick + 1]).toContain(cell?.tick);
  });

  it('contain a client that left, once, as no failure', async () => {
    const instance = await place.instance('a', (_, response) => void setTimeout(() => response.end(), 500));
    await place.apply(traffic({ stable: side(1, instance) }));
    const outgoing = request({ host: '127.0.0.1', port: place.port });
    outgoing.on('error', () => undefined);
    outgoing.end();
    await until(() => instance.requests.length === 1);
    outgoing.destroy();
    const cells = await place.cells();
    expect(sumOf(cells, 'stable')).toMatchObject({ requests: 1, latencies: 1, failures: { connection: 0 } });
    expect(seenIn(cells)).toEqual({ answers: 0, failures: 0, refused: 0 });
  });

  it('contain the first failure of a client whose id was made with that very answer', async () => {
    const bad = await place.instance('bad', (_, response) => response.writeHead(500).end());
    await place.apply(traffic({ isSticky: true, weight: 100, stable: side(1, bad), candidate: side(2, bad) }));
    const first = await place.send('/');
    const cookie = first.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    for (let i = 0; i < 3; i += 1) await place.send('/', { headers: { cookie } });
    await place.send('/');
    const cells = await place.cells();
    expect(cells.reduce((sum, cell) => sum + (cell.candidate?.firstFailures ?? 0), 0)).toBe(2);
    expect(sumOf(cells, 'candidate').failures.status).toBe(5);
  });

  it('contain the first failure of a known client once per release', async () => {
    const bad = await place.instance('bad', (_, response) => response.writeHead(500).end());
    const cookie = `friday_client=${'5'.repeat(32)}`;
    for (const [epoch, salt] of ['one', 'one', 'two'].entries()) {
      const sides = { stable: side(1, bad), candidate: side(2, bad) };
      await place.apply(traffic({ isSticky: true, epoch, salt, weight: 50, ...sides }));
      for (let i = 0; i < 3; i += 1) await place.send('/', { headers: { cookie } });
    }
    const cells = await place.cells();
    const firsts = (salt: readonly number[]) =>
      cells
        .filter(({ epoch }) => salt.includes(epoch))
        .reduce((sum, cell) => sum + (cell.stable?.firstFailures ?? 0) + (cell.candidate?.firstFailures ?? 0), 0);
    expect([firsts([0, 1]), firsts([2])]).toEqual([1, 1]);
  });

  it('of a service that left the table are given out to the end', async () => {
    const instance = await place.instance('a', (_, response) => void setTimeout(() => response.end('ok'), 300));
    await place.apply(traffic({ stable: side(1, instance) }));
    const reply = place.send('/');
    await until(() => instance.requests.length === 1);
    await place.apply();
    expect((await reply).body).toBe('ok');
    expect(sumOf(await place.cells(), 'stable').requests).toBe(1);
  });
});
