// What clients see, and what is counted, when instances fail: retries, holding, timeouts, cut answers.
import type { RequestListener, ServerResponse } from 'node:http';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  deadTarget,
  LIMITS_OF_SERVICE,
  outsideIn,
  Place,
  raw,
  type Sent,
  seenIn,
  side,
  sumOf,
  traffic,
  until,
} from './fixture.ts';

let place: Place;
beforeEach(() => {
  place = new Place({ bodyIdleMs: 400 });
});
afterEach(() => place.close());

/** Takes the request and cuts the connection without a byte. */
const cut: RequestListener = (incoming) => void incoming.socket.resetAndDestroy();
const NONE = { status: 0, timeout: 0, connection: 0, deadline: 0 };

describe('a request whose instance fails before it answers', () => {
  const send = async (sent: Sent) => {
    const [bad, good] = [await place.instance('bad', cut), await place.instance('good')];
    await place.apply(traffic({ weight: 100, stable: side(1, good), candidate: side(2, bad) }));
    return { bad, good, reply: await place.send('/', sent) };
  };

  it('is sent once more when its method allows, and the arm that failed is charged though the client saw nothing', async () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']) {
      const { reply } = await send({ method });
      expect([reply.status, reply.headers['x-friday-version']]).toEqual([200, 'v1']);
    }
    const cells = await place.cells();
    expect(sumOf(cells, 'candidate').requests).toBe(6);
    expect(sumOf(cells, 'candidate').failures).toEqual({ ...NONE, connection: 6 });
    expect(sumOf(cells, 'stable').requests).toBe(0);
    expect(outsideIn(cells)).toEqual({ requests: 0, failures: 0 });
    expect(seenIn(cells)).toEqual({ answers: 6, failures: 0, refused: 0 });
  });

  it('is answered 502 when its method does not allow', async () => {
    const { reply, good } = await send({ method: 'POST' });
    expect(reply.status).toBe(502);
    expect(reply.headers['content-type']).toContain('text/plain');
    expect(reply.headers['x-friday-version']).toBe('v2');
    expect(good.requests.length).toBe(0);
    expect(seenIn(await place.cells())).toEqual({ answers: 1, failures: 1, refused: 0 });
  });

  it('is answered 502 when its body has been read', async () => {
    const { reply, good } = await send({ method: 'PUT', body: 'spent' });
    expect(reply.status).toBe(502);
    expect(good.requests.length).toBe(0);
  });

  it('is sent once more whatever its method and body when the connection was refused', async () => {
    const good = await place.instance('good', (incoming, response) => void incoming.pipe(response));
    const dead = { version: 2, targets: [await deadTarget('dead')] };
    await place.apply(traffic({ weight: 100, stable: side(1, good), candidate: dead }));
    const reply = await place.send('/', { method: 'POST', body: 'unspent' });
    expect([reply.status, reply.body]).toEqual([200, 'unspent']);
    const { requests, failures } = sumOf(await place.cells(), 'candidate');
    expect([requests, failures]).toEqual([1, { ...NONE, connection: 1 }]);
  });

  it('goes to another instance of the same version first', async () => {
    const bad = await place.instance('bad', cut);
    const [good, old] = [await place.instance('good'), await place.instance('old')];
    await place.apply(traffic({ weight: 100, stable: side(1, old), candidate: side(2, bad, good) }));
    for (let i = 0; i < 20; i += 1) expect((await place.send('/')).body).toBe('good');
    expect(old.requests.length).toBe(0);
  });

  it('is sent once more only once', async () => {
    const [one, other] = [await place.instance('one', cut), await place.instance('other', cut)];
    const third = await place.instance('third', cut);
    await place.apply(traffic({ stable: side(1, one, other, third) }));
    expect((await place.send('/')).status).toBe(502);
    expect(one.requests.length + other.requests.length + third.requests.length).toBe(2);
  });

  it('does not change its version when one was asked for', async () => {
    const [bad, good] = [await place.instance('bad', cut), await place.instance('good')];
    await place.apply(traffic({ weight: 50, stable: side(1, good), candidate: side(2, bad) }));
    expect((await place.send('/', { headers: { 'x-friday-version': 'v2' } })).status).toBe(502);
    expect(outsideIn(await place.cells())).toEqual({ requests: 1, failures: 1 });
  });

  it('waits for an instance that is coming, and is sent to it', async () => {
    const bad = await place.instance('bad', cut);
    await place.apply(traffic({ stable: side(1, bad), isComing: true }));
    const reply = place.send('/');
    await until(() => bad.requests.length === 1);
    await wait(50);
    await place.apply(traffic({ stable: side(1, await place.instance('new')) }));
    expect((await reply).body).toBe('new');
  });

  it('is answered 502 when what is coming does not come in time', async () => {
    const bad = await place.instance('bad', cut);
    const limits = { ...LIMITS_OF_SERVICE, holdMs: 100 };
    await place.apply(traffic({ stable: side(1, bad), isComing: true, limits }));
    expect((await place.send('/')).status).toBe(502);
  });
});

describe('an answer that the instance breaks off', () => {
  const half =
    (write: (response: ServerResponse) => void): RequestListener =>
    (incoming, response) => {
      write(response);
      setTimeout(() => incoming.socket.resetAndDestroy(), 50);
    };

  it('is broken off for the client too, with a length, with chunks and without either', async () => {
    const bad = await place.instance('bad', (incoming, response) => {
      if (incoming.url === '/length')
        half((one) => one.writeHead(200, { 'content-length': 100 }).write('half'))(incoming, response);
      else half((one) => one.write('half'))(incoming, response);
    });
    await place.apply(traffic({ stable: side(1, bad) }));
    for (const path of ['/length', '/chunks'])
      await expect(place.send(path)).rejects.toThrow(/aborted|hang up|ECONNRESET/);
    const socket = await place.connect();
    const ended = new Promise((resolve) =>
      socket.on('error', (error) => resolve(error.message)).on('end', () => resolve('a clean end')),
    );
    socket.resume().write('GET /close HTTP/1.0\r\n\r\n');
    expect(await ended).toContain('ECONNRESET');
    const cells = await place.cells();
    expect(sumOf(cells, 'stable').failures).toEqual({ ...NONE, connection: 3 });
    expect(seenIn(cells)).toEqual({ answers: 3, failures: 3, refused: 0 });
  });

  it('is not sent twice', async () => {
    const bad = await place.instance(
      'bad',
      half((one) => one.write('half')),
    );
    const good = await place.instance('good');
    await place.apply(traffic({ weight: 100, stable: side(1, good), candidate: side(2, bad) }));
    await expect(place.send('/')).rejects.toThrow();
    expect(good.requests.length).toBe(0);
  });

  it('because the instance fell silent is broken off after a while', async () => {
    const bad = await place.instance('bad', (_, response) => void response.write('half'));
    await place.apply(traffic({ stable: side(1, bad) }));
    await expect(place.send('/')).rejects.toThrow();
    expect(place.proxy.seen().open.bad).toBe(0);
  });
});

describe('an answer that is none', () => {
  it.each([
    ['no HTTP', 'this is not HTTP\r\n\r\n'],
    ['a head that no client may be sent', 'HTTP/1.1 099 Odd\r\ncontent-length: 0\r\n\r\n'],
  ])('is answered 502, not tried again, and charged to its version: %s', async (_, answer) => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.end(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const target = { id: 'odd', host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    const good = await place.instance('good');
    await place.apply(traffic({ weight: 100, stable: side(1, good), candidate: { version: 2, targets: [target] } }));
    expect((await place.send('/')).status).toBe(502);
    expect(connections).toBe(1);
    expect(sumOf(await place.cells(), 'candidate').failures).toEqual({ ...NONE, connection: 1 });
    server.close();
  });
});

describe('a request without an answer', () => {
  const silent: RequestListener = () => undefined;

  it('is answered 504 when the time is over, counted as a timeout, and cancelled at the instance', async () => {
    const slow = await place.instance('slow', silent);
    const limits = { ...LIMITS_OF_SERVICE, deadlineMs: 1000, timeoutMs: 200 };
    await place.apply(traffic({ stable: side(3, slow), limits }));
    const started = performance.now();
    const reply = await place.send('/');
    expect([reply.status, reply.headers['x-friday-version']]).toEqual([504, 'v3']);
    expect(performance.now() - started).toBeGreaterThan(190);
    expect(performance.now() - started).toBeLessThan(1500);
    await until(() => slow.requests[0]?.destroyed === true);
    const cells = await place.cells();
    expect(sumOf(cells, 'stable').failures).toEqual({ ...NONE, timeout: 1 });
    expect(seenIn(cells)).toEqual({ answers: 1, failures: 1, refused: 0 });
  });

  it('counts as failed once it is older than the deadline, though it goes on and ends well', async () => {
    const slow = await place.instance('slow', (_, response) => void setTimeout(() => response.end('late'), 1800));
    const limits = { ...LIMITS_OF_SERVICE, deadlineMs: 300 };
    await place.apply(traffic({ stable: side(1, slow), limits }));
    const reply = place.send('/');
    const cells = await place.cells();
    expect(sumOf(cells, 'stable')).toEqual({ requests: 1, failures: { ...NONE, deadline: 1 }, latencies: 1 });
    expect(cells[0]?.samples[0]).toMatchObject({
      failure: 'deadline',
      status: 504,
      method: 'GET',
      path: '/',
      instance: 'slow',
    });
    expect((await reply).body).toBe('late');
    const later = await place.cells();
    expect(sumOf(later, 'stable').requests).toBe(1);
    expect(seenIn(later)).toEqual({ answers: 1, failures: 0, refused: 0 });
  });

  it('does not count as failed at the deadline while its client is still sending', async () => {
    const instance = await place.instance('a');
    const limits = { ...LIMITS_OF_SERVICE, deadlineMs: 200 };
    await place.apply(traffic({ stable: side(1, instance), limits }));
    const outgoing = request({ host: '127.0.0.1', port: place.port, method: 'POST' });
    const answered = new Promise((resolve) => outgoing.on('response', (one) => one.resume().on('end', resolve)));
    for (let i = 0; i < 8; i += 1) {
      outgoing.write('some');
      await wait(100);
    }
    outgoing.end();
    await answered;
    expect(sumOf(await place.cells(), 'stable')).toEqual({ requests: 1, failures: NONE, latencies: 1 });
  });
});

describe('a client that does not send what it announced', () => {
  it('is answered 408, which is no failure of the version', async () => {
    const instance = await place.instance('a');
    await place.apply(traffic({ stable: side(1, instance) }));
    const answer = await raw(place.port, 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf');
    expect(answer).toMatch(/^HTTP\/1.1 408 .*connection: close/is);
    const { failures } = sumOf(await place.cells(), 'stable');
    expect(failures).toEqual(NONE);
    await until(() => place.proxy.seen().open.a === 0);
  });
});

describe('a service without an instance', () => {
  it('refuses at once with 503 when none is coming', async () => {
    await place.apply(traffic({ stable: null }));
    const reply = await place.send('/');
    expect([reply.status, reply.headers['retry-after']]).toEqual([503, '1']);
    expect(reply.body.length).toBeGreaterThan(10);
    const cells = await place.cells();
    expect(seenIn(cells)).toEqual({ answers: 0, failures: 0, refused: 1 });
  });

  it('lets requests wait while one is coming, and serves all of them, of every method', async () => {
    await place.apply(traffic({ isComing: true, stable: side(1) }));
    const replies = ['GET', 'POST', 'PUT'].map((method) =>
      place.send('/', { method, body: method === 'GET' ? undefined : 'x' } as Sent),
    );
    await until(() => place.proxy.seen().exchanges === 3);
    await wait(100);
    await place.apply(traffic({ isComing: true, stable: side(1, await place.instance('new')) }));
    for (const reply of await Promise.all(replies)) expect([reply.status, reply.body]).toEqual([200, 'new']);
    const { requests, latencies } = sumOf(await place.cells(), 'stable');
    expect([requests, latencies]).toEqual([3, 3]);
  });

  it('refuses those beyond the limit, those that waited too long, and all when it stops coming', async () => {
    const limits = { ...LIMITS_OF_SERVICE, holdRequests: 2, holdMs: 300 };
    await place.apply(traffic({ isComing: true, stable: side(1), limits }));
    const first = [place.send('/'), place.send('/')];
    await until(() => place.proxy.seen().exchanges === 2);
    const started = performance.now();
    expect((await place.send('/')).status).toBe(503);
    expect(performance.now() - started).toBeLessThan(200);
    expect((await Promise.all(first)).map((one) => one.status)).toEqual([503, 503]);
    const last = place.send('/');
    await until(() => place.proxy.seen().exchanges === 1);
    await place.apply(traffic({ isComing: false, stable: side(1), limits }));
    expect((await last).status).toBe(503);
    expect(seenIn(await place.cells())).toEqual({ answers: 0, failures: 0, refused: 4 });
  });

  it('forgets a client that waits and leaves', async () => {
    await place.apply(traffic({ isComing: true, stable: side(1) }));
    const socket = await place.connect();
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => place.proxy.seen().exchanges === 1);
    socket.destroy();
    await until(() => place.proxy.seen().exchanges === 0);
    const instance = await place.instance('new');
    await place.apply(traffic({ stable: side(1, instance) }));
    await wait(50);
    expect(instance.requests.length).toBe(0);
  });
});
