// Counters in a real Redis: shared, exact, and harmless while Redis is away.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { expect, it, onTestFinished } from 'vitest';
import { describeWith } from '../../../test/engines.ts';
import { freePort } from '../../../test/ports.ts';
import { keepingLog, runService, until } from '../test-servers.ts';
import { createRedisCounters } from './redis.ts';

/** A Redis that can be stopped, frozen and started again on its port. */
async function createRedis() {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const folder = await mkdtemp(join(tmpdir(), 'calculator-redis-'));
  let child: ChildProcess | undefined;
  const stop = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const start = async () => {
    child = spawn('redis-server', ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--dir', folder]);
    await until(() => child?.stdout?.read()?.toString().includes('Ready to accept connections') === true);
    child.stdout?.resume();
  };
  onTestFinished(async () => {
    await stop();
    await rm(folder, { recursive: true });
  });
  await start();
  return { url, start, stop, signal: (name: NodeJS.Signals) => child?.kill(name) };
}

async function connect(url: string, refreshMs = 50) {
  const log = keepingLog();
  const counters = await createRedisCounters({ url, log, refreshMs });
  onTestFinished(() => counters.close());
  return { counters, lines: log.lines };
}

async function stored(url: string): Promise<Record<string, string>> {
  const client = createClient({ url });
  await client.connect();
  const hash = await client.hGetAll('greetings');
  client.destroy();
  return hash;
}

describeWith('redis', 'counters in Redis', () => {
  it('loses no increment of two instances that count at once, and each sees the sum', async () => {
    const { url } = await createRedis();
    const [one, two] = [await connect(url), await connect(url)];
    for (let i = 0; i < 500; i += 1) {
      one.counters.add('a', 'exposures');
      two.counters.add('a', 'exposures');
      if (i % 5 === 0) two.counters.add('b', 'likes');
      if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const sum = { a: { exposures: 1000, likes: 0 }, b: { exposures: 0, likes: 100 } };
    await until(() => [one, two].every(({ counters }) => JSON.stringify(counters.read()) === JSON.stringify(sum)));
    expect(await stored(url)).toEqual({ 'a.exposures': '1000', 'b.likes': '100' });
  });

  it('shows an increment at once and finds it again in the next life', async () => {
    const { url } = await createRedis();
    const first = await connect(url);
    first.counters.add('b', 'likes');
    expect(first.counters.read().b.likes).toBe(1);
    await until(async () => (await stored(url))['b.likes'] === '1');
    await first.counters.close();
    const second = await connect(url);
    await until(() => second.counters.read().b.likes === 1);
  });

  it('counts on while Redis is gone, says so once, and hands the counts in when it is back', async () => {
    const redis = await createRedis();
    const { counters, lines } = await connect(redis.url);
    counters.add('a', 'likes');
    await until(async () => (await stored(redis.url))['a.likes'] === '1');
    await redis.stop();
    for (let i = 0; i < 10; i += 1) counters.add('a', 'likes');
    expect(counters.read().a.likes).toBe(11);
    await until(() => lines.length > 0);
    expect(lines[0]?.msg).toMatch(/^Redis at redis:\/\/127\.0\.0\.1:\d+ is away, counting in memory: .+/);
    await redis.start();
    await until(async () => (await stored(redis.url))['a.likes'] === '10');
    await until(() => lines.at(-1)?.msg.endsWith('is back') === true);
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('is not held up by a Redis that stops answering, and goes on when it wakes', async () => {
    const redis = await createRedis();
    const { counters, lines } = await connect(redis.url);
    counters.add('a', 'likes');
    await until(async () => (await stored(redis.url))['a.likes'] === '1');
    redis.signal('SIGSTOP');
    const started = performance.now();
    for (let i = 0; i < 1000; i += 1) counters.add('a', 'exposures');
    expect(performance.now() - started).toBeLessThan(200);
    expect(counters.read().a.exposures).toBe(1000);
    await until(() => lines.some(({ level }) => level === 'error'), 15_000);
    redis.signal('SIGCONT');
    await until(() => lines.at(-1)?.msg.endsWith('is back') === true, 15_000);
    // A round whose answer never came is sent again, so the first ones may be counted twice, and none is missing.
    await until(() => counters.read().a.exposures >= 1000 && counters.read().a.exposures <= 2000);
    expect(Number((await stored(redis.url))['a.exposures'])).toBe(counters.read().a.exposures);
  });

  it('sends a round again that Redis took with it when it died', async () => {
    const redis = await createRedis();
    const { counters } = await connect(redis.url);
    counters.add('a', 'likes');
    await until(async () => (await stored(redis.url))['a.likes'] === '1');
    redis.signal('SIGSTOP');
    for (let i = 0; i < 5; i += 1) counters.add('b', 'likes');
    await redis.stop();
    await redis.start();
    await until(async () => (await stored(redis.url))['b.likes'] === '5');
    expect(counters.read().b.likes).toBe(5);
  });

  it('starts without Redis and is in time for it later', async () => {
    const redis = await createRedis();
    await redis.stop();
    const { counters } = await connect(redis.url);
    counters.add('b', 'exposures');
    expect(counters.read().b.exposures).toBe(1);
    await redis.start();
    await until(async () => (await stored(redis.url))['b.exposures'] === '1');
  });

  it('serves requests as a process with Redis, without it and with it again, and hands in the last counts at its end', async () => {
    const redis = await createRedis();
    const service = await runService(import.meta.dirname, { PORT: '0', REDIS_URL: redis.url });
    const greet = async (client: string) => (await fetch(`${service.url}/greeting?client=${client}`)).status;
    expect(await greet('ada')).toBe(200);
    await redis.stop();
    expect(await greet('bob')).toBe(200);
    await redis.start();
    await until(() => service.stdout.some((line) => line.includes('is back')));
    expect(await greet('cleo')).toBe(200);
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([0, null]);
    const counts = await stored(redis.url);
    expect(Number(counts['a.exposures'] ?? 0) + Number(counts['b.exposures'] ?? 0)).toBeGreaterThanOrEqual(2);
  });

  it('ends within seconds while Redis is away, and says what was lost', async () => {
    const redis = await createRedis();
    await redis.stop();
    const service = await runService(import.meta.dirname, { PORT: '0', REDIS_URL: redis.url });
    await fetch(`${service.url}/greeting?client=ada`);
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([0, null]);
    expect(service.stderr.join('\n')).toContain('Counts were lost because Redis was away');
  });
});
