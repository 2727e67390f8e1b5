// The kept connections of the fast lane to an instance: when one is used again, and when not.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../fixture.ts';
import { LIMITS } from '../limits.ts';
import type { Answer, Progress, UpstreamRequest } from '../upstream/upstream.ts';
import { InstanceLines } from './instance-lines.ts';

const REQUEST: UpstreamRequest = {
  method: 'GET',
  path: '/',
  headers: ['Host', 'x'],
  body: null,
  upgrade: null,
  trailers: null,
};
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

let server: Server;
let lines: InstanceLines;
let answers: string[];
const sockets: Socket[] = [];

beforeEach(async () => {
  answers = [];
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(answers.shift() ?? OK, 'latin1'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open();
});
afterEach(() => {
  lines.close();
  for (const one of sockets.splice(0)) one.destroy();
  server.close();
});

const open = (limits = LIMITS) => {
  lines = new InstanceLines('127.0.0.1', (server.address() as AddressInfo).port, limits);
};

/** The body, or how far it came. */
const send = (takes = () => true) =>
  new Promise<string | Progress>((resolve) => {
    let body = '';
    const answer: Answer = {
      onHead: () => undefined,
      onBody: (chunk) => {
        body += chunk.toString('latin1');
        return takes();
      },
      onEnd: () => resolve(body),
      onUpgrade: () => resolve('upgrade'),
      onFail: (_, progress) => resolve(progress),
    };
    lines.send(REQUEST, answer);
  });

describe('a connection to an instance', () => {
  it('is used again as long as the instance keeps it', async () => {
    for (let i = 0; i < 5; i += 1) expect(await send()).toBe('ok');
    expect(sockets).toHaveLength(1);
  });

  it('is not used for two requests at once', async () => {
    expect(await Promise.all([send(), send(), send()])).toEqual(['ok', 'ok', 'ok']);
    expect(sockets).toHaveLength(3);
  });

  it('is not used again when the instance ends it, or sent more than its answer', async () => {
    const spoilt = [
      OK.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
      `${OK}x`,
      OK.replace('\r\n\r\n', '\r\nKeep-Alive: timeout=1\r\n\r\n'),
    ];
    answers = [...spoilt];
    for (const _ of spoilt) expect(await send()).toBe('ok');
    expect(await send()).toBe('ok');
    expect(sockets).toHaveLength(4);
  });

  it('is not used again when Node had to read its answer', async () => {
    answers = ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX:\ty\r\n\r\nok'];
    expect([await send(), await send()]).toEqual(['ok', 'ok']);
    expect(sockets).toHaveLength(2);
  });

  it('is forgotten when the instance closes it while it is idle', async () => {
    await send();
    sockets[0]?.end();
    await until(() => sockets[0]?.destroyed === true);
    expect(await send()).toBe('ok');
    expect(sockets).toHaveLength(2);
  });

  it('is closed when something comes on it unasked', async () => {
    await send();
    sockets[0]?.write(OK);
    await until(() => sockets[0]?.destroyed === true);
    expect(await send()).toBe('ok');
  });

  it('is closed after the idle time', async () => {
    open({ ...LIMITS, upstreamIdleMs: 100 });
    await send();
    await until(() => sockets[0]?.destroyed === true);
  });

  it('is closed with all others', async () => {
    const waiting = send();
    await until(() => sockets.length === 1);
    await waiting;
    lines.close();
    await until(() => sockets[0]?.destroyed === true);
  });
});

describe('a request that fails', () => {
  it('was not sent when no connection came about', async () => {
    await new Promise((resolve) => server.close(resolve));
    expect(await send()).toBe('unsent');
    server.listen(0, '127.0.0.1');
  });

  it('was sent when the instance is gone without a byte, and answered when there was one', async () => {
    server.removeAllListeners('connection');
    server.on('connection', (socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', () => {
        if (sockets.length === 2) socket.write('HTTP/1.1 200 OK\r\n');
        socket.end();
      });
    });
    expect([await send(), await send()]).toEqual(['sent', 'answered']);
  });
});

it('an answer that is not taken stops, and goes on when it is wanted', async () => {
  const body = 'x'.repeat(10_000_000);
  answers = [`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`];
  let got = 0;
  let isFree = false;
  let isOver = false;
  const call = lines.send(REQUEST, {
    onHead: () => undefined,
    onBody: (chunk) => {
      got += chunk.length;
      return isFree;
    },
    onEnd: () => {
      isOver = true;
    },
    onUpgrade: () => undefined,
    onFail: () => undefined,
  });
  await until(() => got > 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(got).toBeLessThan(200_000);
  isFree = true;
  call.resume();
  await until(() => isOver);
  expect(got).toBe(body.length);
  expect(await send()).toBe('ok');
  expect(sockets).toHaveLength(1);
});
