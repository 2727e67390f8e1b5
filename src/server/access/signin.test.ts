// Signing in over the wire: the cookie, what the page is told, the machine behind a TLS proxy, streams that end.
import { describe, expect, it } from 'vitest';
import { createWorld, type World } from '../fixture.ts';
import { POLICY } from './headers.ts';

const HOST = '127.0.0.1:4747';
const tcp = { via: 'tcp' as const };

async function post(world: World, body: unknown, headers: Record<string, string> = {}) {
  const init = {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { host: HOST, 'content-type': 'application/json', ...headers },
  };
  return world.app().request('/api/v1/session', init, tcp);
}

async function linked(world: World) {
  await world.access.people.add({ name: 'ana', role: 'viewer', password: null }, 'root', world.clock.now);
  return world.access.sessions.link('ana', null, world.clock.now);
}

describe('a browser that signs in', () => {
  it('gets a cookie that scripts and other sites do not get', async () => {
    const world = createWorld();
    const answer = await post(world, { code: (await linked(world)).code }, { origin: `http://${HOST}` });
    expect(answer.headers.get('set-cookie')).toMatch(
      /^friday-shop=[0-9A-Za-z]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=604800$/,
    );
    expect(await answer.json()).toMatchObject({ name: 'ana', role: 'viewer', how: 'session', may: ['look'] });
  });

  it('under the public host gets one that is bound to it and to https', async () => {
    const world = createWorld();
    await world.access.setPublicHosts(['friday.example.com']);
    const { code } = await linked(world);
    const headers = {
      host: 'friday.example.com',
      origin: 'https://friday.example.com',
      'x-forwarded-for': '6.6.6.6, 10.9.8.7',
    };
    const answer = await post(world, { code }, headers);
    expect(answer.headers.get('set-cookie')).toMatch(
      /^__Host-friday-shop=\w+; Path=\/; HttpOnly; SameSite=Strict; .*; Secure$/,
    );
    expect(await world.access.audit({ limit: 1 })).toMatchObject([
      { what: 'signIn', who: 'ana', how: 'session', role: 'viewer', about: 'ana', from: '10.9.8.7' },
    ]);
    const plain = await post(world, { code }, { ...headers, origin: 'http://friday.example.com' });
    expect(plain.status).toBe(403);
  });

  it('signs out: the cookie is taken away and worth nothing', async () => {
    const world = createWorld();
    const entered = await post(world, { code: (await linked(world)).code });
    const { csrf } = (await entered.json()) as { csrf: string };
    const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
    const headers = { host: HOST, cookie, origin: `http://${HOST}`, 'x-friday-csrf': csrf };
    const left = await world.app().request('/api/v1/session', { method: 'DELETE', headers }, tcp);
    expect([left.status, left.headers.get('set-cookie')]).toEqual([
      204,
      expect.stringMatching(/^friday-shop=; .*Max-Age=0$/),
    ]);
    expect((await world.app().request('/api/v1/session', { headers }, tcp)).status).toBe(401);
  });

  it('sees the end of its stream when its session ends', async () => {
    const world = createWorld();
    const entered = await post(world, { code: (await linked(world)).code });
    const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
    const stream = await world.app().request('/api/v1/events', { headers: { host: HOST, cookie } }, tcp);
    const text = stream.text();
    await world.access.people.remove('ana');
    expect((await text).trim()).toBe('');
  });

  it('that tries a wrong password is in the audit by the name it gave', async () => {
    const world = createWorld();
    expect((await post(world, { name: 'ana', password: 'wrong' })).status).toBe(401);
    expect(await world.access.audit({ limit: 5 })).toMatchObject([
      { who: 'ana', how: null, role: null, about: 'ana', status: 401 },
    ]);
    for (let count = 0; count < 10; count += 1) await post(world, { name: 'ana', password: 'wrong' });
    expect(await world.access.audit({ limit: 100 })).toHaveLength(5);
  });

  it('is not in the audit by a name that nobody has and that could be a password', async () => {
    const world = createWorld();
    const tried = async (name: string) => {
      expect((await post(world, { name, password: 'wrong' })).status).toBe(401);
      const [{ who, about } = { who: '', about: '' }] = await world.access.audit({ limit: 1 });
      return [who, about];
    };
    expect(await tried('root')).toEqual(['root', 'root']);
    expect(await tried('correct.horse.battery')).toEqual(['nobody', '']);
    await world.access.people.add({ name: 'ana.of.accounting', role: 'viewer', password: null }, 'root', 0);
    expect(await tried('ana.of.accounting')).toEqual(['ana.of.accounting', 'ana.of.accounting']);
  });

  it('may not sign in with both ways at once, nor over the socket', async () => {
    const world = createWorld();
    expect((await post(world, { code: 'x', name: 'ana', password: 'y' })).status).toBe(422);
    const init = { method: 'POST', body: '{"code":"x"}', headers: { 'content-type': 'application/json' } };
    expect((await world.app().request('/api/v1/session', init, { via: 'socket' })).status).toBe(409);
  });
});

describe('an own password', () => {
  it('is the first one soon after signing in only, and later takes the one before', async () => {
    const world = createWorld();
    const entered = await post(world, { code: (await linked(world)).code });
    const { csrf } = (await entered.json()) as { csrf: string };
    const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
    const headers = { host: HOST, cookie, origin: `http://${HOST}`, 'x-friday-csrf': csrf };
    const app = world.app();
    const change = async (body: object) => {
      const init = {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { ...headers, 'content-type': 'application/json' },
      };
      return (await app.request('/api/v1/session/password', init, tcp)).status;
    };
    world.clock.now += 600_000;
    expect(await change({ password: 'a long passphrase' })).toBe(409);
    world.clock.now -= 1;
    expect(await change({ password: 'short' })).toBe(422);
    expect(await change({ password: 'a long passphrase' })).toBe(200);
    expect(await change({ current: 'wrong', password: 'another passphrase' })).toBe(403);
    expect(await change({ current: 'a long passphrase', password: 'another passphrase' })).toBe(200);
    expect((await post(world, { name: 'ana', password: 'another passphrase' })).status).toBe(200);
    expect((await app.request('/api/v1/session', { headers }, tcp)).status).toBe(200);
  });
});

describe('a flood of tries to sign in', () => {
  it('does not drive out of the audit what people did', async () => {
    const world = createWorld();
    await world.access.setPublicHosts(['friday.example.com']);
    const app = world.app();
    const host = 'friday.example.com';
    for (let count = 0; count < 600; count += 1) {
      const headers = {
        host,
        'content-type': 'application/json',
        'x-forwarded-for': `10.0.${count >> 8}.${count & 255}`,
      };
      await app.request('/api/v1/session', { method: 'POST', body: '{"code":"x"}', headers }, tcp);
      await app.request('/api/v1/session', { method: 'POST', body: '{', headers }, tcp);
    }
    expect(await world.access.audit({ limit: 1000 })).toHaveLength(500);
  });
});

describe('every answer', () => {
  it.each(['/api/v1/status', '/api/v1/nothing', '/healthz', '/nothing', '/'])(
    'of %s is closed to other sites',
    async (path) => {
      const answer = await createWorld()
        .app()
        .request(path, { headers: { host: HOST, accept: 'text/html' } }, tcp);
      const { headers } = answer;
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('content-security-policy')).not.toMatch(/unsafe|https?:|\*/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(POLICY).toContain("frame-ancestors 'none'");
      if (path.startsWith('/api/')) expect(headers.get('cache-control')).toBe('no-store');
    },
  );
});

describe('an order', () => {
  it('of a person stands under that name, whatever a header says; of a token under both', async () => {
    const world = createWorld();
    await world.access.people.add({ name: 'ana', role: 'releaser', password: null }, 'root', world.clock.now);
    const { code } = await world.access.sessions.link('ana', null, world.clock.now);
    const entered = await post(world, { code });
    const { csrf } = (await entered.json()) as { csrf: string };
    const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
    const { secret } = await world.access.tokens.create(
      { name: 'ci', role: 'approver', days: null },
      'root',
      world.clock.now,
    );
    const app = world.app();
    const order = (own: Record<string, string>) => {
      const headers = { host: HOST, 'content-type': 'application/json', 'x-friday-by': 'bob', ...own };
      return app.request('/api/v1/services/api/promote', { method: 'POST', body: '{}', headers }, tcp);
    };
    await order({ cookie, origin: `http://${HOST}`, 'x-friday-csrf': csrf });
    await order({ authorization: `Bearer ${secret}` });
    expect(world.told).toMatchObject([
      { promote: 'api', by: 'ana', mayApprove: false },
      { promote: 'api', by: 'bob (token ci)', mayApprove: true },
    ]);
  });

  it('that is repeated by somebody else with the same key is another one', async () => {
    const world = createWorld();
    const app = world.app();
    const order = async (role: 'admin' | 'approver') => {
      const { secret } = await world.access.tokens.create({ name: role, role, days: null }, 'root', world.clock.now);
      const headers = {
        host: HOST,
        'content-type': 'application/json',
        'idempotency-key': 'k',
        authorization: `Bearer ${secret}`,
      };
      return app.request('/api/v1/services/api/promote', { method: 'POST', body: '{}', headers }, tcp);
    };
    await order('admin');
    expect((await order('approver')).headers.get('idempotency-replayed')).toBeNull();
    expect(world.told).toHaveLength(2);
  });
});
