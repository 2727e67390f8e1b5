// greetings over HTTP: a client keeps its greeting, is counted once, and likes once.
import { describe, expect, it } from 'vitest';
import { serve } from '../test-servers.ts';
import { createGreetings } from './app.ts';
import { createClients } from './clients.ts';
import { createMemoryCounters } from './counters.ts';

/** By default nobody explores, and equal rates mean greeting b. */
async function start(random: () => number = () => 0.99, epsilon = 0.1) {
  const counters = createMemoryCounters();
  const { url } = await serve('greetings', createGreetings({ counters, clients: createClients(10), epsilon, random }));
  // biome-ignore lint/suspicious/noExplicitAny: whatever comes is compared.
  const get = async (path: string): Promise<any> => (await fetch(url + path)).json();
  const like = (body: unknown) =>
    fetch(`${url}/like`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  return { url, get, like };
}

describe('GET /greeting', () => {
  it('gives one of two greetings, and the same client the same one again', async () => {
    const { get } = await start(Math.random, 1);
    const first = await get('/greeting?client=ada');
    expect(first.greeting.length).toBeGreaterThan(5);
    for (let i = 0; i < 20; i += 1) expect(await get('/greeting?client=ada')).toEqual(first);
    const variants = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => (await get(`/greeting?client=${i}`)).variant),
    );
    expect(new Set(variants)).toEqual(new Set(['a', 'b']));
  });

  it('counts each client once', async () => {
    const { get } = await start();
    for (const client of ['ada', 'bob', 'ada']) await get(`/greeting?client=${client}`);
    const { a, b } = await get('/counts');
    expect(a.exposures + b.exposures).toBe(2);
  });

  it.each(['', '?client=', '?client=a%20b', `?client=${'x'.repeat(65)}`])(
    'refuses the client in "%s"',
    async (query) => {
      const { get } = await start();
      expect(await get(`/greeting${query}`)).toMatchObject({ status: 400, title: 'Not a client' });
    },
  );

  it('shows newcomers the greeting whose rate is better', async () => {
    const { get, like } = await start();
    for (const client of ['1', '2', '3', '4']) {
      const { variant } = await get(`/greeting?client=${client}`);
      if (variant === 'a') await like({ variant, client });
    }
    for (const client of ['5', '6', '7', '8'])
      expect(await get(`/greeting?client=${client}`)).toMatchObject({ variant: 'a' });
  });
});

describe('POST /like', () => {
  it('counts one like per client, and remembers it', async () => {
    const { get, like } = await start();
    const { variant } = await get('/greeting?client=ada');
    expect(await (await like({ variant, client: 'ada' })).json()).toEqual({ variant, isNew: true, likes: 1 });
    expect(await (await like({ variant, client: 'ada' })).json()).toEqual({ variant, isNew: false, likes: 1 });
    expect(await get('/greeting?client=ada')).toMatchObject({ variant, hasLiked: true });
  });

  it.each([{}, { variant: 'c' }, [], null, 'a', { variant: 'a', client: 7 }, { variant: '__proto__' }])(
    'refuses %j',
    async (body) => {
      const { like, get } = await start();
      expect((await like(body)).status).toBe(400);
      expect((await get('/counts')).a.likes).toBe(0);
    },
  );
});

it('shows its counts as metrics', async () => {
  const { url, like } = await start();
  await like({ variant: 'b' });
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('greetings_likes_total{variant="b"} 1\n');
});
