// How the process of the control plane ends, what systemd hears, and the ports that it finds.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { upOrder } from '../api/examples.ts';
import type { Control } from '../control/api.ts';
import { watchEnding } from './ending.ts';
import { createWorld } from './fixture.ts';
import { freePorts } from './free-port.ts';
import { createLife, onSignals, surviveBugs, whenDue } from './life.ts';
import { notifySystemd } from './notify.ts';

const order = { by: 'ana', reason: '' };
const silent = { ready: async () => {}, stopping: async () => {} };

describe('the end after the last service', () => {
  function watched(over: Partial<Control> = {}) {
    const state = { isEmpty: false };
    const ending = watchEnding({ ...createWorld().control, ...over, isEmpty: () => state.isEmpty });
    return { state, ending };
  }

  it('is due when everything was asked to stop and is gone', async () => {
    const { state, ending } = watched();
    state.isEmpty = true;
    expect(ending.isDue()).toBe(false);
    state.isEmpty = false;
    await ending.control.down([], order);
    expect(ending.isDue()).toBe(false);
    state.isEmpty = true;
    expect(ending.isDue()).toBe(true);
  });

  it('is not due when something was left out', async () => {
    const { state, ending } = watched({ down: async () => ({ services: ['api'], isLast: false }) });
    await ending.control.down(['api'], order);
    state.isEmpty = true;
    expect(ending.isDue()).toBe(false);
  });

  it('is not due while an order is at work that will start something', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const up: Control['up'] = async () => {
      await promise;
      return { isDryRun: false, changes: [], listen: null };
    };
    const { state, ending } = watched({ up });
    await ending.control.down([], order);
    const upping = ending.control.up({
      ...order,
      project: upOrder.project as never,
      services: [],
      isDryRun: false,
      removesOrphans: false,
      isForced: false,
    });
    state.isEmpty = true;
    expect(ending.isDue()).toBe(false);
    resolve();
    await upping;
    expect(ending.isDue()).toBe(true);
  });

  it('is noticed once', async () => {
    let isDue = false;
    let acted = 0;
    const stop = whenDue(
      () => isDue,
      () => {
        acted += 1;
      },
      5,
    );
    await sleep(20);
    isDue = true;
    await sleep(40);
    stop();
    expect(acted).toBe(1);
  });
});

describe('the life of the process', () => {
  it('ends once, closing what was opened last first, though something cannot be closed', async () => {
    const logged: Readonly<Record<string, unknown>>[] = [];
    const life = createLife((entry) => logged.push(entry), silent);
    const closed: string[] = [];
    const stack = new AsyncDisposableStack();
    for (const name of ['store', 'loop', 'socket']) stack.defer(() => void closed.push(name));
    stack.defer(() => {
      throw new Error('no');
    });
    const early = life.stop('SIGTERM');
    life.keep(stack);
    await Promise.all([early, life.stop('again'), life.ended]);
    expect(closed).toEqual(['socket', 'loop', 'store']);
    expect(logged).toMatchObject([{ why: 'SIGTERM' }, { level: 'error', error: 'no' }]);
  });

  it('hears signals instead of whoever heard them before, until it is over', () => {
    const heard: string[] = [];
    const before = () => heard.push('before');
    process.on('SIGHUP', before);
    const end = onSignals((signal) => heard.push(signal));
    process.emit('SIGHUP', 'SIGHUP');
    end();
    process.emit('SIGHUP', 'SIGHUP');
    process.off('SIGHUP', before);
    expect(heard).toEqual(['SIGHUP', 'before']);
  });

  it('survives a bug that nobody caught, and logs it', async () => {
    const logged: Readonly<Record<string, unknown>>[] = [];
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    const end = surviveBugs((entry) => logged.push(entry));
    void Promise.reject(new TypeError('x is not a function'));
    await sleep(10);
    end();
    for (const other of others) process.on('unhandledRejection', other);
    expect(logged).toMatchObject([{ level: 'error', error: expect.stringContaining('x is not a function') }]);
  });
});

describe('systemd', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'friday-notify-'));
    writeFileSync(join(dir, 'systemd-notify'), `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${dir}/heard\n`);
    chmodSync(join(dir, 'systemd-notify'), 0o755);
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const heard = () => readFileSync(join(dir, 'heard'), 'utf8').trim().split('\n');

  it('hears when it is ready, that it lives, and when it stops; no instance inherits its variables', async () => {
    const environment: Record<string, string | undefined> = {
      PATH: `${dir}:/bin:/usr/bin`,
      NOTIFY_SOCKET: '/run/s',
      WATCHDOG_USEC: '200000',
      WATCHDOG_PID: '7',
    };
    const notify = notifySystemd(environment, 7, () => {});
    await notify.ready('shop: http://127.0.0.1:4747');
    await sleep(350);
    await notify.stopping();
    const lines = heard();
    await sleep(250);
    expect(heard()).toHaveLength(lines.length);
    expect(lines[0]).toBe('/run/s --pid=7 --ready --status=shop: http://127.0.0.1:4747');
    expect(lines.at(-1)).toBe('/run/s --pid=7 STOPPING=1');
    expect(lines.slice(1, -1).length).toBeGreaterThanOrEqual(2);
    expect(new Set(lines.slice(1, -1))).toEqual(new Set(['/run/s --pid=7 WATCHDOG=1']));
    expect(environment).toEqual({ PATH: environment.PATH });
  });

  it('is left alone when it did not start us, and its watchdog when it is for another process', async () => {
    const other = notifySystemd({ PATH: `${dir}:/bin` }, 7, () => {});
    await other.ready('x');
    await other.stopping();
    expect(existsSync(join(dir, 'heard'))).toBe(false);
    const environment = { PATH: `${dir}:/bin`, NOTIFY_SOCKET: '/run/s', WATCHDOG_USEC: '20000', WATCHDOG_PID: '8' };
    const notify = notifySystemd(environment, 7, () => {});
    await notify.ready('x');
    await sleep(50);
    expect(heard()).toHaveLength(1);
  });

  it('that cannot be told is in the log, and nothing else happens', async () => {
    const logged: Readonly<Record<string, unknown>>[] = [];
    const notify = notifySystemd({ PATH: '/nowhere', NOTIFY_SOCKET: '/run/s' }, 7, (entry) => logged.push(entry));
    await notify.ready('x');
    expect(logged).toMatchObject([{ level: 'warn', message: 'systemd was not told' }]);
  });
});

describe('free ports', () => {
  it('are between 18000 and 19999, free, and given once', async () => {
    const next = freePorts();
    const ports = await Promise.all(Array.from({ length: 50 }, () => next()));
    expect(new Set(ports).size).toBe(50);
    expect(ports.every((port) => port >= 18_000 && port <= 19_999)).toBe(true);
    const server = createServer().listen(ports[0], '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    await new Promise((resolve) => server.close(resolve));
  });
});
