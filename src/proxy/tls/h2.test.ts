// HTTP/2 at the edge: the same requests, counts, retries and streams as over HTTP/1.1, within bounds.
import type { ClientHttp2Session } from 'node:http2';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CertificatePlace } from '../../certificates/fixture.ts';
import type { ServiceTraffic, TableCertificate } from '../../core/traffic.ts';
import { deadTarget, Place, seenIn, side, sumOf, traffic, until } from '../fixture.ts';
import { handshake, openH2, sendH2, tlsOf } from './fixture.ts';

const files = new CertificatePlace();
let ca: string;
let shop: TableCertificate;
let place: Place;
let sessions: ClientHttp2Session[] = [];
beforeAll(async () => {
  ca = await files.ca();
  shop = await files.make(['shop.localhost']);
});
afterAll(() => files.remove());
beforeEach(() => {
  place = new Place({ headerBytes: 8192, bodyIdleMs: 1500 });
});
afterEach(async () => {
  for (const one of sessions) one.destroy();
  sessions = [];
  await place.close();
});

const serve = (over: Partial<ServiceTraffic>) => place.applyWith({ tls: tlsOf([shop]) }, traffic(over));
const open = () => {
  const session = openH2(place.tlsPort, ca);
  sessions.push(session);
  return session;
};

describe('a request over HTTP/2', () => {
  it('arrives as HTTP/1.1 with its headers, cookies in one, and is counted once', async () => {
    const a = await place.instance('a');
    await serve({ stable: side(1, a) });
    const headers = { cookie: ['x=1', 'y=2'], te: 'trailers', 'x-own': 'é'.normalize() };
    const reply = await sendH2(open(), '/a?b', { headers });
    expect(reply).toMatchObject({ status: 200, body: 'a' });
    expect(reply.headers['x-friday-version']).toBe('v1');
    const got = a.requests[0];
    expect([got?.method, got?.url, got?.httpVersion]).toEqual(['GET', '/a?b', '1.1']);
    expect(got?.headers).toMatchObject({ host: 'shop.localhost', cookie: 'x=1; y=2', 'x-forwarded-proto': 'https' });
    expect(Object.keys(got?.headers ?? {}).filter((name) => name.startsWith(':'))).toEqual([]);
    const cells = await place.cells();
    expect([sumOf(cells, 'stable').requests, seenIn(cells).answers]).toEqual([1, 1]);
  });

  it('carries bodies of any size both ways, with a length or without', async () => {
    const a = await place.instance('a', (incoming, response) => {
      response.writeHead(200, { 'x-length': incoming.headers['content-length'] ?? 'none' });
      incoming.pipe(response);
    });
    await serve({ stable: side(1, a) });
    const session = open();
    for (const size of [0, 1, 16_384, 3_000_000]) {
      const body = Buffer.alloc(size, 'x');
      const reply = await sendH2(session, '/', { method: 'POST', body });
      const length = size === 0 ? '0' : 'none';
      expect([reply.status, reply.headers['x-length'], reply.body.length]).toEqual([200, length, size]);
      const sized = await sendH2(session, '/', { method: 'PUT', body, headers: { 'content-length': String(size) } });
      expect([sized.headers['x-length'], sized.body.length]).toEqual([String(size), size]);
    }
  });

  it('passes trailers on in both directions', async () => {
    const a = await place.instance('a', (incoming, response) => {
      incoming.resume().on('end', () => {
        response.writeHead(200, { trailer: 'x-sum' });
        response.write('body');
        response.addTrailers({ 'x-sum': `got ${incoming.trailers['x-check']}` });
        response.end();
      });
    });
    await serve({ stable: side(1, a) });
    const stream = open().request(
      { ':path': '/', ':method': 'POST', ':authority': 'x', trailer: 'x-check' },
      {
        waitForTrailers: true,
      },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-check': '42' }));
    const trailers = new Promise((resolve) => stream.once('trailers', resolve));
    stream.end('hello');
    stream.resume();
    expect(await trailers).toMatchObject({ 'x-sum': 'got 42' });
  });

  it('is answered without a body where there is none to be', async () => {
    const a = await place.instance('a', (incoming, response) => {
      incoming.resume();
      response.writeHead(incoming.url === '/none' ? 204 : 304, { etag: 'x' }).end();
    });
    await serve({ stable: side(1, a) });
    const session = open();
    expect(await sendH2(session, '/none')).toMatchObject({ status: 204, body: '' });
    expect(await sendH2(session, '/same')).toMatchObject({ status: 304, body: '' });
    expect(await sendH2(session, '/none', { method: 'HEAD' })).toMatchObject({ status: 204, body: '' });
    const other = await sendH2(session, '/', { host: 'x', headers: { 'x-friday-version': 'stable' } });
    expect(other.status).toBe(304);
  });

  it('is tried at another instance when the first cannot be reached, and counted once', async () => {
    const b = await place.instance('b');
    const dead = await deadTarget('dead');
    await serve({ stable: { version: 1, targets: [dead, b.target] } });
    const session = open();
    const replies = await Promise.all(Array.from({ length: 10 }, () => sendH2(session)));
    expect(replies.every((one) => one.body === 'b')).toBe(true);
    expect(sumOf(await place.cells(), 'stable').requests).toBe(10);
  });

  it('waits while an instance is coming', async () => {
    const a = await place.instance('a');
    await serve({ stable: side(1), isComing: true });
    const reply = sendH2(open());
    await until(() => place.proxy.seen().exchanges === 1);
    await serve({ stable: side(1, a) });
    expect((await reply).body).toBe('a');
  });

  it('gets what the proxy says itself: no service, no instance, a broken one', async () => {
    await place.applyWith({ tls: tlsOf([shop]) });
    const session = open();
    expect(await sendH2(session)).toMatchObject({ status: 404 });
    await serve({ stable: side(1) });
    expect((await sendH2(session)).headers).toMatchObject({ ':status': 503, 'retry-after': '1' });
    await serve({ stable: { version: 1, targets: [await deadTarget('dead')] } });
    expect((await sendH2(session)).status).toBe(502);
    const head = await sendH2(session, '/', { method: 'HEAD' });
    expect([head.status, head.body]).toEqual([502, '']);
  });

  it('whose client goes away ends at the instance too, others of its connection go on', async () => {
    let isCut = false;
    const a = await place.instance('a', (incoming, response) => {
      incoming.resume();
      if (incoming.url !== '/stream') return response.end('a');
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
      response.on('close', () => {
        isCut = true;
      });
      return response;
    });
    await serve({ stable: side(1, a) });
    const session = open();
    const stream = session.request({ ':path': '/stream', ':authority': 'x' });
    await new Promise((resolve) => stream.once('data', resolve));
    stream.close();
    await until(() => isCut);
    expect((await sendH2(session)).body).toBe('a');
    await until(() => place.proxy.seen().exchanges === 0);
  });

  it('whose instance breaks off in the middle is reset, so that nobody takes it for whole', async () => {
    const a = await place.instance('a', (incoming, response) => {
      incoming.resume();
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    });
    await serve({ stable: side(1, a) });
    await expect(sendH2(open())).rejects.toThrow();
    expect(sumOf(await place.cells(), 'stable').failures.connection).toBe(1);
  });

  it('gives way when the client does not read: the instance is not drained into memory', async () => {
    let written = 0;
    const a = await place.instance('a', (incoming, response) => {
      incoming.resume();
      response.writeHead(200);
      const more = () => {
        while (written < 50_000_000 && response.write(Buffer.alloc(65_536))) written += 65_536;
        if (written < 50_000_000) response.once('drain', more);
      };
      more();
    });
    await serve({ stable: side(1, a) });
    const stream = open().request({ ':path': '/', ':authority': 'x' });
    await new Promise((resolve) => stream.once('response', resolve));
    await wait(300);
    const until1 = written;
    await wait(300);
    expect(written).toBe(until1);
    expect(written).toBeLessThan(20_000_000);
    stream.close();
  });
});

describe('an HTTP/2 request that is malformed', () => {
  it.each([
    ['names two hosts', { ':authority': 'shop.localhost', host: 'other.localhost' }],
    ['names no host', { ':authority': '' }],
    ['has a path that is none', { ':path': 'nowhere' }],
    ['has a space in its path', { ':path': '/a b' }],
  ])('because it %s is refused and reaches nobody', async (_, headers) => {
    const a = await place.instance('a');
    await serve({ stable: side(1, a) });
    const session = open();
    const stream = session.request({ ':path': '/', ':authority': 'shop.localhost', ...headers } as Record<
      string,
      string
    >);
    const status = await new Promise((resolve) => {
      stream.once('response', (got) => resolve(got[':status']));
      stream.once('error', () => resolve('reset'));
      stream.once('close', () => resolve('reset'));
    });
    expect([400, 'reset']).toContain(status);
    expect(a.requests).toEqual([]);
  });

  it('asks for a tunnel and does not get one', async () => {
    await serve({ stable: side(1, await place.instance('a')) });
    const stream = open().request({ ':method': 'CONNECT', ':authority': 'shop.localhost:22' });
    const status = await new Promise((resolve) => {
      stream.once('response', (got) => resolve(got[':status']));
      stream.once('error', () => resolve('reset'));
    });
    expect([501, 'reset']).toContain(status);
  });
});

describe('an HTTP/2 connection', () => {
  it('carries at most 100 requests at once; the next ones wait', async () => {
    let most = 0;
    const waiting: (() => void)[] = [];
    const a = await place.instance('a', (incoming, response) => {
      incoming.resume();
      waiting.push(() => response.end('a'));
      most = Math.max(most, waiting.length);
    });
    await serve({ stable: side(1, a) });
    const session = open();
    const replies = Array.from({ length: 130 }, () => sendH2(session));
    await until(() => waiting.length === 100);
    for (const answer of waiting.splice(0)) answer();
    await until(() => waiting.length === 30);
    for (const answer of waiting.splice(0)) answer();
    expect((await Promise.all(replies)).every((one) => one.body === 'a')).toBe(true);
    expect(most).toBe(100);
  });

  it('that resets stream after stream is ended, and others are served', async () => {
    const a = await place.instance('a');
    await serve({ stable: side(1, a) });
    const session = open();
    await sendH2(session);
    const isOver = () => place.proxy.seen().connections === 0;
    for (let round = 0; round < 100 && !isOver(); round += 1) {
      for (let i = 0; i < 50 && !session.destroyed; i += 1) {
        const stream = session.request({ ':path': '/', ':authority': 'shop.localhost' });
        stream.on('error', () => undefined);
        stream.close(8);
      }
      await wait(5);
    }
    await until(isOver);
    expect((await sendH2(open())).body).toBe('a');
    await until(() => place.proxy.seen().exchanges === 0);
  });

  it('with a head that is too large is refused, and others are served', async () => {
    const a = await place.instance('a');
    await serve({ stable: side(1, a) });
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x-${i}`, 'y'.repeat(100)]));
    await expect(
      sendH2(open(), '/', { headers: many }).then((reply) => {
        if (reply.status >= 400) throw new Error('refused');
      }),
    ).rejects.toThrow();
    expect(a.requests).toEqual([]);
    expect((await sendH2(open())).body).toBe('a');
  });

  it('is told to go away when the proxy stops, and its open requests end well', async () => {
    let answer: () => void = () => undefined;
    const a = await place.instance('a', (incoming, response) => {
      incoming.resume();
      answer = () => response.end('a');
    });
    await serve({ stable: side(1, a) });
    const session = open();
    let code: number | null = null;
    session.on('goaway', (given) => {
      code = given;
    });
    const reply = sendH2(session);
    await until(() => a.requests.length === 1);
    const stopped = place.proxy.stop(5000);
    await until(() => code !== null);
    answer();
    expect((await reply).body).toBe('a');
    await stopped;
    expect(code).toBe(0);
  });

  it('is chosen where the client can, and HTTP/1.1 where it cannot', async () => {
    await serve({ stable: side(1, await place.instance('a')) });
    const chosen = async (ALPNProtocols?: string[]) => {
      const socket = await handshake(place.tlsPort, ALPNProtocols ? { ALPNProtocols } : {});
      const { alpnProtocol } = socket;
      socket.destroy();
      return alpnProtocol;
    };
    expect(await chosen(['http/1.1', 'h2'])).toBe('h2');
    expect(await chosen(['http/1.1'])).toBe('http/1.1');
    expect(await chosen()).toBe(false);
    await expect(chosen(['spdy/3'])).rejects.toThrow();
  });
});
