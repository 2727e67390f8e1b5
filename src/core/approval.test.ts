// Who may say the yes that a release waits for: every way past a weight that wants one is closed without the right to give it.
import { describe, expect, it } from 'vitest';
import { gateOn } from './approval.ts';
import { Failure } from './failure.ts';
import { type Given, orderPromote, orderRollBack, requestRelease } from './orders.ts';
import type { Release } from './release.ts';
import { memoryOf, serviceWith, specFor, versionFor } from './service.fixture.ts';
import type { ReleaseSpec } from './spec/project.ts';

const steps = (...gated: number[]) =>
  [5, 25, 50].map((weight) => ({ weight, bakeMs: 1000, needsApproval: gated.includes(weight) }));
const may: Given = { now: 5000, by: 'ana', reason: '', salt: '0123456789abcdef' };
const mayNot: Given = { ...may, mayApprove: false };

function releasing(spec: Partial<ReleaseSpec>, at: Partial<Release> = {}) {
  const service = serviceWith([versionFor(1), versionFor(2, specFor({}, spec))]);
  const { memory } = requestRelease(memoryOf(service), service, 2, false, may);
  const begun = memory.services.web?.release;
  if (!begun) throw new Error('no release');
  const release: Release = { ...begun, phase: 'ramping', step: 0, weight: 5, ...at };
  const web = { ...memory.services.web, release } as typeof service;
  return { release, memory: { ...memory, services: { web } } };
}

function codeOf(order: () => unknown): string {
  try {
    order();
    return 'done';
  } catch (error) {
    return error instanceof Failure ? error.code : 'a bug';
  }
}

const promote = (memory: ReturnType<typeof releasing>['memory'], to: number | null, given = mayNot) =>
  codeOf(() => orderPromote(memory, 'web', { to, version: null }, given));

describe('a weight that wants a yes', () => {
  it('is the lowest one on the way, and none when the order stays below', () => {
    const { release } = releasing({ steps: steps(50), needsFinalApproval: true });
    expect([gateOn(release, 25), gateOn(release, 40), gateOn(release, 50), gateOn(release, 100)]).toEqual([
      null,
      null,
      50,
      50,
    ]);
    expect(gateOn({ ...release, step: 2, weight: 50 }, null)).toBe(100);
  });

  it('is found on a ramp, too', () => {
    const ramp = { minBakeMs: 1000, maxBakeMs: 9000, budget: 10, atEnd: 'hold' as const, approvals: [20, 100] };
    const { release } = releasing({ steps: [], ramp, needsFinalApproval: true });
    expect([gateOn(release, 10), gateOn(release, 20), gateOn({ ...release, weight: 20 }, 100)]).toEqual([
      null,
      20,
      100,
    ]);
  });

  it('is refused to who may not give it, whether it waits, is paused or is on its way', () => {
    for (const phase of ['waiting_for_approval', 'paused', 'ramping', 'waiting_for_traffic'] as const) {
      const { memory } = releasing({ steps: steps(25) }, { phase });
      expect([promote(memory, null), promote(memory, 25), promote(memory, 100)]).toEqual(Array(3).fill('refused'));
      expect(promote(memory, null, may)).toBe('done');
    }
  });

  it('is not asked for where the file wants none', () => {
    const { memory } = releasing({ steps: steps() });
    expect([promote(memory, null), promote(memory, 100)]).toEqual(['done', 'done']);
  });

  it('is what every release waits for that asks a person', () => {
    const { memory } = releasing({ steps: steps() }, { phase: 'waiting_for_approval' });
    expect([promote(memory, null), promote(memory, null, may)]).toEqual(['refused', 'done']);
  });
});

describe('a version that never got its yes', () => {
  const gated = specFor({}, { needsFinalApproval: true });
  const service = serviceWith([versionFor(2), versionFor(1, gated), versionFor(3, gated)], {
    lineage: [1],
    nextVersion: 4,
  });
  const to = (version: number) => ({ to: null, version });

  it('is made stable neither by promotion nor by going back', () => {
    const memory = memoryOf(service);
    expect(codeOf(() => orderPromote(memory, 'web', to(3), mayNot))).toBe('refused');
    expect(codeOf(() => orderRollBack(memory, 'web', 3, mayNot))).toBe('refused');
    expect(codeOf(() => orderPromote(memory, 'web', to(3), may))).toBe('done');
  });

  it('is no version that people have used before: going back is always possible', () => {
    const memory = memoryOf(service);
    expect(codeOf(() => orderRollBack(memory, 'web', 1, mayNot))).toBe('done');
    expect(codeOf(() => orderRollBack(memory, 'web', null, mayNot))).toBe('done');
  });
});
