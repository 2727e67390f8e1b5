// What a release has shown, beyond what the judge is told: the seconds after its end.
import { describe, expect, it } from 'vitest';
import { absorbCells, startEvidence } from './evidence.ts';
import { specWith } from './forecast/plan.ts';
import { type Release, startRelease } from './release.ts';
import type { ArmCount, Cell } from './traffic.ts';

const END_S = 1000;
const about = { id: 1, version: 2, from: 1, isDirect: false, salt: '', now: 0, by: 'ana', reason: '' };
const steps = [{ weight: 50, bakeMs: 60_000, needsApproval: false }];
const ended: Release = {
  ...startRelease({ ...about, spec: specWith({}, null, false), steps }),
  phase: 'rolled_back',
  endedAt: END_S * 1000,
};

const failures = { status: 1, timeout: 0, connection: 0, deadline: 0 };
const arm = (version: number): ArmCount => ({
  version,
  requests: 20,
  failures,
  firstFailures: 1,
  latency: [[600, 20]],
});

function cell(tick: number, stable: ArmCount | null, candidate: ArmCount | null): Cell {
  const nothing = { outside: { requests: 0, failures: 0 }, seen: { answers: 0, failures: 0, refused: 0 }, samples: [] };
  return { seq: tick, service: 'service', tick, epoch: 2, weight: 0, stable, candidate, ...nothing };
}

describe('the evidence of a release that is over', () => {
  it('has the traffic of the ten seconds after its end, which is that of one version again', () => {
    const cells = Array.from({ length: 30 }, (_, i) => cell(END_S + i, arm(1), i === 0 ? arm(2) : null));
    const { evidence, ticks } = absorbCells(startEvidence(ended), ended, cells);
    expect(ticks).toEqual([]);
    expect(evidence.later?.map((one) => one.tick)).toEqual(cells.slice(0, 11).map((one) => one.tick));
    expect(evidence.later?.[0]?.candidate).toEqual({ requests: 20, failures: 1, latency: [300, 20] });
    expect(evidence.later?.[1]).toMatchObject({
      weight: 0,
      stable: { requests: 20, failures: 1, latency: [] },
      candidate: null,
    });
  });

  it('keeps at most thirty of them, whatever comes', () => {
    const cells = Array.from({ length: 500 }, (_, i) => cell(END_S + (i % 9), arm(1), null));
    expect(absorbCells(startEvidence(ended), ended, cells).evidence.later).toHaveLength(30);
  });

  it('has nothing of later seconds', () => {
    const before = startEvidence(ended);
    expect(absorbCells(before, ended, [cell(END_S + 60, arm(1), null)]).evidence).toBe(before);
  });
});
