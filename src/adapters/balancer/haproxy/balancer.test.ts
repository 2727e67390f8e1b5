// HAProxy and its keeper as processes: killed, adopted, reloaded under traffic; and what failures count as.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeWith } from '../../../../test/engines.ts';
import type { Observations, ServiceTraffic, Target } from '../../../core/traffic.ts';
import {
  deadTarget,
  outsideIn,
  seenIn,
  send,
  startInstance,
  sumOf,
  tableOf,
  traffic,
  until,
} from '../../../proxy/fixture.ts';
import { type HaproxyPlace, haproxyPlace } from './fixture.ts';

let place: HaproxyPlace;
let ends: (() => Promise<void>)[];
let revision: number;
beforeEach(async () => {
  place = await haproxyPlace();
  ends = [];
  revision = 0;
});
afterEach(async () => {
  await place.remove();
  for (const end of ends) await end();
});

const isAlive = (pid: number) => {
  try {
    // What has ended and was not asked for yet has no command line.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
};
const killed = async (pid: number) => {
  process.kill(pid, 'SIGKILL');
  await until(() => !isAlive(pid));
};
const apply = (...services: Partial<ServiceTraffic>[]) => {
  revision += 1;
  return place.open().apply(
    tableOf(
      revision,
      services.map((one) => traffic(one)),
    ),
  );
};
const targetOf = async (listener: RequestListener): Promise<Target> => {
  const instance = await startInstance('odd', listener);
  ends.push(() => instance.kill());
  return instance.target;
};
const portOf = async () => (await place.open().look()).listening[0]?.port ?? 0;
/** Everything that was sent until now. */
const counted = async (): Promise<Observations> => {
  const now = Math.ceil(Date.now() / 1000);
  await until(async () => (await place.open().observe(null)).closedUpTo >= now);
  return place.open().observe(null);
};
const side = (version: number, ...targets: Target[]) => ({ version, targets });

describeWith('haproxy', 'HAProxy as processes', () => {
  it('keeps its files to their owner', async () => {
    await apply();
    expect((await stat(place.dir)).mode & 0o777).toBe(0o700);
    for (const file of await readdir(place.dir)) {
      expect([file, (await stat(join(place.dir, file))).mode & 0o077]).toEqual([file, 0]);
    }
  });

  it('goes on when whoever started it is killed, and is adopted by the next', async () => {
    const a = await place.instance('a');
    const table = JSON.stringify(tableOf(5, [traffic({ stable: side(1, a) })]));
    const parent = spawn(process.execPath, ['--input-type=module', '-e', STARTER, place.dir, table], {
      cwd: resolve(import.meta.dirname, '../../../..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((done) => parent.stdout.once('data', done));
    const pids = await place.pids();
    const ended = new Promise((done) => parent.once('exit', done));
    parent.kill('SIGKILL');
    await ended;
    expect((await place.send()).instance).toBe('a');
    revision = 5;
    await apply({ stable: side(1, await place.instance('b')) });
    expect((await place.send()).instance).toBe('b');
    expect(await place.pids()).toEqual(pids);
  });

  it('routes without its keeper, and the next keeper takes it over', async () => {
    const a = await place.instance('a');
    await apply({ stable: side(1, a) });
    const port = await portOf();
    const before = await place.pids();
    await killed(before.keeper);
    expect((await send(port)).body).toBe('a');
    await expect(place.open().look()).rejects.toMatchObject({ code: 'unavailable' });
    await apply({ stable: side(1, await place.instance('b')) });
    expect((await send(port)).body).toBe('b');
    const after = await place.pids();
    expect([after.haproxy, after.keeper === before.keeper]).toEqual([before.haproxy, false]);
    await send(port);
    expect(sumOf((await counted()).cells, 'stable').requests).toBeGreaterThanOrEqual(2);
  });

  it('is ended by stop also when its keeper was killed', async () => {
    await apply();
    const { keeper, haproxy } = await place.pids();
    await killed(keeper);
    await place.open().stop(0);
    expect(isAlive(haproxy)).toBe(false);
  });

  it('is started again with its table when it was killed, on the port it had', async () => {
    await apply({ stable: side(1, await place.instance('a')) });
    const port = await portOf();
    const { haproxy } = await place.pids();
    await killed(haproxy);
    await until(() =>
      send(port).then(
        ({ body }) => body === 'a',
        () => false,
      ),
    );
    expect((await place.pids()).haproxy).not.toBe(haproxy);
  });

  it('loses and miscounts no request while services come and go and weights change', async () => {
    const [a, b, c] = [await place.instance('a'), await place.instance('b'), await place.instance('c')];
    const web = { weight: 50, stable: side(1, a), candidate: side(2, b) };
    await apply({ ...web, epoch: 1 });
    const port = await portOf();
    let isOver = false;
    let sent = 0;
    const bad: number[] = [];
    const lane = async () => {
      while (!isOver) {
        sent += 1;
        const { status } = await send(port);
        if (status !== 200) bad.push(status);
      }
    };
    const lanes = Promise.all(Array.from({ length: 8 }, lane));
    for (let epoch = 2; epoch < 6; epoch += 1) {
      const other = { service: 'other', routes: [{ host: 'other', path: '/' }], internalPort: await place.freePort() };
      await apply({ ...web, epoch, weight: epoch * 10 }, { ...other, stable: side(1, c) });
      await apply({ ...web, epoch, weight: epoch * 10, stable: side(1, a, c) });
    }
    isOver = true;
    await lanes;
    const { cells, lost } = await counted();
    expect([bad, lost]).toEqual([[], 0]);
    const [stable, candidate] = [sumOf(cells, 'stable'), sumOf(cells, 'candidate')];
    expect(stable.requests + candidate.requests).toBe(sent);
    expect(stable.latencies + candidate.latencies).toBe(sent);
    expect(seenIn(cells)).toEqual({ answers: sent, failures: 0, refused: 0 });
    expect([stable.failures, candidate.failures].map(({ connection, deadline }) => connection + deadline)).toEqual([
      0, 0,
    ]);
  });
});

describeWith('haproxy', 'with HAProxy a request', () => {
  it('whose instance refuses it is answered by another one, and is a failure all the same', async () => {
    const [dead, a] = [await deadTarget('dead'), await place.instance('a')];
    await apply({ stable: side(1, dead, a) });
    const port = await portOf();
    for (let i = 0; i < 20; i += 1) expect((await send(port)).body).toBe('a');
    const { requests, failures } = sumOf((await counted()).cells, 'stable');
    expect(requests).toBe(20);
    expect(failures.connection).toBeGreaterThan(0);
    expect(failures.connection).toBeLessThan(20);
  });

  it('whose only instance is dead is answered 502', async () => {
    await apply({ stable: side(1, await deadTarget('dead')) });
    expect((await send(await portOf())).status).toBe(502);
    const { cells } = await counted();
    expect(sumOf(cells, 'stable').failures).toEqual({ status: 0, timeout: 0, connection: 1, deadline: 0 });
    expect(seenIn(cells)).toEqual({ answers: 1, failures: 1, refused: 0 });
  });

  it('that has no head in time is answered 504; one that hangs longer than the deadline is one failure', async () => {
    const slow = await targetOf((_, response) => setTimeout(() => response.end('late'), 1500));
    const limits = { deadlineMs: 5000, timeoutMs: 300, holdRequests: 1, holdMs: 1 };
    await apply({ limits, stable: side(1, slow) });
    expect((await send(await portOf())).status).toBe(504);
    await apply({ epoch: 2, limits: { ...limits, deadlineMs: 300, timeoutMs: 5000 }, stable: side(1, slow) });
    const open = send(await portOf());
    await until(async () => sumOf((await place.open().observe(null)).cells, 'stable').failures.deadline === 1);
    expect((await open).body).toBe('late');
    const { cells } = await counted();
    expect(sumOf(cells, 'stable')).toMatchObject({
      requests: 2,
      failures: { status: 0, timeout: 1, connection: 0, deadline: 1 },
    });
    expect(seenIn(cells)).toEqual({ answers: 2, failures: 1, refused: 0 });
  });

  it('whose answer is cut is a failure; one whose client left is none', async () => {
    const cutting = await targetOf(({ url }, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('some');
      if (url === '/cut') setTimeout(() => response.destroy(), 50);
    });
    await apply({ stable: side(1, cutting) });
    const port = await portOf();
    await expect(send(port, '/cut')).rejects.toThrow();
    const client = connect(port, '127.0.0.1', () => client.write('GET /left HTTP/1.1\r\nhost: x\r\n\r\n'));
    await new Promise((done) => client.once('data', done));
    client.destroy();
    const { cells } = await counted();
    expect(sumOf(cells, 'stable')).toMatchObject({ requests: 2, failures: { connection: 1, status: 0 } });
    expect(seenIn(cells)).toEqual({ answers: 2, failures: 1, refused: 0 });
  });

  it('for an event stream is final with its head, and the stream goes on over a reload', async () => {
    const streaming = await targetOf((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => response.write('data: 1\n\n'), 100);
      response.on('close', () => clearInterval(timer));
    });
    await apply({ stable: side(1, streaming) });
    const client = connect(await portOf(), '127.0.0.1', () => {
      client.write('GET / HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n');
    });
    let bytes = 0;
    let isEnded = false;
    client.on('data', (chunk) => {
      bytes += chunk.length;
    });
    client.on('close', () => {
      isEnded = true;
    });
    await until(() => bytes > 0);
    await apply({ stable: side(1, streaming) }, { service: 'other', routes: [], internalPort: await place.freePort() });
    const before = bytes;
    await until(() => bytes > before);
    expect((await place.open().look()).open).toEqual({ odd: 1 });
    const { cells } = await counted();
    expect(sumOf(cells, 'stable')).toMatchObject({ requests: 1, failures: { connection: 0, deadline: 0 } });
    expect(isEnded).toBe(false);
    client.destroy();
  });

  it('that is a download or an upgraded connection goes on over reloads', async () => {
    const chunks = 20;
    const instance = await startInstance('long', (_, response) => {
      let sent = 0;
      const timer = setInterval(() => {
        sent += 1;
        response.write('x'.repeat(1000));
        if (sent < chunks) return;
        clearInterval(timer);
        response.end();
      }, 100);
    });
    ends.push(() => instance.kill());
    instance.server.on('upgrade', (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    const web = { stable: side(1, instance.target) };
    await apply(web);
    const port = await portOf();
    const client = connect(port, '127.0.0.1', () => {
      client.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
    });
    await new Promise((done) => client.once('data', done));
    const download = send(port);
    for (let i = 0; i < 2; i += 1) {
      const other = { service: `other-${i}`, routes: [], internalPort: await place.freePort() };
      await apply(web, { ...other, stable: side(1, instance.target) });
      const echo = new Promise<Buffer>((done) => client.once('data', done));
      client.write(`hello ${i}`);
      expect((await echo).toString()).toBe(`hello ${i}`);
    }
    const { status, body } = await download;
    expect([status, body.length]).toEqual([200, chunks * 1000]);
    client.destroy();
    const { cells } = await counted();
    expect(sumOf(cells, 'stable')).toMatchObject({ requests: 1, failures: { connection: 0, deadline: 0 } });
  });

  it('that upgrades its connection is in no arm, and its instance is told as busy', async () => {
    const instance = await startInstance('up');
    ends.push(() => instance.kill());
    instance.server.on('upgrade', (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    await apply({ stable: side(1, instance.target) });
    const client = connect(await portOf(), '127.0.0.1', () => {
      client.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
    });
    const head = await new Promise<Buffer>((done) => client.once('data', done));
    expect(head.toString()).toContain('101');
    const echo = new Promise<Buffer>((done) => client.once('data', done));
    client.write('hello');
    expect((await echo).toString()).toBe('hello');
    expect((await place.open().look()).open).toEqual({ up: 1 });
    const { cells } = await counted();
    expect([sumOf(cells, 'stable').requests, outsideIn(cells).requests, seenIn(cells).answers]).toEqual([0, 0, 1]);
    client.destroy();
  });

  it('waits for no longer than it may, and no more of them than may', async () => {
    const limits = { deadlineMs: 3000, timeoutMs: 3000, holdRequests: 2, holdMs: 600 };
    await apply({ limits, isComing: true, stable: side(1) });
    const port = await portOf();
    const began = performance.now();
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map(async () => [(await send(port)).status, performance.now() - began]),
    );
    expect(answers.map(([status]) => status)).toEqual([503, 503, 503, 503, 503]);
    expect(answers.filter(([, ms = 0]) => ms >= 550).length).toBe(2);
    expect(seenIn((await counted()).cells).refused).toBe(5);
  });

  it('tells its instance who asked, how, and for which trace', async () => {
    const heads: Record<string, unknown>[] = [];
    const listening = await targetOf(({ headers }, response) => {
      heads.push(headers);
      response.end();
    });
    await apply({ stable: side(4, listening) });
    const trace = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';
    const port = await portOf();
    await send(port, '/', { headers: { host: 'shop.test', traceparent: trace, 'x-friday-version': 'none' } });
    await send(port);
    expect(heads[0]).toMatchObject({
      host: 'shop.test',
      'x-forwarded-host': 'shop.test',
      'x-forwarded-proto': 'http',
      'x-forwarded-for': '127.0.0.1',
      'x-friday-version': 'v4',
      traceparent: trace,
    });
    expect(heads[1]?.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  it('goes to the service with the longest path of its host, else of any host', async () => {
    const [web, api, other] = [await place.instance('web'), await place.instance('api'), await place.instance('other')];
    await apply(
      {
        service: 'web',
        routes: [{ host: '*', path: '/' }],
        internalPort: await place.freePort(),
        stable: side(1, web),
      },
      {
        service: 'api',
        routes: [{ host: '*', path: '/api' }],
        internalPort: await place.freePort(),
        stable: side(1, api),
      },
      {
        service: 'other',
        routes: [{ host: 'other.test', path: '/' }],
        internalPort: await place.freePort(),
        stable: side(1, other),
      },
    );
    const port = await portOf();
    const at = async (path: string, host = 'x') => (await send(port, path, { headers: { host } })).body;
    expect([await at('/'), await at('/api'), await at('/api/1?a=b'), await at('/apix')]).toEqual([
      'web',
      'api',
      'api',
      'web',
    ]);
    expect(await at('/api', 'Other.Test:8080')).toBe('other');
  });
});

/** A control plane in one line: applies a table, says so, and waits. */
const STARTER = `
  import { haproxyBalancer } from './src/adapters/balancer/haproxy/balancer.ts';
  const [dir, table] = process.argv.slice(1);
  await haproxyBalancer({ dir }).apply(JSON.parse(table));
  console.log('applied');
  setInterval(() => undefined, 1000);
`;
