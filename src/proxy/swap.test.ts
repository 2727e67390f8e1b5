// A change of the table: whole, at once, and without dropping a request.
import { connect, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../test/ports.ts';
import type { Table } from '../core/traffic.ts';
import { Place, send, side, sumOf, tableOf, traffic, until } from './fixture.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.close());

describe('a table', () => {
  it('routes as soon as it is confirmed, also on open connections', async () => {
    const agent = place.agent();
    for (let i = 1; i <= 20; i += 1) {
      await place.apply(traffic({ stable: side(i, await place.instance(`v${i}`)) }));
      expect((await place.send('/', { agent })).body).toBe(`v${i}`);
    }
  });

  it('may be applied again, but an older one is refused and changes nothing', async () => {
    const [a, b] = [await place.instance('a'), await place.instance('b')];
    const newer = tableOf(7, [traffic({ stable: side(1, a) })]);
    await place.proxy.apply(newer);
    await place.proxy.apply(newer);
    const older = place.proxy.apply(tableOf(6, [traffic({ stable: side(2, b) })]));
    await expect(older).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('Table 6 is older than table 7'),
    });
    expect(place.proxy.seen().revision).toBe(7);
    expect((await place.send('/')).body).toBe('a');
  });

  it('swapped under load drops no request, whatever it changes', async () => {
    const instances = await Promise.all(
      ['a', 'b', 'c', 'd'].map((id) =>
        place.instance(id, (incoming, response) => {
          incoming.resume().on('end', () => setTimeout(() => response.end(id), Math.random() * 20));
        }),
      ),
    );
    const [a, b, c, d] = instances;
    if (!a || !b || !c || !d) throw new Error('There are four.');
    const tables = [
      traffic({ stable: side(1, a, b) }),
      traffic({ weight: 10, stable: side(1, a, b), candidate: side(2, c) }),
      traffic({ weight: 60, stable: side(1, b), candidate: side(2, c, d) }),
      traffic({ weight: 100, stable: side(1, b), candidate: side(2, c, d) }),
      traffic({ stable: side(2, c, d) }),
      traffic({ stable: side(2), isComing: true }),
      traffic({ weight: 100, stable: null, candidate: side(3, a) }),
    ];
    await place.apply(tables[0]!);
    let isOver = false;
    const statuses = new Map<number, number>();
    const lane = async (_: unknown, i: number) => {
      const agent = i % 3 === 0 ? undefined : place.agent();
      while (!isOver) {
        const { status } = await place.send('/', {
          ...(agent && { agent }),
          ...(i % 2 && { method: 'POST', body: 'x' }),
        });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    const lanes = Array.from({ length: 12 }, lane);
    for (let i = 0; i < 60; i += 1) {
      const service = tables[i % tables.length]!;
      await place.apply({ ...service, epoch: i + 1 });
      await wait(30);
    }
    isOver = true;
    await Promise.all(lanes);
    expect([...statuses.keys()]).toEqual([200]);
    const sent = statuses.get(200) ?? 0;
    expect(instances.reduce((sum, one) => sum + one.requests.length, 0)).toBe(sent);
    const cells = await place.cells();
    const outside = cells.reduce((sum, cell) => sum + cell.outside.requests, 0);
    expect(sumOf(cells, 'stable').requests + sumOf(cells, 'candidate').requests + outside).toBe(sent);
  }, 30_000);

  it('opens and closes listeners, and keeps those that stay', async () => {
    const [one, other] = [await freePort(), await freePort()];
    const a = side(1, await place.instance('a'));
    const at = (revision: number, ...ports: number[]): Table => ({
      revision,
      listen: ports.map((port) => ({ host: '127.0.0.1', port })),
      services: [traffic({ stable: a })],
    });
    await place.proxy.apply(at(1, one, 0, 0));
    const [first, second, third] = place.proxy.seen().listening.map(({ port }) => port);
    expect(first).toBe(one);
    expect(new Set([first, second, third]).size).toBe(3);
    const agent = place.agent();
    expect((await send(one, '/', { agent })).body).toBe('a');
    await place.proxy.apply(at(2, other, 0));
    expect(place.proxy.seen().listening.map(({ port }) => port)).toEqual([other, second]);
    expect((await send(other)).body).toBe('a');
    const last = await send(one, '/', { agent });
    expect([last.body, last.headers.connection]).toEqual(['a', 'close']);
    await expect(send(one)).rejects.toThrow('ECONNREFUSED');
    await expect(send(third ?? 0)).rejects.toThrow('ECONNREFUSED');
  });

  it('may hand the port of one service to another', async () => {
    const [one, other] = [await freePort(), await freePort()];
    const [a, b] = [side(1, await place.instance('a')), side(1, await place.instance('b'))];
    const both = (portOfA: number, portOfB: number) =>
      place.apply(
        traffic({ service: 'a', routes: [], internalPort: portOfA, stable: a }),
        traffic({ service: 'b', routes: [], internalPort: portOfB, stable: b }),
      );
    await both(one, other);
    await both(other, one);
    expect([(await send(one)).body, (await send(other)).body]).toEqual(['b', 'a']);
  });

  it('that wants a taken port is refused whole, with the port named, and the old one goes on', async () => {
    const taken = createServer();
    const [port, free] = [await freePort(), await freePort()];
    await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
    await place.apply(traffic({ stable: side(1, await place.instance('a')) }));
    const table = {
      ...tableOf(9, []),
      listen: [
        { host: '127.0.0.1', port: free },
        { host: '127.0.0.1', port },
      ],
    };
    await expect(place.proxy.apply(table)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(`Port ${port} `),
    });
    const internal = tableOf(9, [traffic({ service: 'maths', internalPort: port })]);
    await expect(place.proxy.apply(internal)).rejects.toMatchObject({
      message: expect.stringContaining('requests to maths'),
    });
    expect((await place.send('/')).body).toBe('a');
    await expect(send(free)).rejects.toThrow('ECONNREFUSED');
    await new Promise((resolve) => taken.close(resolve));
    await place.proxy.apply(internal);
  });

  it('may move a port to another address, and back when the rest cannot be had', async () => {
    const taken = createServer();
    const [port, busy] = [await freePort(), await freePort()];
    await new Promise<void>((resolve) => taken.listen(busy, '127.0.0.1', resolve));
    const services = [traffic({ stable: side(1, await place.instance('a')) })];
    const on = (revision: number, ...listen: { host: string; port: number }[]) =>
      place.proxy.apply({ ...tableOf(revision, services), listen });
    const canReach = (host: string) =>
      new Promise<boolean>((resolve) => {
        const socket = connect({ host, port }, () => resolve(true));
        socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
      });
    await on(10, { host: '127.0.0.1', port });
    const tooMuch = on(11, { host: '0.0.0.0', port }, { host: '127.0.0.1', port: busy });
    await expect(tooMuch).rejects.toMatchObject({ message: expect.stringContaining(`Port ${busy} `) });
    expect([(await send(port)).body, await canReach('127.0.0.2')]).toEqual(['a', false]);
    await on(12, { host: '0.0.0.0', port });
    expect([(await send(port)).body, await canReach('127.0.0.2')]).toEqual(['a', true]);
    const both = [
      { host: '127.0.0.1', port },
      { host: '127.0.0.3', port },
    ];
    await expect(on(13, ...both, { host: '127.0.0.1', port: busy })).rejects.toThrow();
    expect(await canReach('127.0.0.2')).toBe(true);
    await on(14, ...both);
    expect([(await send(port)).body, await canReach('127.0.0.2')]).toEqual(['a', false]);
    await new Promise((resolve) => taken.close(resolve));
  });

  it('that cannot be saved is refused, and the old one goes on', async () => {
    const free = await freePort();
    await place.apply(traffic({ stable: side(1, await place.instance('a')) }));
    const table = { ...tableOf(9, []), listen: [{ host: '127.0.0.1', port: free }] };
    await expect(place.proxy.apply(table, { save: () => Promise.reject(new Error('disk full')) })).rejects.toThrow(
      'disk full',
    );
    expect((await place.send('/')).body).toBe('a');
    await expect(send(free)).rejects.toThrow('ECONNREFUSED');
    await place.proxy.apply(table);
    expect((await send(free)).status).toBe(404);
  });
});

describe('an instance that leaves the table', () => {
  it('gets nothing new, finishes what is open, stays listed until then, and loses its connections', async () => {
    let finish = () => {};
    const old = await place.instance('old', (incoming, response) => {
      if (incoming.url === '/slow') {
        response.write('begun ');
        finish = () => response.end('finished');
      } else response.end('old');
    });
    const young = await place.instance('young');
    await place.apply(traffic({ stable: side(1, old) }));
    const agent = place.agent();
    await place.send('/', { agent });
    const slow = place.send('/slow');
    await until(() => place.proxy.seen().open.old === 1);
    await place.apply(traffic({ stable: side(2, young) }));
    for (let i = 0; i < 10; i += 1) expect((await place.send('/', { agent })).body).toBe('young');
    expect(place.proxy.seen().open).toEqual({ old: 1, young: 0 });
    finish();
    expect((await slow).body).toBe('begun finished');
    expect(place.proxy.seen().open).toEqual({ young: 0 });
    await wait(100);
    expect(await connectionsOf(old.server)).toBe(0);
  });

  it('may come back at the same address', async () => {
    const [a, b] = [await place.instance('a'), await place.instance('b')];
    for (let i = 0; i < 6; i += 1) {
      await place.apply(traffic({ stable: side(1, i % 2 ? a : b) }));
      expect((await place.send('/')).body).toBe(i % 2 ? 'a' : 'b');
    }
  });
});

const connectionsOf = (server: import('node:http').Server) =>
  new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));

describe('the end', () => {
  it('lets open requests finish, takes no new connection, and answers the last requests of kept ones', async () => {
    let finish = () => {};
    const instance = await place.instance('a', (incoming, response) => {
      if (incoming.url === '/slow') finish = () => response.end('finished');
      else response.end('a');
    });
    await place.apply(traffic({ stable: side(1, instance) }));
    const agent = place.agent();
    await place.send('/', { agent });
    const { port } = place;
    const slow = send(port, '/slow');
    await until(() => instance.requests.length === 2);
    const stopped = place.proxy.stop(5000);
    await wait(50);
    await expect(send(port)).rejects.toThrow('ECONNREFUSED');
    const last = await send(port, '/', { agent });
    expect([last.body, last.headers.connection]).toEqual(['a', 'close']);
    finish();
    expect((await slow).body).toBe('finished');
    await stopped;
    await expect(place.proxy.apply(tableOf(99, []))).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('breaks off what is still open after its grace', async () => {
    const instance = await place.instance('a', () => undefined);
    await place.apply(traffic({ stable: side(1, instance) }));
    const reply = place.send('/').catch((error: Error) => error.message);
    await until(() => instance.requests.length === 1);
    const started = performance.now();
    await place.proxy.stop(200);
    expect(performance.now() - started).toBeGreaterThan(190);
    expect(performance.now() - started).toBeLessThan(1500);
    expect(await reply).toMatch(/hang up|ECONNRESET/);
    await until(() => instance.requests[0]?.destroyed === true);
  });
});

describe('an instance that is killed under load', () => {
  it('costs no request that may be sent twice, and of the others only those that were on it', async () => {
    const serve = (id: string) =>
      place.instance(id, (incoming, response) => {
        incoming.resume().on('end', () => setTimeout(() => response.end(id), 5 + Math.random() * 10));
      });
    let standing = [await serve('a-0'), await serve('b-0')];
    let isOver = false;
    const failed: string[] = [];
    let [sent, onKilled] = [0, 0];
    const lane = async (_: unknown, i: number) => {
      const agent = place.agent();
      const method = i % 2 ? 'POST' : 'GET';
      while (!isOver) {
        const { status } = await place.send('/', { method, agent, ...(i % 2 && { body: 'x' }) });
        sent += 1;
        if (status !== 200) failed.push(`${method} ${status}`);
      }
    };
    const route = (...targets: typeof standing) =>
      place.apply(traffic({ stable: side(1, ...targets), isComing: true }));
    await route(...standing);
    const lanes = Array.from({ length: 16 }, lane);
    for (let round = 1; round <= 6; round += 1) {
      await wait(200);
      const [victim, other] = round % 3 === 0 ? [standing[1], standing[0]] : [standing[0], standing[1]];
      if (!victim || !other) throw new Error('Two stand.');
      onKilled += place.proxy.seen().open[victim.id] ?? 0;
      await victim.kill();
      // The control plane notices a moment later.
      await wait(150);
      await route(other);
      standing = [other, await serve(`c-${round}`)];
      await route(...standing);
    }
    isOver = true;
    await Promise.all(lanes);
    expect(sent).toBeGreaterThan(500);
    expect(failed.filter((one) => one !== 'POST 502')).toEqual([]);
    expect(failed.length).toBeLessThanOrEqual(onKilled);
  }, 30_000);

  it('costs nothing at all when it was the only one and idle: everything waits for the next', async () => {
    const only = await place.instance('only');
    await place.apply(traffic({ stable: side(1, only), isComing: true }));
    const agent = place.agent();
    await place.send('/', { agent });
    await only.kill();
    const replies = ['GET', 'POST', 'PATCH'].map((method) =>
      place.send('/', { method, ...(method !== 'GET' && { body: 'x' }) }),
    );
    await wait(100);
    await place.apply(traffic({ stable: side(1), isComing: true }));
    await wait(100);
    await place.apply(traffic({ stable: side(1, await place.instance('next')), isComing: true }));
    expect((await Promise.all(replies)).map(({ status, body }) => [status, body])).toEqual(
      Array(3).fill([200, 'next']),
    );
  });
});
