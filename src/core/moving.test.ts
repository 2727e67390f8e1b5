// Tests of instances that have to go from where they run: others stand in first, and nothing is asked to stop too early.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countExits, type InstanceLook, planInstances } from './instances.ts';
import { serviceWith, specFor, versionFor } from './service.fixture.ts';
import { type ServiceState, wantedIds, wantedSlots } from './service.ts';
import { type InstanceTarget, trafficOf } from './table.ts';

const NOW = 10_000_000;
const GOES = 'its node n2 is being emptied';

type One = InstanceLook & InstanceTarget;

function one(slot: number, rest: Partial<One> = {}): One {
  const id = `web-v1-${slot}`;
  const place = { service: 'web', version: 1, slot, host: '10.0.0.1', port: 4000 + slot };
  return { id, ...place, state: 'ready', startedAt: NOW - 5000, exit: null, ...rest };
}

const web = (replicas: number, rest: Partial<ServiceState> = {}) =>
  serviceWith([versionFor(1)], { replicas, routing: ROUTING, ...rest });
const ROUTING = { stable: 1, candidate: null, weight: 0, epoch: 1, salt: 's' };

const routed = (service: ServiceState, all: readonly One[]) =>
  trafficOf(service, all, NOW)?.stable?.targets.map(({ id }) => id) ?? [];
const planned = (service: ServiceState, all: readonly One[], open = {}) => {
  return planInstances(service, {
    now: NOW,
    instances: all,
    routed: new Set(routed(service, all)),
    open,
    areDependenciesMet: true,
  });
};

describe('an instance that has to go', () => {
  it('is followed by one 1000 above, and has its traffic until that one is ready', () => {
    const service = web(2);
    const goes = one(2, { leaving: GOES });
    expect(planned(service, [one(1), goes]).start).toEqual([{ version: 1, slot: 1002 }]);
    const starting = [one(1), goes, one(1002, { state: 'starting' })];
    expect(routed(service, starting)).toEqual(['web-v1-1', 'web-v1-2']);
    expect(planned(service, starting)).toMatchObject({ start: [], stop: [], remove: [] });
    const ready = [one(1), goes, one(1002)];
    expect(routed(service, ready)).toEqual(['web-v1-1', 'web-v1-1002']);
  });

  it('stops only when its open requests have ended', () => {
    const all = [one(1, { leaving: GOES }), one(1001)];
    expect(planned(web(1), all, { 'web-v1-1': 1 }).stop).toEqual([]);
    expect(planned(web(1), all, { 'web-v1-1': 0 }).stop).toEqual(['web-v1-1']);
  });

  it('leaves its place to the one that followed, which keeps it', () => {
    expect(wantedSlots(web(3), 1, [one(1), one(3), one(1002)])).toEqual([1, 1002, 3]);
    expect(wantedSlots(web(3), 1, [one(1), one(3), one(1002, { leaving: GOES })])).toEqual([1, 2002, 3]);
    expect(wantedSlots(web(3), 1, [one(1), one(3)])).toEqual([1, 2, 3]);
    expect(planned(web(1), [one(1), one(1002)]).stop).toEqual(['web-v1-1002']);
  });

  it('keeps its place when two of it cannot be side by side', () => {
    const redis = serviceWith([versionFor(1, specFor({ port: null, routes: [] }))], { replicas: 1 });
    expect(wantedSlots(redis, 1, [one(1, { leaving: GOES })])).toEqual([1]);
  });

  it('never leaves fewer ready instances with traffic than there were', () => {
    const anInstance = fc.record({
      slot: fc
        .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 2 }))
        .map(([place, times]) => place + 1000 * times),
      state: fc.constantFrom('starting', 'ready', 'stopping', 'exited'),
      leaving: fc.option(fc.constant(GOES), { nil: undefined }),
    });
    const some = fc.uniqueArray(anInstance, { selector: ({ slot }) => slot, maxLength: 10 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), some, (replicas, parts) => {
        const all = parts.map(({ slot, state, leaving }) => one(slot, { state, ...(leaving && { leaving }) }));
        const service = web(replicas);
        const ids = wantedIds(service, 1, all);
        expect(ids.size).toBe(replicas);
        const ready = all.filter(({ state }) => state === 'ready').length;
        const targets = routed(service, all);
        expect(targets.length).toBe(Math.min(ready, replicas));
        const plan = planned(service, all);
        expect(plan.stop.filter((id) => targets.includes(id) || ids.has(id))).toEqual([]);
        expect(plan.start.every(({ slot }) => ids.has(`web-v1-${slot}`))).toBe(true);
      }),
    );
  });
});

describe('an instance that the runtime started again by itself', () => {
  it('counts the end that was not seen once, in a sentence', () => {
    const former = { at: NOW - 3000, code: null, signal: null, why: 'its node n2 is lost' };
    const again = [one(1, { former, state: 'starting' })];
    const { slots, notes } = countExits(web(1), again, NOW);
    expect(slots['web-v1-1']).toMatchObject({ exits: 1, exitedAt: NOW - 3000 });
    expect(notes).toEqual([{ version: 1, sentence: 'web-v1-1 ended: its node n2 is lost. It was started again.' }]);
    expect(countExits(web(1, { slots }), again, NOW + 1000).notes).toEqual([]);
  });

  it('counts an end once that was seen before it was started again', () => {
    const exit = { at: NOW - 3000, code: 3, signal: null };
    const { slots, notes } = countExits(web(1), [one(1, { state: 'exited', exit })], NOW);
    expect(notes.map(({ sentence }) => sentence)).toEqual(['web-v1-1 ended with exit status 3. It is started again.']);
    expect(countExits(web(1, { slots }), [one(1, { former: exit })], NOW + 1000).notes).toEqual([]);
  });

  it('begins anew with a minute of life', () => {
    const exit = { at: NOW, code: 3, signal: null };
    const slots = { 'web-v1-1': { exits: 2, exitedAt: NOW, notBefore: NOW, drainingSince: null } };
    const later = countExits(web(1, { slots }), [one(1, { former: exit, startedAt: NOW })], NOW + 60_000);
    expect(later.slots['web-v1-1']?.exits).toBe(0);
  });
});
