// Orders that are sent twice under one Idempotency-Key.
import { describe, expect, it } from 'vitest';
import type { Control } from '../control/api.ts';
import { Failure } from '../core/failure.ts';
import { createWorld } from './fixture.ts';

const socket = { via: 'socket' as const };

function order(key: string, reason: string): RequestInit {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key };
  return { method: 'POST', headers, body: JSON.stringify({ reason }) };
}

describe('the same key', () => {
  it('with the same body is one order with one answer', async () => {
    const world = createWorld();
    const app = world.app();
    const first = await app.request('/api/v1/down', order('k', 'a'), socket);
    const second = await app.request('/api/v1/down', order('k', 'a'), socket);
    expect(world.told).toHaveLength(1);
    expect([second.status, await second.json()]).toEqual([first.status, await first.json()]);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
  });

  it('with another body or another path is refused', async () => {
    const world = createWorld();
    const app = world.app();
    await app.request('/api/v1/down', order('k', 'a'), socket);
    expect((await app.request('/api/v1/down', order('k', 'b'), socket)).status).toBe(422);
    expect((await app.request('/api/v1/services/api/rollback', order('k', 'a'), socket)).status).toBe(422);
    expect(world.told).toHaveLength(1);
  });

  it('after 10 minutes is a new order', async () => {
    const world = createWorld();
    const app = world.app();
    await app.request('/api/v1/down', order('k', 'a'), socket);
    world.clock.now += 10 * 60_000 + 1;
    await app.request('/api/v1/down', order('k', 'b'), socket);
    expect(world.told).toHaveLength(2);
  });

  it('is forgotten after 500 others', async () => {
    const world = createWorld();
    const app = world.app();
    for (let n = 0; n <= 500; n++) await app.request('/api/v1/down', order(`k${n}`, 'a'), socket);
    await app.request('/api/v1/down', order('k500', 'a'), socket);
    expect(world.told).toHaveLength(501);
    await app.request('/api/v1/down', order('k0', 'a'), socket);
    expect(world.told).toHaveLength(502);
  });

  it('while the first order is at work waits for its answer', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const world = createWorld();
    let orders = 0;
    const down: Control['down'] = async () => {
      orders += 1;
      await promise;
      return { services: ['api'], isLast: false };
    };
    const app = world.app({ control: { ...world.control, down } });
    const both = [1, 2].map(async () => (await app.request('/api/v1/down', order('k', 'a'), socket)).json());
    await new Promise((next) => setTimeout(next, 20));
    resolve();
    expect(await Promise.all(both)).toEqual([
      { services: ['api'], isLast: false },
      { services: ['api'], isLast: false },
    ]);
    expect(orders).toBe(1);
  });

  it('of an order that the control plane could not follow tries again; of one that is wrong it gets the same problem', async () => {
    const world = createWorld();
    let orders = 0;
    const down: Control['down'] = async () => {
      orders += 1;
      throw new Failure('unavailable', 'The disk is full.');
    };
    const app = world.app({ control: { ...world.control, down } });
    expect((await app.request('/api/v1/down', order('k', 'a'), socket)).status).toBe(503);
    expect((await app.request('/api/v1/down', order('k', 'a'), socket)).status).toBe(503);
    expect(orders).toBe(2);
    const refused = () => app.request('/api/v1/services/api/pause', order('p', 'x'), socket);
    expect([(await refused()).status, (await refused()).headers.get('idempotency-replayed')]).toEqual([409, 'true']);
  });
});

describe('a key', () => {
  it('has at most 200 characters', async () => {
    const app = createWorld().app();
    expect((await app.request('/api/v1/down', order('k'.repeat(201), 'a'), socket)).status).toBe(422);
  });

  it('on a question means nothing', async () => {
    const app = createWorld().app();
    expect((await app.request('/api/v1/status', { headers: { 'idempotency-key': 'k' } }, socket)).status).toBe(200);
  });
});
