// The proxy as a process of its own: started, adopted, killed, started again, and told apart from others.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Target } from '../../../core/traffic.ts';
import { send, tableOf, traffic, until } from '../../../proxy/fixture.ts';
import { embeddedBalancer } from './balancer.ts';
import { ask } from './control-client.ts';
import { type EmbeddedPlace, embeddedPlace } from './fixture.ts';

let place: EmbeddedPlace;
beforeEach(async () => {
  place = await embeddedPlace({ keptCells: 3 });
});
afterEach(() => place.remove());

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const killed = async (pid: number) => {
  process.kill(pid, 'SIGKILL');
  await until(() => !isAlive(pid));
};

const tableFor = (revision: number, target: Target) =>
  tableOf(revision, [traffic({ stable: { version: 1, targets: [target] } })]);

const portOf = async () => (await place.open().look()).listening[0]?.port ?? 0;

describe('the proxy process', () => {
  it('keeps its files to its owner', async () => {
    await place.open().apply(tableOf(1, []));
    expect((await stat(place.dir)).mode & 0o777).toBe(0o700);
    for (const file of await readdir(place.dir)) {
      expect([file, (await stat(join(place.dir, file))).mode & 0o077]).toEqual([file, 0]);
    }
    expect((await readdir(place.dir)).sort()).toEqual([
      'proxy.lock',
      'proxy.log',
      'proxy.pid',
      'proxy.sock',
      'table.json',
    ]);
  });

  it('goes on when whoever started it is killed, and is adopted by the next', async () => {
    const a = await place.instance('a');
    const parent = spawn(
      process.execPath,
      ['--input-type=module', '-e', STARTER, place.dir, JSON.stringify(tableFor(5, a))],
      {
        cwd: resolve(import.meta.dirname, '../../../..'),
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await new Promise((done) => parent.stdout.once('data', done));
    const pid = await place.pid();
    const ended = new Promise((done) => parent.once('exit', done));
    parent.kill('SIGKILL');
    await ended;
    expect((await place.send()).instance).toBe('a');
    const next = place.open();
    expect((await next.look()).revision).toBe(5);
    await next.apply(tableFor(6, await place.instance('b')));
    expect((await place.send()).instance).toBe('b');
    expect(await place.pid()).toBe(pid);
  });

  it('is started again by the next table after it was killed, and routes', async () => {
    const balancer = place.open();
    const a = await place.instance('a');
    await balancer.apply(tableFor(1, a));
    const pid = await place.pid();
    await killed(pid);
    await expect(balancer.look()).rejects.toMatchObject({ code: 'unavailable' });
    await balancer.apply(tableFor(1, a));
    expect(await place.pid()).not.toBe(pid);
    expect((await place.send()).instance).toBe('a');
  });

  it('routes by its last table as soon as it is started again, without being told, on the port it had', async () => {
    const a = await place.instance('a');
    await place.open().apply(tableFor(4, a));
    const port = await portOf();
    await killed(await place.pid());
    const child = spawn(process.execPath, [MAIN, '--dir', place.dir], { stdio: 'ignore', detached: true });
    child.unref();
    await until(() =>
      send(port).then(
        ({ body }) => body === 'a',
        () => false,
      ),
    );
    expect((await place.open().look()).revision).toBe(4);
  });

  it('starts with nothing when its saved table is damaged, and says so', async () => {
    const a = await place.instance('a');
    await place.open().apply(tableFor(4, a));
    await killed(await place.pid());
    await writeFile(join(place.dir, 'table.json'), '{"revision":4,');
    await place.open().apply(tableFor(1, a));
    expect((await place.send()).instance).toBe('a');
    expect(await readFile(join(place.dir, 'proxy.log'), 'utf8')).toContain('The saved table is not used');
  });

  it('is one per folder, however many are started at once', async () => {
    const a = await place.instance('a');
    await Promise.all([1, 2, 3, 4].map(() => place.open().apply(tableFor(1, a))));
    const pid = await place.pid();
    const other = spawn(process.execPath, [MAIN, '--dir', place.dir], { stdio: 'ignore' });
    expect(await new Promise((done) => other.once('exit', done))).toBe(4);
    expect(await place.pid()).toBe(pid);
    expect((await place.send()).instance).toBe('a');
  });

  it('ignores what a terminal sends, and ends in peace on SIGTERM, keeping its table', async () => {
    const slow = await place.instance('slow', 'slow');
    await place.open().apply(tableFor(1, slow));
    const pid = await place.pid();
    for (const signal of ['SIGINT', 'SIGHUP'] as const) process.kill(pid, signal);
    await wait(100);
    expect(isAlive(pid)).toBe(true);
    const open = place.send();
    await until(async () => (await place.open().look()).open.slow === 1);
    process.kill(pid, 'SIGTERM');
    expect((await open).instance).toBe('slow');
    await until(() => !isAlive(pid));
    expect((await readdir(place.dir)).sort()).toEqual(['proxy.lock', 'proxy.log', 'table.json']);
  });

  it('whose folder was removed goes on as long as requests come, then ends, and leaves the folder of the next alone', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'friday-proxy-'));
    const open = () => embeddedBalancer({ dir, limits: { orphanMs: 5000 } });
    await open().apply(tableFor(1, await place.instance('a')));
    const port = (await open().look()).listening[0]?.port ?? 0;
    const pid = Number(await readFile(join(dir, 'proxy.pid'), 'utf8'));
    await rm(dir, { recursive: true });
    await open().apply({ ...tableOf(1, []) });
    for (let i = 0; i < 15; i += 1) {
      expect((await send(port)).body).toBe('a');
      await wait(100);
    }
    await until(() => !isAlive(pid));
    expect((await open().look()).revision).toBe(1);
    await open().stop(0);
    await rm(dir, { recursive: true });
  });

  it('is gone after an ordered stop, with its table', async () => {
    await place.open().apply(tableFor(1, await place.instance('a')));
    const [pid, port] = [await place.pid(), await portOf()];
    await place.open().stop(100);
    expect(isAlive(pid)).toBe(false);
    await expect(send(port)).rejects.toThrow('ECONNREFUSED');
    expect((await readdir(place.dir)).sort()).toEqual(['proxy.lock', 'proxy.log']);
  });
});

describe('a control plane that comes back', () => {
  it('is told what it missed when it was away too long', async () => {
    const balancer = place.open();
    await balancer.apply(tableFor(1, await place.instance('a')));
    const cursor = (await balancer.observe(null)).cursor;
    for (let i = 0; i < 5; i += 1) {
      await place.send();
      const { closedUpTo } = await balancer.observe(null);
      await until(async () => (await balancer.observe(null)).closedUpTo > closedUpTo);
    }
    await until(async () => (await place.open().observe(cursor)).cursor.seq === 5);
    const { lost, cells } = await place.open().observe(cursor);
    expect([lost, cells.length]).toEqual([2, 3]);
  });
});

describe('a folder', () => {
  it('whose path is too long for a socket is refused in words', () => {
    const dir = join(place.dir, 'x'.repeat(90));
    expect(() => embeddedBalancer({ dir })).toThrow(/has 1\d\d bytes; a unix socket can have at most 10\d/);
  });

  it('in which no proxy can be started says why, with the last lines of the log', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'friday-proxy-'));
    const failed = embeddedBalancer({ dir, limits: { connections: -1 } }).apply(tableOf(1, []));
    await expect(failed).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('it ended with exit status 2'),
      detail: { evidence: [expect.stringContaining('--limit connections=-1 is wrong')] },
    });
    const missing = embeddedBalancer({ dir, nodePath: '/no/such/node' }).apply(tableOf(1, []));
    await expect(missing).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('ENOENT') });
    await rm(dir, { recursive: true });
  });
});

describe('the control socket', () => {
  const socket = () => join(place.dir, 'proxy.sock');

  it('answers problems in words', async () => {
    await place.open().apply(tableOf(1, []));
    await expect(ask(socket(), 'PUT', '/table', '{')).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('not JSON'),
    });
    await expect(ask(socket(), 'PUT', '/table', '{"revision":-1}')).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('table.revision'),
    });
    await expect(ask(socket(), 'GET', '/nothing')).rejects.toMatchObject({ code: 'not-found' });
    await expect(ask(socket(), 'GET', '/observations?boot=x&after=-1')).rejects.toMatchObject({ code: 'invalid' });
    await expect(ask(socket(), 'POST', '/stop?grace=soon')).rejects.toMatchObject({ code: 'invalid' });
  });

  it('tells per instance what is open, what came and what failed', async () => {
    await place.open().apply(tableFor(1, await place.instance('a', 'fails')));
    await place.send();
    expect(await ask(socket(), 'GET', '/status')).toMatchObject({
      targets: { a: { open: 0, requests: 1, failures: 1 } },
    });
  });
});

const MAIN = resolve(import.meta.dirname, '../../../proxy/main.ts');

/** A control plane in one line: applies a table, says so, and waits. */
const STARTER = `
  import { embeddedBalancer } from './src/adapters/balancer/embedded/balancer.ts';
  const [dir, table] = process.argv.slice(1);
  await embeddedBalancer({ dir }).apply(JSON.parse(table));
  console.log('applied');
  setInterval(() => undefined, 1000);
`;
