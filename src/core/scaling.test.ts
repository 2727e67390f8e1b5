// Which size each version of a service gets, in every role that it may have.
import { describe, expect, it } from 'vitest';
import { startRelease } from './release.ts';
import { neededAt, type Scaled, type Scaling, sizeSentence, turnScaling } from './scaling.ts';
import { serviceWith, specFor, versionFor } from './service.fixture.ts';
import { instanceId, replicasOf, type ServiceState } from './service.ts';
import type { Scale, ServiceSpec } from './spec/project.ts';

const NOW = 1_000_000;
const SCALE: Scale = { min: 1, max: 10, target: { inflight: 20 }, downAfterMs: 300_000 };
const spec = (scale: Partial<Scale> = {}, rest: Partial<ServiceSpec> = {}) =>
  specFor({ scale: { ...SCALE, ...scale }, replicas: 1, ...rest }, { steps: [5, 50].map(stepOf) });

function stepOf(weight: number) {
  return { weight, bakeMs: 10_000, needsApproval: false };
}

const STABLE = { stable: 1, candidate: null, weight: 0, epoch: 1, salt: '' };

type Carried = Readonly<Record<number, { readonly open?: number; readonly cpu?: number | null }>>;

/** What the world shows: as many ready instances as are wanted, which carry so much together. */
function seen(service: ServiceState, carried: Carried, at: number, rest: object = {}) {
  const open: Record<string, number> = {};
  const instances = Object.entries(carried).flatMap(([key, { open: count = 0, cpu = null }]) => {
    const version = Number(key);
    open[instanceId('web', version, 1)] = count;
    return Array.from({ length: replicasOf(service, version) }, (_, i) => {
      return { id: instanceId('web', version, i + 1), version, slot: i + 1, state: 'ready', startedAt: 0, cpu };
    });
  });
  const { epoch, weight } = service.routing;
  const balancer = { revision: 1, services: [{ service: 'web', epoch, weight }], open, listening: [] };
  return { now: at, instances, balancer, rate: null, ...rest };
}

/** So many seconds of the same. */
function carry(service: ServiceState, carried: Carried, seconds: number, before?: Scaling): Scaled {
  let turn: Scaled = { service, scaling: before ?? null, events: [] };
  const events = [];
  for (let second = 0; second < seconds; second += 1) {
    const at = (turn.scaling?.at ?? NOW) + 1000;
    turn = turnScaling(turn.service, turn.scaling ?? undefined, seen(turn.service, carried, at));
    events.push(...turn.events);
  }
  return { ...turn, events };
}

/** web v1 with these open requests for a while; then v2 is released and has `weight` percent. */
function releasing(open: number, weight: number, scale: Partial<Scale> = {}): Scaled {
  const alone = serviceWith([versionFor(1, spec(scale)), versionFor(2, spec(scale))], { routing: STABLE });
  const before = carry(alone, { 1: { open } }, 60);
  const begun = { id: 2, version: 2, from: 1, isDirect: false, salt: 's', now: NOW, by: 'anna', reason: '' };
  const step = [5, 50].indexOf(weight);
  const release = { ...startRelease({ ...begun, spec: spec(scale) }), phase: 'ramping' as const, weight, step };
  const routing = { ...STABLE, candidate: 2, weight, epoch: 2 };
  return { ...before, service: { ...before.service, release, routing } };
}

describe('a service that scales by itself', () => {
  it('counts what stands in for an instance that was restarted or has moved', () => {
    const service = serviceWith([versionFor(1, spec())], { routing: STABLE, replicas: 1 });
    const id = instanceId('web', 1, 1001);
    const standIn = { id, version: 1, slot: 1001, state: 'ready', startedAt: 0, cpu: null };
    const world = { ...seen(service, {}, NOW), instances: [standIn] };
    const turn = turnScaling(service, undefined, { ...world, balancer: { ...world.balancer, open: { [id]: 63 } } });
    expect(turn.scaling?.gauges[1]?.inflight).toBe(63);
  });

  it('says in one sentence why it grows', () => {
    const service = serviceWith([versionFor(1, spec({}, { replicas: 2 }))], { routing: STABLE, replicas: 2 });
    const { service: after, events } = carry(service, { 1: { open: 63 } }, 60);
    expect(after.copies).toEqual({ 1: 4 });
    expect(events.map(({ type, sentence, data }) => [type, sentence, data])).toEqual([
      [
        'service_scaled',
        'web grows from 2 to 4 instances: 63 open requests, 20 wanted for each.',
        { instances: 4, before: 2 },
      ],
    ]);
  });

  it('counts what stands in for another one, and nothing of one that is drained', () => {
    const drained = [{ id: 'web-v1-1', startedAt: 0, by: 'anna', until: NOW, outSince: 0 }];
    const service = serviceWith([versionFor(1, spec())], { routing: STABLE, replicas: 1, drained });
    const look = seen(service, { 1: {} }, NOW + 1000, {
      instances: [1, 1001].map((slot) => {
        return { id: instanceId('web', 1, slot), version: 1, slot, state: 'ready', startedAt: 0, cpu: null };
      }),
    });
    const open = { 'web-v1-1': 500, 'web-v1-1001': 63 };
    const { scaling } = turnScaling(service, undefined, { ...look, balancer: { ...look.balancer, open } });
    expect(scaling?.gauges[1]?.inflight).toBe(63);
  });

  it('is left alone without scale', () => {
    const service = serviceWith([versionFor(1)], { routing: STABLE });
    expect(turnScaling(service, undefined, seen(service, { 1: { open: 900 } }, NOW))).toEqual({
      service,
      scaling: null,
      events: [],
    });
  });

  it('gives its sizes up when it is stopped', () => {
    const { service, scaling } = carry(
      serviceWith([versionFor(1, spec())], { routing: STABLE }),
      { 1: { open: 63 } },
      60,
    );
    const stopped = turnScaling({ ...service, isDown: true }, scaling ?? undefined, seen(service, {}, NOW));
    expect(stopped).toMatchObject({ scaling: null, events: [] });
    expect(stopped.service).not.toHaveProperty('copies');
  });

  it('counts no time in which nothing was measured, whatever the clock says', () => {
    const scale = { downAfterMs: 20_000 };
    const before = carry(serviceWith([versionFor(1, spec(scale))], { routing: STABLE }), { 1: { open: 63 } }, 60);
    const { service, scaling } = before;
    const gone = { ...seen(service, { 1: {} }, NOW + 9_000_000), balancer: null };
    const away = turnScaling(service, scaling ?? undefined, gone);
    expect(away.service.copies).toEqual({ 1: 4 });
    const back = turnScaling(away.service, away.scaling ?? undefined, seen(away.service, { 1: {} }, NOW + 18_000_000));
    expect(back.service.copies).toEqual({ 1: 4 });
  });

  it('does not count what an instance uses while it warms up', () => {
    const service = serviceWith([versionFor(1, spec({ target: { cpu: 70 } }))], { routing: STABLE });
    const young = seen(service, { 1: { cpu: 5 } }, NOW);
    const instances = young.instances.map((one) => ({ ...one, startedAt: NOW - 5000 }));
    expect(turnScaling(service, undefined, { ...young, instances }).service.copies).toEqual({ 1: 1 });
    expect(carry(service, { 1: { cpu: 2 } }, 1).service.copies).toEqual({ 1: 3 });
  });

  it('follows new bounds at once', () => {
    const { service } = carry(serviceWith([versionFor(1, spec())], { routing: STABLE }), { 1: { open: 100 } }, 60);
    const smaller = { ...service, versions: [versionFor(1, spec({ max: 3 }))] };
    expect(replicasOf(service, 1)).toBe(5);
    expect(replicasOf(smaller, 1)).toBe(3);
  });
});

describe('during a release', () => {
  it('a candidate has instances for its next weight before it has any traffic', () => {
    const { service, scaling } = releasing(190, 0);
    const first = turnScaling(service, scaling ?? undefined, seen(service, { 1: { open: 190 }, 2: {} }, NOW + 61_000));
    expect(first.service.copies).toEqual({ 1: 10, 2: 1 });
    const { service: later } = carry(
      releasing(190, 5).service,
      { 1: { open: 180 }, 2: { open: 10 } },
      5,
      scaling ?? undefined,
    );
    expect(later.copies).toEqual({ 1: 10, 2: 5 });
    const { service: last } = carry(
      releasing(190, 50).service,
      { 1: { open: 95 }, 2: { open: 95 } },
      5,
      scaling ?? undefined,
    );
    expect(last.copies).toEqual({ 1: 10, 2: 10 });
  });

  it('a candidate that needs more for the same traffic gets more', () => {
    const { service, scaling } = releasing(60, 5);
    const { service: after } = carry(service, { 1: { open: 57 }, 2: { open: 12 } }, 60, scaling ?? undefined);
    expect(after.copies?.[2]).toBeGreaterThan(4);
    expect(after.copies?.[1]).toBe(3);
  });

  it('stable keeps what all traffic needs, however long the candidate has most of it', () => {
    const { service, scaling } = releasing(100, 50, { downAfterMs: 10_000 });
    const { service: after } = carry(service, { 1: { open: 1 }, 2: { open: 1 } }, 200, scaling ?? undefined);
    expect(after.copies).toMatchObject({ 1: 5 });
  });

  it('stable grows with the traffic by its own share', () => {
    const { service, scaling } = releasing(60, 50);
    const { service: after } = carry(service, { 1: { open: 80 }, 2: { open: 80 } }, 90, scaling ?? undefined);
    expect(after.copies?.[1]).toBe(8);
  });

  it('a candidate whose requests hang makes stable no larger, from the first second at a weight on', () => {
    for (const seconds of [1, 5, 20, 90]) {
      const { service, scaling } = releasing(60, 50);
      const { service: after } = carry(service, { 1: { open: 30 }, 2: { open: 5000 } }, seconds, scaling ?? undefined);
      expect(after.copies?.[1]).toBe(3);
    }
  });

  it('a change of the weight alone makes stable no larger while old requests are still open', () => {
    const { service, scaling } = releasing(60, 50);
    const { service: after } = carry(service, { 1: { open: 57 }, 2: { open: 3 } }, 20, scaling ?? undefined);
    expect(after.copies?.[1]).toBe(3);
  });

  it('the next weight needs its share of the instances that all traffic needs', () => {
    const { service } = releasing(190, 5);
    const { release } = service;
    if (!release) throw new Error('no release');
    expect([5, 50, 100].map((weight) => neededAt(service, release, weight))).toEqual([1, 5, 10]);
    expect(neededAt({ ...service, stable: null }, release, 100)).toBe(null);
  });

  it('what is kept warm is as many as what serves', () => {
    const { service, scaling } = releasing(60, 50);
    const warm = { version: 1, untilMs: NOW + 900_000 };
    const promoted = { ...service, stable: 2, release: null, warm, routing: { ...STABLE, stable: 2, epoch: 3 } };
    const { service: after, events } = carry(promoted, { 2: { open: 118 }, 1: {} }, 60, scaling ?? undefined);
    expect(after.copies).toEqual({ 1: 6, 2: 6 });
    expect(events.map((one) => one.sentence)).toContain(
      'v1 of web grows from 3 to 6 instances: v2 has 6, and it has to be as many to go back to.',
    );
  });
});

describe('the reason of a size', () => {
  it('says what holds it', () => {
    const { service, scaling } = carry(
      serviceWith([versionFor(1, spec())], { routing: STABLE }),
      { 1: { open: 63 } },
      60,
    );
    expect(sizeSentence(service, scaling ?? undefined)).toBe('63 open requests, 20 wanted for each.');
    const calm = carry(service, { 1: { open: 21 } }, 60, scaling ?? undefined);
    const sentence = '21 open requests, 20 wanted for each. It shrinks once no more was needed for 5 min.';
    expect(sizeSentence(calm.service, calm.scaling ?? undefined)).toBe(sentence);
    expect(sizeSentence(service, undefined)).toBe('The load is not known, so nothing changes.');
  });
});
