// Tests of the routing that a release asks for, and of the table that carries it out.
import { describe, expect, it } from 'vitest';
import { type Release, startRelease } from './release.ts';
import { serviceWith, specFor, versionFor } from './service.fixture.ts';
import type { ServiceState } from './service.ts';
import {
  type InstanceTarget,
  isSameTable,
  routedIds,
  routingOf,
  tableOf,
  trafficOf,
  withInternalHosts,
} from './table.ts';

const NOW = 1_000_000;

function target(version: number, slot: number, state: InstanceTarget['state'] = 'ready'): InstanceTarget {
  const id = `web-v${version}-${slot}`;
  return { id, service: 'web', version, slot, state, host: '127.0.0.1', port: 20_000 + 10 * version + slot };
}

function releasing(rest: Partial<Release>, service: Partial<ServiceState> = {}): ServiceState {
  const spec = specFor();
  const begun = { id: 2, version: 2, from: 1, isDirect: false, salt: 's2', now: NOW, by: 'anna', reason: '', spec };
  const release = { ...startRelease(begun), ...rest };
  return serviceWith([versionFor(1), versionFor(2)], { release, ...service });
}

describe('routing', () => {
  it('keeps its epoch while nothing changes, and raises it by one when anything does', () => {
    const before = releasing({ phase: 'ramping', weight: 5 });
    const first = routingOf(before, 2);
    expect(first).toEqual({ stable: 1, candidate: 2, weight: 5, salt: 's2', epoch: 1 });
    expect(routingOf({ ...before, routing: first }, 2)).toBe(first);
    expect(routingOf(releasing({ phase: 'ramping', weight: 25 }, { routing: first }), 2).epoch).toBe(2);
  });

  it('drops the candidate in a rollback as soon as stable can serve', () => {
    const back = releasing({ phase: 'rolling_back', weight: 0 });
    expect(routingOf(back, 1).candidate).toBeNull();
    expect(routingOf(back, 0)).toMatchObject({ candidate: 2, weight: 0 });
  });

  it('of a stopped service has nobody', () => {
    expect(routingOf(releasing({}, { isDown: true }), 2)).toMatchObject({ stable: null, candidate: null, weight: 0 });
  });
});

describe('a table', () => {
  const routed = (service: ServiceState, instances: readonly InstanceTarget[]) =>
    trafficOf({ ...service, routing: routingOf(service, 2) }, instances, NOW);
  const ids = (side: { readonly targets: readonly { readonly id: string }[] } | null | undefined) =>
    side?.targets.map((one) => one.id);

  it('lists the instances that are ready, and only those', () => {
    const instances = [target(1, 1), target(1, 2, 'starting'), target(2, 1, 'stopping'), target(2, 2)];
    const traffic = routed(releasing({ phase: 'ramping', weight: 5 }), instances);
    expect([ids(traffic?.stable), ids(traffic?.candidate)]).toEqual([['web-v1-1'], ['web-v2-2']]);
  });

  it('lets instances that are leaving stand in for wanted ones that are not ready', () => {
    const service = serviceWith([versionFor(1)], { replicas: 1 });
    expect(ids(routed(service, [target(1, 1, 'exited'), target(1, 2), target(1, 3)])?.stable)).toEqual(['web-v1-2']);
    expect(ids(routed(service, [target(1, 1), target(1, 2)])?.stable)).toEqual(['web-v1-1']);
  });

  it('keeps clients at their version while a release lasts whose file says so, whatever stable says', () => {
    const instances = [target(1, 1)];
    expect(routed(releasing({ isSticky: true }), instances)?.isSticky).toBe(true);
    expect(routed(releasing({ isSticky: false }), instances)?.isSticky).toBe(false);
    const over = serviceWith([versionFor(1, specFor({ isSticky: true }))]);
    expect(routed(over, instances)?.isSticky).toBe(true);
  });

  it('says that somebody is coming while an instance starts or is started again soon enough', () => {
    const one = serviceWith([versionFor(1)], { replicas: 1 });
    const waits = (notBefore: number) => ({ exits: 5, exitedAt: 1, notBefore, drainingSince: null });
    const isComing = (service: ServiceState, instances: readonly InstanceTarget[]) =>
      routed(service, instances)?.isComing;
    expect(isComing(one, [target(1, 1, 'starting')])).toBe(true);
    expect(isComing({ ...one, slots: { 'web-v1-1': waits(NOW + 10_000) } }, [target(1, 1, 'exited')])).toBe(true);
    expect(isComing({ ...one, slots: { 'web-v1-1': waits(NOW + 10_001) } }, [target(1, 1, 'exited')])).toBe(false);
    expect(isComing({ ...one, isDown: true }, [target(1, 1, 'stopping')])).toBe(false);
  });

  it('has no place for a service that is not behind the balancer', () => {
    const cache = serviceWith([versionFor(1, specFor({ port: null }))]);
    expect(tableOf([cache], [target(1, 1)], [], NOW).services).toEqual([]);
  });

  it('answers at further addresses only where there are some', () => {
    const table = tableOf([], [], [], NOW);
    expect(withInternalHosts(table, [])).toBe(table);
    expect(withInternalHosts(table, ['172.18.0.1'])).toEqual({ ...table, internalHosts: ['172.18.0.1'] });
    expect(isSameTable(table, withInternalHosts(table, ['172.18.0.1']))).toBe(false);
  });

  it('is compared without its revision', () => {
    const listen = [{ host: '127.0.0.1', port: 80 }];
    const service = { ...releasing({ phase: 'ramping', weight: 5 }) };
    const table = tableOf([{ ...service, routing: routingOf(service, 2) }], [target(1, 1), target(2, 1)], listen, NOW);
    expect(isSameTable(table, { ...structuredClone(table), revision: 9 })).toBe(true);
    expect(isSameTable(table, { ...table, listen: [] })).toBe(false);
    expect([...routedIds(table)]).toEqual(['web-v1-1', 'web-v2-1']);
  });
});
