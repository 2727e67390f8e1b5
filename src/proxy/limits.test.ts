// The bounds that protect the proxy from its clients.
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Place, side, traffic, until } from './fixture.ts';

let place: Place;
afterEach(() => place.close());

const serving = async (limits: ConstructorParameters<typeof Place>[0]) => {
  place = new Place(limits);
  await place.apply(traffic({ stable: side(1, await place.instance('a')) }));
};

describe('the proxy', () => {
  it('answers 431 to a head that is too large, path or headers', async () => {
    await serving({});
    const large = 'x'.repeat(17_000);
    expect(await place.raw(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${large}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431 .*close/is,
    );
    expect(await place.raw(`GET /${large} HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /);
    const many = Array.from({ length: 4000 }, (_, i) => `a${i}: b\r\n`).join('');
    expect(await place.raw(`GET / HTTP/1.1\r\nHost: x\r\n${many}\r\n`)).toMatch(/^HTTP\/1.1 431 /);
    expect(
      await place.raw(`GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'x'.repeat(15_000)}\r\nConnection: close\r\n\r\n`),
    ).toMatch(/^HTTP\/1.1 200 /);
  });

  it('answers 408 to a head that does not arrive in time, however its bytes trickle', async () => {
    await serving({ headerMs: 500 });
    const socket = await place.connect();
    let got = '';
    let isClosed = false;
    socket.on('data', (chunk) => {
      got += chunk;
    });
    socket.on('close', () => {
      isClosed = true;
    });
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\n');
    const trickle = setInterval(() => socket.writable && socket.write('a: b\r\n'), 100);
    await until(() => isClosed);
    clearInterval(trickle);
    expect(got).toMatch(/^HTTP\/1.1 408 /);
  });

  it('closes a connection that never says a word', async () => {
    await serving({ headerMs: 300 });
    const socket = await place.connect();
    let isClosed = false;
    socket.resume().on('close', () => {
      isClosed = true;
    });
    await until(() => isClosed);
  });

  it('closes an idle connection after a while, and says so beforehand', async () => {
    await serving({ keepAliveMs: 1000 });
    const socket = await place.connect();
    let got = '';
    let isClosed = false;
    socket.on('data', (chunk) => {
      got += chunk;
    });
    socket.on('close', () => {
      isClosed = true;
    });
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => got.endsWith('a'));
    expect(got).toContain('Keep-Alive: timeout=1');
    await wait(500);
    expect(isClosed).toBe(false);
    await until(() => isClosed);
  });

  it('closes a connection beyond the limit at once, and serves those it has', async () => {
    await serving({ connections: 3 });
    const agent = place.agent();
    await place.send('/', { agent });
    const others = [await place.connect(), await place.connect()];
    const refused = await place.connect();
    await until(() => refused.closed || refused.destroyed);
    expect(place.proxy.seen().connections).toBe(3);
    expect((await place.send('/', { agent })).status).toBe(200);
    for (const one of others) one.destroy();
    await until(() => place.proxy.seen().connections === 1);
    expect((await place.send('/')).status).toBe(200);
  });

  it('answers 503 to a request beyond the limit, also of many on one connection', async () => {
    place = new Place({ requests: 3 });
    await place.apply(traffic({ stable: side(1, await place.instance('a', () => undefined)) }));
    const socket = await place.connect();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(10));
    await until(() => place.proxy.seen().exchanges === 3);
    const reply = await place.send('/');
    expect([reply.status, reply.headers['retry-after']]).toEqual([503, '1']);
    socket.destroy();
    await until(() => place.proxy.seen().exchanges === 0);
  });

  it('answers 413 to chunk extensions without end', async () => {
    await serving({});
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(await place.raw(`${head}2;a=${'x'.repeat(20_000)}\r\nok\r\n0\r\n\r\n`)).toMatch(/^HTTP\/1.1 413 /);
  });

  it('gives up a client that stops reading its answer', async () => {
    place = new Place({ bodyIdleMs: 300 });
    const instance = await place.instance('a', (_, response) => {
      const more = () => {
        while (response.writable && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    });
    await place.apply(traffic({ stable: side(1, instance) }));
    const socket = await place.connect();
    socket.on('error', () => undefined);
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => place.proxy.seen().open.a === 1);
    await until(() => place.proxy.seen().open.a === 0);
    await until(() => place.proxy.seen().exchanges === 0);
  });
});
