// Tests of restarts by hand: one after the other, and never fewer instances with traffic than there were.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keepRestarts, orderRestart, type Standing, withRestarts } from './instance-orders.ts';
import { planInstances } from './instances.ts';
import { orderDown } from './orders.ts';
import { startRelease } from './release.ts';
import { memoryOf, serviceWith, specFor, versionFor } from './service.fixture.ts';
import { instanceId, type ServiceState } from './service.ts';
import { type InstanceTarget, trafficOf } from './table.ts';
import type { Memory } from './turn.ts';

const NOW = 10_000_000;
const given = { now: NOW, by: 'anna', reason: '', salt: '00' };
const ROUTING = { stable: 1, candidate: null, weight: 0, epoch: 1, salt: 's' };

type One = Standing & InstanceTarget & { readonly startedAt: number; readonly exit: null };

function one(slot: number, state: One['state'] = 'ready'): One {
  const id = instanceId('web', 1, slot);
  return { id, service: 'web', version: 1, slot, state, host: '127.0.0.1', port: slot, startedAt: NOW, exit: null };
}

const web = (replicas: number, rest: Partial<ServiceState> = {}) =>
  serviceWith([versionFor(1)], { replicas, routing: ROUTING, ...rest });
const all = (replicas: number) => Array.from({ length: replicas }, (_, i) => one(i + 1));
const webOf = (memory: Memory): ServiceState => memory.services.web ?? web(0);

describe('an order to restart', () => {
  it('is of one instance, or of all that people use, and stands in the journal', () => {
    const single = orderRestart(memoryOf(web(2)), 'web', 'web-v1-2', all(2), { ...given, reason: 'it leaks.' });
    expect(webOf(single.memory).restarts).toEqual(['web-v1-2']);
    expect(single.events[0]).toMatchObject({ type: 'command', by: 'anna' });
    expect(single.events[0]?.sentence).toBe('anna restarts web-v1-2: it leaks.');
    const both = orderRestart(single.memory, 'web', null, all(2), given);
    expect(webOf(both.memory).restarts).toEqual(['web-v1-2', 'web-v1-1']);
    expect(both.events[0]?.sentence).toBe('anna restarts the 2 instances of web, one after the other.');
  });

  it('that was given already is followed without a word', () => {
    const memory = memoryOf(web(1, { restarts: ['web-v1-1'] }));
    expect(orderRestart(memory, 'web', null, all(1), given)).toEqual({ memory, events: [] });
  });

  const redis = serviceWith([versionFor(1, specFor({ port: null, routes: [] }))], { name: 'web' });
  const release = startRelease({ ...given, id: 7, version: 2, from: 1, spec: specFor(), isDirect: false });
  it.each([
    ['a service that nobody knows', memoryOf(web(1)), 'wep', null, 'not-found'],
    ['an instance that nobody knows', memoryOf(web(1)), 'web', 'web-v1-9', 'not-found'],
    ['one that is leaving', memoryOf(web(1)), 'web', 'web-v1-2', 'conflict'],
    ['what is stopped', memoryOf(web(1, { isDown: true })), 'web', null, 'conflict'],
    ['what nothing can stand in for', memoryOf(redis), 'web', null, 'conflict'],
    ['what is being released', memoryOf(web(1, { release })), 'web', null, 'conflict'],
  ])('refuses %s', (_name, memory, name, instance, code) => {
    expect(() => orderRestart(memory, name, instance, all(2), given)).toThrow(expect.objectContaining({ code }));
  });
});

describe('a restart', () => {
  it('takes one after the other', () => {
    const service = web(2, { restarts: ['web-v1-1', 'web-v1-2'] });
    const marked = (instances: readonly One[]) =>
      withRestarts({ web: service }, instances).flatMap(({ id, leaving }) => (leaving === undefined ? [] : [id]));
    expect(marked(all(2))).toEqual(['web-v1-1']);
    expect(marked([...all(2), one(1001)])).toEqual(['web-v1-1']);
    expect(marked([one(2), one(1001)])).toEqual(['web-v1-2']);
  });

  it('ends with the instance that was to go, and tells which one took its place', () => {
    const service = web(1, { restarts: ['web-v1-1'] });
    expect(keepRestarts(service, [one(1), one(1001)], NOW)).toEqual({ service, events: [] });
    const kept = keepRestarts(service, [one(1001)], NOW);
    expect(kept.service.restarts).toBeUndefined();
    expect(kept.events.map(({ sentence }) => sentence)).toEqual([
      'web-v1-1 was restarted: web-v1-1001 has taken its place.',
    ]);
    expect(keepRestarts(service, [], NOW).events).toEqual([]);
  });

  it('is given up when the service is stopped', () => {
    const { memory } = orderDown(memoryOf(web(1, { restarts: ['web-v1-1'] })), ['web'], given);
    const kept = keepRestarts(webOf(memory), all(1), NOW);
    expect(kept.service.restarts).toBeUndefined();
    expect(kept.events[0]?.sentence).toBe('The restart of web-v1-1 was given up: it was stopped.');
    expect(withRestarts(memory.services, all(1))).toEqual(all(1));
  });

  it('replaces every instance and never leaves fewer with traffic than there were', () => {
    const delays = fc.infiniteStream(fc.integer({ min: 1, max: 4 }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.boolean(), delays, (replicas, isWhole, delay) => {
        const instance = isWhole ? null : 'web-v1-1';
        let service = webOf(orderRestart(memoryOf(web(replicas)), 'web', instance, all(replicas), given).memory);
        let place = all(replicas).map((each) => ({ each, wait: 0 }));
        let turns = 0;
        while (service.restarts !== undefined) {
          turns += 1;
          expect(turns).toBeLessThan(200);
          place = place.flatMap(({ each, wait }) => {
            if (wait > 1) return [{ each, wait: wait - 1 }];
            if (each.state === 'stopping') return [];
            return [{ each: { ...each, state: 'ready' as const }, wait: 0 }];
          });
          const seen = withRestarts(
            { web: service },
            place.map(({ each }) => each),
          );
          const targets = trafficOf(service, seen, NOW)?.stable?.targets.map(({ id }) => id) ?? [];
          expect(targets.length).toBe(replicas);
          expect(seen.length).toBeLessThanOrEqual(replicas + 1);
          const plan = planInstances(service, {
            now: NOW,
            instances: seen,
            routed: new Set(targets),
            open: {},
            areDependenciesMet: true,
          });
          expect(plan.stop.filter((id) => targets.includes(id))).toEqual([]);
          place = place.map((slot) =>
            plan.stop.includes(slot.each.id)
              ? { each: { ...slot.each, state: 'stopping' as const }, wait: delay.next().value ?? 1 }
              : slot,
          );
          const started = plan.start.map(({ slot }) => ({
            each: one(slot, 'starting'),
            wait: delay.next().value ?? 1,
          }));
          place = [...place, ...started];
          service = keepRestarts(
            { ...service, slots: plan.slots },
            place.map(({ each }) => each),
            NOW,
          ).service;
        }
        const old = place.filter(({ each }) => each.slot < 1000).length;
        expect(old).toBe(isWhole ? 0 : replicas - 1);
      }),
    );
  });
});
