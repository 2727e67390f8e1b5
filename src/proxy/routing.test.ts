// Where the proxy sends a request: host, path, version, client and load.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../test/ports.ts';
import { deadTarget, outsideIn, Place, send, side, sumOf, traffic, until } from './fixture.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.close());

const route = (host: string, path = '/') => ({ host, path });

describe('a route', () => {
  it('is found by host and longest path of whole segments, and * is the last resort', async () => {
    const names = ['any', 'shop', 'api', 'admin'];
    const routes = [route('*'), route('shop.test'), route('shop.test', '/api'), route('shop.test', '/api/admin/')];
    const services = await Promise.all(
      names.map(async (service, i) => {
        const stable = side(1, await place.instance(service));
        return traffic({ service, routes: [routes[i] ?? route('*')], internalPort: await freePort(), stable });
      }),
    );
    await place.apply(...services);
    const to = async (host: string, path: string) => (await place.send(path, { headers: { host } })).body;
    expect(await to('shop.test', '/')).toBe('shop');
    expect(await to('SHOP.test:8080', '/x')).toBe('shop');
    expect(await to('shop.test.', '/x')).toBe('shop');
    expect(await to('shop.test', '/api')).toBe('api');
    expect(await to('shop.test', '/api?x=1')).toBe('api');
    expect(await to('shop.test', '/api/admin/1')).toBe('admin');
    expect(await to('shop.test', '/api/admin')).toBe('admin');
    expect(await to('shop.test', '/apis')).toBe('shop');
    expect(await to('other.test', '/api')).toBe('any');
    expect(await to('127.0.0.1:99', '/')).toBe('any');
  });

  it('that nobody has is answered 404 in plain text', async () => {
    await place.apply(traffic({ routes: [route('shop.test', '/api')], stable: side(1, await place.instance('a')) }));
    const reply = await place.send('/', { headers: { host: 'shop.test' } });
    expect(reply.status).toBe(404);
    expect(reply.headers['content-type']).toContain('text/plain');
  });

  it('of the internal address is its service, whatever host and path', async () => {
    const internalPort = await freePort();
    await place.apply(traffic({ routes: [], internalPort, stable: side(1, await place.instance('a')) }));
    expect((await send(internalPort, '/any/where', { headers: { host: 'x.test' } })).body).toBe('a');
    expect((await place.send('/')).status).toBe(404);
  });

  it('keeps path and query as they were sent', async () => {
    const instance = await place.instance('a');
    await place.apply(traffic({ stable: side(1, instance) }));
    const path = '/a//b/../%2e%2E/c%20d;x=1?q=%zz&q=[1]&empty=&u=%c3%a4';
    await place.raw(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    expect(instance.requests[0]?.url).toBe(path);
  });

  it('may be asked for by a whole URL, whose host counts', async () => {
    const shop = traffic({ routes: [route('shop.test')], stable: side(1, await place.instance('shop')) });
    await place.apply(shop);
    const answer = await place.raw('GET http://shop.test/x?y HTTP/1.1\r\nhost: other\r\nconnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 200.*shop$/s);
  });
});

describe('the split', () => {
  const two = async (weight: number, over = {}) => {
    const [old, young] = [await place.instance('old'), await place.instance('young')];
    await place.apply(traffic({ weight, stable: side(1, old), candidate: side(2, young), ...over }));
    return { old, young };
  };
  const sendMany = async (count: number, headers = {}) => {
    const agent = place.agent();
    const lane = async () => {
      for (let i = 0; i < count / 8; i += 1) await place.send('/', { agent, headers });
    };
    await Promise.all(Array.from({ length: 8 }, lane));
  };

  it('gives the candidate its share of requests, and says on both sides which version it was', async () => {
    const { old, young } = await two(25);
    await sendMany(800);
    expect(old.requests.length + young.requests.length).toBe(800);
    expect(Math.abs(young.requests.length - 200)).toBeLessThan(5 * Math.sqrt(800 * 0.25 * 0.75));
    expect(young.requests[0]?.headers['x-friday-version']).toBe('v2');
    expect((await place.send('/', { headers: { 'x-friday-version': 'stable' } })).headers['x-friday-version']).toBe(
      'v1',
    );
  });

  it('at 0 is stable only, at 100 candidate only, also when there is no stable', async () => {
    const { old, young } = await two(0);
    await sendMany(80);
    expect([old.requests.length, young.requests.length]).toEqual([80, 0]);
    await place.apply(traffic({ weight: 100, stable: side(1, old), candidate: side(2, young) }));
    await sendMany(80);
    expect([old.requests.length, young.requests.length]).toEqual([80, 80]);
    await place.apply(traffic({ weight: 100, stable: null, candidate: side(2, young) }));
    await sendMany(80);
    expect([old.requests.length, young.requests.length]).toEqual([80, 160]);
    expect(outsideIn(await place.cells()).requests).toBe(0);
  });

  it('is overridden by x-friday-version in every form, and those requests are never judged', async () => {
    const { young } = await two(0);
    for (const wanted of ['v2', '2', 'candidate', 'V2', ' Candidate ']) {
      expect((await place.send('/', { headers: { 'x-friday-version': wanted } })).body).toBe('young');
    }
    expect((await place.send('/', { headers: { 'x-friday-version': 'v3' } })).body).toBe('old');
    expect(young.requests[0]?.headers['x-friday-version']).toBe('v2');
    const cells = await place.cells();
    expect(outsideIn(cells)).toEqual({ requests: 5, failures: 0 });
    expect(sumOf(cells, 'stable').requests).toBe(1);
    expect(sumOf(cells, 'candidate').requests).toBe(0);
  });

  it('gives way to the other arm when the chosen one has no instance, outside of what is judged', async () => {
    const old = await place.instance('old');
    await place.apply(traffic({ weight: 100, stable: side(1, old), candidate: side(2) }));
    await sendMany(16);
    expect(old.requests.length).toBe(16);
    const cells = await place.cells();
    expect(outsideIn(cells)).toEqual({ requests: 16, failures: 0 });
    expect(sumOf(cells, 'candidate').requests + sumOf(cells, 'stable').requests).toBe(0);
  });

  it('does not give way when a version was asked for', async () => {
    const old = await place.instance('old');
    await place.apply(traffic({ weight: 50, stable: side(1, old), candidate: side(2) }));
    const reply = await place.send('/', { headers: { 'x-friday-version': 'v2' } });
    expect(reply.status).toBe(503);
    expect(reply.headers['retry-after']).toBe('1');
  });
});

describe('a sticky client', () => {
  it('gets an id once, keeps its arm, and goes over to the candidate as the weight rises, never back', async () => {
    const [old, young] = [await place.instance('old'), await place.instance('young')];
    const at = (weight: number, epoch: number) =>
      place.apply(traffic({ isSticky: true, weight, epoch, stable: side(1, old), candidate: side(2, young) }));
    await at(10, 1);
    const cookies: string[] = [];
    for (let i = 0; i < 60; i += 1) {
      const cookie = (await place.send('/')).headers['set-cookie']?.[0] ?? '';
      expect(cookie).toMatch(/^friday_client=[0-9a-f]{32}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax$/);
      cookies.push(cookie.split(';')[0] ?? '');
    }
    let before = new Set<string>();
    for (const [i, weight] of [10, 10, 40, 75, 100].entries()) {
      await at(weight, i + 2);
      const now = new Set<string>();
      for (const cookie of cookies) {
        const reply = await place.send('/', { headers: { cookie: `a=1; ${cookie}; friday_client_x=2` } });
        expect(reply.headers['set-cookie']).toBeUndefined();
        if (reply.body === 'young') now.add(cookie);
      }
      expect([...before].every((cookie) => now.has(cookie))).toBe(true);
      if (i === 1) expect(now).toEqual(before);
      before = now;
    }
    expect(before.size).toBe(60);
  });

  it('is not made without a release, and a foreign value of the cookie is replaced', async () => {
    const [old, young] = [await place.instance('old'), await place.instance('young')];
    await place.apply(traffic({ isSticky: true, stable: side(1, old) }));
    expect((await place.send('/')).headers['set-cookie']).toBeUndefined();
    await place.apply(traffic({ isSticky: true, epoch: 2, stable: side(1, old), candidate: side(2, young) }));
    const reply = await place.send('/', { headers: { cookie: 'friday_client=me' } });
    expect(reply.headers['set-cookie']?.[0]).toMatch(/^friday_client=[0-9a-f]{32}/);
  });

  it('belongs to arms of services and releases independently', async () => {
    const [old, young] = [await place.instance('old'), await place.instance('young')];
    const base = { isSticky: true, weight: 50, stable: side(1, old), candidate: side(2, young) };
    const cookie = 'friday_client=0123456789abcdef0123456789abcdef';
    const arms = new Set<string>();
    for (let epoch = 1; epoch <= 24; epoch += 1) {
      await place.apply(traffic({ ...base, epoch, salt: `release ${epoch}` }));
      arms.add((await place.send('/', { headers: { cookie } })).body);
    }
    expect(arms.size).toBe(2);
  });
});

describe('among the instances of one version', () => {
  it('the one with the fewest open requests is taken', async () => {
    const slow = await place.instance('slow', (_, response) => void setTimeout(() => response.end('slow'), 300));
    const quick = await place.instance('quick');
    await place.apply(traffic({ stable: side(1, slow, quick) }));
    const first = Array.from({ length: 12 }, () => place.send('/'));
    await until(() => slow.requests.length > 0);
    for (let i = 0; i < 20; i += 1) expect((await place.send('/')).body).toBe('quick');
    await Promise.all(first);
  });

  it('ties are broken by chance', async () => {
    const [one, other] = [await place.instance('one'), await place.instance('other')];
    await place.apply(traffic({ stable: side(1, one, other) }));
    for (let i = 0; i < 60; i += 1) await place.send('/');
    expect(one.requests.length).toBeGreaterThan(10);
    expect(other.requests.length).toBeGreaterThan(10);
  });

  it('one that refuses connections is passed over for a while, and counted for what it failed', async () => {
    const alive = await place.instance('alive');
    const dead = await deadTarget('dead');
    await place.apply(traffic({ stable: { version: 1, targets: [dead, alive.target] } }));
    for (let i = 0; i < 30; i += 1) expect((await place.send('/')).body).toBe('alive');
    const { requests, failures } = sumOf(await place.cells(), 'stable');
    expect(requests).toBe(30);
    expect(failures.connection).toBeLessThanOrEqual(1);
    expect(place.proxy.seen().targets.dead?.failures).toBe(failures.connection);
  });
});
