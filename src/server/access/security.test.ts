// Every route of the API against everybody who might ask: nobody, each role by token and by session, other sites, broken bodies.
import { beforeAll, describe, expect, it } from 'vitest';
import { allRoutes } from '../../api/document.ts';
import * as examples from '../../api/examples.ts';
import { ROLES, type Role } from '../../core/access.ts';
import { createWorld, TOKEN, type World } from '../fixture.ts';
import { PERMISSIONS } from './permissions.ts';

type Row = {
  /** The lowest role that may; null = nobody has to prove anything. */
  readonly from: Role | null;
  /** What that one is answered. */
  readonly status: number;
  readonly body?: unknown;
  /** Refused to browser sessions, whatever their role. */
  readonly sendsCode?: true;
};

/** Row of one route: who may, what the answer is, what is sent. A route without a row fails the first test. */
const TABLE: Readonly<Record<string, Row>> = {
  'GET /healthz': { from: null, status: 200 },
  'GET /readyz': { from: null, status: 200 },
  'POST /api/v1/session': { from: null, status: 401, body: { name: 'nobody', password: 'wrong' } },
  'GET /openapi.json': { from: 'viewer', status: 200 },
  'GET /api/v1/status': { from: 'viewer', status: 200 },
  'GET /api/v1/certificates': { from: 'viewer', status: 200 },
  'GET /metrics': { from: 'viewer', status: 200 },
  'GET /api/v1/services/{name}': { from: 'viewer', status: 200 },
  'GET /api/v1/services/{name}/versions': { from: 'viewer', status: 200 },
  'GET /api/v1/services/{name}/traffic': { from: 'viewer', status: 200 },
  'GET /api/v1/releases': { from: 'viewer', status: 200 },
  'GET /api/v1/releases/{id}': { from: 'viewer', status: 200 },
  'GET /api/v1/releases/{id}/changes': { from: 'viewer', status: 200 },
  'GET /api/v1/releases/{id}/ticks': { from: 'viewer', status: 200 },
  'GET /api/v1/releases/{id}/course': { from: 'viewer', status: 200 },
  'GET /api/v1/metrics': { from: 'viewer', status: 422 },
  'GET /api/v1/live': { from: 'viewer', status: 200 },
  'GET /api/v1/events': { from: 'viewer', status: 200 },
  'GET /api/v1/logs': { from: 'viewer', status: 200 },
  'POST /api/v1/up': { from: 'releaser', status: 200, body: examples.upOrder, sendsCode: true },
  'POST /api/v1/services/{name}/releases': {
    from: 'releaser',
    status: 201,
    body: examples.releaseOrder,
    sendsCode: true,
  },
  'POST /api/v1/services/{name}/comparisons': { from: 'releaser', status: 201, body: {} },
  'POST /api/v1/services/{name}/rollback': { from: 'releaser', status: 200, body: {} },
  'POST /api/v1/services/{name}/promote': { from: 'releaser', status: 200, body: {} },
  'POST /api/v1/services/{name}/pause': { from: 'releaser', status: 409, body: {} },
  'POST /api/v1/services/{name}/restart': { from: 'releaser', status: 200, body: {} },
  'POST /api/v1/services/{name}/drain': { from: 'releaser', status: 200, body: examples.drainOrder },
  'GET /api/v1/nodes': { from: 'viewer', status: 200 },
  'POST /api/v1/nodes/{name}/drain': { from: 'admin', status: 200, body: {} },
  'POST /api/v1/nodes/{name}/activate': { from: 'admin', status: 200, body: {} },
  'POST /api/v1/down': { from: 'admin', status: 200, body: {} },
  'POST /api/v1/stop': { from: 'admin', status: 202, body: {} },
  'GET /api/v1/session': { from: 'viewer', status: 200 },
  'DELETE /api/v1/session': { from: 'viewer', status: 204 },
  'POST /api/v1/session/password': { from: 'viewer', status: 422, body: {} },
  'GET /api/v1/sessions': { from: 'viewer', status: 200 },
  'DELETE /api/v1/sessions': { from: 'viewer', status: 204 },
  'DELETE /api/v1/sessions/{id}': { from: 'viewer', status: 404 },
  'POST /api/v1/links': { from: 'admin', status: 404, body: { name: 'nobody' } },
  'GET /api/v1/people': { from: 'admin', status: 200 },
  'POST /api/v1/people': { from: 'admin', status: 201, body: { name: 'zoe', role: 'viewer' } },
  'POST /api/v1/people/{name}/role': { from: 'admin', status: 404, body: { role: 'viewer' } },
  'POST /api/v1/people/{name}/password': { from: 'admin', status: 404, body: { password: null } },
  'DELETE /api/v1/people/{name}': { from: 'admin', status: 404 },
  'GET /api/v1/tokens': { from: 'admin', status: 200 },
  'POST /api/v1/tokens': { from: 'admin', status: 201, body: { name: 'ci', role: 'viewer' } },
  'DELETE /api/v1/tokens/{id}': { from: 'admin', status: 404 },
  'GET /api/v1/notifications': { from: 'viewer', status: 200 },
  'POST /api/v1/notifications/test': { from: 'admin', status: 200, body: {} },
  'GET /api/v1/audit': { from: 'admin', status: 200 },
};

const routes = allRoutes().map(({ method, path }) => `${method.toUpperCase()} ${path}`);
const rows = Object.entries(TABLE).map(([route, row]) => {
  const [method = '', path = ''] = route.split(' ');
  return { route, method, path: path.replace('{name}', 'api').replace('{id}', '7'), ...row };
});
type Asked = (typeof rows)[number];

const secured = rows.filter((row) => row.from !== null);
const changing = secured.filter((row) => row.method !== 'GET');
const posts = rows.filter((row) => row.method === 'POST');
const HOST = '127.0.0.1:4747';
const OWN = `http://${HOST}`;
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

type Seat = { readonly token: string; readonly session: Readonly<Record<string, string>> };

/** A world of its own, so that nothing that one request does is seen by the next. */
async function seated(role: Role): Promise<{ world: World; seat: Seat }> {
  const world = createWorld();
  const { access, clock } = world;
  const { secret } = await access.tokens.create({ name: 'robot', role, days: null }, 'test', clock.now);
  await access.people.add({ name: 'ana', role, password: null }, 'test', clock.now);
  const { code } = await access.sessions.link('ana', null, clock.now);
  const begun = await access.sessions.byLink(code, { agent: '', address: '' }, clock.now);
  const app = world.app();
  const cookie = `friday-shop=${begun.secret}`;
  const self = await app.request('/api/v1/session', { headers: { host: HOST, cookie } }, { via: 'tcp' });
  const { csrf } = (await self.json()) as { csrf: string };
  return { world, seat: { token: secret, session: { cookie, origin: OWN, 'x-friday-csrf': csrf } } };
}

type Sent = { headers?: Record<string, string>; text?: string; path?: string };

async function ask(world: World, row: Asked, { headers = {}, text, path }: Sent): Promise<number> {
  const body = text ?? (row.body === undefined ? undefined : JSON.stringify(row.body));
  const init = {
    method: row.method,
    headers: { host: HOST, ...(row.method === 'POST' ? { 'content-type': 'application/json' } : {}), ...headers },
    ...(body === undefined || row.method === 'GET' ? {} : { body }),
  };
  const answer = await world.app().request(path ?? row.path, init, { via: 'tcp' });
  await answer.body?.cancel();
  return answer.status;
}

/** That the control plane was told nothing. */
function untouched({ told, stops }: World): void {
  expect([told, stops]).toEqual([[], []]);
}

const roleAt = (role: Role) => ROLES.indexOf(role);
const expected = ({ from, status }: Asked, role: Role) => (from !== null && roleAt(role) < roleAt(from) ? 403 : status);

describe('the table', () => {
  it('has a row for every route, and no others', () => {
    expect(Object.keys(TABLE).sort()).toEqual([...routes].sort());
  });

  it('has a permission for every operation, and no others', () => {
    const operations = allRoutes().map((route) => route.operationId ?? '');
    expect(Object.keys(PERMISSIONS).sort()).toEqual([...operations].sort());
  });
});

describe('without a token or a session', () => {
  it.each(rows)('$route', async (row) => {
    const world = createWorld();
    expect(await ask(world, row, {})).toBe(row.from === null ? row.status : 401);
    untouched(world);
  });

  it.each(secured)('$route: a wrong token, and a wrong session', async (row) => {
    const world = createWorld();
    expect(await ask(world, row, { headers: bearer(`${TOKEN}x`) })).toBe(401);
    expect(await ask(world, row, { headers: bearer(`fri_${'x'.repeat(43)}`) })).toBe(401);
    expect(await ask(world, row, { headers: { cookie: 'friday-shop=x', origin: OWN } })).toBe(401);
    untouched(world);
  });

  it.each([
    '/api/v1/status/',
    '/api/v1//status',
    '//api/v1/status',
    '/API/v1/status',
    '/api/v1/%73tatus',
    '/x/../api/v1/status',
    '/api/v1/services/a%2Fb/rollback',
    '/api/v1/status;x=1',
    '/api/v1/status%00',
  ])('%s shows nothing and does nothing', async (path) => {
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PUT', 'PATCH']) {
      const world = createWorld();
      const answer = await world.app().request(path, { method, headers: { host: HOST } }, { via: 'tcp' });
      expect([401, 404]).toContain(answer.status);
      expect(await answer.text()).not.toContain('"services"');
      untouched(world);
    }
  });
});

describe.each(ROLES)('the role %s', (role) => {
  it.each(rows)('$route by token', async (row) => {
    const { world, seat } = await seated(role);
    expect(await ask(world, row, { headers: bearer(seat.token) })).toBe(expected(row, role));
    if (expected(row, role) === 403) untouched(world);
  });

  it.each(rows)('$route by session', async (row) => {
    const { world, seat } = await seated(role);
    const status = row.sendsCode ? 403 : expected(row, role);
    expect(await ask(world, row, { headers: { ...seat.session } })).toBe(status);
    if (status === 403) untouched(world);
  });
});

describe('the machine’s token', () => {
  it.each(secured)('$route', async (row) => {
    expect(await ask(createWorld(), row, { headers: bearer(TOKEN) })).toBe(row.status);
  });
});

describe('a page that is not ours', () => {
  let admin: Awaited<ReturnType<typeof seated>>;
  beforeAll(async () => {
    admin = await seated('admin');
  });

  it.each(rows)('$route', async (row) => {
    const { world, seat } = admin;
    for (const proof of [bearer(seat.token), bearer(TOKEN), seat.session, {}]) {
      for (const origin of ['https://evil.example', 'http://127.0.0.1:3000', 'https://127.0.0.1:4747', 'null', 'x']) {
        expect(await ask(world, row, { headers: { ...proof, origin } })).toBe(403);
      }
      for (const site of ['cross-site', 'same-site']) {
        expect(await ask(world, row, { headers: { ...proof, 'sec-fetch-site': site } })).toBe(403);
      }
      for (const host of ['evil.example', 'evil.example:4747', 'localhost.evil.example', '127.0.0.1.evil.example']) {
        expect(await ask(world, row, { headers: { ...proof, host } })).toBe(403);
      }
    }
    untouched(world);
  });

  it.each(changing)('$route with our cookie that came along by itself', async (row) => {
    const { world, seat } = admin;
    const { cookie = '', 'x-friday-csrf': csrf = '' } = seat.session;
    const tries: Record<string, string>[] = [
      { cookie },
      { cookie, origin: OWN },
      { cookie, 'x-friday-csrf': csrf },
      { cookie, origin: OWN, 'x-friday-csrf': '' },
      { cookie, origin: OWN, 'x-friday-csrf': `${csrf}x` },
      { cookie, origin: OWN, 'sec-fetch-site': 'same-origin' },
    ];
    for (const headers of tries) expect(await ask(world, row, { headers })).toBe(403);
    untouched(world);
  });
});

describe('a body', () => {
  const large = (bytes: number) => JSON.stringify({ reason: 'x'.repeat(bytes) });

  it.each(posts)('$route that is too large', async (row) => {
    const world = createWorld();
    const text = large(row.path.startsWith('/api/v1/session') ? 17 * 1024 : 4 * 1024 * 1024);
    const proof = bearer(TOKEN);
    expect(await ask(world, row, { headers: proof, text })).toBe(413);
    expect(await ask(world, row, { headers: { ...proof, 'content-length': `${text.length}` }, text })).toBe(413);
    untouched(world);
  });

  it.each(secured.filter((row) => row.method === 'POST'))('$route is not read of nobody', async (row) => {
    const world = createWorld();
    expect(await ask(world, row, { text: large(5 * 1024 * 1024) })).toBe(401);
    expect(await ask(world, row, { text: '{' })).toBe(401);
  });

  it.each(posts)('$route that is malformed', async (row) => {
    const world = createWorld();
    const send = (text: string, type = 'application/json') =>
      ask(world, row, { headers: { ...bearer(TOKEN), 'content-type': type }, text });
    const isFree = row.path === '/api/v1/stop';
    if (!isFree) {
      for (const text of ['{', '', '\0', '{"a":']) expect(await send(text)).toBe(400);
      for (const text of ['[]', '"x"', '1', 'null']) expect(await send(text)).toBe(422);
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      expect(await send('{}', type)).toBe(415);
    }
    if (!isFree) untouched(world);
  });

  it.each(changing.filter((row) => row.path.startsWith('/api/v1/people') || row.path.startsWith('/api/v1/tokens')))(
    '$route with what nobody asked for',
    async (row) => {
      if (row.method !== 'POST') return;
      const body = { ...(row.body as object), isAdmin: true };
      expect(await ask(createWorld(), row, { headers: bearer(TOKEN), text: JSON.stringify(body) })).toBe(422);
    },
  );
});
