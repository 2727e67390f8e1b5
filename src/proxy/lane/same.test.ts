// Client and instance cannot tell the fast lane from the usual way: the same requests and answers over both, byte by byte.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../test/ports.ts';
import type { Target } from '../../core/traffic.ts';
import { Place, seenIn, sumOf, traffic } from '../fixture.ts';

const big = 'x'.repeat(90_000);
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
/** Answers in the pieces in which they are sent; then the connection ends, if the last piece is `END`, or is reset. */
const END = 'END';
const RESET = 'RESET';
const ANSWERS: readonly (readonly [string, ...string[]])[] = [
  ['a short text', ok],
  ['a head in two pieces', 'HTTP/1.1 200 OK\r\nX: y\r\nContent-', 'Length: 2\r\n\r\nok'],
  ['a head cut within its first line', 'HTTP/1.1 2', '00 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['a head cut in its last line', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r', '\nok'],
  ['a body apart from its head', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n', 'ok'],
  ['a large body', `HTTP/1.1 200 OK\r\nContent-Length: ${big.length}\r\n\r\n${big}`],
  ['a body without length', 'HTTP/1.1 200 OK\r\n\r\nall of it', END],
  ['an empty body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['no content', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['not modified', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'],
  ['not modified, with a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n'],
  ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  [
    'chunks one by one',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    '5\r\nhello\r\n',
    '1\r\n!\r\n',
    '0\r\n\r\n',
  ],
  [
    'chunks cut anywhere',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5',
    '\r',
    '\nhel',
    'lo\r',
    '\n0\r\n',
    '\r\n',
  ],
  ['chunk extensions', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhel', 'lo\r\n0\r\n\r\n'],
  [
    'chunk extensions later',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n!\r\n',
    '5;a=b\r\nhello\r\n0\r\n\r\n',
  ],
  ['trailers', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n5\r\nhello\r\n0\r\nx: y\r\n\r\n'],
  [
    'trailers later',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n5\r\nhello\r\n',
    '0\r\n',
    'x: y\r\n\r\n',
  ],
  ['chunks that are none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ['a chunk that is too long', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '2\r\nhello\r\n0\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok'],
  [
    'a length and chunks',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  ],
  ['more than it said', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n'],
  ['less than it said', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok', END],
  ['less than it said, reset', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok', RESET],
  ['chunks without end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', END],
  ['half a head', 'HTTP/1.1 200 OK\r\nX: y\r\n', END],
  ['nothing', END],
  ['a reset', RESET],
  ['nonsense', 'nonsense\r\n\r\n'],
  ['old', 'HTTP/1.0 200 OK\r\n\r\nold', END],
  ['an answer before', 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhi'],
  ['a connection that ends', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok', END],
  [
    'what is for one hop',
    'HTTP/1.1 200 OK\r\nConnection: close, x\r\nX: y\r\nKeep-Alive: timeout=9\r\nContent-Length: 2\r\n\r\nok',
  ],
  ['bytes beyond ASCII', 'HTTP/1.1 200 \xe4\r\nX: \xe4\r\nContent-Length: 1\r\n\r\n\xff'],
  ['a failure', 'HTTP/1.1 500 Oh No\r\nContent-Length: 4\r\nDate: x\r\n\r\noops'],
  ['an odd status', 'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'],
  ['a status that is none', 'HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n'],
  ['no reason', 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok'],
  ['an empty reason', 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok'],
  ['an event stream', 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n', END],
  ['a head that is too long', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(30_000)}\r\n\r\n`],
  ['cookies', 'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 2\r\n\r\nok'],
  ['a header that cannot be sent', 'HTTP/1.1 200 OK\r\nX: a\x7fb\r\nContent-Length: 2\r\n\r\nok'],
];

const REQUESTS: readonly string[] = [
  'GET /n HTTP/1.1\r\nHost: x\r\n',
  'HEAD /n HTTP/1.1\r\nhost: x\r\nConnection: close\r\n',
  'POST /n HTTP/1.1\r\nHost: x:80\r\nX-A: b\r\nCookie: a=1\r\ncookie: b=2\r\nContent-Length: 4\r\n',
  'PUT /n HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.0.0.1\r\ntracestate: a=1\r\nX-Friday-Version: stable\r\n',
  'DELETE /n?a=b HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n',
];

const servers: Server[] = [];
const arrived: string[] = [];

const play = async (socket: Socket, parts: readonly string[]) => {
  for (const [place, part] of parts.entries()) {
    if (place > 0) await new Promise((resolve) => setTimeout(resolve, 15));
    if (part === END) socket.end();
    else if (part === RESET) socket.resetAndDestroy();
    else if (socket.writable) socket.write(part, 'latin1');
  }
};

const instance = async (id: string): Promise<Target> => {
  const server = createServer((socket) => {
    let came = '';
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      came += bytes.toString('latin1');
      const end = came.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(came)?.[1] ?? 0);
      if (end < 0 || came.length < end + 4 + length) return;
      arrived.push(came);
      const number = Number(/^\S+ \/(\d+)/.exec(came)?.[1]);
      came = '';
      void play(socket, (ANSWERS[number] ?? ['', '']).slice(1));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { id, host: '127.0.0.1', port: (server.address() as AddressInfo).port };
};

/** Names in lower case and in their order, without what is drawn anew for every request. */
const plainly = (head: string) => {
  const [first = '', ...lines] = head.split('\r\n\r\n')[0]?.split('\r\n') ?? [];
  const headers = lines
    .filter((line) => !/^(traceparent|date): /i.test(line))
    .map((line) => line.replace(/^[^:]*/, (name) => name.toLowerCase()));
  return [first, ...headers.toSorted(), head.split('\r\n\r\n').slice(1).join('\r\n\r\n')];
};

const withoutDate = (answer: string) => answer.replace(/^Date: .*GMT\r\n/gm, '');

let lane: Place;
let usual: Place;
beforeAll(async () => {
  const limits = { bodyIdleMs: 300 };
  lane = new Place({ ...limits, fastLane: 1 });
  usual = new Place({ ...limits, fastLane: 0 });
  const stable = { version: 1, targets: [await instance('a')] };
  const limitsOfService = { deadlineMs: 5000, timeoutMs: 10_000, holdRequests: 100, holdMs: 3000 };
  await lane.apply(traffic({ stable, limits: limitsOfService }));
  await usual.apply(traffic({ stable, limits: limitsOfService, internalPort: await freePort() }));
});
afterAll(async () => {
  await Promise.all([lane.close(), usual.close()]);
  for (const server of servers) server.close();
});

/** The answer and what of the request arrived, until the connection ends or nothing comes for a while. */
const exchange = async (place: Place, text: string): Promise<{ answer: string; arrived: string[] }> => {
  arrived.length = 0;
  const socket = await place.connect();
  let answer = '';
  let lastAt = performance.now();
  let isOpen = true;
  socket.on('data', (bytes) => {
    answer += bytes.toString('latin1');
    lastAt = performance.now();
  });
  socket
    .on('error', () => undefined)
    .on('close', () => {
      isOpen = false;
    });
  socket.write(text, 'latin1');
  while (isOpen && (answer === '' || place.proxy.seen().exchanges > 0 || performance.now() - lastAt < 60)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  socket.destroy();
  return { answer: `${withoutDate(answer)}${isOpen ? '' : '|'}`, arrived: arrived.flatMap(plainly) };
};

describe('over the fast lane and over the usual way it is the same', () => {
  for (const [number, [name]] of ANSWERS.entries()) {
    it(`with an answer of ${name}`, async () => {
      for (const request of REQUESTS) {
        const text = `${request.replace('/n', `/${number}`)}\r\n${/Content-Length: 4/.test(request) ? 'body' : ''}`;
        const one = await exchange(lane, text);
        const other = await exchange(usual, text);
        expect({ request: text, ...one }).toEqual({ request: text, ...other });
      }
    });
  }

  it('in the counts', async () => {
    const counts = async (place: Place) => {
      const cells = await place.cells();
      return { stable: sumOf(cells, 'stable'), seen: seenIn(cells), targets: place.proxy.seen().targets };
    };
    expect(await counts(lane)).toEqual(await counts(usual));
  });
});
