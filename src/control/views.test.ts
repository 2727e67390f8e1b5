// What people see of what is remembered.
import { describe, expect, it } from 'vitest';
import { type Phase, startRelease } from '../core/release.ts';
import { newService, type ServiceState } from '../core/service.ts';
import type { ServiceSpec } from '../core/spec/project.ts';
import { readProject } from '../core/spec/read.ts';
import { EMPTY_WINDOW } from '../core/window.ts';
import type { InstanceSeen } from '../ports/runtime.ts';
import { type ShownState, serviceView, versionViews } from './views.ts';

function spec(): ServiceSpec {
  const text = 'services:\n  web: { image: web, x-friday: { port: 3000, process: { command: node a.js } } }';
  const read = (path: string) => (path === '/shop/compose.yaml' ? text : null);
  const { project } = readProject({ files: ['/shop/compose.yaml'], read, environment: {}, profiles: [] });
  if (!project?.services[0]) throw new Error('the file is wrong');
  return project.services[0];
}

const request = { from: 1, isDirect: false, salt: 's', now: 0, by: 'ana', reason: '' };
const release = (id: number, version: number, phase: Phase) => ({
  ...startRelease({ ...request, id, version, spec: spec() }),
  phase,
});

const versionOf = (version: number) => ({
  version,
  revision: { digest: `d${version}`, label: `c${version}` },
  spec: spec(),
  createdAt: 0,
  by: 'ana',
  reason: '',
});

function service(over: Partial<ServiceState>): ServiceState {
  const versions = [1, 2, 3, 4, 5].map(versionOf);
  return { ...newService('web', 4000), versions, nextVersion: 6, stable: 4, ...over };
}

const instance = (version: number, slot: number): InstanceSeen => ({
  id: `web-v${version}-${slot}`,
  service: 'web',
  version,
  slot,
  handle: 'pid 4711',
  state: 'ready',
  host: '127.0.0.1',
  port: 4101,
  startedAt: 0,
  reason: '',
  exit: null,
  cpu: null,
  memory: null,
});

function stateWith(instances: readonly InstanceSeen[]): ShownState {
  const memory = {
    listen: [],
    nextRelease: 7,
    table: { revision: 0, listen: [], services: [] },
    cursor: null,
    lookedAt: null,
    services: {},
    evidence: {},
  };
  return { memory, window: EMPTY_WINDOW, instances, now: 0, listening: [] };
}

describe('the versions of a service', () => {
  it('tell how they ended: by their newest release', () => {
    const releases = [
      release(3, 3, 'rolled_back'),
      release(5, 2, 'promoted'),
      release(1, 1, 'promoted'),
      release(2, 2, 'failed'),
      release(4, 4, 'promoted'),
    ];
    const seen = versionViews(service({ release: release(6, 5, 'ramping') }), releases);
    expect(seen.map((one) => [one.version, one.state])).toEqual([
      [5, 'candidate'],
      [4, 'stable'],
      [3, 'rolled_back'],
      [2, 'old'],
      [1, 'old'],
    ]);
  });
});

describe('the state of a service', () => {
  const task = (restart: ServiceSpec['restart'], ...codes: (number | null)[]) => {
    const versions = [{ ...versionOf(4), spec: { ...spec(), restart } }];
    const instances = codes.map((code, index): InstanceSeen => {
      const seen = instance(4, index + 1);
      return code === null ? seen : { ...seen, state: 'exited', exit: { at: 1, code, signal: null } };
    });
    return serviceView(service({ versions, replicas: codes.length }), stateWith(instances)).state;
  };

  it('is completed once every copy of a task has ended well and is not to run again', () => {
    expect(task('no', 0, 0)).toBe('completed');
    expect(task('on-failure', 0)).toBe('completed');
    expect(task('no', 0, null)).toBe('degraded');
    expect(task('no', 0, 1)).toBe('down');
    expect(task('always', 0)).toBe('down');
  });
});

describe('the ready instances of a service', () => {
  const starting = (slot: number): InstanceSeen => ({ ...instance(4, slot), state: 'starting' });

  it('are those that carry traffic, also while another one is to take their place', () => {
    const view = serviceView(service({}), stateWith([instance(4, 1), starting(1001)]));
    expect([view.ready, view.wanted, view.state]).toEqual([1, 1, 'healthy']);
    expect(view.instances.map((one) => one.role)).toEqual(['leaving', 'stable']);
  });

  it('do not count one that is drained, which is told until when', () => {
    const until = new Date(2026, 10, 21, 14, 5).getTime();
    const drain = { id: 'web-v4-1', startedAt: 0, by: 'anna', until, outSince: 1 };
    const instances = [instance(4, 1), instance(4, 1001)];
    const view = serviceView(service({ drained: [drain] }), stateWith(instances));
    expect([view.ready, view.wanted, view.state]).toEqual([1, 1, 'healthy']);
    expect(view.sentence).toBe('v4 of web: 1 of 1 instances is ready; web-v4-1 is drained until 14:05.');
    expect(view.instances.map(({ role, drained }) => [role, drained])).toEqual([
      ['drained', { by: 'anna', until, outSince: 1 }],
      ['stable', undefined],
    ]);
    const waiting = serviceView(service({ drained: [{ ...drain, outSince: null }] }), stateWith(instances));
    expect(waiting.instances[0]).toMatchObject({ role: 'stable', drained: { outSince: null } });
    const back = serviceView(service({ drained: [{ ...drain, isReturning: true }] }), stateWith(instances));
    expect(back.instances.map(({ role, drained }) => [role, drained])).toEqual([
      ['stable', undefined],
      ['leaving', undefined],
    ]);
  });

  it('are no more than are wanted', () => {
    const view = serviceView(service({}), stateWith([instance(4, 1), instance(4, 2)]));
    expect([view.ready, view.wanted]).toEqual([1, 1]);
  });
});

describe('the instances of a service', () => {
  it('tell what they are kept for', () => {
    const instances = [instance(4, 1), instance(4, 2), instance(5, 1), instance(3, 1), instance(2, 1)];
    const state = service({ release: release(6, 5, 'ramping'), warm: { version: 3, untilMs: 9000 } });
    const view = serviceView(state, stateWith(instances));
    expect(view.instances.map((one) => [one.id, one.role])).toEqual([
      ['web-v4-1', 'stable'],
      ['web-v4-2', 'leaving'],
      ['web-v5-1', 'candidate'],
      ['web-v3-1', 'warm'],
      ['web-v2-1', 'leaving'],
    ]);
  });
});
