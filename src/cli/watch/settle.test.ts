// What each change of `friday up` has come to, as a table.
import { describe, expect, it } from 'vitest';
import { neverReady, promoted, ramping, rolledBack, service } from '../../../test/cli/views.ts';
import type { ChangeView, InstanceView, ReleaseView } from '../../api/views.ts';
import { type SettleInput, settle } from './settle.ts';

const change: ChangeView = { service: 'api', action: 'change', text: '', version: 42, release: 7 };

function settled(over: Partial<SettleInput>): [string, string] {
  const input = { change, release: null, service: service('api'), ms: 1000, waits: false, readyTimeoutMs: 60_000 };
  const { kind, text } = settle({ ...input, ...over });
  return [kind, text];
}

const restarting = (restarts: number): InstanceView => ({
  id: 'api-v1-1',
  handle: '1',
  version: 1,
  state: 'exited',
  role: 'stable',
  address: '',
  startedAt: 0,
  reason: 'it ended with exit status 1',
  cpu: null,
  memory: null,
  restarts,
});

describe('a release that up began', () => {
  const starting = ramping({ state: 'starting', weight: 0 });
  it.each<[string, ReleaseView, boolean, string, string]>([
    ['is waited for while it starts', starting, false, 'waiting', 'v42 starting'],
    ['has begun with its first share of the traffic', ramping(), false, 'done', 'v42 healthy, has 25% of traffic'],
    ['is waited for to its verdict with --wait', ramping(), true, 'waiting', 'v42 healthy, has 25% of traffic'],
    ['is done when promoted', promoted(), true, 'done', 'v42 promoted, has 100% of traffic'],
    ['is done when it was a first start', promoted({ from: null }), false, 'done', 'v42 healthy'],
    ['has failed when rolled back', rolledBack(), true, 'failed', 'v42 rolled back'],
    ['has failed when never ready', neverReady(), false, 'failed', 'v42 failed'],
  ])('%s', (_name, release, waits, kind, text) => {
    expect(settled({ release, waits })).toEqual([kind, text]);
  });

  it('is held when a newer one took its place', () => {
    expect(settled({ release: 'forgotten' })).toEqual(['held', 'a newer version took its place']);
  });
});

describe('a service that changes in place', () => {
  const down = service('api', { state: 'down', ready: 0, version: 1, instances: [restarting(1)] });
  it.each<[string, Partial<SettleInput>, string, string]>([
    ['is waited for', { service: down }, 'waiting', 'v1 starting, 0 of 2 ready'],
    ['is done when healthy', {}, 'done', 'v17 healthy'],
    ['says how many after scaling', { change: { ...change, action: 'scale' } }, 'done', '2 of 2 ready'],
    ['has failed in a crash loop', { service: { ...down, instances: [restarting(3)] } }, 'failed', 'v1 is not healthy'],
    ['has failed when its time is over', { service: down, ms: 61_000 }, 'failed', 'v1 is not healthy'],
    ['is done without replicas', { service: service('api', { wanted: 0, ready: 0 }) }, 'done', 'no replicas wanted'],
    ['is waited for until it is known', { service: null }, 'waiting', 'starting'],
  ])('%s', (_name, over, kind, text) => {
    expect(settled(over)).toEqual([kind, text]);
  });

  it('is gone when nothing of it runs', () => {
    const remove = { ...change, action: 'remove' } as const;
    const running = service('api', { instances: [{ ...restarting(0), state: 'stopping' }] });
    expect(settled({ change: remove, service: running })).toEqual(['waiting', 'stopping']);
    expect(settled({ change: remove, service: null })).toEqual(['done', 'stopped']);
  });
});
