// Tests of the Docker runtime beside its contract: what is only so in containers, on a real engine.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWith } from '../../../../test/engines.ts';
import { claimPorts, freePort } from '../../../../test/ports.ts';
import type { Mount } from '../../../core/spec/container.ts';
import { newTestEngine, type TestEngine } from '../engine/fixture.ts';
import { Container, Volume } from '../engine/objects.ts';
import { until, untilSeen, wanted } from '../process/fixture.ts';
import { buildOf, containerSpec, DOCKERFILE, GOOD, newWorld, programSpec, started, type World } from './fixture.ts';
import { imageNamed } from './images.ts';
import { imageOf } from './names.ts';

/** Says what a line of code gives, then serves. */
const saying = (code: string) =>
  `console.log(await (async () => { try { return ${code}; } catch (e) { return e.code; } })()); ${GOOD}`;
const FS = `(await import('node:fs'))`;

describeWith('docker', 'the Docker runtime', () => {
  let place: TestEngine;
  let world: World;
  beforeAll(async () => {
    place = await newTestEngine({ isLive: true });
  });
  afterAll(() => place.remove());
  beforeEach(() => {
    world = newWorld(place);
  });
  afterEach(() => world.close());

  /** The first line that it wrote. */
  const said = async (id = 'web-v1-1') => {
    let line: string | undefined;
    await until(async () => {
      [line] = await world.runtime.tail(id, 100);
      return line !== undefined;
    });
    return line;
  };
  const inspect = (id = 'web-v1-1') => place.engine.get(`/containers/${world.project}-${id}/json`, Container);

  it('names containers so that people know them, with the labels of Compose and its own', async () => {
    const seen = await started(world.runtime, programSpec(world, GOOD));
    const { Name, Config, Id } = await inspect();
    expect(Name).toBe(`/${world.project}-web-v1-1`);
    expect(seen.handle).toBe(`container ${Id.slice(0, 12)}`);
    expect(Config.Labels).toMatchObject({
      'com.docker.compose.project': world.project,
      'com.docker.compose.service': 'web',
      'dev.fridaymorning.instance': 'web-v1-1',
      'dev.fridaymorning.version': '1',
    });
  });

  it('leaves its containers alone when the control plane dies, and knows what they use', async () => {
    const { startedAt } = await started(world.runtime, programSpec(world, GOOD));
    world.reopen();
    const [adopted] = await world.runtime.list();
    expect(adopted).toMatchObject({ state: 'ready', startedAt });
    const seen = await untilSeen(world.runtime, 'web-v1-1', ({ cpu, memory }) => cpu !== null && memory !== null);
    expect(seen.memory).toBeGreaterThan(1_000_000);
  });

  it('keeps named volumes when instances go', async () => {
    const mount: Mount = {
      type: 'volume',
      target: '/data',
      name: `${world.project}_data`,
      isReadOnly: false,
      isCopyOff: false,
      isExternal: false,
      driver: null,
      driverOptions: {},
      labels: {},
    };
    const append = saying(`(${FS}.appendFileSync('/data/x', 'x'), ${FS}.readFileSync('/data/x', 'utf8'))`);
    const spec = programSpec(world, append, { mounts: [mount] });
    await started(world.runtime, spec);
    expect(await said()).toBe('x');
    await world.runtime.stop('web-v1-1');
    await untilSeen(world.runtime, 'web-v1-1', ({ state }) => state === 'exited');
    await world.runtime.remove('web-v1-1');
    await started(world.runtime, spec, undefined, 2);
    expect(await said('web-v2-1')).toBe('xx');
    const volume = await place.engine.get(`/volumes/${world.project}_data`, Volume);
    expect(volume.Labels).toMatchObject({ 'com.docker.compose.volume': 'data' });
  });

  it('gives secrets as files that only their owner reads, and takes them away with the instance', async () => {
    const path = join(world.root, 'token.txt');
    writeFileSync(path, 'secret', { mode: 0o600 });
    const file = {
      name: 'token',
      target: '/run/secrets/token',
      from: { type: 'file' as const, path },
      uid: 1000,
      gid: 0,
      mode: 0o400,
    };
    const stat = `${FS}.statSync('/run/secrets/token')`;
    const code = saying(
      `${FS}.readFileSync('/run/secrets/token', 'utf8') + ${stat}.uid + (${stat}.mode & 0o777).toString(8)`,
    );
    const spec = programSpec(world, code, { files: [file], user: '1000' });
    await started(world.runtime, spec);
    expect(await said()).toBe('secret1000400');
    const { digest } = await world.runtime.identify(spec);
    writeFileSync(path, 'other');
    expect((await world.runtime.identify(spec)).digest).not.toBe(digest);
  });

  it('keeps what the file says of isolation: read-only, user, capabilities, bounds', async () => {
    const write = `(${FS}.writeFileSync('/x', ''), 'written')`;
    const memory = `await (await import('node:fs/promises')).readFile('/proc/self/status', 'utf8')`;
    const code = saying(
      `[process.getuid(), process.pid, await (async () => { try { return ${write} } catch (e) { return e.code } })(), /CapEff:\\t(\\S+)/.exec(${memory})[1]].join(' ')`,
    );
    const { resources } = containerSpec(world);
    const bounds = { ...resources, memoryBytes: 200_000_000, pids: 64, cpus: 0.5 };
    const spec = programSpec(world, code, {
      isReadOnly: true,
      user: 'node',
      capDrop: ['ALL'],
      hasInit: true,
      resources: bounds,
    });
    await started(world.runtime, spec);
    const [uid, pid, written, capabilities] = (await said())?.split(' ') ?? [];
    expect([uid, written, capabilities]).toEqual(['1000', 'EROFS', '0000000000000000']);
    expect(Number(pid)).toBeGreaterThan(1);
  });

  it('builds the stage that is asked for, with arguments', async () => {
    const Dockerfile = `FROM node-base:local AS first
ARG WORD
ENV WORD=$WORD
FROM first AS second
ENV STAGE=second
FROM first AS third
`;
    const build = {
      ...buildOf(world.folder({ 'Sub.Dockerfile': Dockerfile })),
      dockerfile: 'Sub.Dockerfile',
      target: 'second',
      args: { WORD: 'hello there' },
    };
    const code = saying('process.env.WORD + process.env.STAGE');
    const spec = programSpec(world, code, { build, image: null });
    await started(world.runtime, spec);
    expect(await said()).toBe('hello theresecond');
    expect(
      (await world.runtime.identify(programSpec(world, code, { build: { ...build, target: 'third' }, image: null })))
        .digest,
    ).not.toBe((await world.runtime.identify(spec)).digest);
  });

  it('gives the last words of a build that fails', async () => {
    const build = buildOf(world.folder({ Dockerfile: 'FROM node-base:local\nRUN echo "no such thing" && exit 3\n' }));
    const failed = world.runtime.prepare(programSpec(world, '', { build, image: null }));
    await expect(failed).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('The image of web cannot be built: docker build ended with exit status'),
      detail: { evidence: expect.arrayContaining([expect.stringContaining('no such thing')]) },
    });
  });

  it('does not look at what the .dockerignore leaves out', async () => {
    const folder = world.folder({
      Dockerfile: DOCKERFILE,
      'server.mjs': GOOD,
      '.dockerignore': 'data\n',
      'data/x': '1',
    });
    const spec = programSpec(world, '', { build: buildOf(folder), image: null });
    const before = await world.runtime.identify(spec);
    writeFileSync(join(folder, 'data/x'), '2');
    expect(await world.runtime.identify(spec)).toEqual(before);
    writeFileSync(join(folder, 'server.mjs'), `${GOOD};`);
    expect(await world.runtime.identify(spec)).not.toEqual(before);
  });

  it('says that an image is not there and cannot be pulled, and what to do', async () => {
    const missing = (pullPolicy: 'missing' | 'never') => {
      return world.runtime.prepare(programSpec(world, '', { image: 'localhost:1/nowhere:3', pullPolicy }));
    };
    await expect(missing('missing')).rejects.toThrow(
      /localhost:1\/nowhere:3 of web is not on this machine and cannot be pulled/,
    );
    await expect(missing('never')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('keeps the image of a revision under its own name, and only its own names go', async () => {
    const spec = programSpec(world, GOOD);
    const { revision } = await wanted(world.runtime, spec);
    const name = imageOf(world.project, 'web', revision.digest);
    expect((await imageNamed(place.engine, name))?.RepoTags).toContain('node-base:local');
    await world.runtime.prune('web', []);
    expect(await imageNamed(place.engine, name)).toBeNull();
    expect(await imageNamed(place.engine, 'node-base:local')).not.toBeNull();
  });

  it('says what the healthcheck said, and when it is healthy', async () => {
    const check = `const { existsSync } = require('fs'); if (!existsSync('/tmp/well')) { console.log('not well yet'); process.exit(1) }`;
    const readiness = {
      type: 'command' as const,
      command: ['/bin/node', '-e', check],
      intervalMs: 300,
      timeoutMs: 5000,
      retries: 1,
      startPeriodMs: 0,
    };
    const code = `setTimeout(() => ${FS.replace('(await ', '').replace(/\)$/, '')}.then((fs) => fs.writeFileSync('/tmp/well', '')), 2500); ${GOOD}`;
    const spec = programSpec(world, code, { healthcheck: 'own' }, { readiness });
    const unwell = await started(world.runtime, spec, ({ reason }) => reason.includes('not well yet'));
    expect(unwell).toMatchObject({
      state: 'starting',
      reason: 'its healthcheck ended with exit status 1: not well yet',
    });
    await untilSeen(world.runtime, 'web-v1-1', ({ state }) => state === 'ready');
  });

  it('says that an instance used too much memory', async () => {
    const { resources } = containerSpec(world);
    const bounds = { ...resources, memoryBytes: 80_000_000, memorySwapBytes: 80_000_000 };
    const code = `const all = []; for (;;) all.push(Buffer.alloc(5_000_000, 1));`;
    const seen = await started(
      world.runtime,
      programSpec(world, code, { resources: bounds }),
      ({ state }) => state === 'exited',
    );
    expect(seen.reason).toContain('more memory than it may');
    expect(seen.exit).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  it('says that a program is not in the image', async () => {
    const spec = programSpec(world, '', { command: ['/bin/nowhere'], hasInit: false });
    const seen = await started(world.runtime, spec, ({ state }) => state === 'exited');
    expect(seen.reason).toMatch(/could not be started: .*\/bin\/nowhere/s);
  });

  it('asks by port whether something listens in the container, not whether the engine does', async () => {
    const readiness = { type: 'port' as const, intervalMs: 100, timeoutMs: 2000 };
    const code = `console.log('begin'); setTimeout(() => { console.log('now'); import('node:http').then(({ createServer }) => createServer().listen(process.env.PORT)) }, 1500);`;
    for (const [isPublished, words] of [
      [false, 'refused'],
      [true, 'nothing listens'],
    ] as const) {
      const other = newWorld(place, { isPublished });
      const unready = await started(other.runtime, programSpec(other, code, {}, { readiness }), ({ reason }) =>
        reason.includes(words),
      );
      expect(unready.host === '127.0.0.1').toBe(isPublished);
      await untilSeen(other.runtime, 'web-v1-1', ({ state }) => state === 'ready');
      expect(await other.runtime.tail('web-v1-1', 5)).toContain('now');
      await other.close();
    }
  });

  it('takes another port when somebody has taken the one that it chose', async () => {
    const { first } = await claimPorts();
    const ports = { first, last: first + 1 };
    const one = newWorld(place, { ports, isPublished: true });
    const other = newWorld(place, { ports, isPublished: true });
    const [a, b] = [
      await started(one.runtime, programSpec(one, GOOD)),
      await started(other.runtime, programSpec(other, GOOD)),
    ];
    expect(new Set([a.port, b.port]).size).toBe(2);
    await Promise.all([one.close(), other.close()]);
  });

  it('says that a port of the machine is taken', async () => {
    const published = await freePort();
    const ports = [{ target: 80, published, protocol: 'tcp' as const, host: '127.0.0.1' }];
    // It is told no port to listen on, and must not end before the other one comes.
    const stays = `process.on('SIGTERM', () => process.exit(0)); setInterval(() => undefined, 1000);`;
    const spec = programSpec(world, stays, { ports }, { port: null, readiness: { type: 'running' } });
    await started(world.runtime, spec);
    const second = world.runtime.start({
      ...(await wanted(world.runtime, { ...spec, name: 'other' })),
      service: 'other',
    });
    await expect(second).rejects.toThrow(new RegExp(`${published}.*(allocated|in use)`));
    expect((await world.runtime.list()).map(({ id }) => id)).toEqual(['web-v1-1']);
  });

  it('never runs two versions of a service with data beside each other', async () => {
    const spec = programSpec(world, GOOD, {}, { port: null, readiness: { type: 'running' } });
    await started(world.runtime, spec);
    const next = await wanted(world.runtime, spec, 2);
    await expect(world.runtime.start(next)).rejects.toThrow('web-v2-1 waits until web-v1-1 has ended');
    await world.runtime.stop('web-v1-1');
    await untilSeen(world.runtime, 'web-v1-1', ({ state }) => state === 'exited');
    await world.runtime.start(next);
    await untilSeen(world.runtime, 'web-v2-1', ({ state }) => state === 'ready');
  });

  it('lets containers find each other by name, and this machine at the gateway of their network', async () => {
    const cache = programSpec(
      world,
      `import('node:http').then(({ createServer }) => createServer((_, r) => r.end('cached')).listen(4000))`,
      {},
      { name: 'cache', port: null, readiness: { type: 'running' } },
    );
    await started(world.runtime, cache);
    const spec = programSpec(world, saying(`(await fetch('http://cache:4000')).text()`));
    await started(world.runtime, spec);
    expect(await said()).toBe('cached');
    const [host] = (await world.runtime.internalHosts?.()) ?? [];
    expect(host).toMatch(/^10\.\d+\.\d+\.\d+$/);
    expect(await world.runtime.reach?.(spec)).toEqual({ balancer: host, isByName: true });
  });

  it('does not give an instance the address to which requests of another one may be on their way', async () => {
    const one = await started(world.runtime, programSpec(world, GOOD));
    const other = { ...programSpec(world, GOOD), name: 'other' };
    const instance = await wanted(world.runtime, other);
    const query = { force: true };
    await place.engine.order('DELETE', `/containers/${world.project}-web-v1-1`, { query });
    await expect(world.runtime.start(instance)).rejects.toThrow('got the address of an instance that has just ended');
    expect(await world.runtime.list()).toEqual([]);
    await world.runtime.start(instance);
    expect(await untilSeen(world.runtime, 'other-v1-1', ({ state }) => state === 'ready')).toMatchObject({
      host: one.host,
    });
  });

  it('hears of what happens to a container', async () => {
    await started(world.runtime, programSpec(world, GOOD));
    const heard: string[] = [];
    world.runtime.onChange((id) => heard.push(id));
    await place.engine.order('POST', `/containers/${world.project}-web-v1-1/kill`);
    await until(() => heard.includes('web-v1-1'));
    const seen = await untilSeen(world.runtime, 'web-v1-1', ({ state }) => state === 'exited');
    expect(seen.exit).toMatchObject({ signal: 'SIGKILL' });
  });

  it('cannot look while the engine is away, whose containers go on; then all is as it was', async () => {
    const { host, port, startedAt } = await started(world.runtime, programSpec(world, GOOD));
    await place.stop();
    await expect(world.runtime.list()).rejects.toMatchObject({ code: 'unavailable' });
    expect((await fetch(`http://${host}:${port}/`)).status).toBe(200);
    await place.start();
    const seen = await untilSeen(world.runtime, 'web-v1-1', ({ state }) => state === 'ready');
    expect(seen.startedAt).toBe(startedAt);
  });
});
