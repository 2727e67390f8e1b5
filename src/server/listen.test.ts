// The application on a real unix socket and a real port, and the client that asks it.
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Client, createClient } from '../api/client.ts';
import * as examples from '../api/examples.ts';
import { exitCodeOf, Unreachable } from '../api/tables.ts';
import type { EventView, LogLineView } from '../api/views.ts';
import { isAnswered } from './answered.ts';
import type { AppOptions } from './app.ts';
import { createWorld, logsOf, TOKEN, type World } from './fixture.ts';
import { type Listener, listenOnLoopback, listenOnSocket } from './listen.ts';

let dir: string;
let socketPath: string;
let world: World;
let client: Client;
let open: Listener[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'friday-'));
  socketPath = join(dir, 'run', 'f.sock');
  world = createWorld();
  client = createClient({ socketPath }, { by: 'Ana Müller' });
  open = [];
});

afterEach(async () => {
  for (const listener of open) await listener.close(0);
  rmSync(dir, { recursive: true, force: true });
});

async function start(options: Partial<AppOptions> = {}): Promise<Listener> {
  const listener = await listenOnSocket(world.app(options), socketPath);
  open.push(listener);
  return listener;
}

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('the unix socket', () => {
  it('is open to its owner only, and so is its folder', async () => {
    await start();
    expect([modeOf(socketPath), modeOf(join(dir, 'run'))]).toEqual(['600', '700']);
  });

  it('that a killed control plane left behind is replaced', async () => {
    writeFileSync(join(dir, 'stale.sock'), '');
    expect(await isAnswered(join(dir, 'stale.sock'))).toBe(false);
    const listener = await listenOnSocket(world.app(), join(dir, 'stale.sock'));
    open.push(listener);
    expect(await isAnswered(join(dir, 'stale.sock'))).toBe(true);
  });

  it('takes a body that does not say its length, up to 4 MB', async () => {
    await start();
    const post = async (bytes: number) => {
      const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
      const sent = request({ socketPath, path: '/api/v1/down', method: 'POST', headers });
      sent.on('error', () => {});
      const answered = once(sent, 'response');
      sent.write('{"reason":"');
      for (let left = bytes; left > 0; left -= 65_536) sent.write('x'.repeat(Math.min(left, 65_536)));
      sent.end('"}');
      const [response] = await answered;
      response.resume();
      return response.statusCode;
    };
    expect([await post(400), await post(5 * 1024 * 1024)]).toEqual([200, 413]);
  });

  it('drops a reader that has gone', async () => {
    await start();
    const socket = connect(socketPath);
    socket.write('GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    await until(() => world.listeners() === 1);
    socket.destroy();
    await until(() => world.listeners() === 0);
  });

  it('drops a reader that takes nothing, and keeps little for it', async () => {
    await start({ stallMs: 300 });
    const socket = connect(socketPath);
    socket.on('error', () => {});
    socket.write('GET /api/v1/events?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => world.listeners() === 1);
    socket.pause();
    const sentence = 'x'.repeat(10_000);
    for (let n = 0; n < 30; n++) world.happen(100, { sentence });
    await until(() => world.listeners() === 0, 5000);
    socket.destroy();
  });
});

describe('the loopback port', () => {
  it('wants the token, which the client sends', async () => {
    const listener = await listenOnLoopback(world.app(), 0);
    open.push(listener);
    const url = `http://127.0.0.1:${listener.port}`;
    expect(await createClient({ url, token: TOKEN }).status()).toEqual(examples.status);
    const refused = await createClient({ url, token: 'wrong' })
      .status()
      .catch((error: unknown) => error);
    expect([refused, exitCodeOf(refused)]).toEqual([expect.objectContaining({ code: 'refused' }), 4]);
    expect(await createClient({ url }).isReady()).toBe(true);
  });

  it('that was asked for and is taken is a conflict', async () => {
    const taken: Server = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    await expect(listenOnLoopback(world.app(), port)).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken`);
    taken.close();
  });

  it('is a free one when the usual one is taken and none was asked for', async () => {
    const first = await listenOnLoopback(world.app(), null);
    const second = await listenOnLoopback(world.app(), null);
    open.push(first, second);
    expect(second.port).not.toBe(first.port);
  });
});

describe('the client', () => {
  it('calls every route and gives the views', async () => {
    await start();
    const { project } = examples.upOrder;
    expect(await client.status()).toEqual(examples.status);
    expect(await client.service('api')).toEqual(examples.service);
    expect(await client.versions('api')).toEqual([examples.version]);
    expect(await client.releases({ service: 'api', limit: 2 })).toEqual([examples.release]);
    expect(await client.release(7)).toEqual(examples.release);
    expect(await client.up({ project })).toEqual(examples.upped);
    expect(await client.releaseService('api', { project, steps: [5] })).toEqual(examples.release);
    expect(await client.rollBack('api', { version: 41 })).toEqual(examples.release);
    expect(await client.promote('api', { to: 50, reason: 'ok' })).toEqual(examples.release);
    expect(await client.down({ services: ['api'] })).toEqual({ services: ['api'], isLast: true });
    await client.stop();
    expect(world.stops).toEqual(['Ana Müller']);
    expect(world.told.slice(1).every((order) => JSON.stringify(order).includes('Ana Müller'))).toBe(true);
  });

  it('throws what the control plane answered', async () => {
    await start();
    const failed = await client.pause('api').catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: 'conflict',
      message: 'api has no release under way.',
      detail: { hint: 'friday release api' },
    });
    await expect(client.service('a/b?c')).rejects.toThrow('There is no service a/b?c.');
  });

  it('says when nobody answers, which is told apart from what a control plane cannot do', async () => {
    const failed = await client.status().catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(Unreachable);
    expect([failed, exitCodeOf(failed)]).toEqual([
      expect.objectContaining({ code: 'unavailable', message: `No control plane answers at ${socketPath}.` }),
      5,
    ]);
    expect(await client.isReady()).toBe(false);
  });

  it('says when what answers is something else', async () => {
    const other = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi'));
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as { port: number };
    await expect(createClient({ url: `http://127.0.0.1:${port}` }).status()).rejects.toThrow('expected JSON, got "hi"');
    await expect(createClient({ url: 'localhost' }).status()).rejects.toThrow(
      'expected one like http://127.0.0.1:4747',
    );
    other.close();
  });

  it('says when the control plane ends before it has answered', async () => {
    const other = createServer((socket) => socket.once('data', () => socket.destroy()));
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as { port: number };
    await expect(createClient({ url: `http://127.0.0.1:${port}` }).down()).rejects.toThrow(
      'gave no answer: socket hang up',
    );
    other.close();
  });

  it('says when the socket may not be used', async () => {
    if (process.getuid?.() === 0) return;
    await start();
    chmodSync(socketPath, 0o000);
    await expect(client.status()).rejects.toMatchObject({ code: 'refused' });
  });
});

describe('following events', () => {
  it('goes on after the control plane was gone, without loss or repetition, and says both', async () => {
    await start();
    const stop = new AbortController();
    const seen: EventView[] = [];
    const links: string[] = [];
    const following = (async () => {
      const onLink = (link: { isLive: boolean }) => links.push(link.isLive ? 'again' : 'lost');
      for await (const event of client.events({}, stop.signal, onLink)) seen.push(event);
    })();
    await until(() => world.listeners() === 1);
    for (let life = 0; life < 3; life++) {
      world.happen(50);
      await until(() => seen.length === 50 + life * 60);
      await open.pop()?.close(0);
      world.happen(10);
      await sleep(80);
      await start();
      await until(() => seen.length === 60 + life * 60);
    }
    stop.abort();
    await following;
    expect(seen.map((event) => event.seq)).toEqual(Array.from({ length: 180 }, (_, index) => index + 1));
    expect(links).toEqual(['lost', 'again', 'lost', 'again', 'lost', 'again']);
  });

  it('misses nothing that happens while it is lost before the first event', async () => {
    world.happen(7);
    await start();
    const stop = new AbortController();
    const following = (async () => {
      for await (const event of client.events({}, stop.signal)) return event.seq;
      return null;
    })();
    await until(() => world.listeners() === 1);
    await open.pop()?.close(0);
    world.happen(1);
    await start();
    expect(await following).toBe(8);
  });

  it('waits for a control plane that is not there yet, and ends quietly when told to', async () => {
    const stop = new AbortController();
    const lost: string[] = [];
    const following = (async () => {
      for await (const _ of client.events({}, stop.signal, (link) => link.isLive || lost.push(link.reason)))
        return 'event';
      return 'ended';
    })();
    await sleep(150);
    stop.abort();
    expect([await following, lost]).toEqual(['ended', [`No control plane answers at ${socketPath}.`]]);
  });

  it('throws what cannot get better by waiting', async () => {
    await start();
    const { signal } = new AbortController();
    const failing = async () => {
      for await (const _ of client.events({ limit: 5000 }, signal)) return;
    };
    await expect(failing()).rejects.toMatchObject({ code: 'invalid' });
  });

  it('without following gives what is stored and ends', async () => {
    world.happen(3);
    await start();
    const seen: number[] = [];
    for await (const event of client.events({ follow: false }, new AbortController().signal)) seen.push(event.seq);
    expect(seen).toEqual([1, 2, 3]);
  });
});

describe('following logs', () => {
  it('repeats no line after a loss, though lines share a second', async () => {
    const line = (text: string, at: number): LogLineView => ({
      at,
      service: 'api',
      version: 1,
      instance: 'i',
      level: null,
      text,
    });
    const lines = [line('a', 1000), line('b', 2000), line('b', 2000)];
    const asked: unknown[] = [];
    await start({ logs: logsOf(lines, asked) });
    const stop = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const one of client.logs({ follow: true, lines: 5 }, stop.signal)) seen.push(one.text);
    })();
    await until(() => seen.length === 3);
    await open.pop()?.close(0);
    await start({ logs: logsOf([...lines.slice(1), line('b', 2000), line('c', 3000)], asked) });
    await until(() => seen.length === 5);
    stop.abort();
    await following;
    expect(seen).toEqual(['a', 'b', 'b', 'b', 'c']);
    expect(asked).toEqual([{ lines: 5 }, { lines: 10_000, sinceMs: 2000 }]);
  });
});

async function until(isTrue: () => boolean, ms = 3000): Promise<void> {
  for (const end = performance.now() + ms; !isTrue(); await sleep(5)) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${isTrue}`);
  }
  expect(existsSync(dir)).toBe(true);
}
