// What passes through the proxy, and how: bodies both ways, streams, trailers, heads, old and cautious clients.
import { createHash, randomBytes } from 'node:crypto';
import { type RequestListener, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Instance, Place, raw, side, sumOf, traffic, until } from './fixture.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.close());

const behind = async (listener: RequestListener): Promise<Instance> => {
  const instance = await place.instance('a', listener);
  await place.apply(traffic({ stable: side(1, instance) }));
  return instance;
};

const digest = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

describe('a body', () => {
  it('of any size reaches the instance and comes back unchanged, with a length and without', async () => {
    await behind((incoming, response) => {
      if (incoming.headers['content-length']) response.setHeader('content-length', incoming.headers['content-length']);
      incoming.pipe(response);
    });
    const agent = place.agent();
    for (const size of [0, 1, 1000, 16_384, 16_385, 70_000, 3_000_000]) {
      const body = randomBytes(size).toString('latin1');
      const framings: readonly Record<string, string>[] = [
        { 'content-length': String(Buffer.byteLength(body)) },
        { 'transfer-encoding': 'chunked' },
      ];
      for (const headers of framings) {
        const reply = await place.send('/', { method: 'POST', body, headers, agent });
        expect(digest(reply.body)).toBe(digest(body));
      }
    }
  });

  it('of bytes of every value is not touched on its way', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await behind((_, response) => response.end(bytes));
    const answer = await place.raw('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1')).toEqual(bytes);
  });

  it('flows while it is made: the first chunk arrives before the last is written', async () => {
    let finish = () => {};
    await behind((_, response) => {
      response.write('first');
      finish = () => response.end('last');
    });
    const got: string[] = [];
    const outgoing = request({ host: '127.0.0.1', port: place.port }, (response) => {
      response.on('data', (chunk) => got.push(String(chunk)));
    });
    outgoing.end();
    await until(() => got.length === 1);
    finish();
    await until(() => got.join('') === 'firstlast');
  });

  it('of a request flows while it is sent', async () => {
    const got: string[] = [];
    await behind((incoming, response) => {
      incoming.on('data', (chunk) => got.push(String(chunk))).on('end', () => response.end('done'));
    });
    const outgoing = request({ host: '127.0.0.1', port: place.port, method: 'POST' });
    const answered = new Promise((resolve) => outgoing.on('response', (one) => one.resume().on('end', resolve)));
    outgoing.write('first');
    await until(() => got.length === 1);
    outgoing.end('last');
    await answered;
    expect(got.join('')).toBe('firstlast');
  });

  it('waits for a client that does not read: the instance is slowed down, nothing piles up', async () => {
    let written = 0;
    await behind((_, response) => {
      const chunk = Buffer.alloc(65_536);
      const more = () => {
        while (written < 200_000_000 && response.writable) {
          written += chunk.length;
          if (!response.write(chunk)) return;
        }
      };
      response.on('drain', more);
      more();
    });
    const socket = connect(place.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'));
    await until(() => written > 0);
    await wait(300);
    const before = written;
    await wait(300);
    expect(written).toBe(before);
    expect(written).toBeLessThan(50_000_000);
    socket.destroy();
  });

  it('waits for an instance that does not read: the client is slowed down', async () => {
    await behind((incoming) => void incoming.pause());
    const outgoing = request({ host: '127.0.0.1', port: place.port, method: 'POST' });
    outgoing.on('error', () => undefined);
    let sent = 0;
    const chunk = Buffer.alloc(65_536);
    const more = () => {
      while (sent < 200_000_000) {
        sent += chunk.length;
        if (!outgoing.write(chunk)) return;
      }
    };
    outgoing.on('drain', more);
    more();
    await wait(500);
    const before = sent;
    await wait(300);
    expect(sent).toBe(before);
    expect(sent).toBeLessThan(50_000_000);
    outgoing.destroy();
  });

  it('may be answered before it was sent whole', async () => {
    await behind((_, response) => response.writeHead(413).end('too large'));
    const outgoing = request({ host: '127.0.0.1', port: place.port, method: 'POST' });
    outgoing.on('error', () => undefined);
    const answer = new Promise<number>((resolve) => outgoing.on('response', (one) => resolve(one.statusCode ?? 0)));
    outgoing.write('some');
    expect(await answer).toBe(413);
    outgoing.destroy();
  });

  it('whose rest nobody wanted does not keep the connection from the next request', async () => {
    await behind((incoming, response) => {
      if (incoming.url === '/next') response.end('next');
      else incoming.once('data', () => response.writeHead(413).end('too large'));
    });
    const socket = await place.connect();
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk;
    });
    const length = 1_000_000;
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n${'x'.repeat(1000)}`);
    await until(() => got.includes('too large'));
    socket.write('x'.repeat(length - 1000));
    socket.write('GET /next HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => got.endsWith('next'));
  });

  it('that has not begun is sent whole when the request is sent twice', async () => {
    const gone = await place.instance('gone');
    const good = await place.instance('good', (incoming, response) => {
      incoming.pipe(response.writeHead(200, { 'content-length': 20 }));
    });
    await place.apply(traffic({ weight: 100, stable: side(2, good), candidate: side(1, gone) }));
    // Leaves a kept connection to the instance, which breaks while the body is awaited.
    await place.send('/');
    const socket = await place.connect();
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk;
    });
    socket.write('PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 20\r\n\r\n');
    await until(() => place.proxy.seen().open.gone === 1);
    await gone.kill();
    await until(() => place.proxy.seen().open.good === 1);
    for (const part of ['01234', '56789', 'abcde', 'fghij']) {
      socket.write(part);
      await wait(20);
    }
    await until(() => got.endsWith('0123456789abcdefghij'));
  });
});

describe('an event stream', () => {
  it('arrives event by event, its head at once, and is counted when its head has come', async () => {
    let send = (_: string) => {};
    await behind((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      send = (text) => response.write(text);
    });
    let head = 0;
    let got = '';
    const outgoing = request({ host: '127.0.0.1', port: place.port }, (response) => {
      head = response.statusCode ?? 0;
      response.on('data', (chunk) => {
        got += chunk;
      });
      response.on('error', () => undefined);
    });
    outgoing.end();
    await until(() => head === 200);
    send('data: 1\n\n');
    await until(() => got === 'data: 1\n\n');
    expect(sumOf(await place.cells(), 'stable').requests).toBe(1);
    send('data: 2\n\n');
    await until(() => got === 'data: 1\n\ndata: 2\n\n');
    outgoing.destroy();
  });
});

describe('trailers', () => {
  it('of an answer arrive behind its body', async () => {
    await behind((_, response) => {
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('body');
      response.addTrailers({ 'x-sum': '42' });
      response.end();
    });
    const reply = await place.send('/', { headers: { te: 'trailers' } });
    expect(reply.body).toBe('body');
    expect(reply.headers.trailer).toBe('x-sum');
    expect(reply.trailers).toEqual({ 'x-sum': '42' });
  });

  it('of a request that announces them reach the instance', async () => {
    let trailers = {};
    const instance = await behind((incoming, response) => {
      incoming.resume().on('end', () => {
        trailers = incoming.trailers;
        response.end('ok');
      });
    });
    const text =
      'POST / HTTP/1.1\r\nhost: x\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n' +
      '4\r\nbody\r\n0\r\nx-sum: 42\r\nhost: evil\r\n\r\n';
    expect(await place.raw(text)).toMatch(/^HTTP\/1.1 200 /);
    expect(trailers).toEqual({ 'x-sum': '42' });
    expect(instance.requests[0]?.headers.trailer).toBe('x-sum');
  });
});

describe('an answer', () => {
  it('to HEAD keeps its length and has no body', async () => {
    await behind((_, response) => response.writeHead(200, { 'content-length': '5' }).end());
    const text = 'HEAD / HTTP/1.1\r\nhost: x\r\n\r\nHEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';
    const answer = await place.raw(text);
    expect(answer.match(/HTTP\/1.1 200/g)).toHaveLength(2);
    expect(answer).toContain('content-length: 5\r\n');
    expect(answer.endsWith('\r\n\r\n')).toBe(true);
  });

  it('without content is passed on as it is', async () => {
    await behind((incoming, response) => response.writeHead(Number(incoming.url?.slice(1)), { etag: '"x"' }).end());
    for (const status of [204, 304, 302, 404, 500]) {
      const reply = await place.send(`/${status}`);
      expect([reply.status, reply.headers.etag, reply.body]).toEqual([status, '"x"', '']);
    }
  });

  it('keeps its reason, the case and order of its headers, and every Set-Cookie', async () => {
    await behind((_, response) => {
      response.writeHead(200, 'Very Well', ['X-One', '1', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'x-TWO', '\u00e4']);
      response.end('ok');
    });
    const answer = await place.raw('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 200 Very Well\r\n/);
    expect(answer).toContain('X-One: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nx-TWO: \u00e4\r\n');
  });

  it('does not contain what the instance said before it: 103 and the like are dropped', async () => {
    await behind((_, response) => {
      response.writeEarlyHints({ link: '</x>; rel=preload' }, () => response.end('ok'));
    });
    expect(await place.raw('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 200 .*ok$/s);
  });
});

describe('a client of HTTP/1.0', () => {
  it('gets an answer without chunks whose end is the end of the connection', async () => {
    await behind((_, response) => {
      response.write('one ');
      setTimeout(() => response.end('two'), 50);
    });
    const answer = await place.raw('GET / HTTP/1.0\r\n\r\n');
    expect(answer).not.toMatch(/transfer-encoding/i);
    expect(answer.endsWith('\r\n\r\none two')).toBe(true);
  });

  it('may keep the connection when it asks and the length is known', async () => {
    await behind((_, response) => response.end('ok'));
    const text = 'GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n';
    expect((await place.raw(text)).match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
  });
});

describe('Expect: 100-continue', () => {
  const head = 'POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 4\r\nconnection: close\r\n\r\n';

  it('is answered by the proxy once an instance is found, and not passed on', async () => {
    const instance = await behind((incoming, response) => void incoming.pipe(response));
    const socket = await place.connect();
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk;
    });
    socket.write(head);
    await until(() => got.startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
    socket.write('body');
    await until(() => got.endsWith('body'));
    expect(instance.requests[0]?.headers.expect).toBeUndefined();
  });

  it('is not answered 100 when there is no instance', async () => {
    await place.apply(traffic({ stable: side(1) }));
    expect(await place.raw(head)).toMatch(/^HTTP\/1.1 503 /);
  });

  it('of anything else is answered 417', async () => {
    await behind((_, response) => response.end());
    const answer = await place.raw('GET / HTTP/1.1\r\nhost: x\r\nexpect: magic\r\nconnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 417 /);
  });
});

describe('connections', () => {
  it('are kept on both sides', async () => {
    const ports = new Set<number | undefined>();
    await behind((incoming, response) => {
      ports.add(incoming.socket.remotePort);
      response.end('ok');
    });
    const agent = place.agent();
    for (let i = 0; i < 10; i += 1) await place.send('/', { agent });
    expect(ports.size).toBe(1);
    expect(place.proxy.seen().connections).toBe(1);
  });

  it('may carry several requests at once, answered in their order', async () => {
    await behind((incoming, response) => {
      setTimeout(() => response.end(`[${incoming.url}]`), incoming.url === '/slow' ? 150 : 0);
    });
    const one = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nhost: x\r\n${more}\r\n`;
    const answer = await place.raw(one('/slow') + one('/quick') + one('/last', 'connection: close\r\n'));
    expect(answer.match(/\[\/\w+\]/g)).toEqual(['[/slow]', '[/quick]', '[/last]']);
  });

  it('that end cancel every request that waits on them', async () => {
    const instance = await behind(() => undefined);
    const socket = await place.connect();
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(15));
    await until(() => instance.requests.length === 15);
    socket.destroy();
    await until(() => place.proxy.seen().exchanges === 0);
    expect(place.proxy.seen().open.a).toBe(0);
    expect(sumOf(await place.cells(), 'stable')).toMatchObject({ requests: 15, latencies: 15 });
  });

  it('that a client ends cancel its request at the instance', async () => {
    let isCancelled = false;
    await behind((incoming, response) => {
      incoming.on('close', () => {
        isCancelled = !response.writableEnded;
      });
    });
    const socket = await place.connect();
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => place.proxy.seen().open.a === 1);
    await wait(50);
    socket.destroy();
    await until(() => isCancelled);
    expect(place.proxy.seen().open.a).toBe(0);
    const { requests, failures, latencies } = sumOf(await place.cells(), 'stable');
    expect([requests, latencies]).toEqual([1, 1]);
    expect(failures).toEqual({ status: 0, timeout: 0, connection: 0, deadline: 0 });
  });

  it('of CONNECT are refused', async () => {
    await behind((_, response) => response.end());
    expect(await raw(place.port, 'CONNECT x:1 HTTP/1.1\r\nhost: x:1\r\n\r\n')).toMatch(/^HTTP\/1.1 501 /);
  });
});

describe('OPTIONS *', () => {
  it('goes to the service at the root of the host', async () => {
    const instance = await behind((_, response) => response.end('ok'));
    const answer = await place.raw('OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(instance.requests[0]?.url).toBe('*');
  });
});
