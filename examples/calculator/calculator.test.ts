// The calculator as a whole: three processes, its variants, its pretend users, and its Compose files.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { runService } from './test-servers.ts';
import type { UserResult } from './users/turn.ts';
import { pretendUsers } from './users.ts';
import { applyVariant, VARIANTS, type Variant } from './variants/apply.ts';

const HERE = import.meta.dirname;
const SERVICES = ['awesome-app', 'greetings', 'maths'];

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'calculator-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** All three services of one variant as processes. */
async function run(variant: Variant) {
  const folder = await emptyFolder();
  await applyVariant(HERE, folder, variant);
  const [greetings, maths] = await Promise.all([
    runService(join(folder, 'greetings'), { PORT: '0' }),
    runService(join(folder, 'maths'), { PORT: '0' }),
  ]);
  const variables = { PORT: '0', GREETINGS_URL: greetings.url, MATHS_URL: maths.url };
  const app = await runService(join(folder, 'awesome-app'), variables);
  const calculate = async (operation: string, a: string, b: string) => {
    const started = performance.now();
    const response = await fetch(`${app.url}/api/calculate?${new URLSearchParams({ operation, a, b })}`);
    const body = (await response.json()) as { result?: number };
    return { status: response.status, result: body.result, ms: performance.now() - started };
  };
  return { url: app.url, maths, app, greetings, calculate };
}

describe('the variants', () => {
  it('base calculates, and stops with status 0', async () => {
    const { calculate, app, greetings, maths } = await run('base');
    expect(await calculate('add', '0.1', '0.2')).toMatchObject({ status: 200, result: 0.1 + 0.2 });
    for (const { child, ended } of [app, greetings, maths]) {
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    }
  });

  it('good rounds its results and still knows what cannot be done', async () => {
    const { calculate } = await run('good');
    expect(await calculate('add', '0.1', '0.2')).toMatchObject({ status: 200, result: 0.3 });
    expect(await calculate('multiply', '-123456.5', '2')).toMatchObject({ status: 200, result: -246913 });
    expect(await calculate('divide', '1', '0')).toMatchObject({ status: 422 });
  });

  it('broken fails every calculation with a TypeError in its log, and says it is healthy', async () => {
    const { calculate, maths } = await run('broken');
    for (const operation of ['add', 'subtract', 'multiply', 'divide']) {
      expect(await calculate(operation, '6', '3')).toMatchObject({ status: 502 });
    }
    expect((await fetch(`${maths.url}/health`)).status).toBe(200);
    expect(maths.stderr).toHaveLength(4);
    expect(JSON.parse(maths.stderr[0] ?? '').stack).toMatch(
      /^TypeError: Cannot read properties of undefined.*\n.*operations\.ts:\d+/,
    );
  });

  it('buggy fails with negative numbers only', async () => {
    const { calculate, maths } = await run('buggy');
    for (const operation of ['add', 'subtract', 'multiply', 'divide']) {
      expect(await calculate(operation, '1', '2.5')).toMatchObject({ status: 200 });
      expect(await calculate(operation, '-1', '2.5')).toMatchObject({ status: 502 });
    }
    expect(await calculate('add', '0.1', '0.2')).toMatchObject({ result: 0.3 });
    expect(maths.stderr[0]).toContain('TypeError: Cannot read properties of null');
  });

  it('slow is right and takes about 150 ms', async () => {
    const { calculate } = await run('slow');
    const { status, result, ms } = await calculate('subtract', '5', '7');
    expect([status, result]).toEqual([200, -2]);
    expect(ms).toBeGreaterThan(140);
  });

  it('only replace files that the base has, so that one can follow another in the same folder', async () => {
    const folder = await emptyFolder();
    const plain = await emptyFolder();
    await applyVariant(HERE, plain, 'base');
    const contents = async (of: string) => {
      const files = (await readdir(of, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
      const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
      return Promise.all(paths.map(async (path) => [path.slice(of.length), await readFile(path, 'utf8')]));
    };
    const base = await contents(plain);
    for (const variant of VARIANTS) {
      await applyVariant(HERE, folder, variant);
      const changed = (await contents(folder)).filter(
        ([path, text]) => !base.some(([at, was]) => at === path && was === text),
      );
      expect(changed.every(([path]) => base.some(([at]) => at === path))).toBe(true);
      expect(changed.map(([path]) => path?.split('/')[1])).toEqual(variant === 'base' ? [] : ['maths']);
    }
    await applyVariant(HERE, folder, 'base');
    expect(await contents(folder)).toEqual(base);
  });

  it('leave tests and installed packages out', async () => {
    const folder = await emptyFolder();
    await applyVariant(HERE, folder, 'good');
    const names = await readdir(folder, { recursive: true });
    expect(names.filter((name) => /\.test\.ts$|node_modules|README/.test(name))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(['compose.yaml', 'maths/server.ts', 'awesome-app/page/index.html']));
  });
});

describe('node variants/apply.ts', () => {
  const apply = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['variants/apply.ts', ...args], {
      cwd: HERE,
      encoding: 'utf8',
    });
    return { status, output: stdout + stderr };
  };

  it('makes a copy and says so', async () => {
    const folder = await emptyFolder();
    expect(apply('good', folder)).toEqual({ status: 0, output: `${folder} is now the good calculator.\n` });
    expect((await stat(join(folder, 'maths', 'server.ts'))).isFile()).toBe(true);
  });

  it('refuses an unknown variant, no folder, and the original', () => {
    for (const args of [['worse', '/tmp/x'], ['good'], ['good', '.'], ['good', 'copy']]) {
      expect(apply(...args).status).toBe(2);
    }
    expect(apply('good', '.').output).toContain('is inside the original calculator');
  });
});

describe('pretend users', () => {
  it('are all answered by a calculator that works', async () => {
    const { url } = await run('base');
    const results: UserResult[] = [];
    const signal = AbortSignal.timeout(3000);
    const summary = await pretendUsers({
      url,
      ratePerSecond: 60,
      signal,
      seed: 7,
      onResult: (each) => results.push(each),
    });
    expect(summary).toMatchObject({
      requests: results.length,
      answered: results.length,
      failed: 0,
      dropped: 0,
      skipped: 0,
    });
    expect(new Set(results.map(({ kind }) => kind))).toEqual(new Set(['page', 'calculate', 'greeting', 'like']));
  });

  it('see maths fail when maths is broken, and nothing dropped', async () => {
    const { url } = await run('broken');
    const summary = await pretendUsers({ url, ratePerSecond: 60, signal: AbortSignal.timeout(2000), seed: 7 });
    expect(summary.failed).toBeGreaterThan(0.3 * summary.requests);
    expect(summary).toMatchObject({ answered: summary.requests, dropped: 0 });
  });

  it('see requests dropped when maths is gone', async () => {
    const { url, maths } = await run('base');
    maths.child.kill('SIGKILL');
    await maths.ended;
    const summary = await pretendUsers({ url, ratePerSecond: 60, signal: AbortSignal.timeout(1000), seed: 7 });
    expect(summary.dropped).toBeGreaterThan(0);
    expect(summary.dropped).toBe(summary.failed);
  });
});

describe('the services', () => {
  it('carry the same copy of the HTTP base, because each is built from its own folder', async () => {
    const base = async (service: string) => {
      const folder = join(HERE, service, 'http');
      const names = (await readdir(folder)).filter((name) => !name.endsWith('.test.ts')).sort();
      return Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')]));
    };
    const maths = await base('maths');
    expect(await base('greetings')).toEqual(maths);
    expect(await base('awesome-app')).toEqual(maths);
  });

  it('are named in compose.yaml with a folder that holds a Dockerfile, and only known variables', async () => {
    const compose = parse(await readFile(join(HERE, 'compose.yaml'), 'utf8'));
    expect(Object.keys(compose.services).sort()).toEqual(SERVICES);
    for (const service of SERVICES) {
      expect(compose.services[service].build).toBe(`./${service}`);
      expect((await stat(join(HERE, service, 'Dockerfile'))).isFile()).toBe(true);
      expect(compose.services[service]['x-friday']).toMatchObject({
        port: 5000,
        ready: '/health',
        metrics: '/metrics',
      });
    }
    const redis = parse(await readFile(join(HERE, 'compose.redis.yaml'), 'utf8'));
    expect(redis.services.redis['x-friday'].url).toBe('redis');
  });

  it('greetings says how to install the Redis client when it needs it and does not find it', async () => {
    const folder = await emptyFolder();
    await applyVariant(HERE, folder, 'base');
    const variables = { PORT: '0', REDIS_URL: 'redis://127.0.0.1:9' };
    const { ended, stderr } = await runService(join(folder, 'greetings'), variables);
    expect(await ended).toEqual([1, null]);
    expect(stderr.join()).toContain('Run `npm ci` in this folder.');
  });

  it.each([
    ['greetings', { EPSILON: '2', REDIS_URL: 'localhost' }, ['EPSILON is "2"', 'REDIS_URL is "localhost"']],
    ['maths', { STATSD: 'localhost' }, ['STATSD is "localhost"']],
    ['awesome-app', { MATHS_URL: 'maths' }, ['GREETINGS_URL is missing', 'MATHS_URL is "maths"']],
  ])('%s names its wrong parameters and ends with status 2', async (service, variables, messages) => {
    const { ended, stderr } = await runService(join(HERE, service), { PORT: '0', ...variables });
    expect(await ended).toEqual([2, null]);
    for (const message of messages) expect(stderr.join('\n').replaceAll('\\"', '"')).toContain(message);
    expect(stderr).toHaveLength(messages.length);
  });
});
