// Connections that change their protocol: WebSockets and anything else that starts with an HTTP/1.1 handshake.
import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { deadTarget, type Instance, outsideIn, Place, seenIn, side, sumOf, traffic, until } from './fixture.ts';

let place: Place;
beforeEach(() => {
  place = new Place({ tunnelIdleMs: 1200 });
});
afterEach(() => place.close());

/** An instance that changes to any protocol and sends back what it gets. */
const echo = async (id: string): Promise<Instance> => {
  const instance = await place.instance(id);
  instance.server.on('upgrade', (incoming, socket: Socket, first) => {
    instance.requests.push(incoming);
    socket.on('error', () => undefined);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${incoming.headers.upgrade}\r\nX-Id: ${id}\r\n\r\nhello `,
    );
    socket.write(first);
    socket.pipe(socket);
  });
  return instance;
};

const handshake = (...more: string[]) =>
  ['GET /chat?x HTTP/1.1', 'Host: x', 'Connection: keep-alive, Upgrade', 'Upgrade: echo', ...more, '', ''].join('\r\n');

const opened = async (text = handshake()) => {
  const socket = await place.connect();
  const state = { got: '', isEnded: false };
  socket.on('data', (chunk) => {
    state.got += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    state.isEnded = true;
  });
  socket.write(text, 'latin1');
  return { socket, state };
};

describe('an upgraded connection', () => {
  it('carries a WebSocket, large messages too, both ways', async () => {
    const instance = await place.instance('ws');
    const sockets = new WebSocketServer({ server: instance.server });
    sockets.on('connection', (socket) =>
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
    );
    await place.apply(traffic({ stable: side(4, instance) }));
    const client = new WebSocket(`ws://127.0.0.1:${place.port}/chat`);
    const got: Buffer[] = [];
    let version: string | string[] | undefined;
    client.on('upgrade', (response) => {
      version = response.headers['x-friday-version'];
    });
    client.on('message', (data: Buffer) => got.push(data));
    await new Promise((resolve) => client.on('open', resolve));
    const large = randomBytes(2_000_000);
    client.send('hello');
    client.send(large);
    await until(() => got.length === 2);
    expect(got[0]?.toString()).toBe('hello');
    expect(
      createHash('md5')
        .update(got[1] ?? '')
        .digest('hex'),
    ).toBe(createHash('md5').update(large).digest('hex'));
    expect(version).toBe('v4');
    client.close();
    await until(() => client.readyState === WebSocket.CLOSED);
    await until(() => place.proxy.seen().open.ws === 0);
    sockets.close();
  });

  it('keeps bytes that came with the handshake on either side, and tells the instance what a request would', async () => {
    const instance = await echo('a');
    await place.apply(traffic({ stable: side(1, instance) }));
    const { state } = await opened(`${handshake('X-Friday-Version: v9')}early`);
    await until(() => state.got.endsWith('hello early'));
    expect(state.got).toMatch(
      /^HTTP\/1.1 101 .*upgrade: echo\r\n.*X-Id: a\r\nx-friday-version: v1\r\n\r\nhello early$/s,
    );
    expect(instance.requests[0]?.url).toBe('/chat?x');
    expect(instance.requests[0]?.headers).toMatchObject({
      connection: 'upgrade',
      upgrade: 'echo',
      'x-forwarded-for': '127.0.0.1',
      'x-friday-version': 'v1',
    });
  });

  it('counts as open at its instance until it ends, and goes on when the instance leaves the table', async () => {
    const [old, young] = [await echo('old'), await echo('young')];
    await place.apply(traffic({ stable: side(1, old) }));
    const { socket, state } = await opened();
    await until(() => state.got.endsWith('hello '));
    await place.apply(traffic({ stable: side(2, young) }));
    expect(place.proxy.seen().open).toEqual({ old: 1, young: 0 });
    socket.write('still there');
    await until(() => state.got.endsWith('hello still there'));
    socket.end();
    await until(() => place.proxy.seen().open.old === undefined);
    await until(() => place.proxy.seen().exchanges === 0);
  });

  it('ends for the client when it ends at the instance, after the last byte, however slowly it reads', async () => {
    const length = 20_000_000;
    const instance = await place.instance('a');
    instance.server.on('upgrade', (_, socket: Socket) => {
      socket.write('HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.end(Buffer.alloc(length));
    });
    await place.apply(traffic({ stable: side(1, instance) }));
    const socket = await place.connect();
    let got = 0;
    let isEnded = false;
    socket.write(handshake());
    await wait(300);
    socket.on('data', (chunk) => {
      got += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 5);
    });
    socket.on('close', () => {
      isEnded = true;
    });
    await until(() => isEnded);
    expect(got).toBeGreaterThan(length);
  });

  it('ends soon after its client has ended, though the instance keeps its half open', async () => {
    await place.close();
    place = new Place();
    const instance = await place.instance('deaf');
    let heard = 0;
    instance.server.on('upgrade', (_, socket: Socket) => {
      socket.write('HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket
        .on('error', () => undefined)
        .on('end', () => {
          // It may still say something, and that arrives.
          heard = performance.now();
          setTimeout(() => socket.write('bye'), 500);
        });
      socket.resume();
    });
    await place.apply(traffic({ stable: side(1, instance) }));
    const { socket, state } = await opened();
    await until(() => state.got.includes('101'));
    socket.end();
    await until(() => state.got.endsWith('bye'));
    await until(() => place.proxy.seen().open.deaf === 0);
    expect(performance.now() - heard).toBeGreaterThan(3000);
  });

  it('ends when its client breaks off', async () => {
    await place.apply(traffic({ stable: side(1, await echo('a')) }));
    const { socket, state } = await opened();
    await until(() => state.got.endsWith('hello '));
    socket.resetAndDestroy();
    await until(() => place.proxy.seen().open.a === 0);
  });

  it('ends after a long silence, not while something moves', async () => {
    await place.apply(traffic({ stable: side(1, await echo('a')) }));
    const { socket, state } = await opened();
    for (let i = 0; i < 16; i += 1) {
      await wait(100);
      socket.write('x');
    }
    expect(state.isEnded).toBe(false);
    await until(() => state.isEnded);
    await until(() => place.proxy.seen().exchanges === 0);
  });

  it('is never judged, but seen', async () => {
    await place.apply(traffic({ weight: 50, stable: side(1, await echo('a')), candidate: side(2, await echo('b')) }));
    const { state } = await opened();
    await until(() => state.got.endsWith('hello '));
    const cells = await place.cells();
    expect(sumOf(cells, 'stable').requests + sumOf(cells, 'candidate').requests).toBe(0);
    expect(outsideIn(cells).requests).toBe(0);
    expect(seenIn(cells)).toEqual({ answers: 1, failures: 0, refused: 0 });
  });

  it('is tried at another instance when the first one refuses the connection', async () => {
    const alive = await echo('alive');
    await place.apply(
      traffic({ weight: 100, stable: side(1, alive), candidate: { version: 2, targets: [await deadTarget('dead')] } }),
    );
    const { state } = await opened();
    await until(() => state.got.endsWith('hello '));
    expect(state.got).toContain('x-friday-version: v1');
  });
});

describe('a handshake', () => {
  it('that the instance answers otherwise gets that answer, and the connection ends', async () => {
    const instance = await place.instance('a', (_, response) => response.writeHead(403).end('no'));
    await place.apply(traffic({ stable: side(1, instance) }));
    expect(await place.raw(handshake())).toMatch(/^HTTP\/1.1 403 .*connection: close.*\bno\b/is);
    await until(() => place.proxy.seen().connections === 0);
  });

  it('is answered 404, 502 and 503 like any request', async () => {
    await place.apply(traffic({ routes: [{ host: 'else', path: '/' }] }));
    expect(await place.raw(handshake())).toMatch(/^HTTP\/1.1 404 /);
    await place.apply(traffic({ stable: { version: 1, targets: [await deadTarget('dead')] } }));
    expect(await place.raw(handshake())).toMatch(/^HTTP\/1.1 502 /);
    await place.apply(traffic({ stable: side(1) }));
    expect(await place.raw(handshake())).toMatch(/^HTTP\/1.1 503 /);
    await until(() => place.proxy.seen().connections === 0);
  });

  it('waits for an instance that is coming', async () => {
    await place.apply(traffic({ isComing: true, stable: side(1) }));
    const { state } = await opened();
    await until(() => place.proxy.seen().exchanges === 1);
    await place.apply(traffic({ stable: side(1, await echo('new')) }));
    await until(() => state.got.endsWith('hello '));
  });

  it('behind an unanswered request is an ordinary request, in its turn', async () => {
    const slow = await place.instance('slow', (_, response) => void setTimeout(() => response.end('slow'), 100));
    await place.apply(traffic({ stable: side(1, slow) }));
    const last = handshake().replace('keep-alive, Upgrade', 'Upgrade, close');
    const answer = await place.raw(`GET / HTTP/1.1\r\nHost: x\r\n\r\n${last}`);
    expect(answer.match(/HTTP\/1.1 200 /g)).toHaveLength(2);
  });

  it('for h2c, without Connection: upgrade, or with a body is an ordinary request', async () => {
    const instance = await echo('a');
    await place.apply(traffic({ stable: side(1, instance) }));
    const texts = [
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUpgrade: echo\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: echo\r\nContent-Length: 4\r\n\r\nbody',
    ];
    for (const text of texts) expect(await place.raw(text)).toMatch(/^HTTP\/1.1 200 /);
    for (const { headers } of instance.requests) {
      expect([headers.upgrade, headers['http2-settings'], headers.connection]).toEqual([
        undefined,
        undefined,
        'keep-alive',
      ]);
    }
  });
});
