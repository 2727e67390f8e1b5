// What the proxy refuses because two servers could read it in two ways, byte by byte.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Instance, Place, side, sumOf, traffic } from './fixture.ts';

let place: Place;
let instance: Instance;
beforeAll(async () => {
  place = new Place();
  instance = await place.instance('a');
  await place.apply(traffic({ stable: side(1, instance) }));
  // Kept connections, on which a smuggled request would be at the instance at once.
  await Promise.all([place.send('/'), place.send('/')]);
});
afterAll(() => place.close());

const post = (...lines: string[]) => ['POST / HTTP/1.1', 'Host: x', ...lines].join('\r\n');
const chunked = 'Transfer-Encoding: chunked';

const REFUSED: readonly (readonly [string, string])[] = [
  ['no Host in HTTP/1.1', 'GET / HTTP/1.1\r\n\r\n'],
  ['two Hosts', 'GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n'],
  ['a Host with a path', 'GET / HTTP/1.1\r\nHost: x/y\r\n\r\n'],
  ['a Host with a user', 'GET / HTTP/1.1\r\nHost: me@x\r\n\r\n'],
  ['a Host list', 'GET / HTTP/1.1\r\nHost: x y\r\n\r\n'],
  ['Content-Length before Transfer-Encoding', `${post('Content-Length: 4', chunked)}\r\n\r\n0\r\n\r\n`],
  ['Transfer-Encoding before Content-Length', `${post(chunked, 'Content-Length: 4')}\r\n\r\n0\r\n\r\n`],
  ['two different lengths', `${post('Content-Length: 4', 'Content-Length: 5')}\r\n\r\nbody!`],
  ['the same length twice', `${post('Content-Length: 4', 'Content-Length: 4')}\r\n\r\nbody`],
  ['a list of lengths', `${post('Content-Length: 4, 4')}\r\n\r\nbody`],
  ['a signed length', `${post('Content-Length: +4')}\r\n\r\nbody`],
  ['a negative length', `${post('Content-Length: -1')}\r\n\r\nbody`],
  ['a hexadecimal length', `${post('Content-Length: 0x4')}\r\n\r\nbody`],
  ['an empty length', `${post('Content-Length:')}\r\n\r\nbody`],
  ['a length that overflows', `${post('Content-Length: 99999999999999999999')}\r\n\r\nbody`],
  ['a coding after chunked', `${post('Transfer-Encoding: chunked, identity')}\r\n\r\n0\r\n\r\n`],
  ['a coding before chunked', `${post('Transfer-Encoding: gzip, chunked')}\r\n\r\n0\r\n\r\n`],
  ['chunked twice', `${post(chunked, chunked)}\r\n\r\n0\r\n\r\n`],
  ['something like chunked', `${post('Transfer-Encoding: xchunked')}\r\n\r\n0\r\n\r\n`],
  ['quoted chunked', `${post('Transfer-Encoding: "chunked"')}\r\n\r\n0\r\n\r\n`],
  ['identity', `${post('Transfer-Encoding: identity')}\r\n\r\n0\r\n\r\n`],
  ['Transfer-Encoding in HTTP/1.0', `POST / HTTP/1.0\r\nHost: x\r\n${chunked}\r\n\r\n0\r\n\r\n`],
  ['a space before the colon', `${post('Content-Length : 4')}\r\n\r\nbody`],
  ['a space before the colon of Transfer-Encoding', `${post('Transfer-Encoding : chunked')}\r\n\r\n0\r\n\r\n`],
  ['a folded line', `${post('X-Fold: a\r\n b')}\r\n\r\n`],
  ['a folded Transfer-Encoding', `${post('Transfer-Encoding:\r\n chunked')}\r\n\r\n0\r\n\r\n`],
  ['a header that starts with a space', 'GET / HTTP/1.1\r\n Host: x\r\n\r\n'],
  ['a header without a name', 'GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n'],
  ['a header without a colon', 'GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n'],
  ['NUL in a value', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n'],
  ['NUL in a name', 'GET / HTTP/1.1\r\nHost: x\r\nX\0A: b\r\n\r\n'],
  ['a bare CR in a value', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: a\rb\r\n\r\n'],
  ['bare LF after a header', 'GET / HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n'],
  ['bare LF after the request line', 'GET / HTTP/1.1\nHost: x\r\n\r\n'],
  ['bare LF at the end of the head', 'GET / HTTP/1.1\r\nHost: x\r\n\n'],
  ['a chunk size with a sign', `${post(chunked)}\r\n\r\n+4\r\nbody\r\n0\r\n\r\n`],
  ['a chunk size with 0x', `${post(chunked)}\r\n\r\n0x4\r\nbody\r\n0\r\n\r\n`],
  ['a chunk size that is none', `${post(chunked)}\r\n\r\nzz\r\nbody\r\n0\r\n\r\n`],
  ['a chunk size that overflows', `${post(chunked)}\r\n\r\n11111111111111111\r\nbody\r\n0\r\n\r\n`],
  ['a chunk longer than it said', `${post(chunked)}\r\n\r\n2\r\nbody\r\n0\r\n\r\n`],
  ['bare LF after a chunk size', `${post(chunked)}\r\n\r\n4\nbody\r\n0\r\n\r\n`],
  ['bare LF after a chunk', `${post(chunked)}\r\n\r\n4\r\nbody\n0\r\n\r\n`],
  ['bare LF in a chunk extension', `${post(chunked)}\r\n\r\n4;a=\nb\r\nbody\r\n0\r\n\r\n`],
  ['a request target that is no path', 'GET nonsense HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a request target with a user', 'GET http://me@x/ HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['bytes beyond ASCII in the path', 'GET /\u00e4 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['HTTP/2 in words', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n'],
  ['HTTP/0.9 in words', 'GET / HTTP/0.9\r\nHost: x\r\n\r\n'],
  ['a version that is none', 'GET / HTTP/1.x\r\nHost: x\r\n\r\n'],
  ['a method that is none', 'GE(T / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['nonsense', '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n'],
];

describe('the proxy answers 400, once, and closes the connection for', () => {
  for (const [name, text] of REFUSED) {
    it(name, async () => {
      // What follows would be a second request for whoever reads the first one differently.
      const answer = await place.raw(`${text}GET /smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
      expect(answer).toMatch(/connection: close/i);
      expect(instance.requests.map((one) => one.url)).not.toContain('/smuggled');
    });
  }
});

describe('the proxy still takes', () => {
  const TAKEN: readonly (readonly [string, string])[] = [
    ['chunk extensions and upper case', `${post('TRANSFER-ENCODING: Chunked')}\r\n\r\n4;a=b\r\nbody\r\n0\r\n\r\n`],
    ['spaces around a length', `${post('Content-Length:   4  ')}\r\n\r\nbody`],
    ['an empty line before the request', `\r\n${post('Content-Length: 4')}\r\n\r\nbody`],
    ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
    ['an IPv6 Host', 'GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n'],
    ['no Host in HTTP/1.0', 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'],
    ['a body with GET', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody'],
    ['a length of nothing', `${post('Content-Length: 0')}\r\n\r\n`],
  ];
  for (const [name, text] of TAKEN) {
    it(name, async () => {
      const answer = await place.raw(`${text}GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect(answer.match(/HTTP\/1\.1 200 /g)).toHaveLength(2);
    });
  }
});

describe('a request that no instance can be sent', () => {
  it('is answered 400 and charged to no version', async () => {
    const answer = await place.raw('GET / HTTP/1.1\r\nHost: x\r\nX-A: a\x7fb\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(place.proxy.seen().targets.a).toMatchObject({ open: 0, failures: 0 });
    const cells = await place.cells();
    expect(sumOf(cells, 'stable').failures).toEqual({ status: 0, timeout: 0, connection: 0, deadline: 0 });
  });
});

describe('bad bytes behind a good request', () => {
  it('do not garble its answer', async () => {
    const slow = await place.instance('slow', (_, response) => void setTimeout(() => response.end('slow'), 100));
    await place.apply(traffic({ stable: side(1, slow) }));
    const answer = await place.raw('GET / HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n');
    expect(answer).not.toContain(' 400 ');
  });
});
