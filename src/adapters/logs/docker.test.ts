// Tests of the logs of containers, on a real engine.
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWith } from '../../../test/engines.ts';
import type { LogLine, LogQuery, Logs } from '../../ports/logs.ts';
import { newWorld, programSpec, started, type World } from '../runtime/docker/fixture.ts';
import { newTestEngine, type TestEngine } from '../runtime/engine/fixture.ts';
import { until, untilSeen } from '../runtime/process/fixture.ts';
import { dockerLogs } from './docker.ts';

const RUNNING = { port: null, readiness: { type: 'running' as const } };
/** Writes a line each time that somebody sends it SIGUSR2. */
const TALKER = `let n = 0; console.log('begin'); console.error('ERROR first'); process.on('SIGUSR2', () => console.log('line ' + ++n)); process.on('SIGTERM', () => { console.log('end'); process.exit(0) }); setInterval(() => 0, 1000);`;

describeWith('docker', 'the logs of containers', () => {
  let place: TestEngine;
  let world: World;
  let logs: Logs;
  beforeAll(async () => {
    place = await newTestEngine();
  });
  afterAll(() => place.remove());
  beforeEach(() => {
    world = newWorld(place);
    logs = dockerLogs({ engine: world.runtime.engine, project: world.project, dir: world.dir });
  });
  afterEach(() => world.close());

  const start = async (version = 1, name = 'web') => {
    await started(world.runtime, { ...programSpec(world, TALKER, {}, RUNNING), name }, undefined, version);
    await until(async () => (await texts({ version, service: name })).length >= 2);
  };
  const texts = async (query: LogQuery) => (await logs.read(query)).map(({ text }) => text);
  const poke = (id: string) =>
    place.engine.order('POST', `/containers/${world.project}-${id}/kill`, { query: { signal: 'SIGUSR2' } });
  const end = async (id: string) => {
    await world.runtime.stop(id);
    await untilSeen(world.runtime, id, ({ state }) => state === 'exited');
    await world.runtime.remove(id);
  };

  it('are read with times and levels, oldest first, from both outputs', async () => {
    await start();
    const lines = await logs.read({});
    expect(lines.map(({ text }) => text).sort()).toEqual(['ERROR first', 'begin']);
    expect(lines.find(({ text }) => text === 'ERROR first')).toMatchObject({
      service: 'web',
      version: 1,
      instance: 'web-v1-1',
      level: 'error',
    });
    expect(lines[0]?.at).toBeGreaterThan(Date.now() - 60_000);
    expect(await texts({ level: 'error' })).toEqual(['ERROR first']);
    expect(await texts({ pattern: 'BEG' })).toEqual(['begin']);
    expect(await texts({ lines: 1 })).toHaveLength(1);
    expect(await texts({ lines: 0 })).toEqual([]);
    expect(await texts({ service: 'other' })).toEqual([]);
    expect(await texts({ untilMs: Date.now() - 3_600_000 })).toEqual([]);
    expect(await texts({ sinceMs: Date.now() - 3_600_000 })).toHaveLength(2);
  });

  it('of a removed instance are still there', async () => {
    await start();
    await end('web-v1-1');
    expect(await texts({ instance: 'web-v1-1' })).toContain('end');
    await start(2);
    expect((await logs.read({ service: 'web' })).map(({ version }) => version)).toEqual([1, 1, 1, 2, 2]);
    expect((await logs.read({ version: 2 })).every(({ instance }) => instance === 'web-v2-1')).toBe(true);
  });

  it('are followed: what was, then what comes, also from instances that start later', async () => {
    await start();
    const stop = new AbortController();
    const seen: LogLine[] = [];
    const following = (async () => {
      for await (const line of logs.follow({ lines: 1, pattern: 'i' }, stop.signal)) seen.push(line);
    })();
    await until(() => seen.length === 1);
    await poke('web-v1-1');
    await until(() => seen.some(({ text }) => text === 'line 1'));
    await start(1, 'api');
    await poke('api-v1-1');
    await until(() => seen.some(({ text, service }) => text === 'line 1' && service === 'api'));
    await poke('web-v1-1');
    await until(() => seen.some(({ text }) => text === 'line 2'));
    stop.abort();
    await following;
    const web = seen.filter(({ service }) => service === 'web').map(({ text }) => text);
    expect(web.slice(1)).toEqual(['line 1', 'line 2']);
  });
});
