// When the fast lane keeps a connection of a client, and when Node's server gets it.
import { EventEmitter } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../fixture.ts';
import { LIMITS } from '../limits.ts';
import { Lane } from './lane.ts';
import type { LaneResponse } from './lane-response.ts';

/** Requests that the lane served, and what Node's parser got of the connections handed over, in order. */
let served: LaneResponse[];
let handed: string;
let lane: Lane;
let server: Server;
const clients: Socket[] = [];

const laneOf = (limits = LIMITS, takes = () => true): Lane => {
  const parser = new EventEmitter().on('connection', (socket: Socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (bytes: Buffer) => {
        handed += bytes.toString('latin1');
      });
  });
  return new Lane(parser, limits, (response) => {
    if (!takes()) return false;
    served.push(response);
    return true;
  });
};

beforeEach(async () => {
  served = [];
  handed = '';
  lane = laneOf();
  server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => lane.take(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  lane.closeAll();
  for (const one of clients.splice(0)) one.destroy();
  server.close();
});

const client = async () => {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').setNoDelay(true);
  clients.push(socket);
  const got = { text: '', isOpen: true, socket };
  socket
    .on('error', () => undefined)
    .on('close', () => {
      got.isOpen = false;
    });
  socket.on('data', (bytes: Buffer) => {
    got.text += bytes.toString('latin1');
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  return got;
};

const get = (path = '/', ...lines: string[]) => [`GET ${path} HTTP/1.1`, 'Host: x', ...lines, '', ''].join('\r\n');
const answer = (place: number, text: string) => {
  served[place]?.writeHead(200, ['content-length', String(text.length)]);
  served[place]?.end(text, 'latin1');
};

it('serves plain requests of one connection one after the other', async () => {
  const { socket, ...got } = await client();
  socket.write(get('/one'));
  await until(() => served.length === 1);
  answer(0, 'first');
  socket.write(get('/two'));
  await until(() => served.length === 2);
  expect([served.map(({ req }) => req.url), handed, got.isOpen]).toEqual([['/one', '/two'], '', true]);
});

it('hands over a connection with every byte of the request that is not plain, and all that follow', async () => {
  const { socket } = await client();
  socket.write(get());
  await until(() => served.length === 1);
  answer(0, 'ok');
  const odd = get('/', 'Upgrade: h2c');
  socket.write(odd);
  await until(() => handed === odd);
  socket.write(get('/more'));
  await until(() => handed === odd + get('/more'));
  expect(served).toHaveLength(1);
});

it('hands over a head that has come in part', async () => {
  const { socket } = await client();
  socket.write(get().slice(0, 10));
  await until(() => handed.length === 10);
  socket.write(get().slice(10));
  await until(() => handed === get());
});

it('hands over requests that come together, before the first is served', async () => {
  const { socket } = await client();
  socket.write(get('/one') + get('/two'));
  await until(() => handed === get('/one') + get('/two'));
  expect(served).toEqual([]);
});

it('hands over what its owner does not take', async () => {
  lane = laneOf(LIMITS, () => false);
  const { socket } = await client();
  socket.write(get());
  await until(() => handed === get());
});

it('keeps what comes behind a request until its answer is sent, then looks at it', async () => {
  const got = await client();
  got.socket.write(get('/one'));
  await until(() => served.length === 1);
  got.socket.write(get('/two'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([served.length, handed]).toEqual([1, '']);
  answer(0, 'ok');
  await until(() => served.length === 2);
  got.socket.write('nonsense');
  answer(1, 'ok');
  await until(() => handed === 'nonsense');
});

it('takes little from a client that sends much behind a request, and all of it afterwards', async () => {
  const got = await client();
  got.socket.write(get('/one'));
  await until(() => served.length === 1);
  const much = Buffer.alloc(20_000_000, 'x');
  got.socket.write(much);
  await until(() => served[0]?.req.socket.isPaused() === true);
  expect(served[0]?.req.socket.bytesRead).toBeLessThan(1_000_000);
  answer(0, 'ok');
  await until(() => handed.length === much.length);
});

it('ends the connection behind an answer when the client or the proxy wants it', async () => {
  const [one, other] = [await client(), await client()];
  one.socket.write(get('/', 'Connection: close'));
  await until(() => served.length === 1);
  answer(0, 'ok');
  await until(() => !one.isOpen);
  expect(one.text).toMatch(/Connection: close\r\n\r\nok$/);
  other.socket.write(get());
  await until(() => served.length === 2);
  if (served[1]) served[1].shouldKeepAlive = false;
  answer(1, 'ok');
  await until(() => !other.isOpen);
});

it('closes idle connections when asked, not those with a request', async () => {
  const [busy, idle] = [await client(), await client()];
  busy.socket.write(get());
  await until(() => served.length === 1);
  lane.closeIdle();
  await until(() => !idle.isOpen);
  answer(0, 'ok');
  await until(() => busy.text.endsWith('ok'));
});

it('answers 408 to who connects and says nothing, and closes what is idle for too long', async () => {
  lane = laneOf({ ...LIMITS, headerMs: 200, keepAliveMs: 400 });
  const [silent, idle] = [await client(), await client()];
  idle.socket.write(get());
  await until(() => served.length === 1);
  answer(0, 'ok');
  await until(() => !silent.isOpen);
  expect(silent.text).toMatch(/^HTTP\/1.1 408 /);
  await until(() => !idle.isOpen);
  expect(idle.text).toMatch(/ok$/);
});
