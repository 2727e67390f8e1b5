// Tests of which instances are started, stopped and forgotten, and when.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  backoffMs,
  countExits,
  crashLoopOf,
  DRAIN_MS,
  type InstanceLook,
  type InstancesSeen,
  planInstances,
} from './instances.ts';
import { serviceWith, specFor, versionFor } from './service.fixture.ts';
import type { ServiceState } from './service.ts';

const NOW = 10_000_000;

function look(version: number, slot: number, rest: Partial<InstanceLook> = {}): InstanceLook {
  return { id: `web-v${version}-${slot}`, version, slot, state: 'ready', startedAt: NOW - 5000, exit: null, ...rest };
}

function ended(version: number, slot: number, at: number, code = 1): InstanceLook {
  return look(version, slot, { state: 'exited', exit: { at, code, signal: null } });
}

function seen(instances: readonly InstanceLook[], rest: Partial<InstancesSeen> = {}): InstancesSeen {
  return { now: NOW, instances, routed: new Set(), open: {}, areDependenciesMet: true, ...rest };
}

const web = (rest: Partial<ServiceState> = {}) => serviceWith([versionFor(1), versionFor(2)], rest);
const ids = (plan: { readonly start: readonly { version: number; slot: number }[] }) =>
  plan.start.map(({ version, slot }) => `web-v${version}-${slot}`);

describe('what is wanted', () => {
  it('is started: every replica of stable, of the warm version and of the release', () => {
    const service = web({ warm: { version: 2, untilMs: NOW } });
    expect(ids(planInstances(service, seen([look(1, 1)])))).toEqual(['web-v1-2', 'web-v2-1', 'web-v2-2']);
    expect(ids(planInstances(web({ isDown: true }), seen([])))).toEqual([]);
  });

  it('waits before its first start for what it depends on, and not at all when it has ended', () => {
    expect(ids(planInstances(web(), seen([ended(1, 1, NOW - 1)], { areDependenciesMet: false })))).toEqual([
      'web-v1-1',
    ]);
  });

  it('is started again after 0, 1, 2, 4 … at most 30 s', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 100].map(backoffMs)).toEqual([0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    const slot = { exits: 2, exitedAt: 5, notBefore: NOW + 1, drainingSince: null };
    const service = web({ replicas: 1, slots: { 'web-v1-1': slot } });
    expect(ids(planInstances(service, seen([ended(1, 1, 5)])))).toEqual([]);
    expect(ids(planInstances(service, seen([ended(1, 1, 5)], { now: NOW + 1 })))).toEqual(['web-v1-1']);
  });

  it('is not started again where the file says so', () => {
    const stays = (restart: 'no' | 'on-failure', code: number) => {
      const service = serviceWith([versionFor(1, specFor({ restart, replicas: 1 }))]);
      return ids(planInstances(service, seen([ended(1, 1, 5, code)])));
    };
    expect([stays('no', 1), stays('on-failure', 0), stays('on-failure', 1)]).toEqual([[], [], ['web-v1-1']]);
  });
});

describe('what is wanted no more', () => {
  const stops = (rest: Partial<InstancesSeen>, before: Partial<ServiceState> = {}) =>
    planInstances(web(before), seen([look(1, 1), look(1, 2), look(2, 1)], rest)).stop;

  it('stops when no new request can reach it and its open ones have ended', () => {
    expect(stops({})).toEqual(['web-v2-1']);
    expect(stops({ open: { 'web-v2-1': 1 } })).toEqual([]);
    expect(stops({ routed: new Set(['web-v2-1']) })).toEqual([]);
    expect(stops({ routed: null })).toEqual([]);
  });

  it('drains from when it left traffic, for at most five minutes', () => {
    const open = { 'web-v2-1': 3 };
    const routed = planInstances(web(), seen([look(2, 1)], { open, routed: new Set(['web-v2-1']) }));
    expect(routed.slots['web-v2-1']?.drainingSince).toBeNull();
    const left = planInstances(web({ slots: routed.slots }), seen([look(2, 1)], { open, now: NOW + 50 }));
    expect(left.slots['web-v2-1']?.drainingSince).toBe(NOW + 50);
    expect(stops({ open, now: NOW + 49 + DRAIN_MS }, { slots: left.slots })).toEqual([]);
    expect(stops({ open, now: NOW + 50 + DRAIN_MS }, { slots: left.slots })).toEqual(['web-v2-1']);
    expect(stops({ open, routed: null, now: NOW + 50 + DRAIN_MS }, { slots: left.slots })).toEqual([]);
  });

  it('is forgotten when it has ended', () => {
    expect(planInstances(web(), seen([ended(2, 1, 5)]))).toMatchObject({ remove: ['web-v2-1'], stop: [] });
  });

  it('at a fixed port ends before the new version starts', () => {
    const spec = specFor({ port: null, replicas: 1 });
    const cache = serviceWith([versionFor(1, spec), versionFor(2, spec)], { stable: 2 });
    const plan = planInstances(cache, seen([look(1, 1)], { routed: null }));
    expect([plan.stop, ids(plan)]).toEqual([['web-v1-1'], []]);
    expect(ids(planInstances(cache, seen([ended(1, 1, 5, 0)])))).toEqual(['web-v2-1']);
  });
});

describe('ends', () => {
  it('are counted and told once each', () => {
    const first = countExits(web(), [ended(1, 1, 7)], NOW);
    expect(first.notes).toEqual([{ version: 1, sentence: 'web-v1-1 ended with exit status 1. It is started again.' }]);
    const again = countExits(web({ slots: first.slots }), [ended(1, 1, 7)], NOW + 1000);
    expect(again).toEqual({ slots: first.slots, notes: [] });
    const second = countExits(web({ slots: first.slots }), [ended(1, 1, 8)], NOW);
    expect(second.notes[0]?.sentence).toMatch(/It is started again in 1s\.$/);
  });

  it('three times in a row are a crash loop; a minute of life sets the count back', () => {
    let service = web();
    for (const at of [1, 2, 3].map((n) => NOW - n)) {
      expect(crashLoopOf(service, 1, [ended(1, 1, at)])).toBeNull();
      service = { ...service, slots: countExits(service, [ended(1, 1, at)], NOW).slots };
    }
    expect(crashLoopOf(service, 1, [ended(1, 1, NOW - 3)])).toBe(
      'web-v1-1 ended 3 times in a row, last with exit status 1',
    );
    const steady = countExits(service, [look(1, 1, { startedAt: NOW - 60_000 })], NOW);
    expect(steady.slots['web-v1-1']?.exits).toBe(0);
  });

  it('that were asked for are no surprise, even when the instance is wanted again meanwhile', () => {
    const stopping = [look(1, 1, { state: 'stopping' }), look(1, 2)];
    const away = planInstances(web({ isDown: true }), seen(stopping));
    const back = planInstances(web({ slots: away.slots }), seen(stopping));
    // The start fails, so the old end is seen again and again.
    const still = [ended(1, 1, NOW, 0), look(1, 2)];
    let { slots } = back;
    for (let turn = 0; turn < 3; turn += 1) {
      const counted = countExits(web({ slots }), still, NOW);
      expect(counted.notes).toEqual([]);
      const plan = planInstances(web({ slots: counted.slots }), seen(still));
      expect(ids(plan)).toEqual(['web-v1-1']);
      slots = plan.slots;
    }
  });
});

it('never starts what runs, never stops what is wanted or routed, and asks for nothing twice', () => {
  const state = fc.constantFrom('starting', 'ready', 'stopping', 'exited');
  const place = fc.record({ version: fc.constantFrom(1, 2), slot: fc.integer({ min: 1, max: 3 }), state });
  const world = fc.uniqueArray(place, { selector: ({ version, slot }) => `${version}-${slot}` });
  fc.assert(
    fc.property(world, fc.boolean(), fc.boolean(), (places, isRouted, isDown) => {
      const looks = places.map(({ version, slot, state: of }) =>
        of === 'exited' ? ended(version, slot, 5) : look(version, slot, { state: of as InstanceLook['state'] }),
      );
      const routed = new Set(isRouted ? looks.map((one) => one.id) : []);
      const plan = planInstances(web({ isDown }), seen(looks, { routed }));
      const running = looks.filter((one) => one.state !== 'exited').map((one) => one.id);
      for (const id of ids(plan)) expect(running).not.toContain(id);
      for (const id of plan.stop) {
        expect(routed.has(id)).toBe(false);
        expect(!isDown && ['web-v1-1', 'web-v1-2'].includes(id)).toBe(false);
      }
      const all = [...ids(plan), ...plan.stop, ...plan.remove];
      expect(new Set(all).size).toBe(all.length);
    }),
  );
});
