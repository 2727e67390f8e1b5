// A/A: what is counted, what is found, and that orders keep it apart from a release.
import { describe, expect, it } from 'vitest';
import { differenceWords, selfFindings, selfSentence, withSelf } from './aa.ts';
import { absorbCells, type Evidence, startEvidence } from './evidence.ts';
import { specWith } from './forecast/plan.ts';
import { type Release, startRelease } from './release.ts';
import { pause, promote, rollBack } from './steer.ts';
import type { ArmCount, Cell } from './traffic.ts';

const steps = [{ weight: 50, bakeMs: 60_000, needsApproval: false }];
const about = { id: 1, version: 2, from: 1, isDirect: false, salt: '', now: 0, by: 'ana', reason: 'A/A' };

function release(purpose?: 'aa'): Release {
  const spec = specWith({}, null, false);
  return {
    ...startRelease({ ...about, spec, steps, ...(purpose ? { purpose } : {}) }),
    phase: 'ramping',
    weight: 50,
    step: 0,
  };
}

function arm(version: number, bucket: number, failures = 0): ArmCount {
  return {
    version,
    requests: 20,
    failures: { status: failures, timeout: 0, connection: 0, deadline: 0 },
    firstFailures: 0,
    latency: [[bucket, 20]],
  };
}

function cell(tick: number, stable: ArmCount, candidate: ArmCount): Cell {
  const nothing = { outside: { requests: 0, failures: 0 }, seen: { answers: 0, failures: 0, refused: 0 }, samples: [] };
  return { seq: tick, service: 'service', tick, epoch: 1, weight: 50, stable, candidate, ...nothing };
}

function shown(of: Release, seconds: number, candidate: (tick: number) => ArmCount): Evidence {
  let evidence = startEvidence(of);
  for (let tick = 100; tick < 100 + seconds; tick += 1) {
    const cells = [cell(tick, arm(1, 600), candidate(tick))];
    evidence = withSelf(absorbCells(evidence, of, cells).evidence, of, cells);
  }
  return evidence;
}

const found = (evidence: Evidence) => {
  if (!evidence.self) throw new Error('nothing was compared');
  return selfFindings(evidence.self);
};

describe('an A/A comparison', () => {
  it('leaves out the first 10 s, in which caches are cold', () => {
    const evidence = shown(release('aa'), 30, (tick) => arm(2, tick < 110 ? 900 : 600));
    expect(found(evidence)).toMatchObject({ requests: { stable: 400, candidate: 400 } });
    expect(found(evidence).quantiles.map((one) => one.percent)).toEqual([0, 0, 0]);
  });

  it('says how far apart the same code is, and what is overlooked', () => {
    const near = found(shown(release('aa'), 30, () => arm(2, 603)));
    expect(near.quantiles[1]).toMatchObject({ percent: expect.closeTo(3.03, 1), isTolerated: true });
    const far = found(shown(release('aa'), 30, () => arm(2, 620)));
    expect(far.quantiles[1]).toMatchObject({ percent: expect.closeTo(22, 0), isTolerated: false });
    expect(differenceWords(far)).toBe('p50 by 22%, p95 by 22%, p99 by 22%');
  });

  it('overlooks a difference of 2 ms, however much that is of a short request', () => {
    const short = { requests: 100, failures: 0 };
    const self = {
      from: 0,
      stable: { ...short, latency: [[230, 100]] as const },
      candidate: { ...short, latency: [[290, 100]] as const },
      peaks: {},
    };
    expect(selfFindings(self).quantiles[0]?.percent).toBeGreaterThan(50);
    expect(selfFindings(self).quantiles[0]?.isTolerated).toBe(true);
  });

  it('keeps the highest odds of each metric, though they fall again', () => {
    const evidence = shown(release('aa'), 60, (tick) => arm(2, 600, tick === 102 || tick === 103 ? 1 : 0));
    const peaks = evidence.self?.peaks ?? {};
    expect(peaks.errors).toBeGreaterThan(0);
    expect(peaks.errors).toBeLessThan(Math.log(100));
    expect(Object.keys(peaks).sort()).toEqual(['all', 'errors', 'p50', 'p95', 'p99']);
    const bigger = shown(release('aa'), 4, (tick) => arm(2, 600, tick === 102 || tick === 103 ? 1 : 0));
    expect(peaks.errors).toBeGreaterThanOrEqual(bigger.self?.peaks.errors ?? 0);
  });

  it('is told in one sentence', () => {
    const evidence = shown(release('aa'), 30, () => arm(2, 603));
    expect(selfSentence(release('aa'), evidence, '1.8:1')).toBe(
      'A/A of service is over after 1m00s, v2 being the code of v1: the odds went up to 1.8:1; its instances differ in p50 by 3%, p95 by 3%, p99 by 3%; the tolerance is 5%, or 2 ms.',
    );
    expect(selfSentence(release('aa'), startEvidence(release('aa')), '1:1')).toContain('no requests to compare');
  });

  it('is not made of other releases', () => {
    expect(shown(release(), 30, () => arm(2, 600)).self).toBeUndefined();
  });

  it('is neither promoted nor paused, but ended by a person', () => {
    expect(promote(release('aa'), null, 1, 'ana')).toHaveProperty('problem');
    expect(promote(release('aa'), 100, 1, 'ana')).toHaveProperty('problem');
    expect(pause(release('aa'), 1, 'ana')).toHaveProperty('problem');
    expect(rollBack(release('aa'), 1, 'ana', '')).toMatchObject({ release: { phase: 'rolling_back' } });
  });
});
