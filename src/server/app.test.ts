// Every route over a control plane of plain values: answers, problems, validation, what the order says to the control plane.
import { describe, expect, it } from 'vitest';
import * as examples from '../api/examples.ts';
import type { Problem } from '../api/problem.ts';
import { createWorld, logsOf } from './fixture.ts';

const socket = { via: 'socket' as const };

function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { method: 'POST', body: text, headers: { 'content-type': 'application/json', ...headers } };
}

async function problemIn(answer: Response): Promise<Problem> {
  return (await answer.json()) as Problem;
}

describe('a question', () => {
  it.each([
    ['/api/v1/status', examples.status],
    ['/api/v1/services/api', examples.service],
    ['/api/v1/services/api/versions', [examples.version]],
    ['/api/v1/releases', [examples.release]],
    ['/api/v1/releases/7', examples.release],
    ['/healthz', { status: 'ok' }],
    ['/readyz', { status: 'ok' }],
  ])('%s gets the view as JSON', async (path, view) => {
    const answer = await createWorld().app().request(path, {}, socket);
    expect([answer.status, await answer.json()]).toEqual([200, view]);
  });

  it('hands the filters of the releases on', async () => {
    const world = createWorld();
    await world.app().request('/api/v1/releases?service=api&limit=3', {}, socket);
    expect(world.told).toEqual([{ releases: { service: 'api', limit: 3 } }]);
  });

  it.each(['/api/v1/services/web', '/api/v1/services/web/versions', '/api/v1/releases/8', '/api/v1/nothing', '/'])(
    '%s, which there is not, gets a problem with status 404',
    async (path) => {
      const answer = await createWorld().app().request(path, {}, socket);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
      expect(await answer.json()).toMatchObject({
        status: 404,
        code: 'not-found',
        type: 'urn:fridaymorning:problem:not-found',
      });
    },
  );

  it.each([
    '/api/v1/releases/x',
    '/api/v1/releases/0',
    '/api/v1/releases?limit=',
    '/api/v1/releases?limit=1001',
    '/api/v1/events?after=-1',
    '/api/v1/events?follow=maybe',
    '/api/v1/logs?level=loud',
    '/api/v1/logs?lines=10001',
  ])('%s, which is wrong, gets a problem with status 422 that names the place', async (path) => {
    const answer = await createWorld().app().request(path, {}, socket);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({
      code: 'invalid',
      detail: expect.stringMatching(/^The (path|query) is wrong: \w+: /),
    });
  });
});

describe('an order', () => {
  const who = { 'x-friday-by': encodeURIComponent('Ana Müller') };
  const by = 'Ana Müller';

  it.each([
    ['/api/v1/up', examples.upOrder, 200, examples.upped],
    ['/api/v1/services/api/releases', examples.releaseOrder, 201, examples.release],
    ['/api/v1/services/api/rollback', examples.rollBackOrder, 200, examples.release],
    ['/api/v1/services/api/promote', examples.promoteOrder, 200, examples.release],
    ['/api/v1/down', examples.downOrder, 200, { services: ['api'], isLast: true }],
    ['/api/v1/stop', {}, 202, { isStopping: true }],
  ])('%s is answered with what it made', async (path, body, status, view) => {
    const answer = await createWorld().app().request(path, post(body), socket);
    expect([answer.status, await answer.json()]).toEqual([status, view]);
  });

  it('tells the control plane what, by whom and why, with defaults filled in', async () => {
    const world = createWorld();
    const app = world.app();
    await app.request('/api/v1/up', post({ project: examples.upOrder.project }, who), socket);
    await app.request('/api/v1/services/api/releases', post({ project: examples.upOrder.project }, who), socket);
    await app.request('/api/v1/services/api/rollback', post({ version: 3, reason: 'too slow' }, who), socket);
    await app.request('/api/v1/services/api/promote', post({ to: 50 }, who), socket);
    await app.request('/api/v1/down', post({}), socket);
    const { project } = examples.upOrder;
    expect(world.told).toEqual([
      { up: { project, services: [], isDryRun: false, removesOrphans: false, isForced: false, reason: '', by } },
      { release: { project, steps: null, service: 'api', reason: '', by } },
      { rollBack: 'api', version: 3, reason: 'too slow', by, mayApprove: true },
      { promote: 'api', to: 50, version: null, reason: '', by, mayApprove: true },
      { down: [], reason: '', by: 'someone' },
    ]);
  });

  it.each([
    [
      'of another project',
      { name: 'other' },
      409,
      'This is the control plane of shop; /srv/shop/compose.yaml is of the project other.',
    ],
    [
      'that asks for another runtime',
      { runtime: 'docker' },
      422,
      '/srv/shop/compose.yaml asks for the runtime docker; this control plane has process.',
    ],
    [
      'that asks for another balancer',
      { balancer: 'haproxy' },
      422,
      '/srv/shop/compose.yaml asks for the balancer haproxy; this control plane has embedded.',
    ],
  ])('with a file %s is refused', async (_, change, status, detail) => {
    const world = createWorld();
    const body = { project: { ...examples.upOrder.project, ...change } };
    for (const path of ['/api/v1/up', '/api/v1/services/api/releases']) {
      const answer = await world.app().request(path, post(body), socket);
      expect([answer.status, (await problemIn(answer)).detail, world.told]).toEqual([status, detail, []]);
    }
  });

  it('says where the release is that it made', async () => {
    const answer = await createWorld()
      .app()
      .request('/api/v1/services/api/releases', post(examples.releaseOrder), socket);
    expect(answer.headers.get('location')).toBe('/api/v1/releases/7');
  });

  it('to stop needs no body and says who asked', async () => {
    const world = createWorld();
    const answer = await world.app().request('/api/v1/stop', { method: 'POST', headers: who }, socket);
    expect([answer.status, world.stops]).toEqual([202, [by]]);
  });

  it.each([
    ['%', 'is not encoded'],
    [encodeURIComponent('x'.repeat(101)), 'is too long'],
    [encodeURIComponent('ana\nroot'), 'has a line break'],
  ])('by %s is refused: the name %s', async (name) => {
    const world = createWorld();
    const answer = await world.app().request('/api/v1/down', post({}, { 'x-friday-by': name }), socket);
    expect([answer.status, world.told]).toEqual([422, []]);
  });

  it('that is not possible now gets a problem with the hint, and one line in the log without its body', async () => {
    const world = createWorld();
    const answer = await world.app().request('/api/v1/services/api/pause', post({ reason: 'secret' }), socket);
    expect(await answer.json()).toEqual({
      type: 'urn:fridaymorning:problem:conflict',
      title: 'Not possible at this moment',
      status: 409,
      detail: 'api has no release under way.',
      code: 'conflict',
      hint: 'friday release api',
    });
    expect(world.logged).toHaveLength(1);
    expect(world.logged[0]).toMatchObject({ level: 'warn', path: '/api/v1/services/api/pause', status: 409 });
    expect(JSON.stringify(world.logged)).not.toContain('secret');
  });

  it('that meets a bug gets status 500, and the log gets the stack', async () => {
    const world = createWorld();
    const answer = await world.app().request('/api/v1/services/api/pause', post({ reason: 'a bug' }), socket);
    expect([answer.status, (await problemIn(answer)).code]).toEqual([500, 'unavailable']);
    expect(world.logged).toMatchObject([{ level: 'error', error: expect.stringContaining('fixture.ts') }]);
  });
});

describe('a body', () => {
  const large = JSON.stringify({ reason: 'x'.repeat(5 * 1024 * 1024) });
  const { project } = examples.upOrder;
  const broken = { ...project, services: [{ ...project.services[0], port: 'five', replicas: -1 }] };

  it.each([
    ['that is no JSON', '{"reason": ', {}, 400, 'Malformed JSON'],
    ['of another type', 'reason=x', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'application/json'],
    ['that is too large', large, { 'content-length': String(large.length) }, 413, '4 MB'],
    ['that is too large and does not say so', large, {}, 413, '4 MB'],
    ['with a wrong field', '{"to": "half"}', {}, 422, 'to: '],
    ['that is an array', '[]', {}, 422, '(all): '],
    ['that is empty', '', {}, 400, 'Malformed JSON'],
  ])('%s is refused with a problem', async (_, text, headers, status, said) => {
    const world = createWorld();
    const answer = await world.app().request('/api/v1/services/api/promote', post(text, headers), socket);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
    expect((await problemIn(answer)).detail).toContain(said);
    expect(world.told).toEqual([]);
  });

  it('with a project that is wrong names every place', async () => {
    const answer = await createWorld()
      .app()
      .request('/api/v1/up', post({ project: broken }), socket);
    const { detail } = await problemIn(answer);
    expect([answer.status, detail]).toEqual([
      422,
      expect.stringMatching(/project\.services\.0\.replicas: .*project\.services\.0\.port: /),
    ]);
  });
});

describe('readiness', () => {
  it('is missing before the first turn', async () => {
    const world = createWorld();
    world.clock.lastTurnAt = null;
    expect((await world.app().request('/readyz', {}, socket)).status).toBe(503);
  });

  it('is lost when the loop has not turned for more than 5 s, and health is not', async () => {
    const world = createWorld();
    const app = world.app();
    world.clock.now += 5000;
    expect((await app.request('/readyz', {}, socket)).status).toBe(200);
    world.clock.now += 1000;
    const answer = await app.request('/readyz', {}, socket);
    expect([answer.status, (await problemIn(answer)).detail]).toEqual([
      503,
      'The loop ended its last turn 6 s ago; expected every second.',
    ]);
    expect((await app.request('/healthz', {}, socket)).status).toBe(200);
  });
});

describe('the logs', () => {
  it('are one JSON value a line, asked for as the query says', async () => {
    const asked: unknown[] = [];
    const app = createWorld().app({ logs: logsOf([examples.logLine], asked) });
    const query = 'service=api&version=42&instance=api-v42-1&pattern=cur&level=warn&since=1&until=2&lines=5';
    const answer = await app.request(`/api/v1/logs?${query}`, {}, socket);
    expect((await answer.text()).trim()).toBe(JSON.stringify(examples.logLine));
    expect(asked).toEqual([
      {
        service: 'api',
        version: 42,
        instance: 'api-v42-1',
        pattern: 'cur',
        level: 'warn',
        sinceMs: 1,
        untilMs: 2,
        lines: 5,
      },
    ]);
  });
});
