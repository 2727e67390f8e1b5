// Tests of instances that a person takes out of traffic: who may go, what ends it, and that as many serve as before.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DRAINED_MS, type DrainAct, type DrainedLook, keepDrained, orderDrain } from './drained.ts';
import { catchUp } from './gap.ts';
import { orderRestart } from './instance-orders.ts';
import { planInstances } from './instances.ts';
import { orderDown } from './orders.ts';
import { startRelease } from './release.ts';
import { memoryOf, serviceWith, specFor, versionFor } from './service.fixture.ts';
import { type Drained, instanceId, type ServiceState, wantedSlots } from './service.ts';
import { type InstanceTarget, trafficOf } from './table.ts';
import type { Memory } from './turn.ts';

const NOW = 10_000_000;
const given = { now: NOW, by: 'anna', reason: '', salt: '00' };
const ROUTING = { stable: 1, candidate: null, weight: 0, epoch: 1, salt: 's' };

type One = DrainedLook & InstanceTarget;

function one(slot: number, state: One['state'] = 'ready', rest: Partial<One> = {}): One {
  const id = instanceId('web', 1, slot);
  const common = { service: 'web', version: 1, host: '127.0.0.1', port: slot, startedAt: NOW, exit: null };
  return { id, slot, state, ...common, ...rest };
}

const web = (replicas: number, rest: Partial<ServiceState> = {}) =>
  serviceWith([versionFor(1)], { replicas, routing: ROUTING, ...rest });
const all = (replicas: number) => Array.from({ length: replicas }, (_, i) => one(i + 1));
const webOf = (memory: Memory): ServiceState => memory.services.web ?? web(0);
const drain = (slot: number, rest: Partial<Drained> = {}): Drained => {
  const id = instanceId('web', 1, slot);
  return { id, startedAt: NOW, by: 'anna', until: NOW + DRAINED_MS, outSince: NOW, ...rest };
};
const order = (service: ServiceState, slot: number, act: DrainAct, seen: readonly One[] = all(3)) =>
  orderDrain(memoryOf(service), 'web', { instance: instanceId('web', 1, slot), act }, seen, given);
const sentences = (events: readonly { readonly sentence: string }[]) => events.map(({ sentence }) => sentence);

describe('an order to drain', () => {
  it('keeps the instance for an hour at most, and stands in the journal', () => {
    const { memory, events } = orderDrain(memoryOf(web(2)), 'web', { instance: 'web-v1-2', act: 'out' }, all(2), {
      ...given,
      reason: 'heap dump.',
    });
    expect(webOf(memory).drained).toEqual([drain(2, { outSince: null })]);
    expect(events[0]).toMatchObject({ type: 'command', by: 'anna', data: { until: NOW + DRAINED_MS } });
    expect(sentences(events)).toEqual(['anna drains web-v1-2, until 03:46 UTC at the latest: heap dump.']);
  });

  it('that was given already is followed without a word', () => {
    expect(order(web(2, { drained: [drain(1)] }), 1, 'out').events).toEqual([]);
    expect(order(web(2, { drained: [drain(1, { isReturning: true })] }), 1, 'back').events).toEqual([]);
  });

  it('comes before a restart that has not begun', () => {
    const service = web(3, { restarts: ['web-v1-1', 'web-v1-2'] });
    expect(webOf(order(service, 2, 'out').memory).restarts).toEqual(['web-v1-1']);
  });

  const redis = serviceWith([versionFor(1, specFor({ port: null, routes: [] }))], { name: 'web' });
  const release = startRelease({ ...given, id: 7, version: 2, from: 1, spec: specFor(), isDirect: false });
  const draining = { exits: 0, exitedAt: null, notBefore: 0, drainingSince: NOW };
  it.each<[string, ServiceState, number, DrainAct, string]>([
    ['an instance that nobody knows', web(3), 9, 'out', 'not-found'],
    ['one that is leaving', web(2), 3, 'out', 'conflict'],
    ['one that was told to stop', web(3, { slots: { 'web-v1-1': draining } }), 1, 'out', 'conflict'],
    ['what is stopped', web(3, { isDown: true }), 1, 'out', 'conflict'],
    ['what nothing can stand in for', redis, 1, 'out', 'conflict'],
    ['what is being released', web(3, { release }), 1, 'out', 'conflict'],
    ['to bring back while versions are compared', web(3, { release, drained: [drain(1)] }), 1, 'back', 'conflict'],
    ['a version that is only kept warm', web(3, { stable: 2 }), 1, 'out', 'conflict'],
    ['a third one', web(3, { drained: [drain(1), drain(2)] }), 3, 'out', 'conflict'],
    ['to bring back what is not drained', web(3), 1, 'back', 'conflict'],
    ['to stop what still serves', web(3, { drained: [drain(1, { outSince: null })] }), 1, 'stop', 'conflict'],
    ['to stop what nothing stands in for', web(3, { drained: [drain(1)] }), 1, 'stop', 'conflict'],
  ])('refuses %s', (_name, service, slot, act, code) => {
    expect(() => order(service, slot, act)).toThrow(expect.objectContaining({ code }));
  });

  it('refuses what does not run, and what is being restarted as drained', () => {
    expect(() => order(web(1), 1, 'out', [one(1, 'exited')])).toThrow('web-v1-1 does not run');
    expect(() => order(web(1), 1, 'out', [one(1, 'stopping')])).toThrow('web-v1-1 is leaving already.');
    const memory = memoryOf(web(1, { drained: [drain(1)] }));
    expect(() => orderRestart(memory, 'web', 'web-v1-1', [one(1), one(1001)], given)).toThrow('web-v1-1 is drained');
  });

  it('stops one while a release is under way, once another one stands in', () => {
    const { memory, events } = order(web(1, { release, drained: [drain(1)] }), 1, 'stop', [one(1), one(1001)]);
    expect(webOf(memory).drained).toBeUndefined();
    expect(sentences(events)).toEqual(['anna stops web-v1-1, which was drained.']);
  });
});

describe('the place of a drained instance', () => {
  it.each<[string, readonly Drained[], readonly number[], number]>([
    ['is that of one 1000 above', [drain(1)], [1], 1001],
    ['is kept by the one that stands in', [drain(1)], [1, 1001], 1001],
    ['goes to the one that returns', [drain(1, { isReturning: true })], [1, 1001], 1],
    ['goes on above one that stood in and is drained too', [drain(1), drain(1001)], [1, 1001], 2001],
    ['falls to the older one when the newer is drained', [drain(1001)], [1, 1001], 1],
    ['stays with the one that stands in when it is forgotten', [], [1, 1001], 1001],
  ])('%s', (_name, drained, slots, wanted) => {
    const here = slots.map((slot) => one(slot));
    for (const seen of [
      [...here, one(2)],
      [one(2), ...here.toReversed()],
    ]) {
      expect(wantedSlots(web(2, { drained }), 1, seen)).toEqual([wanted, 2]);
    }
  });

  it('is served by the drained one only when nothing else is ready', () => {
    const service = web(2, { drained: [drain(1)] });
    const targets = (...seen: One[]) => trafficOf(service, seen, NOW)?.stable?.targets.map(({ id }) => id);
    expect(targets(one(1), one(1001), one(2))).toEqual(['web-v1-2', 'web-v1-1001']);
    expect(targets(one(1), one(1001, 'starting'), one(2))).toEqual(['web-v1-2']);
    expect(targets(one(1), one(1001, 'starting'), one(2, 'exited'))).toEqual(['web-v1-1']);
  });
});

describe('a drained instance', () => {
  const told = (service: ServiceState, seen: readonly One[], now = NOW) => {
    const kept = keepDrained(service, seen, now);
    return [kept.service.drained?.length ?? 0, ...sentences(kept.events)];
  };
  const held = web(1, { drained: [drain(1)] });
  const pair = [one(1), one(1001)];

  it('is told as out when no new request can reach it', () => {
    const slots = { 'web-v1-1': { exits: 0, exitedAt: null, notBefore: 0, drainingSince: NOW } };
    const service = web(1, { slots, drained: [drain(1, { outSince: null })] });
    expect(told(service, [one(1, 'starting'), one(1001, 'starting')])).toEqual([1]);
    const kept = keepDrained(service, pair, NOW + 5);
    expect(kept.service.drained).toEqual([drain(1, { outSince: NOW + 5 })]);
    expect(sentences(kept.events)).toEqual([
      'web-v1-1 gets no new requests: another one has its place. It runs on until 03:46 UTC at the latest.',
    ]);
  });

  it('stays until its time is over, and then only when another one stands in', () => {
    expect(told(held, pair, NOW + DRAINED_MS - 1)).toEqual([1]);
    expect(told(held, [one(1)], NOW + DRAINED_MS)).toEqual([1]);
    expect(told(held, pair, NOW + DRAINED_MS)).toEqual([0, 'web-v1-1 is drained no more and stops: its time is over.']);
  });

  it('has its hour while somebody looks: a clock that is set ends no wait', () => {
    const memory = { ...memoryOf(held), lookedAt: NOW };
    expect(webOf(catchUp(memory, NOW + 5_000_000, 1000)).drained?.[0]?.until).toBe(NOW + 5_000_000 - 1000 + DRAINED_MS);
  });

  it.each<[string, ServiceState, readonly One[]]>([
    ['web is stopped', webOf(orderDown(memoryOf(held), ['web'], given).memory), pair],
    ['people use v2 now', { ...held, stable: 2 }, pair],
    ['fewer instances are wanted', { ...held, replicas: 0 }, pair],
    ['its node a is being emptied', held, [one(1, 'ready', { leaving: 'its node a is being emptied' }), one(1001)]],
  ])('ends when %s', (why, service, seen) => {
    expect(told(service, seen)).toEqual([0, `web-v1-1 is drained no more and stops: ${why}.`]);
  });

  it('is forgotten when its process is not the one that was drained', () => {
    const exit = { at: NOW, code: 1, signal: null };
    expect(told(held, [one(1, 'exited', { exit }), one(1001)])).toEqual([
      0,
      'web-v1-1 ended while it was drained, with exit status 1.',
    ]);
    expect(told(held, [one(1, 'ready', { startedAt: NOW + 1 }), one(1001)])).toEqual([
      0,
      'web-v1-1 ended while it was drained.',
    ]);
    expect(told(held, [one(1001)])).toEqual([0, 'web-v1-1, which was drained, is gone.']);
    expect(told(held, [one(1, 'exited', { exit })])).toEqual([0, 'The drain of web-v1-1 was given up: it ended.']);
  });

  it('gives up before it is out when a release begins, or when nothing is ready in time', () => {
    const waiting = web(1, { drained: [drain(1, { outSince: null })] });
    const release = startRelease({ ...given, id: 7, version: 2, from: 1, spec: specFor(), isDirect: false });
    expect(told(waiting, pair)).toEqual([1]);
    expect(told({ ...waiting, release }, pair)).toEqual([1, 'The drain of web-v1-1 was given up: a release began.']);
    const late = keepDrained(waiting, pair, NOW + DRAINED_MS);
    expect(late.service.drained?.[0]?.isReturning).toBe(true);
    expect(sentences(late.events)).toEqual([
      'The drain of web-v1-1 was given up: no other instance was ready in time.',
    ]);
  });

  it('is back when it is ready and what stood in has left', () => {
    const back = web(1, { drained: [drain(1, { outSince: null, isReturning: true })] });
    expect(told(back, pair)).toEqual([1]);
    expect(told(back, [one(1, 'starting')])).toEqual([1]);
    expect(told(back, [one(1)])).toEqual([0, 'web-v1-1 has its place in traffic again.']);
  });
});

describe('draining at any moment', () => {
  type Place = { readonly each: One; readonly wait: number };
  const acts = fc.record({
    act: fc.constantFrom<DrainAct>('out', 'out', 'back', 'stop'),
    pick: fc.nat(20),
    pauseTurns: fc.nat(6),
  });

  it('never leaves fewer with traffic than there were, keeps at most two, and comes to rest', () => {
    const delays = fc.infiniteStream(fc.integer({ min: 1, max: 4 }));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(acts, { maxLength: 12 }),
        delays,
        (replicas, orders, delay) => {
          let service = web(replicas);
          let place: readonly Place[] = all(replicas).map((each) => ({ each, wait: 0 }));
          const turn = () => {
            place = place.flatMap(({ each, wait }) => {
              if (wait > 1) return [{ each, wait: wait - 1 }];
              return each.state === 'stopping' ? [] : [{ each: { ...each, state: 'ready' as const }, wait: 0 }];
            });
            const seen = place.map(({ each }) => each);
            service = keepDrained(service, seen, NOW).service;
            const targets = trafficOf(service, seen, NOW)?.stable?.targets.map(({ id }) => id) ?? [];
            expect(targets.length).toBe(replicas);
            expect(service.drained?.length ?? 0).toBeLessThanOrEqual(2);
            const routed = new Set(targets);
            const plan = planInstances(service, {
              now: NOW,
              instances: seen,
              routed,
              open: {},
              areDependenciesMet: true,
            });
            service = { ...service, slots: plan.slots };
            for (const id of plan.stop)
              expect(service.drained?.some((one) => one.id === id && !one.isReturning)).not.toBe(true);
            const wait = () => delay.next().value ?? 1;
            const left = place.map((slot) => {
              const isStopped = plan.stop.includes(slot.each.id) && !routed.has(slot.each.id);
              return isStopped ? { each: { ...slot.each, state: 'stopping' as const }, wait: wait() } : slot;
            });
            place = [...left, ...plan.start.map(({ slot }) => ({ each: one(slot, 'starting'), wait: wait() }))];
          };
          for (const { act, pick, pauseTurns } of orders) {
            for (let i = 0; i < pauseTurns; i += 1) turn();
            const seen = place.map(({ each }) => each);
            const instance = seen[pick % seen.length]?.id ?? '';
            try {
              service = webOf(orderDrain(memoryOf(service), 'web', { instance, act }, seen, given).memory);
            } catch {
              // A refusal changes nothing.
            }
          }
          for (let i = 0; i < 60; i += 1) turn();
          expect(service.drained?.some((one) => one.isReturning || one.outSince === null) ?? false).toBe(false);
          expect(place.length).toBe(replicas + (service.drained?.length ?? 0));
        },
      ),
      { numRuns: 300 },
    );
  });
});
