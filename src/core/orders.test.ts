// People's orders on remembered services: what changes, and what the journal says of it.
import { describe, expect, it } from 'vitest';
import { Failure } from './failure.ts';
import {
  type Given,
  orderComparison,
  orderDown,
  orderPause,
  orderPromote,
  orderRollBack,
  requestRelease,
  withVersion,
} from './orders.ts';
import { startRelease } from './release.ts';
import { memoryOf } from './service.fixture.ts';
import { beginAnew, newService, type ServiceState, startQueued, type Version } from './service.ts';
import type { ServiceSpec } from './spec/project.ts';
import { readProject } from './spec/read.ts';
import { tableOf } from './table.ts';
import type { Memory } from './turn.ts';
import { orderUp, type Prepared } from './up.ts';

const given: Given = { now: 5000, by: 'ana', reason: '', salt: '0123456789abcdef' };

function specOf(replicas = 1): ServiceSpec {
  const text = `services:
  web: { image: web, deploy: { replicas: ${replicas} }, x-friday: { port: 3000, process: { command: node a.js } } }`;
  const read = (path: string) => (path === '/shop/compose.yaml' ? text : null);
  const { project } = readProject({ files: ['/shop/compose.yaml'], read, environment: {}, profiles: [] });
  const spec = project?.services[0];
  if (!spec) throw new Error('the file is wrong');
  return spec;
}

const versionOf = (version: number): Version => ({
  version,
  revision: { digest: `d${version}`, label: `c0ffee${version}` },
  spec: specOf(),
  createdAt: 0,
  by: 'ana',
  reason: '',
});

/** web with v2 stable, and v1 before it. */
function serving(over: Partial<ServiceState> = {}): ServiceState {
  const versions = [versionOf(1), versionOf(2)];
  return { ...newService('web', 4000), versions, nextVersion: 3, stable: 2, lineage: [1], ...over };
}

const up = (memory: Memory, prepared: readonly Prepared[], named = ['web'], removesOrphans = false) =>
  orderUp(memory, { listen: memory.listen, prepared, named, ports: {}, isForced: false, removesOrphans }, given);

const sentences = ({ events }: { readonly events: readonly { readonly sentence: string }[] }) =>
  events.map((event) => event.sentence);

describe('going back', () => {
  it('is told as that, not as a release', () => {
    const outcome = orderRollBack(memoryOf(serving()), 'web', null, { ...given, reason: 'prices are wrong' });
    expect(sentences(outcome)).toEqual(['ana put web back to v1 (c0ffee1): prices are wrong.']);
    expect(outcome.memory.services.web?.release).toMatchObject({ version: 1, from: 2, steps: [] });
  });

  it('is possible after a stopped service began anew with other code', () => {
    expect(beginAnew(serving())).toMatchObject({ stable: null, lineage: [1, 2] });
    expect(beginAnew(serving({ stable: null }))).toMatchObject({ stable: null, lineage: [1] });
  });
});

describe('a release with other steps than the file', () => {
  const steps = [{ weight: 10, bakeMs: 1000, needsApproval: false }];

  it('has them this once; the file still says what it says', () => {
    const service = withVersion(serving(), specOf(), { digest: 'd3', label: 'c0ffee3' }, given);
    const { memory } = requestRelease(memoryOf(service), service, 3, false, given, steps);
    expect(memory.services.web?.release?.steps).toEqual(steps);
    const again = up(memory, [{ spec: specOf(), revision: { digest: 'd3', label: 'c0ffee3' } }]);
    expect(again.changes).toMatchObject([{ action: 'same' }]);
  });

  it('keeps them while it waits for the one before', () => {
    const request = { id: 6, version: 2, from: 1, isDirect: false, salt: 's', now: 0, by: 'ana', reason: '' };
    const release = { ...startRelease({ ...request, spec: specOf() }), phase: 'promoting', weight: 100 } as const;
    const busy = withVersion(serving({ release }), specOf(), { digest: 'd3', label: 'c0ffee3' }, given);
    const { memory } = requestRelease(memoryOf(busy), busy, 3, false, given, steps);
    const service = memory.services.web;
    if (!service) throw new Error('web is gone');
    expect(startQueued({ ...service, release: null }, 9000).release).toMatchObject({ version: 3, steps });
  });
});

describe('a pause', () => {
  const request = { id: 7, version: 2, from: 1, isDirect: false, salt: 's', now: 0, by: 'ana', reason: '' };
  const release = { ...startRelease({ ...request, spec: specOf() }), phase: 'ramping', weight: 5, step: 0 } as const;

  it('is told once, however often it is ordered', () => {
    const first = orderPause(memoryOf(serving({ stable: 1, release })), 'web', given);
    expect(sentences(first)).toEqual(['ana paused v2 of web at 5%.']);
    expect(orderPause(first.memory, 'web', given)).toEqual({ memory: first.memory, events: [] });
  });

  it('and a promotion tell why, in the journal and in the state', () => {
    const held = orderPause(memoryOf(serving({ stable: 1, release })), 'web', { ...given, reason: 'lunch' });
    expect(sentences(held)).toEqual(['ana paused v2 of web at 5%: lunch.']);
    expect(held.memory.services.web?.release?.sentence).toBe('ana paused v2 of web at 5%: lunch.');
    const on = orderPromote(held.memory, 'web', { to: 50, version: null }, { ...given, reason: 'looks well' });
    expect(sentences(on)).toEqual(['ana gave v2 of web 50% of traffic: looks well.']);
    const back = orderRollBack(on.memory, 'web', null, { ...given, reason: 'no' });
    expect(sentences(back)).toEqual(['ana rolled v2 of web back: no.']);
  });

  it('without a release is refused', () => {
    expect(() => orderPause(memoryOf(serving()), 'web', given)).toThrow(Failure);
    expect(() => orderPromote(memoryOf(serving()), 'web', { to: null, version: null }, given)).toThrow(Failure);
  });
});

describe('the file', () => {
  const same = { digest: 'd2', label: 'c0ffee2' };

  it('scales in one sentence', () => {
    const outcome = up(memoryOf(serving()), [{ spec: specOf(4), revision: same }]);
    expect(sentences(outcome)).toEqual(['ana scaled web from 1 to 4 replicas.']);
    const back = up(outcome.memory, [{ spec: specOf(1), revision: same }]);
    expect(sentences(back)).toEqual(['ana scaled web from 4 to 1 replica.']);
  });

  it('that moves the public addresses says from where to where, but not at first', () => {
    const moved = (from: Memory['listen'], listen: Memory['listen']) =>
      orderUp(
        { ...memoryOf(serving()), listen: from },
        { listen, prepared: [], named: ['web'], ports: {}, isForced: false, removesOrphans: false },
        given,
      );
    const [near, far] = [
      { host: '127.0.0.1', port: 8080 },
      { host: '::', port: 80 },
    ];
    expect(moved([near], [near, far])).toMatchObject({
      listen: { from: ['127.0.0.1:8080'], to: ['127.0.0.1:8080', '[::]:80'] },
      events: [{ sentence: 'ana set where requests arrive: 127.0.0.1:8080 and [::]:80.' }],
    });
    expect(moved([near], [near])).toMatchObject({ listen: null, events: [] });
    expect(moved([], [near])).toMatchObject({ listen: null, events: [] });
  });

  it('that names a service no more stops it once, and says no more of it', () => {
    const removed = up(memoryOf(serving()), [], [], true);
    expect(removed.memory.services.web).toMatchObject({ isDown: true, isRemoved: true, stable: 2 });
    expect(sentences(removed)).toEqual(['ana stopped web.', 'web is not in the file any more.']);
    expect(up(removed.memory, [], [], true)).toMatchObject({ changes: [], events: [] });
    expect(up(removed.memory, [], [], false)).toMatchObject({ changes: [], events: [] });
  });

  it('that names it again starts it as it was', () => {
    const removed = up(memoryOf(serving()), [], [], true);
    const outcome = up(removed.memory, [{ spec: specOf(), revision: same }]);
    expect(outcome.changes).toMatchObject([{ action: 'restart', text: 'v2 starts again' }]);
    expect(outcome.memory.services.web).toMatchObject({ isDown: false, isRemoved: false, stable: 2 });
  });

  it('has public addresses as long as anything is not stopped', () => {
    const listen = [{ host: '127.0.0.1', port: 8080 }];
    const other = { ...serving(), name: 'api', isDown: true };
    expect(tableOf([serving(), other], [], listen, 0).listen).toEqual(listen);
    expect(tableOf([serving({ isDown: true }), other], [], listen, 0).listen).toEqual([]);
  });

  it('does not take a service that a person stopped for removed', () => {
    const { memory } = orderDown(memoryOf(serving()), ['web'], given);
    expect(memory.services.web).toMatchObject({ isDown: true, isRemoved: false });
  });
});

describe('versions', () => {
  it('are kept in small number, however many were sent out and taken back; what serves stays, and the one before it', () => {
    let service = serving();
    for (let i = 0; i < 60; i += 1) service = withVersion(service, specOf(), { digest: `e${i}`, label: 'e' }, given);
    const kept = service.versions.map((one) => one.version);
    expect(kept).toEqual([1, 2, ...Array.from({ length: 20 }, (_, i) => 43 + i)]);
    expect(service).toMatchObject({ stable: 2, lineage: [1], nextVersion: 63 });
  });
});

describe('a comparison with itself', () => {
  it('is refused of a service without replicas', () => {
    const order = () => orderComparison(memoryOf(serving({ replicas: 0 })), 'web', { weight: 50, bakeMs: 1000 }, given);
    expect(order).toThrow('web has no replicas, so nothing of it can be compared.');
  });
});
