// Tests of what `friday up` makes of a file, against what runs.
import { describe, expect, it } from 'vitest';
import { type Given, orderDown, orderPromote, orderRollBack } from './orders.ts';
import { startRelease } from './release.ts';
import { memoryOf, serviceWith, specFor, versionFor } from './service.fixture.ts';
import { newService } from './service.ts';
import type { Memory } from './turn.ts';
import { orderUp, type UpOutcome, type UpRequest } from './up.ts';

const GIVEN: Given = { now: 1_000_000, by: 'anna', reason: '', salt: '0123456789abcdef' };

/** The file with one service, whose code has this digest. */
function up(memory: Memory, digest: string, spec = specFor(), rest: Partial<UpRequest> = {}): UpOutcome {
  const prepared = [{ spec, revision: { digest, label: digest.replace('digest-', 'code') } }];
  const base = { listen: [], prepared, named: ['web'], ports: { web: 41_001 }, isForced: false, removesOrphans: false };
  return orderUp(memory, { ...base, ...rest }, GIVEN);
}

const actions = ({ changes }: UpOutcome) => changes.map(({ service, action, text }) => `${service} ${action}: ${text}`);
const stable = serviceWith([versionFor(1)]);

describe('the first time', () => {
  it('adds the service and starts a release that has nothing to compare with', () => {
    const { memory, changes, events } = up(memoryOf(), 'digest-1');
    expect(changes).toEqual([{ service: 'web', action: 'add', text: 'new, 2 replicas', version: 1, release: 7 }]);
    expect(memory.services.web).toMatchObject({ stable: null, internalPort: 41_001, release: { id: 7, from: null } });
    expect(memory.services.web?.release?.steps).toEqual([]);
    expect(memory.nextRelease).toBe(8);
    expect(events.map((event) => event.sentence)).toEqual(['anna released v1 of web (code1).']);
  });

  it('puts a service that is not behind the balancer in place, without a release', () => {
    const { memory, changes } = up(memoryOf(), 'digest-1', specFor({ port: null, replicas: 1 }));
    expect(changes[0]).toMatchObject({ action: 'add', text: 'new, 1 replica', release: null });
    expect(memory.services.web).toMatchObject({ stable: 1, release: null });
  });
});

describe('with the same code', () => {
  it('changes nothing when nothing differs', () => {
    const { memory, changes, events } = up(memoryOf(stable), 'digest-1');
    expect([changes[0]?.action, events, memory.services.web]).toEqual(['same', [], stable]);
  });

  it('scales, and takes other settings into the version that runs', () => {
    const scaled = up(memoryOf(stable), 'digest-1', specFor({ replicas: 5 }));
    expect(actions(scaled)).toEqual(['web scale: 2 → 5 replicas']);
    expect(scaled.memory.services.web).toMatchObject({ replicas: 5, release: null, nextVersion: 2 });
    const settings = up(memoryOf(stable), 'digest-1', specFor({ timeoutMs: 5 }));
    expect(settings.changes[0]?.action).toBe('configure');
    expect(settings.memory.services.web?.versions[0]?.spec.timeoutMs).toBe(5);
  });

  it('makes a new version all the same when forced', () => {
    const { memory, changes } = up(memoryOf(stable), 'digest-1', specFor(), { isForced: true });
    expect(changes[0]).toMatchObject({ action: 'change', version: 2 });
    expect(memory.services.web?.release).toMatchObject({ version: 2, from: 1 });
  });
});

describe('with other code', () => {
  it('begins a release with the plan of the file', () => {
    const outcome = up(memoryOf(stable), 'digest-2');
    expect(actions(outcome)).toEqual(['web change: code1 → code2   release: 5, 50, 100%']);
    expect(outcome.memory.services.web?.release).toMatchObject({ version: 2, from: 1, phase: 'starting' });
  });

  it('takes the place of the release under way; it is compared with what was ordered last', () => {
    const first = up(memoryOf(stable), 'digest-2').memory;
    expect(up(first, 'digest-2').changes[0]?.action).toBe('same');
    const second = up(first, 'digest-3');
    expect(second.memory.services.web).toMatchObject({
      release: { version: 2, phase: 'rolling_back' },
      queued: { version: 3 },
    });
    const third = up(second.memory, 'digest-4');
    expect(third.memory.services.web?.queued).toMatchObject({ version: 4 });
    expect(third.events.map((event) => event.sentence)).toContain('v3 of web was never started: v4 took its place.');
  });

  it('that was just taken back is not sent out again by itself', () => {
    const failed = up(memoryOf(stable), 'digest-2').memory.services.web?.release;
    const last = failed && { ...failed, phase: 'rolled_back' as const };
    const after = serviceWith([versionFor(1), versionFor(2)], { last: last ?? null });
    const again = up(memoryOf(after), 'digest-2');
    expect(actions(again)).toEqual(['web same: v2 of this code was taken back; friday release web tries it again']);
    expect(up(memoryOf(after), 'digest-3').changes[0]?.action).toBe('change');
  });
});

describe('after down', () => {
  const stopped = orderDown(memoryOf(stable), ['web'], GIVEN).memory;

  it('the same code starts as it was', () => {
    const { memory, changes } = up(stopped, 'digest-1');
    expect(changes[0]).toMatchObject({ action: 'restart', version: 1, release: null });
    expect(memory.services.web).toMatchObject({ stable: 1, isDown: false });
  });

  it('other code is a first start, for nothing runs to compare with', () => {
    const { memory } = up(stopped, 'digest-2');
    expect(memory.services.web).toMatchObject({ stable: null, isDown: false, lineage: [1], release: { from: null } });
  });

  it('going back is refused until it runs', () => {
    const before = serviceWith([versionFor(2), versionFor(1)], { lineage: [1], isDown: true });
    expect(() => orderRollBack(memoryOf(before), 'web', null, GIVEN)).toThrowError('web is stopped.');
  });
});

it('reports a service that the file names no more, and stops it only when told to', () => {
  const old = { ...newService('old', 41_002), versions: [versionFor(1)], stable: 1 };
  const kept = up(memoryOf(stable, old), 'digest-1');
  expect(kept.changes.at(-1)).toMatchObject({ service: 'old', action: 'orphan' });
  expect(kept.memory.services.old?.isDown).toBe(false);
  const gone = up(memoryOf(stable, old), 'digest-1', specFor(), { removesOrphans: true });
  expect(gone.changes.at(-1)).toMatchObject({ service: 'old', action: 'remove' });
  expect(gone.memory.services.old?.isDown).toBe(true);
});

it('leaves the memory that it was given as it was', () => {
  const before = memoryOf(stable);
  const text = JSON.stringify(before);
  up(before, 'digest-2', specFor({ replicas: 9 }), { removesOrphans: true });
  expect(JSON.stringify(before)).toBe(text);
});

describe('an order about the version that is stable while a release is under way', () => {
  it('ends the release: there is nothing else to go back to', () => {
    const begun = { id: 6, version: 2, from: 1, isDirect: false, salt: 's', now: 5, by: 'anna', reason: '' };
    const release = { ...startRelease({ ...begun, spec: specFor() }), phase: 'ramping' as const, weight: 5, step: 0 };
    const memory = memoryOf(serviceWith([versionFor(1), versionFor(2)], { release }));
    const back = orderRollBack(memory, 'web', 1, GIVEN).memory.services.web;
    const made = orderPromote(memory, 'web', { to: null, version: 1 }, GIVEN).memory.services.web;
    for (const web of [back, made]) expect(web).toMatchObject({ release: { phase: 'rolling_back' }, queued: null });
  });
});
