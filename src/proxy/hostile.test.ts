// Clients and instances that send anything, cut anywhere: nothing may be left open, and every request is counted once.
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Target } from '../core/traffic.ts';
import { outsideIn, Place, sumOf, traffic, until } from './fixture.ts';

const ANSWERS = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n5\r\nhello\r\n0\r\nx: y\r\n\r\n',
  'HTTP/1.1 500 Bad\r\nConnection: close\r\n\r\nbody',
  'HTTP/1.0 200 OK\r\n\r\nold',
  'HTTP/1.1 204 No\r\n\r\n',
  'HTTP/1.1 304 N\r\nContent-Length: 10\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhi',
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  'HTTP/1.1 200 \u00e4\r\nContent-Length: 1\r\nX\u00e4: 1\r\n\r\nx',
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef',
  `HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n${'x'.repeat(90_000)}`,
  `HTTP/1.1 200 OK\r\nSet-Cookie: ${'x'.repeat(30_000)}\r\n\r\n`,
  'nonsense\r\n\r\n',
  '',
];
const HEADERS = [
  ...['Connection: close', 'Connection: upgrade', 'Connection: x-a, host', 'Upgrade: echo', 'Expect: 100-continue'],
  ...['TE: trailers', 'Trailer: x', 'X-Friday-Version: v2', 'x-friday-version: stable', 'traceparent: zz', 'X-A: \x7f'],
  ...[
    `Cookie: friday_client=${'0'.repeat(32)}`,
    'Content-Length: 5',
    'Content-Length: 0',
    'Transfer-Encoding: chunked',
  ],
];
const METHODS = ['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'M-SEARCH'];

const aRequest = fc
  .record({
    method: fc.constantFrom(...METHODS),
    target: fc.constantFrom('/', '/x', '/a?b', '/y?z', '*', 'http://x/y', '//', '/a#b', '/\u00ff'),
    version: fc.constantFrom('1.1', '1.1', '1.1', '1.0'),
    host: fc.constantFrom('x', 'y', 'z', 'y:1', '[::1]', 'a b', ''),
    headers: fc.subarray(HEADERS, { maxLength: 3 }),
  })
  .map(({ method, target, version, host, headers }) => {
    const chunks = headers.includes('Transfer-Encoding: chunked') ? '5\r\nhello\r\n0\r\nx: y\r\n\r\n' : '';
    const body = chunks || (headers.includes('Content-Length: 5') ? 'hello' : '');
    return [`${method} ${target} HTTP/${version}`, `Host: ${host}`, ...headers, '', body].join('\r\n');
  });

const aConversation = fc.record({
  text: fc.array(aRequest, { minLength: 1, maxLength: 4 }).map((all) => all.join('')),
  /** A byte at this share of the text becomes another one. */
  garble: fc.option(
    fc.record({ at: fc.double({ min: 0, max: 0.999, noNaN: true }), byte: fc.integer({ min: 0, max: 255 }) }),
    { freq: 6 },
  ),
  split: fc.double({ min: 0, max: 1, noNaN: true }),
  leavesAfterMs: fc.integer({ min: 0, max: 300 }),
  isRude: fc.boolean(),
  isDeaf: fc.integer({ min: 0, max: 15 }).map((n) => n === 0),
});

const aTable = fc.record({
  isSticky: fc.boolean(),
  weight: fc.integer({ min: 0, max: 100 }),
  isComing: fc.boolean(),
  stable: fc.option(fc.subarray([0, 1, 2, 3])),
  candidate: fc.option(fc.subarray([0, 1, 2, 3])),
});

let place: Place;
const servers: Server[] = [];
let chance: (most: number) => number;

const instance = async (id: string): Promise<Target> => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => {
      const mood = chance(20);
      if (mood < 2) socket.resetAndDestroy();
      const answer = ANSWERS[chance(ANSWERS.length)] ?? '';
      if (socket.writable) socket.write(mood < 4 ? answer.slice(0, chance(answer.length + 1)) : answer, 'latin1');
      if (mood < 6) socket.end();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { id, host: '127.0.0.1', port: (server.address() as AddressInfo).port };
};

const talk = ({ text, garble, split, leavesAfterMs, isRude, isDeaf }: ReturnType<typeof conversations>[number]) =>
  new Promise<void>((resolve) => {
    const at = garble ? Math.floor(garble.at * text.length) : -1;
    const sent = garble ? text.slice(0, at) + String.fromCharCode(garble.byte) + text.slice(at + 1) : text;
    const socket = connect(place.port, '127.0.0.1');
    socket.on('error', () => undefined).on('close', () => resolve());
    if (!isDeaf) socket.resume();
    const half = Math.floor(split * sent.length);
    socket.write(sent.slice(0, half), 'latin1');
    setTimeout(() => socket.writable && socket.write(sent.slice(half), 'latin1'), leavesAfterMs / 10);
    setTimeout(() => {
      if (isRude) socket.resetAndDestroy();
      else socket.end();
      setTimeout(() => socket.destroy(), 500);
    }, leavesAfterMs);
  });

const conversations = (seed: number) => fc.sample(aConversation, { numRuns: 1500, seed });

beforeEach(() => {
  place = new Place({ bodyIdleMs: 400, tunnelIdleMs: 400, headerMs: 400, keepAliveMs: 1000 });
});
afterEach(async () => {
  await place.close();
  for (const server of servers.splice(0)) server.close();
});

it('whatever clients and instances send, nothing stays open and every request is counted once', async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const dice = fc.sample(fc.integer({ min: 0, max: 1e9 }), { numRuns: 997, seed });
  let rolls = 0;
  chance = (most) => (dice[rolls++ % dice.length] ?? 0) % most;
  const targets = await Promise.all(['a', 'b', 'c', 'd'].map(instance));
  const side = (version: number, chosen: readonly number[] | null) =>
    chosen && { version, targets: targets.filter((_, i) => chosen.includes(i)) };
  const limits = { deadlineMs: 300, timeoutMs: 400, holdRequests: 20, holdMs: 200 };
  const tables = fc.sample(aTable, { numRuns: 40, seed });
  const all = conversations(seed);
  let isOver = false;
  const swaps = (async () => {
    for (let epoch = 0; !isOver; epoch += 1) {
      const table = tables[epoch % tables.length]!;
      const sides = { stable: side(1, table.stable), candidate: side(2, table.candidate) };
      await place.apply(traffic({ ...table, ...sides, epoch, salt: `salt ${epoch % 5}`, limits }));
      await wait(40);
    }
  })();
  await until(() => place.port > 0);
  const lane = async () => {
    for (let one = all.pop(); one !== undefined; one = all.pop()) await talk(one);
  };
  await Promise.all(Array.from({ length: 40 }, lane));
  isOver = true;
  await swaps;
  await place.apply(traffic({ stable: side(1, [0, 1, 2, 3]) }));
  await until(() => place.proxy.seen().exchanges === 0).catch(() => expect.fail(`Exchanges stay open. SEED=${seed}`));
  await until(() => place.proxy.seen().connections === 0).catch(() => expect.fail(`Connections stay. SEED=${seed}`));
  expect([seed, place.proxy.seen().open]).toEqual([seed, { a: 0, b: 0, c: 0, d: 0 }]);
  const cells = await place.cells();
  const [stable, candidate] = [sumOf(cells, 'stable'), sumOf(cells, 'candidate')];
  expect(stable.latencies).toBe(stable.requests);
  expect(candidate.latencies).toBe(candidate.requests);
  expect(stable.requests + candidate.requests + outsideIn(cells).requests).toBeGreaterThan(50);
}, 60_000);
