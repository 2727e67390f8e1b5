// Tests of the process runtime's whole life of an instance, with real processes.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../../test/ports.ts';
import { isGone, newWorld, running, SERVER, specOf, until, untilSeen, type World, wanted } from './fixture.ts';
import { processRuntime } from './runtime.ts';

const RUNNING = { readiness: { type: 'running' } } as const;

describe('process runtime', () => {
  let world: World;
  beforeEach(() => {
    world = newWorld();
  });
  afterEach(() => world.close());

  const server = () => world.folder({ 'server.mjs': SERVER });
  const pidOf = async (port: number) => Number(await (await fetch(`http://127.0.0.1:${port}/`)).text());
  const exited = (id = 'web-v1-1') => untilSeen(world.runtime, id, ({ state }) => state === 'exited');

  describe('start', () => {
    it('makes a ready instance in a session of its own, with PORT, a token and nothing that leaks', async () => {
      process.env.SECRET_OF_US = 'leak';
      const script =
        'console.log(JSON.stringify(process.env)); console.error(process.argv[1]); setInterval(() => 0, 1000)';
      const command = [process.execPath, '-e', script, '$PORT-$FRIDAY_SERVICE'];
      const spec = specOf(server(), { ...RUNNING, command });
      const instance = await wanted(world.runtime, spec);
      await world.runtime.start({ ...instance, environment: { FRIDAY_SERVICE: 'web', A: '1' } });
      delete process.env.SECRET_OF_US;
      const { port } = await untilSeen(world.runtime, 'web-v1-1', ({ state }) => state === 'ready');
      await until(async () => (await world.runtime.tail('web-v1-1', 5)).length === 2);
      const [environment = '', words] = await world.runtime.tail('web-v1-1', 5);
      expect(words).toBe(`${port}-web`);
      const { FRIDAY_LAUNCH: token, ...rest } = JSON.parse(environment);
      expect(token).toMatch(/^[0-9a-f]{16}$/);
      expect(rest).toMatchObject({ PORT: String(port), FRIDAY_SERVICE: 'web', A: '1', PATH: process.env.PATH });
      const known = ['PORT', 'FRIDAY_SERVICE', 'A', 'PATH', 'HOME', 'LANG', 'TMPDIR', 'TZ'];
      expect(Object.keys(rest).filter((name) => !known.includes(name))).toEqual([]);
      const record = JSON.parse(readFileSync(join(world.dir, 'instances/web-v1-1/record.json'), 'utf8'));
      const session = execFileSync('ps', ['-o', 'pgid=,sid=,tty=', '-p', record.process.pid], { encoding: 'utf8' });
      expect(session.trim().split(/\s+/)).toEqual([String(record.process.pid), String(record.process.pid), '?']);
    });

    it('does nothing for one that runs, and starts one that exited afresh, with another port', async () => {
      const spec = specOf(server());
      const first = await running(world.runtime, spec);
      const instance = await wanted(world.runtime, spec);
      await Promise.all([world.runtime.start(instance), world.runtime.start(instance)]);
      expect(await pidOf(first.port)).toBe(await pidOf((await world.runtime.list())[0]!.port));
      process.kill(await pidOf(first.port), 'SIGKILL');
      expect((await exited()).exit).toMatchObject({ code: null, signal: 'SIGKILL' });
      await world.runtime.start(instance);
      const second = await untilSeen(world.runtime, 'web-v1-1', ({ state }) => state === 'ready');
      expect(second.exit).toBeNull();
      expect(second.port).not.toBe(first.port);
      expect(second.startedAt).toBeGreaterThan(first.startedAt);
    });

    it('runs the snapshot, whatever happens to the working tree', async () => {
      const context = server();
      const spec = specOf(context);
      const instance = await wanted(world.runtime, spec);
      rmSync(context, { recursive: true });
      await world.runtime.start(instance);
      await untilSeen(world.runtime, 'web-v1-1', ({ state }) => state === 'ready');
    });

    it('gives a service without code a folder of its own that outlives it', async () => {
      const spec = specOf(null, { ...RUNNING, name: 'store', command: ['sh', '-c', 'echo x >> kept; exec sleep 60'] });
      const instance = await wanted(world.runtime, spec);
      for (const round of [1, 2]) {
        await world.runtime.start(instance);
        const file = join(world.dir, 'data/store/kept');
        await until(() => existsSync(file) && readFileSync(file, 'utf8') === 'x\n'.repeat(round));
        await world.runtime.stop(instance.id);
        await exited(instance.id);
        await world.runtime.remove(instance.id);
      }
    });

    it('of a program that cannot run gives an exited instance with the reason in words', async () => {
      const cases: readonly [Parameters<typeof specOf>[1], RegExp][] = [
        [{ command: ['no-such-program'] }, /"no-such-program" was not found in PATH/],
        [{ command: ['./not-there'] }, /"\.\/not-there" was not found\.$/],
        [{ command: ['./server.mjs'] }, /not executable/],
        [{ command: ['true'], workingDir: 'missing' }, /working folder .* does not exist/],
      ];
      for (const [index, [part, words]] of cases.entries()) {
        const instance = await wanted(world.runtime, specOf(server(), part), index + 1);
        await world.runtime.start(instance);
        const seen = await exited(instance.id);
        expect(seen.exit).toMatchObject({ code: null, signal: null });
        expect(seen.reason).toMatch(words);
      }
    });

    it('fails when the revision is not here', async () => {
      const instance = await wanted(world.runtime, specOf(server()));
      rmSync(join(world.dir, 'revisions/web', instance.revision.digest.slice(0, 12)), { recursive: true });
      await expect(world.runtime.start(instance)).rejects.toMatchObject({ code: 'not-found' });
      expect(await world.runtime.list()).toEqual([]);
      await world.runtime.prepare(instance.spec);
      await world.runtime.start(instance);
    });

    it('that cannot be noted starts nothing, and is not seen', async () => {
      const instance = await wanted(world.runtime, specOf(server()));
      writeFileSync(join(world.dir, 'instances', instance.id), 'in the way');
      await expect(world.runtime.start(instance)).rejects.toMatchObject({ code: 'unavailable' });
      expect(await world.runtime.list()).toEqual([]);
      rmSync(join(world.dir, 'instances', instance.id));
      await world.runtime.start(instance);
      await untilSeen(world.runtime, instance.id, ({ state }) => state === 'ready');
    });

    it('refuses an id that is not one path segment', async () => {
      const instance = await wanted(world.runtime, specOf(server()));
      for (const id of ['../x', '', '..', 'a/b']) {
        expect(() => world.runtime.start({ ...instance, id })).toThrow('cannot name a folder');
      }
    });

    it('gives many instances ports of their own', async () => {
      const spec = specOf(server());
      const instances = await Promise.all([1, 2, 3, 4, 5].map((slot) => wanted(world.runtime, spec, 1, slot)));
      await Promise.all(instances.map((instance) => world.runtime.start(instance)));
      for (const { id } of instances) await untilSeen(world.runtime, id, ({ state }) => state === 'ready');
      const seen = await world.runtime.list();
      expect(new Set(seen.map(({ port }) => port)).size).toBe(5);
      expect(seen.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5].map((slot) => `web-v1-${slot}`));
    });

    it('uses a fixed port, and says who has it when it is taken', async () => {
      const spec = specOf(server());
      const instance = { ...(await wanted(world.runtime, spec)), port: await freePort() };
      await world.runtime.start(instance);
      expect((await untilSeen(world.runtime, instance.id, ({ state }) => state === 'ready')).port).toBe(instance.port);
      const second = { ...instance, id: 'web-v1-2', slot: 2 };
      await expect(world.runtime.start(second)).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('web-v1-1'),
      });
      const other = createServer();
      const port = await freePort();
      await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
      await expect(world.runtime.start({ ...second, port })).rejects.toMatchObject({ code: 'unavailable' });
      other.close();
    });
  });

  describe('list', () => {
    it('tells starting with the reason, ready, unready, and exited with the code', async () => {
      const script = `${SERVER}; process.on('SIGUSR2', () => process.exit(5));`;
      const context = world.folder({ 'server.mjs': script, down: '' });
      const instance = await wanted(world.runtime, specOf(context));
      const down = join(world.dir, 'revisions/web', instance.revision.digest.slice(0, 12), 'down');
      const changes: string[] = [];
      world.runtime.onChange((id) => changes.push(id));
      await world.runtime.start(instance);
      const { port } = await untilSeen(world.runtime, instance.id, ({ reason }) => reason.endsWith('answered 503'));
      expect((await world.runtime.list())[0]).toMatchObject({ state: 'starting', exit: null });
      expect(changes).toEqual([]);
      rmSync(down);
      await untilSeen(world.runtime, instance.id, ({ state }) => state === 'ready');
      writeFileSync(down, '');
      const unready = await untilSeen(world.runtime, instance.id, ({ state }) => state === 'starting');
      expect(unready.reason).toBe(`GET http://127.0.0.1:${port}/up answered 503`);
      rmSync(down);
      await untilSeen(world.runtime, instance.id, ({ state }) => state === 'ready');
      process.kill(await pidOf(port), 'SIGUSR2');
      const ended = await exited();
      expect(ended.exit).toMatchObject({ code: 5, signal: null });
      expect(ended.reason).toBe('it ended with exit status 5');
      expect(changes).toEqual(Array(4).fill('web-v1-1'));
    });

    it('measures processor and memory, and answers without waiting for questions that hang', async () => {
      const script = `import { createServer } from 'node:http';
        createServer(() => undefined).listen(Number(process.env.PORT), '127.0.0.1');
        setInterval(() => { const end = Date.now() + 30; while (Date.now() < end); }, 50);`;
      const readiness = { type: 'http', path: '/', intervalMs: 100, timeoutMs: 30_000 } as const;
      await world.runtime.start(
        await wanted(world.runtime, specOf(world.folder({ 'server.mjs': script }), { readiness })),
      );
      const before = Date.now();
      expect((await world.runtime.list())[0]).toMatchObject({ state: 'starting', cpu: null });
      expect(Date.now() - before).toBeLessThan(500);
      const { cpu, memory } = await untilSeen(world.runtime, 'web-v1-1', (seen) => (seen.cpu ?? 0) > 0.1);
      expect(cpu).toBeLessThan(1.5);
      expect(memory).toBeGreaterThan(10_000_000);
    });
  });

  describe('stop', () => {
    it('sends the stop signal of the service to the group and leaves time', async () => {
      const script = 'trap "echo interrupted; sleep 0.3; exit 0" INT; echo up; while :; do sleep 0.05; done';
      const spec = specOf(server(), {
        ...RUNNING,
        command: ['sh', '-c', script],
        stopSignal: 'SIGINT',
        stopGraceMs: 10_000,
      });
      await running(world.runtime, spec);
      await until(async () => (await world.runtime.tail('web-v1-1', 1))[0] === 'up');
      await world.runtime.stop('web-v1-1');
      expect((await world.runtime.list())[0]).toMatchObject({ state: 'stopping', reason: 'it was asked to stop' });
      await world.runtime.stop('web-v1-1');
      expect((await exited()).exit).toMatchObject({ code: 0, signal: null });
      expect(await world.runtime.tail('web-v1-1', 5)).toEqual(['up', 'interrupted']);
    });

    it('kills the whole group after the grace time, children that ignore the signal and made groups of their own too', async () => {
      const stubborn = `process.on('SIGTERM', () => console.log('no'));`;
      const context = world.folder({
        'server.mjs': `import { spawn } from 'node:child_process'; ${stubborn}
          const child = spawn(process.execPath, ['child.mjs'], { stdio: 'inherit' });
          console.log('pid', process.pid);
          setInterval(() => 0, 1000);`,
        'child.mjs': `import { spawn } from 'node:child_process'; ${stubborn}
          spawn('bash', ['-c', 'set -m; trap "" TERM; (trap "" TERM; echo pid $BASHPID; while :; do sleep 1; done) & echo pid $$; wait'], { stdio: 'inherit' });
          console.log('pid', process.pid);
          setInterval(() => 0, 1000);`,
      });
      const graceMs = 400;
      await running(world.runtime, specOf(context, { ...RUNNING, stopGraceMs: graceMs }));
      await until(async () => (await world.runtime.tail('web-v1-1', 9)).length === 4);
      const pids = (await world.runtime.tail('web-v1-1', 9)).map((line) => Number(line.split(' ')[1]));
      const before = Date.now();
      await world.runtime.stop('web-v1-1');
      expect(Date.now() - before).toBeLessThan(300);
      const ended = await exited();
      expect(Date.now() - before).toBeGreaterThanOrEqual(graceMs);
      expect(ended.exit).toMatchObject({ signal: 'SIGKILL' });
      for (const pid of pids) expect(isGone(pid)).toBe(true);
    });

    it('waits for children that outlive the main process, and ends them when it crashed', async () => {
      const child = `process.on('SIGTERM', () => setTimeout(() => process.exit(), 300)); console.log('pid', process.pid); setInterval(() => 0, 1000);`;
      const context = world.folder({
        'server.mjs': `import { spawn } from 'node:child_process';
          spawn(process.execPath, ['child.mjs'], { stdio: 'inherit' });
          setTimeout(() => process.exit(9), 300);`,
        'child.mjs': child,
      });
      await running(world.runtime, specOf(context, RUNNING));
      const stopping = await untilSeen(world.runtime, 'web-v1-1', ({ state }) => state === 'stopping');
      expect(stopping.reason).toContain('it ended with exit status 9, and its children are still there');
      expect((await exited()).exit).toMatchObject({ code: 9 });
      const pid = Number((await world.runtime.tail('web-v1-1', 1))[0]?.split(' ')[1]);
      expect(isGone(pid)).toBe(true);
    });

    it('is fine with ids that are unknown or over', async () => {
      await world.runtime.stop('never-v1-1');
      await world.runtime.remove('never-v1-1');
      expect(await world.runtime.tail('never-v1-1', 3)).toEqual([]);
    });
  });

  describe('remove', () => {
    it('does nothing while the instance runs, then deletes its files', async () => {
      const { port } = await running(world.runtime, specOf(server()));
      await world.runtime.remove('web-v1-1');
      expect(await pidOf(port)).toBeGreaterThan(0);
      await world.runtime.stop('web-v1-1');
      await exited();
      await world.runtime.remove('web-v1-1');
      expect(await world.runtime.list()).toEqual([]);
      expect(existsSync(join(world.dir, 'instances/web-v1-1'))).toBe(false);
      expect(await world.reopen().list()).toEqual([]);
    });
  });

  it('keeps records and output from other users', async () => {
    await running(world.runtime, specOf(server()));
    const folder = join(world.dir, 'instances/web-v1-1');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const file of ['record.json', 'output.log']) expect(statSync(join(folder, file)).mode & 0o077).toBe(0);
  });

  it('refuses to work without /proc', () => {
    expect(() => processRuntime({ dir: world.dir, proc: '/nowhere' })).toThrow('needs /proc (Linux)');
  });

  it('ends an instance even when nothing can be saved', async () => {
    await running(world.runtime, specOf(server()));
    // A folder in the way of the record's new content fails like a full disk, for root too.
    mkdirSync(join(world.dir, 'instances/web-v1-1/record.json.new'));
    await world.runtime.stop('web-v1-1');
    await exited();
    rmSync(join(world.dir, 'instances/web-v1-1/record.json.new'), { recursive: true });
    await world.runtime.list();
    expect((await world.reopen().list())[0]?.exit).toMatchObject({ signal: 'SIGTERM' });
  });
});
