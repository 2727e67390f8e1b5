// Tests of logs from the files of a process runtime, with real instances.
import { existsSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogLine, LogQuery, Logs } from '../../ports/logs.ts';
import { newWorld, running, specOf, until, untilSeen, type World, write } from '../runtime/process/fixture.ts';
import { fileLogs } from './files.ts';

/** Says what is written to the file `say` in its folder, then empties it. */
const PARROT = `
  import { readFileSync, writeFileSync, writeSync } from 'node:fs';
  writeSync(1, 'INFO up ' + process.env.FRIDAY_LABEL + '\\n');
  setInterval(() => {
    let said = '';
    try { said = readFileSync(process.env.SAY, 'utf8'); } catch {}
    if (said === '') return;
    writeFileSync(process.env.SAY, '');
    writeSync(1, said);
  }, 5);
`;

describe('logs from files', () => {
  let world: World;
  let logs: Logs;
  const aborts: AbortController[] = [];
  beforeEach(() => {
    world = newWorld({ output: { fullBytes: 2000, removedBytes: 5000 } });
    logs = fileLogs(world.dir);
  });
  afterEach(async () => {
    for (const abort of aborts.splice(0)) abort.abort();
    await world.close();
  });

  const mouth = (id: string) => join(world.root, `say-${id}`);
  const parrot = async (name: string, version: number) => {
    const id = `${name}-v${version}-1`;
    const environment = { SAY: mouth(id), FRIDAY_LABEL: id };
    const context = world.folder({ 'server.mjs': PARROT });
    await running(world.runtime, specOf(context, { name, environment, readiness: { type: 'running' } }), version);
    await until(async () => (await world.runtime.tail(id, 1)).length === 1);
    return id;
  };
  const say = async (id: string, text: string) => {
    writeFileSync(mouth(id), text);
    const last = text.trimEnd().split('\n').at(-1);
    await until(async () => (await world.runtime.tail(id, 1))[0] === last);
  };
  const end = async (id: string) => {
    await world.runtime.stop(id);
    await untilSeen(world.runtime, id, ({ state }) => state === 'exited');
    await world.runtime.remove(id);
  };
  const texts = async (query: LogQuery) => (await logs.read(query)).map(({ text }) => text);
  const follow = (query: LogQuery) => {
    const abort = new AbortController();
    aborts.push(abort);
    const seen: LogLine[] = [];
    const done = (async () => {
      for await (const line of logs.follow(query, abort.signal)) seen.push(line);
    })();
    return { seen, texts: () => seen.map(({ text }) => text), abort, done };
  };

  it('reads lines of all services in order of time, with version, instance and level', async () => {
    const before = Date.now();
    const api = await parrot('api', 3);
    await new Promise((resolve) => setTimeout(resolve, 600));
    const web = await parrot('web', 1);
    const lines = await logs.read({});
    expect(lines).toEqual([
      { at: expect.any(Number), service: 'api', version: 3, instance: api, level: 'info', text: `INFO up ${api}` },
      { at: expect.any(Number), service: 'web', version: 1, instance: web, level: 'info', text: `INFO up ${web}` },
    ]);
    for (const { at } of lines) {
      expect(at).toBeGreaterThanOrEqual(before - 1000);
      expect(at).toBeLessThanOrEqual(Date.now() + 1000);
    }
  });

  it('narrows by service, version, instance, pattern, level and number of lines', async () => {
    const [one, two, web] = [await parrot('api', 1), await parrot('api', 2), await parrot('web', 1)];
    await say(one, 'plain Currency\nERROR currency (a.b)\n');
    await say(two, 'WARN axb\n');
    expect(await texts({ service: 'api', version: 2 })).toEqual([`INFO up ${two}`, 'WARN axb']);
    expect(await texts({ instance: web })).toEqual([`INFO up ${web}`]);
    expect(await texts({ pattern: 'CURRENCY' })).toEqual(['plain Currency', 'ERROR currency (a.b)']);
    expect(await texts({ pattern: 'a.b' })).toEqual(['ERROR currency (a.b)']);
    expect((await texts({ level: 'warn' })).sort()).toEqual(['ERROR currency (a.b)', 'WARN axb']);
    expect(await texts({ service: 'api', version: 1, lines: 1 })).toEqual(['ERROR currency (a.b)']);
    expect(await texts({ lines: 0 })).toEqual([]);
    expect(await texts({ service: 'nobody' })).toEqual([]);
  });

  it('reads by time', async () => {
    const id = await parrot('api', 1);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const between = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 1200));
    await say(id, 'later\n');
    expect(await texts({ sinceMs: between })).toEqual(['later']);
    expect(await texts({ untilMs: between })).toEqual([`INFO up ${id}`]);
    expect(await texts({ sinceMs: between, untilMs: between + 1 })).toEqual([]);
  });

  it('keeps the output of a removed instance, without its environment, also over a restart', async () => {
    const id = await parrot('api', 1);
    await say(id, 'last words\n');
    await end(id);
    world.reopen();
    await world.runtime.list();
    expect(await texts({ service: 'api', version: 1 })).toEqual([`INFO up ${id}`, 'last words']);
    const [kept = ''] = readdirSync(join(world.dir, 'logs/api'));
    expect(readdirSync(join(world.dir, 'logs/api', kept)).sort()).toEqual(['about.json', 'output.log', 'output.times']);
  });

  it('finishes a removal that a crash cut off', async () => {
    const id = await parrot('api', 1);
    await world.runtime.stop(id);
    await untilSeen(world.runtime, id, ({ state }) => state === 'exited');
    world.runtime.close();
    const folder = join(world.dir, 'instances', id);
    rmSync(join(folder, 'record.json'));
    expect(await world.reopen().list()).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    expect(await texts({ version: 1 })).toEqual([`INFO up ${id}`]);
  });

  it('keeps a bounded amount of output of removed instances, the newest', async () => {
    for (let version = 1; version <= 4; version += 1) {
      const id = await parrot('api', version);
      await say(id, `${'x'.repeat(3999)}\n`);
      await end(id);
    }
    const left = readdirSync(join(world.dir, 'logs/api')).map((name) => name.split('-')[1]);
    expect(left.length).toBeLessThan(4);
    expect(left).toContain('v4');
    expect(left).not.toContain('v1');
  });

  it('follows: first what was there, then each new line once, over rotations, until aborted', async () => {
    const id = await parrot('api', 1);
    await say(id, 'before 1\nbefore 2\n');
    const { texts: seen, abort, done } = follow({ lines: 2 });
    await until(() => seen().length === 2);
    const said: string[] = [];
    for (let round = 0; round < 30; round += 1) {
      const lines = [1, 2, 3].map((index) => `round ${round} line ${index} ${'.'.repeat(30)}`);
      said.push(...lines);
      await say(id, `${lines.join('\n')}\n`);
    }
    await until(() => seen().length >= 2 + said.length);
    expect(seen()).toEqual(['before 1', 'before 2', ...said]);
    expect(existsSync(join(world.dir, 'instances', id, 'output.log.1'))).toBe(true);
    abort.abort();
    await done;
  });

  it('follows instances that start later, and gives the last words of those that are removed', async () => {
    const first = await parrot('api', 1);
    const { texts: seen } = follow({ service: 'api', lines: 0 });
    const second = await parrot('api', 2);
    await until(() => seen().includes(`INFO up ${second}`));
    writeFileSync(mouth(first), 'unfinished goodbye');
    await until(async () => (await world.runtime.tail(first, 1))[0] === 'unfinished goodbye');
    await end(first);
    await until(() => seen().includes('unfinished goodbye'));
    await parrot('web', 1);
    await say(second, 'ERROR end\n');
    await until(() => seen().includes('ERROR end'));
    expect(seen()).toEqual([`INFO up ${second}`, 'unfinished goodbye', 'ERROR end']);
  });

  it('follows only what is asked for', async () => {
    const id = await parrot('api', 1);
    const { texts: seen } = follow({ pattern: 'pay', level: 'warn', lines: 0 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await say(id, 'ERROR other\nINFO pay\nERROR Pay\npay\nend\n');
    await until(() => seen().length > 0);
    expect(seen()).toEqual(['ERROR Pay']);
  });

  it('answers quickly for the newest lines of much output', async () => {
    const folder = join(world.dir, 'instances/big-v1-1');
    const chunk = `${'INFO line with some words in it\n'.repeat(30_000)}`;
    write(folder, {
      'about.json': '{"id":"big-v1-1","service":"big","version":1}',
      'output.log.1': chunk.repeat(10),
      'output.log': chunk.repeat(10),
      'output.times': '32 1700000000000\n',
    });
    utimesSync(join(folder, 'output.log'), 1_700_000_100, 1_700_000_100);
    const before = performance.now();
    expect((await logs.read({ service: 'big', lines: 100 })).length).toBe(100);
    expect(performance.now() - before).toBeLessThan(300);
  });
});
