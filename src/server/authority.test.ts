// Who may ask: every route over TCP without a token, with a wrong one, from another site and under another host name.
import { describe, expect, it } from 'vitest';
import { allRoutes } from '../api/document.ts';
import type { Problem } from '../api/problem.ts';
import { createWorld, TOKEN } from './fixture.ts';

const table = allRoutes().map((route) => [
  route.method.toUpperCase(),
  route.path.replace('{name}', 'api').replace('{id}', '7'),
]);
const secured = table.filter(([, path]) => path !== '/healthz' && path !== '/readyz');

const good = { host: '127.0.0.1:4747', authorization: `Bearer ${TOKEN}` };
const json = { 'content-type': 'application/json' };

async function ask(method: string, path: string, headers: Record<string, string>, env: object = { via: 'tcp' }) {
  const world = createWorld();
  const answer = await world.app().request(path, { method, headers: { ...json, ...headers } }, env);
  const problem = answer.ok ? null : ((await answer.json()) as Problem);
  if (answer.ok) await answer.body?.cancel();
  return { status: answer.status, code: problem?.code ?? null, detail: problem?.detail ?? '', world, answer };
}

describe('over TCP', () => {
  it('there are all the routes to try', () => {
    expect(table.length).toBe(23);
  });

  it.each(secured)('%s %s without a token is refused with status 401', async (method, path) => {
    const { status, code, world, answer } = await ask(method!, path!, { host: good.host });
    expect([status, code, world.told, world.stops]).toEqual([401, 'refused', [], []]);
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
  });

  it.each(secured)('%s %s with a wrong token is refused with status 401', async (method, path) => {
    const { status, world } = await ask(method!, path!, { ...good, authorization: `Bearer ${TOKEN}x` });
    expect([status, world.told, world.stops]).toEqual([401, [], []]);
  });

  it.each(table)('%s %s from a page of another site is refused with status 403', async (method, path) => {
    const { status, world } = await ask(method!, path!, { ...good, origin: 'https://evil.example' });
    expect([status, world.told, world.stops]).toEqual([403, [], []]);
  });

  it.each(table)('%s %s under another host name is refused with status 403', async (method, path) => {
    const { status, world } = await ask(method!, path!, { ...good, host: 'evil.example:4747' });
    expect([status, world.told, world.stops]).toEqual([403, [], []]);
  });

  it.each(table)('%s %s with the token is let through', async (method, path) => {
    const { status } = await ask(method!, path!, good);
    expect([401, 403]).not.toContain(status);
  });

  it.each(['localhost', 'LOCALHOST:1', '[::1]:4747', '127.0.0.1'])('the host %s is this machine', async (host) => {
    expect((await ask('GET', '/api/v1/status', { ...good, host })).status).toBe(200);
  });

  it.each(['localhost.evil.example', '127.0.0.1.evil.example', 'x@localhost', '127.0.0.2', ''])(
    'the host "%s" is not',
    async (host) => {
      expect((await ask('GET', '/api/v1/status', { ...good, host })).status).toBe(403);
    },
  );

  it('our own page may ask, another port and a page without a site may not', async () => {
    const from = async (origin: string) => (await ask('GET', '/api/v1/status', { ...good, origin })).status;
    expect([await from('http://127.0.0.1:4747'), await from('http://127.0.0.1:3000'), await from('null')]).toEqual([
      200, 403, 403,
    ]);
  });

  it('health needs no token', async () => {
    expect((await ask('GET', '/healthz', { host: good.host })).status).toBe(200);
    expect((await ask('GET', '/readyz', { host: good.host })).status).toBe(200);
  });

  it.each([`bearer ${TOKEN}`, `Bearer  ${TOKEN}`])('"%s" is understood', async (authorization) => {
    expect((await ask('GET', '/api/v1/status', { ...good, authorization })).status).toBe(200);
  });

  it.each([`Basic ${TOKEN}`, TOKEN, 'Bearer', `Bearer ${TOKEN} x`, `Bearer ${TOKEN.slice(0, 10)}`])(
    '"%s" is not',
    async (authorization) => {
      expect((await ask('GET', '/api/v1/status', { ...good, authorization })).status).toBe(401);
    },
  );

  it('a request of which nobody says how it came in must prove itself', async () => {
    expect((await ask('GET', '/api/v1/status', { host: good.host }, {})).status).toBe(401);
  });

  it('a refused order is in the log without any token', async () => {
    const { world } = await ask('POST', '/api/v1/down', { ...good, authorization: 'Bearer not-the-token' });
    expect(world.logged).toMatchObject([{ path: '/api/v1/down', status: 401 }]);
    expect(JSON.stringify(world.logged)).not.toContain('not-the-token');
  });
});

describe('over the unix socket', () => {
  it('nothing has to be shown: the file permission is the authority', async () => {
    expect((await ask('GET', '/api/v1/status', { host: 'whatever' }, { via: 'socket' })).status).toBe(200);
  });
});
