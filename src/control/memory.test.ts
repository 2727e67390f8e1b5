// What a control plane reads back when it starts.
import { expect, it } from 'vitest';
import { startEvidence } from '../core/evidence.ts';
import { type Release, startRelease } from '../core/release.ts';
import { newService } from '../core/service.ts';
import { web } from '../sim/fixture.ts';
import { simStore } from '../sim/store.ts';
import { KEPT_RECORDS, loadMemory } from './memory.ts';

function release(id: number): Release {
  const begun = { version: id, from: id - 1, isDirect: false, salt: 's', now: 0, by: 'anna', reason: '' };
  return startRelease({ id, spec: web(), ...begun });
}

it('is the newest releases only, however many there have been, and the evidence that the loop needs', async () => {
  const store = simStore();
  const put = Array.from({ length: KEPT_RECORDS + 100 }, (_, i) => {
    const one = release(i + 1);
    return { kind: 'release', id: String(i + 1), value: { release: one, evidence: startEvidence(one) } };
  });
  const old = { ...newService('web', 4000), last: release(1) };
  await store.commit({ put: [...put, { kind: 'service', id: 'web', value: old }] });
  const { memory, records } = await loadMemory(store);
  expect([...records.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: KEPT_RECORDS }, (_, i) => 101 + i));
  expect(Object.keys(memory.evidence)).toEqual(['1']);
});
