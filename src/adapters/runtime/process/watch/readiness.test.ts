// Tests of asking instances whether they are ready, against real servers and commands.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../../../test/ports.ts';
import type { Readiness } from '../../../../core/spec/project.ts';
import { until } from '../fixture.ts';
import { probe } from './probe.ts';
import { type ReadinessWatch, watchReadiness } from './readiness.ts';

const HTTP: Readiness = { type: 'http', path: '/up?x=1', intervalMs: 50, timeoutMs: 800 };
const PORT: Readiness = { type: 'port', intervalMs: 50, timeoutMs: 800 };
const commandOf = (script: string, retries = 2): Readiness => {
  return { type: 'command', command: ['sh', '-c', script], intervalMs: 50, timeoutMs: 400, retries, startPeriodMs: 0 };
};

describe('readiness', () => {
  const servers: Server[] = [];
  const watches: ReadinessWatch[] = [];
  afterEach(() => {
    for (const watch of watches.splice(0)) watch.close();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  const serve = async (listener: RequestListener, port = 0) => {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const asked = (readiness: Readiness, port: number) => {
    return { readiness, port, folder: '/', environment: { PATH: process.env.PATH ?? '', PORT: String(port) } };
  };
  const ask = (readiness: Readiness, port: number) => probe(asked(readiness, port), new AbortController().signal);
  const watch = (readiness: Readiness, port: number, wasReady = false) => {
    const turns: boolean[] = [];
    const one = watchReadiness(asked(readiness, port), wasReady, (isReady) => turns.push(isReady));
    watches.push(one);
    return { turns, reason: one.reason, first: one.first };
  };

  it.each([
    [200, ''],
    [204, ''],
    [301, 'answered 301'],
    [404, 'answered 404'],
    [503, 'answered 503'],
  ])('by HTTP: status %i gives "%s"', async (status, words) => {
    const port = await serve((request, response) => {
      response.statusCode = request.url === '/up?x=1' && request.method === 'GET' ? status : 400;
      response.end();
    });
    expect(await ask(HTTP, port)).toBe(words === '' ? '' : `GET http://127.0.0.1:${port}/up?x=1 ${words}`);
  });

  it('by HTTP: says that nothing listens, that no answer came in time, and that the connection was cut', async () => {
    const closed = await freePort();
    expect(await ask(HTTP, closed)).toContain(`GET http://127.0.0.1:${closed}/up?x=1 was refused`);
    expect(await ask(HTTP, await serve(() => undefined))).toContain('gave no answer within 0.8s');
    expect(await ask(HTTP, await serve((request) => request.socket.destroy()))).toContain('was cut before an answer');
  });

  it('by HTTP: is not held by an endless answer', async () => {
    const port = await serve((_, response) => {
      const timer = setInterval(() => response.write('x'.repeat(10_000)), 2);
      response.on('close', () => clearInterval(timer));
    });
    expect(await ask(HTTP, port)).toBe('');
  });

  it('by port: open or not', async () => {
    expect(await ask(PORT, await serve(() => undefined))).toBe('');
    expect(await ask(PORT, await freePort())).toContain('was refused');
  });

  it('by command: status, last words, missing program, time, variables', async () => {
    expect(await ask(commandOf('test "$PORT" = 4101'), 4101)).toBe('');
    expect(await ask(commandOf('echo one; echo two; exit 3'), 1)).toMatch(/ended with exit status 3: two$/);
    expect(await ask(commandOf('sleep 60'), 1)).toContain('was not done within 0.4s');
    expect(await ask({ ...commandOf(''), command: ['no-such-program'] } as Readiness, 1)).toContain(
      'could not be started',
    );
    const filled = { ...commandOf(''), command: ['sh', '-c', `exit \${PORT}`] } as Readiness;
    expect(await ask(filled, 5)).toContain('ended with exit status 5');
  });

  it('by running: at once', async () => {
    const { turns, reason } = watch({ type: 'running' }, 1);
    expect(reason()).toBe('');
    await until(() => turns.length === 1);
    expect(turns).toEqual([true]);
  });

  it('is found out quickly after the start, though the interval is long', async () => {
    const port = await freePort();
    const { turns, reason } = watch({ ...HTTP, intervalMs: 60_000 } as Readiness, port);
    await until(() => reason().includes('was refused'));
    await serve((_, response) => response.end(), port);
    const before = Date.now();
    await until(() => turns.length > 0);
    expect(Date.now() - before).toBeLessThan(1000);
    expect(reason()).toBe('');
  });

  it('is lost after three failures in a row, not earlier, and comes back with the first success', async () => {
    const statuses = [200, 503, 503, 200, 503, 503, 503, 503, 200];
    let asks = 0;
    const port = await serve((_, response) => {
      response.statusCode = statuses[asks] ?? 200;
      asks += 1;
      response.end();
    });
    const turns: [boolean, number][] = [];
    watches.push(watchReadiness(asked(HTTP, port), false, (isReady) => turns.push([isReady, asks])));
    await until(() => asks > 10);
    expect(turns).toEqual([
      [true, 1],
      [false, 7],
      [true, 9],
    ]);
  });

  it('by command is lost after as many failures as the healthcheck says', async () => {
    const { turns, reason } = watch(commandOf('exit 1', 2), 1, true);
    expect(reason()).toBe('');
    await until(() => turns.length > 0);
    expect(turns).toEqual([false]);
    expect(reason()).toContain('exit status 1');
  });

  it('of an adopted instance outlasts one failure of the first question', async () => {
    let asks = 0;
    const port = await serve((_, response) => {
      asks += 1;
      response.statusCode = asks === 1 ? 503 : 200;
      response.end();
    });
    const { turns, reason, first } = watch(HTTP, port, true);
    await first;
    expect(reason()).toBe('');
    await until(() => asks > 3);
    expect(turns).toEqual([]);
  });

  it('is not asked for any more once closed', async () => {
    let asks = 0;
    const port = await serve((_, response) => {
      asks += 1;
      response.end();
    });
    watch(HTTP, port);
    await until(() => asks > 1);
    for (const one of watches) one.close();
    const before = asks;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(asks - before).toBeLessThanOrEqual(1);
  });
});
