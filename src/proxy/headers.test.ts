// What the proxy removes from, adds to and leaves in the headers, in both directions.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EdgeRequest } from './edge/edge-server.ts';
import { RequestHead } from './edge/request-head.ts';
import { upstreamHeaders } from './edge/upstream-headers.ts';
import { type Instance, Place, side, traffic } from './fixture.ts';

let place: Place;
let instance: Instance;
let answerHeaders: string[];
beforeEach(async () => {
  place = new Place();
  answerHeaders = [];
  instance = await place.instance('a', (_, response) => {
    response.writeHead(200, answerHeaders);
    response.end('ok');
  });
  await place.apply(traffic({ stable: side(7, instance) }));
});
afterEach(() => place.close());

/** Sends these header lines and gives what the instance got. */
const arriving = async (...lines: string[]) => {
  const closing = lines.some((one) => one.startsWith('Connection:')) ? [] : ['Connection: close'];
  await place.raw(['GET / HTTP/1.1', 'host: x.test:81', ...closing, ...lines, '', ''].join('\r\n'));
  const last = instance.requests.at(-1);
  if (!last) throw new Error('No request arrived.');
  return last;
};

describe('a request on its way to the instance', () => {
  it('loses what is for one hop only, also what Connection names', async () => {
    const { headers } = await arriving(
      'Connection: close, X-Private, Keep-Alive',
      'X-Private: 1',
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'Proxy-Authorization: Basic x',
      'TE: gzip',
      'Upgrade: h2c',
      'X-Public: 2',
    );
    expect(headers['x-public']).toBe('2');
    for (const name of ['x-private', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'upgrade']) {
      expect(headers[name]).toBeUndefined();
    }
  });

  it('keeps its Host even when Connection names it', async () => {
    const { headers } = await arriving('Connection: close, Host');
    expect(headers.host).toBe('x.test:81');
  });

  it('tells the client address, the protocol and the host, behind what proxies before said of the address', async () => {
    const { headers } = await arriving(
      'X-Forwarded-For: 10.0.0.1',
      'x-forwarded-for: 10.0.0.2',
      'Forwarded: for=10.0.0.1',
    );
    expect(headers['x-forwarded-for']).toBe('10.0.0.1, 10.0.0.2, 127.0.0.1');
    expect(headers['x-forwarded-proto']).toBe('http');
    expect(headers['x-forwarded-host']).toBe('x.test:81');
    expect(headers.forwarded).toBe('for=10.0.0.1');
  });

  it('keeps protocol and host that a program of this machine names, such as one that ends TLS', async () => {
    const { headers } = await arriving('X-Forwarded-Proto: https', 'X-Forwarded-Host: shop.test');
    expect([headers['x-forwarded-proto'], headers['x-forwarded-host']]).toEqual(['https', 'shop.test']);
    const odd = (await arriving('X-Forwarded-Proto: gopher', 'X-Forwarded-Host: a b')).headers;
    expect([odd['x-forwarded-proto'], odd['x-forwarded-host']]).toEqual(['http', 'x.test:81']);
  });

  it('believes nobody else about protocol and host', () => {
    const raw = ['Host', 'x.test', 'X-Forwarded-Proto', 'https', 'X-Forwarded-Host', 'evil.test'];
    const from = (remoteAddress: string) => {
      const request = { head: new RequestHead(raw), socket: { remoteAddress } } as unknown as EdgeRequest;
      const list = upstreamHeaders(request, 'v1', '');
      return ['x-forwarded-proto', 'x-forwarded-host'].map((name) => list[list.indexOf(name) + 1]);
    };
    expect(from('203.0.113.7')).toEqual(['http', 'x.test']);
    expect(from('::ffff:203.0.113.7')).toEqual(['http', 'x.test']);
    expect(from('::ffff:127.0.0.1')).toEqual(['https', 'evil.test']);
    expect(from('::1')).toEqual(['https', 'evil.test']);
  });

  it('carries the version that it goes to, not the one the client wrote', async () => {
    const { rawHeaders } = await arriving('X-Friday-Version: v99');
    expect(rawHeaders.filter((_, i) => rawHeaders[i - 1]?.toLowerCase() === 'x-friday-version')).toEqual(['v7']);
  });

  it('keeps the case, order and repetition of all other headers', async () => {
    const lines = ['X-One: 1', 'x-one: 2', 'Accept: */*', 'Cookie: a=1', 'Cookie: b=2', 'X-Bytes: \u00e4'];
    const { rawHeaders } = await arriving(...lines);
    const got = rawHeaders.map((one, i) => (i % 2 === 0 ? `${one}: ${rawHeaders[i + 1]}` : '')).filter(Boolean);
    expect(got.filter((one) => lines.includes(one))).toEqual(lines);
  });

  it('keeps TE: trailers, which lets the instance send them', async () => {
    expect((await arriving('TE: deflate, trailers')).headers.te).toBe('deflate, trailers');
  });

  it('keeps more headers than Node keeps by default', async () => {
    instance.server.maxHeadersCount = 0;
    const lines = Array.from({ length: 1200 }, (_, i) => `a${i}: b`);
    const { rawHeaders } = await arriving(...lines);
    expect(rawHeaders).toContain('a1199');
  });
});

describe('a trace', () => {
  const valid = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';

  it('is kept when it is valid, and its state too', async () => {
    const { headers } = await arriving(`traceparent: ${valid}`, 'tracestate: a=1');
    expect([headers.traceparent, headers.tracestate]).toEqual([valid, 'a=1']);
  });

  it('of a later version may be longer', async () => {
    const later = `cc${valid.slice(2)}-what-comes`;
    expect((await arriving(`traceparent: ${later}`)).headers.traceparent).toBe(later);
  });

  it('is started when there is none, each time another', async () => {
    const [one, other] = [await arriving(), await arriving()];
    expect(one.headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(other.headers.traceparent).not.toBe(one.headers.traceparent);
  });

  it('is started afresh, without the old state, when it is wrong or not unique', async () => {
    const wrong = [
      ['traceparent: nonsense'],
      [`traceparent: ${valid.toUpperCase()}`],
      [`traceparent: ff${valid.slice(2)}`],
      [`traceparent: ${valid}-more`],
      [`traceparent: 00-${'0'.repeat(32)}-00f067aa0ba902b7-00`],
      [`traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-00`],
      [`traceparent: ${valid}`, `traceparent: ${valid}`],
      [],
    ];
    for (const lines of wrong) {
      const { headers } = await arriving('tracestate: a=1', ...lines);
      expect(headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      expect(headers.traceparent).not.toContain('4bf92f3577b34da6a3ce929d0e0e4736');
      expect(headers.tracestate).toBeUndefined();
    }
  });
});

describe('an answer on its way to the client', () => {
  it('loses what is for one hop only, also what Connection names, and a version that the instance wrote', async () => {
    answerHeaders = [
      ...['Connection', 'close, X-Private', 'X-Private', '1', 'Keep-Alive', 'timeout=1', 'Proxy-Authenticate', 'x'],
      ...['X-Friday-Version', 'v99', 'X-Public', '2', 'Upgrade', 'h2c', 'Proxy-Connection', 'close'],
    ];
    const answer = await place.raw('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(answer).toContain('X-Public: 2');
    expect(answer).toContain('x-friday-version: v7');
    expect(answer).toContain('Connection: keep-alive\r\nKeep-Alive: timeout=75\r\n');
    for (const name of ['X-Private', 'Proxy-Authenticate', 'v99', 'Upgrade', 'Proxy-Connection', 'timeout=1\r']) {
      expect(answer).not.toContain(name);
    }
  });

  it('keeps the date of the instance', async () => {
    answerHeaders = ['Date', 'Thu, 01 Jan 1970 00:00:00 GMT'];
    const { headers } = await place.send('/');
    expect(headers.date).toBe('Thu, 01 Jan 1970 00:00:00 GMT');
  });
});
