// Tests of what a later control plane makes of instances that an earlier one left, however it ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isGone, newWorld, PORTS, running, SERVER, specOf, until, untilSeen, type World, wanted } from './fixture.ts';
import type { LaunchRecord } from './launch/record.ts';

describe('adoption', () => {
  let world: World;
  const strangers: ChildProcess[] = [];
  beforeEach(() => {
    world = newWorld();
  });
  afterEach(async () => {
    for (const child of strangers.splice(0)) child.kill('SIGKILL');
    await world.close();
  });

  const server = () => world.folder({ 'server.mjs': SERVER });
  const pidOf = async (port: number) => Number(await (await fetch(`http://127.0.0.1:${port}/`)).text());
  const recordFile = join('instances/web-v1-1/record.json');
  const readRecord = () => JSON.parse(readFileSync(join(world.dir, recordFile), 'utf8')) as LaunchRecord;
  const rewrite = (part: Partial<LaunchRecord>) => {
    writeFileSync(join(world.dir, recordFile), JSON.stringify({ ...readRecord(), ...part }));
  };

  it('reports a ready instance ready in its very first list, with the same address', async () => {
    const seen = await running(world.runtime, specOf(server()));
    const pid = await pidOf(seen.port);
    expect((await world.reopen().list())[0]).toEqual({ ...seen, cpu: null, memory: expect.any(Number) });
    expect(await pidOf(seen.port)).toBe(pid);
    await world.runtime.stop(seen.id);
    const ended = await untilSeen(world.runtime, seen.id, ({ state }) => state === 'exited');
    expect(ended.exit).toMatchObject({ code: null, signal: null });
  });

  it('reports an instance ready at once that became ready while nobody looked', async () => {
    const { port } = await running(world.runtime, specOf(server()));
    world.runtime.close();
    rewrite({ wasReady: false });
    expect((await world.reopen().list())[0]).toMatchObject({ state: 'ready', port });
  });

  it('takes over from a control plane that was killed with kill -9 under it', async () => {
    const spec = specOf(server());
    const instance = await wanted(world.runtime, spec);
    world.runtime.close();
    const runtime = pathToFileURL(join(import.meta.dirname, 'runtime.ts')).href;
    const script = `import { processRuntime } from ${JSON.stringify(runtime)};
      const runtime = processRuntime({ dir: ${JSON.stringify(world.dir)}, ports: ${JSON.stringify(PORTS)} });
      await runtime.start(${JSON.stringify(instance)});
      setInterval(async () => console.log(JSON.stringify(await runtime.list())), 50);`;
    writeFileSync(join(world.root, 'plane.mjs'), script);
    const plane = spawn(process.execPath, [join(world.root, 'plane.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
    strangers.push(plane);
    let said = '';
    plane.stdout.on('data', (chunk) => {
      said += chunk;
    });
    await until(() => said.includes('"ready"'));
    const { port } = readRecord();
    const pid = await pidOf(port);
    plane.kill('SIGKILL');
    await new Promise((resolve) => plane.once('exit', resolve));
    expect((await world.reopen().list())[0]).toMatchObject({ id: 'web-v1-1', state: 'ready', port, reason: '' });
    expect(await pidOf(port)).toBe(pid);
    await world.runtime.stop('web-v1-1');
    await untilSeen(world.runtime, 'web-v1-1', ({ state }) => state === 'exited');
    await expect(pidOf(port)).rejects.toThrow();
  });

  it('finds a process that was spawned but never noted', async () => {
    const { port } = await running(world.runtime, specOf(server()));
    const { process: mark } = readRecord();
    world.runtime.close();
    rewrite({ process: null, wasReady: false });
    expect((await world.reopen().list())[0]).toMatchObject({ state: 'ready', port });
    expect(readRecord().process).toEqual(mark);
  });

  it('takes a launch without a process for one that has ended', async () => {
    const { port } = await running(world.runtime, specOf(server()));
    world.runtime.close();
    const pid = await pidOf(port);
    rewrite({ process: null, token: 'ffffffffffffffff' });
    const [seen] = await world.reopen().list();
    expect(seen).toMatchObject({ state: 'exited', exit: { code: null, signal: null } });
    expect(seen?.reason).toContain('no process of it is there');
    process.kill(pid, 'SIGKILL');
  });

  it.each([
    ['start time', (mark: { startTime: string }) => ({ ...mark, startTime: String(Number(mark.startTime) - 1) })],
    ['boot', (mark: { bootId: string }) => ({ ...mark, bootId: '00000000-0000-0000-0000-000000000000' })],
  ])(
    'does not take a process for its own that has the number but another %s, and leaves it alone',
    async (_, change) => {
      await running(world.runtime, specOf(server(), { stopGraceMs: 0 }));
      await world.runtime.stop('web-v1-1');
      await untilSeen(world.runtime, 'web-v1-1', ({ state }) => state === 'exited');
      const stranger = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
      strangers.push(stranger);
      const stat = readFileSync(`/proc/${stranger.pid}/stat`, 'utf8').split(' ');
      const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      const mark = { pid: stranger.pid ?? 0, startTime: stat[21] ?? '', bootId };
      world.runtime.close();
      rewrite({ process: { ...mark, ...change(mark) }, exit: null, stop: null });
      expect((await world.reopen().list())[0]).toMatchObject({ state: 'exited' });
      await world.runtime.stop('web-v1-1');
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    },
  );

  it('does not take the rest of a group for its own that only has the number, and leaves it alone', async () => {
    await running(world.runtime, specOf(server()));
    await world.runtime.stop('web-v1-1');
    await untilSeen(world.runtime, 'web-v1-1', ({ state }) => state === 'exited');
    const leader = spawn('sh', ['-c', 'sleep 60 & echo $!'], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    const rest = await new Promise<number>((resolve) => leader.stdout.once('data', (chunk) => resolve(Number(chunk))));
    await until(() => isGone(leader.pid ?? 0));
    world.runtime.close();
    const mark = { pid: leader.pid ?? 0, startTime: '1', bootId: readRecord().process?.bootId ?? '' };
    rewrite({ process: mark, exit: null, stop: null });
    expect((await world.reopen().list())[0]).toMatchObject({ state: 'exited' });
    expect(isGone(rest)).toBe(false);
    process.kill(rest, 'SIGKILL');
  });

  it('counts a zombie as ended', async () => {
    // Its parent never takes note of its end.
    const parent = spawn(process.execPath, ['-e', ZOMBIE_PARENT], { stdio: ['ignore', 'pipe', 'inherit'] });
    strangers.push(parent);
    const pid = await new Promise<number>((resolve) => parent.stdout.once('data', (chunk) => resolve(Number(chunk))));
    await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '));
    await running(world.runtime, specOf(server()));
    const { port } = readRecord();
    const real = await pidOf(port);
    const startTime = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19] ?? '';
    world.runtime.close();
    rewrite({ process: { ...readRecord().process!, pid, startTime } });
    expect((await world.reopen().list())[0]).toMatchObject({ state: 'exited' });
    process.kill(real, 'SIGKILL');
  });

  it('keeps the deadline of a stop that an earlier control plane began', async () => {
    const script = `process.on('SIGTERM', () => console.log('no')); ${SERVER}`;
    const spec = specOf(world.folder({ 'server.mjs': script }), { stopGraceMs: 1500 });
    await running(world.runtime, spec);
    await world.runtime.stop('web-v1-1');
    const asked = Date.now();
    expect((await world.reopen().list())[0]).toMatchObject({ state: 'stopping' });
    await world.runtime.stop('web-v1-1');
    await untilSeen(world.runtime, 'web-v1-1', ({ state }) => state === 'exited');
    expect(Date.now() - asked).toBeGreaterThan(1300);
    expect(Date.now() - asked).toBeLessThan(4000);
    expect(await world.runtime.tail('web-v1-1', 9)).toEqual(['listening', 'no']);
  });

  it('ends children whose main process died while nobody looked, though nobody knows them', async () => {
    const context = world.folder({
      'server.mjs': `import { spawn } from 'node:child_process';
        const child = spawn('sh', ['-c', 'trap "" TERM; exec sleep 60'], { stdio: 'ignore' });
        console.log('child', child.pid, process.pid); setInterval(() => 0, 1000);`,
    });
    await running(world.runtime, specOf(context, { readiness: { type: 'running' }, stopGraceMs: 300 }));
    await until(async () => (await world.runtime.tail('web-v1-1', 1)).length === 1);
    const [, child, main] = ((await world.runtime.tail('web-v1-1', 1))[0] ?? '').split(' ').map(Number);
    world.runtime.close();
    process.kill(main!, 'SIGKILL');
    await until(() => isGone(main!));
    const [seen] = await world.reopen().list();
    expect(seen?.state).toBe('stopping');
    await untilSeen(world.runtime, 'web-v1-1', ({ state }) => state === 'exited');
    expect(isGone(child!)).toBe(true);
  });

  it('refuses to work when it cannot understand a record, rather than to lose a process', async () => {
    const { port } = await running(world.runtime, specOf(server()));
    const good = readRecord();
    world.runtime.close();
    rewrite({ readiness: { type: 'telepathy' } } as never);
    const list = world.reopen().list();
    await expect(list).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('web-v1-1') });
    expect(await pidOf(port)).toBe(good.process?.pid);
    rewrite(good);
    expect((await world.reopen().list())[0]).toMatchObject({ state: 'ready' });
  });

  it('survives a damaged record', async () => {
    await running(world.runtime, specOf(server()));
    await world.runtime.stop('web-v1-1');
    await untilSeen(world.runtime, 'web-v1-1', ({ state }) => state === 'exited');
    world.runtime.close();
    writeFileSync(join(world.dir, recordFile), '{"id":');
    expect(await world.reopen().list()).toEqual([]);
    rmSync(join(world.dir, 'instances'), { recursive: true });
    expect(await world.reopen().list()).toEqual([]);
  });
});

/** Has a child that ended, and is too busy to notice. */
const ZOMBIE_PARENT = `
  const child = require('node:child_process').spawn('true');
  require('node:fs').writeSync(1, String(child.pid));
  while (true);
`;
