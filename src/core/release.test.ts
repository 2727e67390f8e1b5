// Tests of the release state machine: what every phase makes of every order, and what holds on every way.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LOST_AFTER_MS, next } from './course.ts';
import { DEFAULT_RAMP } from './ramp.ts';
import { isOver, nextWeight, type Phase, type Release, type ReleaseSeen, startRelease } from './release.ts';
import { specFor } from './service.fixture.ts';
import { cutShort, type Ordered, pause, promote, rollBack, supersede } from './steer.ts';

const NOW = 1_000_000;

function release(rest: Partial<Release> = {}): Release {
  const begun = { id: 2, version: 2, from: 1, isDirect: false, salt: 's', now: NOW, by: 'anna', reason: '' };
  return { ...startRelease({ ...begun, spec: specFor() }), ...rest };
}

function seen(rest: Partial<ReleaseSeen> = {}): ReleaseSeen {
  return {
    now: NOW,
    candidate: { ready: 2, wanted: 2 },
    stableReady: 2,
    notReady: '',
    crashLoop: null,
    isConfirmed: true,
    hasSuccessor: false,
    ruling: null,
    stand: null,
    warnings: { collapse: null, interference: null, doubts: {} },
    rate: 200,
    ...rest,
  };
}

const ruling = (kind: 'pass' | 'fail' | 'inconclusive', neededRequests = 0) => ({
  kind,
  sentence: `The judge says ${kind}.`,
  neededRequests,
});

const RAMPING = { phase: 'ramping', step: 0, weight: 5, bakingSince: NOW } as const;
const STATES: Readonly<Record<Phase, Partial<Release>>> = {
  starting: {},
  ramping: RAMPING,
  waiting_for_traffic: { ...RAMPING, phase: 'waiting_for_traffic' },
  waiting_for_approval: {
    ...RAMPING,
    phase: 'waiting_for_approval',
    steps: [5, 50].map((weight) => ({ weight, bakeMs: 10_000, needsApproval: weight === 50 })),
  },
  paused: { ...RAMPING, phase: 'paused' },
  promoting: { phase: 'promoting', step: 2, weight: 100 },
  promoted: { phase: 'promoted', step: 2, weight: 100, endedAt: NOW },
  rolling_back: { phase: 'rolling_back', weight: 0 },
  rolled_back: { phase: 'rolled_back', weight: 0, endedAt: NOW },
  failed: { phase: 'failed', weight: 0, endedAt: NOW },
};

describe('the next weight of a ramp', () => {
  it('is no higher than the first that needs a yes', () => {
    const ramp = { ...release(RAMPING), ramp: DEFAULT_RAMP, weight: 15 };
    expect(nextWeight(ramp)).toBe(45);
    expect(nextWeight({ ...ramp, approvals: [30, 100] })).toBe(30);
    expect(nextWeight({ ...ramp, approvals: [100] })).toBe(45);
  });
});

describe('orders', () => {
  const told = (ordered: Ordered) =>
    'problem' in ordered ? 'refused' : `${ordered.release.phase} ${ordered.release.weight}`;

  it.each<[Phase, string, string, string, string, string]>([
    // phase, roll back, pause, promote, promote to 100, stop the service
    ['starting', 'rolling_back 0', 'refused', 'refused', 'refused', 'failed 0'],
    ['ramping', 'rolling_back 0', 'paused 5', 'ramping 50', 'promoting 100', 'rolled_back 0'],
    ['waiting_for_traffic', 'rolling_back 0', 'paused 5', 'ramping 50', 'promoting 100', 'rolled_back 0'],
    ['waiting_for_approval', 'rolling_back 0', 'paused 5', 'ramping 50', 'promoting 100', 'rolled_back 0'],
    ['paused', 'rolling_back 0', 'paused 5', 'ramping 50', 'promoting 100', 'rolled_back 0'],
    ['promoting', 'rolling_back 0', 'refused', 'refused', 'refused', 'rolled_back 0'],
    ['promoted', 'refused', 'refused', 'refused', 'refused', 'promoted 100'],
    ['rolling_back', 'rolling_back 0', 'refused', 'refused', 'refused', 'rolled_back 0'],
    ['rolled_back', 'refused', 'refused', 'refused', 'refused', 'rolled_back 0'],
    ['failed', 'refused', 'refused', 'refused', 'refused', 'failed 0'],
  ])('find a release that is %s', (phase, rolledBack, paused, promoted, full, stopped) => {
    const one = release(STATES[phase]);
    expect(told(rollBack(one, NOW, 'ben', ''))).toBe(rolledBack);
    expect(told(pause(one, NOW, 'ben'))).toBe(paused);
    expect(told(promote(one, null, NOW, 'ben'))).toBe(promoted);
    expect(told(promote(one, 100, NOW, 'ben'))).toBe(full);
    expect(told({ release: cutShort(one, NOW, 'ben') })).toBe(stopped);
  });

  it('never lower the weight, and may add a step that bakes like the one before it', () => {
    const one = release(STATES.ramping);
    expect(promote(one, 5, NOW, 'ben')).toEqual({ problem: 'web v2 already has 5%; 5% is not more.' });
    const ordered = promote(one, 30, NOW, 'ben');
    if (!('release' in ordered)) throw new Error(ordered.problem);
    expect(ordered.release.steps.map((step) => step.weight)).toEqual([5, 30, 50]);
    expect(ordered.release).toMatchObject({ step: 1, weight: 30, bakingSince: null });
    expect(ordered.release.steps[1]?.bakeMs).toBe(10_000);
  });

  it('end a first start at once: there is nothing to wait for', () => {
    const ordered = rollBack(release({ from: null }), NOW, 'ben', 'wrong file');
    expect(ordered).toMatchObject({ release: { phase: 'failed', sentence: 'ben rolled v2 of web back: wrong file.' } });
  });
});

describe('a candidate that starts', () => {
  it('gets its first step when all its instances are ready', () => {
    expect(next(release(), seen({ candidate: { ready: 1, wanted: 2 } })).phase).toBe('starting');
    expect(next(release(), seen())).toMatchObject({ phase: 'ramping', step: 0, weight: 5, bakingSince: null });
  });

  it('fails after its time, and says why and who serves', () => {
    const late = seen({ now: NOW + 60_000, candidate: { ready: 1, wanted: 2 }, notReady: 'GET /up answered 503' });
    expect(next(release(), { ...late, now: late.now - 1 }).phase).toBe('starting');
    expect(next(release(), late)).toMatchObject({
      phase: 'failed',
      sentence: 'v2 of web was not ready within 1m00s: GET /up answered 503. v1 still has 100% of traffic.',
    });
  });

  it('without replicas takes over, but a version that is only compared with itself does not', () => {
    const none = seen({ candidate: { ready: 0, wanted: 0 } });
    const sentence = 'v2 of web has no replicas, so nothing can be compared.';
    expect(next(release(), none)).toMatchObject({ phase: 'promoting', sentence });
    expect(next(release({ purpose: 'aa' }), none)).toMatchObject({ phase: 'failed', weight: 0, sentence });
  });

  it('takes over from a dead stable with what is ready, even when it is not all or some of it keeps ending', () => {
    const lost = release({ stableLostSince: NOW });
    const look = seen({ now: NOW + LOST_AFTER_MS, stableReady: 0, candidate: { ready: 1, wanted: 2 } });
    expect(next(lost, look)).toMatchObject({ phase: 'promoting', weight: 100 });
    expect(next(lost, { ...look, crashLoop: 'web-v2-2 ended 3 times in a row' }).phase).toBe('promoting');
    expect(next(lost, { ...look, now: look.now - 1 }).phase).toBe('starting');
  });
});

describe('a step', () => {
  const baked = NOW + 10_000;

  it('bakes from the look at which the balancer confirmed it', () => {
    const asked = release({ ...RAMPING, bakingSince: null });
    expect(next(asked, seen({ isConfirmed: false })).bakingSince).toBeNull();
    expect(next(asked, seen({ now: NOW + 7 })).bakingSince).toBe(NOW + 7);
  });

  it('gives way to the next when it has baked and the judge says pass', () => {
    const one = release(RAMPING);
    expect(next(one, seen({ now: baked - 1, ruling: ruling('pass') }))).toMatchObject({ weight: 5 });
    expect(next(one, seen({ now: baked, ruling: ruling('pass') }))).toMatchObject({ weight: 50, step: 1 });
  });

  it('waits for requests with their number and for how long at the rate of today', () => {
    const look = seen({ now: baked, ruling: ruling('inconclusive', 15) });
    const waiting = next(release(RAMPING), look);
    expect(waiting).toMatchObject({
      phase: 'waiting_for_traffic',
      sentence: "Not enough data: v2 of web needs 15 more requests at 5%, about 1.5s at today's traffic.",
    });
    const silent = next(waiting, { ...look, rate: 0 });
    expect(silent.sentence).toMatch(/no request reaches it now\. A person can promote it without\.$/);
    expect(silent.phaseSince).toBe(waiting.phaseSince);
    expect(next(waiting, { ...look, ruling: ruling('pass') })).toMatchObject({ phase: 'ramping', weight: 50 });
  });

  it('that needs a yes waits for it', () => {
    const steps = release().steps.map((step) => ({ ...step, needsApproval: step.weight === 50 }));
    const waiting = next(release({ ...RAMPING, steps }), seen({ now: baked, ruling: ruling('pass') }));
    expect(waiting).toMatchObject({ phase: 'waiting_for_approval', weight: 5 });
    expect(next(waiting, seen({ now: baked + 1e9, ruling: ruling('pass') }))).toEqual(
      expect.objectContaining({ phase: 'waiting_for_approval', weight: 5 }),
    );
  });
});

describe('a candidate under traffic', () => {
  const phases: readonly Phase[] = ['ramping', 'waiting_for_traffic', 'waiting_for_approval', 'paused', 'promoting'];

  it.each(phases)('is taken back while %s when the judge fails it', (phase) => {
    const after = next(release(STATES[phase]), seen({ ruling: ruling('fail') }));
    expect(after).toMatchObject({ phase: 'rolling_back', weight: 0, sentence: 'The judge says fail.' });
  });

  it.each(phases)('is taken back while %s when no instance was ready for 5 s', (phase) => {
    const gone = seen({ candidate: { ready: 0, wanted: 2 }, isConfirmed: false });
    const lost = next(release(STATES[phase]), gone);
    expect(lost.phase).toBe(phase);
    expect(next(lost, { ...gone, now: NOW + LOST_AFTER_MS - 1 }).phase).toBe(phase);
    expect(next(lost, { ...gone, now: NOW + LOST_AFTER_MS }).phase).toBe('rolling_back');
    const back = next(lost, { ...seen(), isConfirmed: false, now: NOW + 1000 });
    expect(back.candidateLostSince).toBeNull();
  });

  it('is taken back for want of replicas once it has none, and the sentence says so', () => {
    const none = seen({ now: NOW + LOST_AFTER_MS, candidate: { ready: 0, wanted: 0 }, stableReady: 0 });
    const sentence = 'v2 of web has no ready instance: it has no replicas.';
    expect(next(release({ ...RAMPING, candidateLostSince: NOW }), none)).toMatchObject({ sentence });
  });

  it('is promoted only when the balancer confirms 100 % and it is ready at that very look', () => {
    const one = release(STATES.promoting);
    expect(next(one, seen({ isConfirmed: false })).phase).toBe('promoting');
    expect(next(one, seen({ candidate: { ready: 0, wanted: 2 } })).phase).toBe('promoting');
    expect(next(one, seen())).toMatchObject({ phase: 'promoted', endedAt: NOW });
  });

  it('stands in while a rollback waits for a dead stable, unless a newer release is there', () => {
    const back = release({ ...STATES.rolling_back, stableLostSince: NOW });
    const dead = seen({ now: NOW + 3_600_000, stableReady: 0 });
    expect(next(back, dead).phase).toBe('rolling_back');
    expect(next(back, { ...dead, hasSuccessor: true }).phase).toBe('rolled_back');
    expect(next(back, { ...dead, candidate: { ready: 0, wanted: 2 } }).phase).toBe('rolled_back');
    expect(next(back, { ...dead, stableReady: 1, isConfirmed: false }).phase).toBe('rolling_back');
    expect(next(back, { ...dead, stableReady: 1 }).phase).toBe('rolled_back');
  });
});

describe('on every way', () => {
  const look = fc.record({
    passedMs: fc.nat(20_000),
    candidate: fc.record({ ready: fc.nat(2), wanted: fc.constant(2) }),
    stableReady: fc.nat(2),
    crashLoop: fc.option(fc.constant('web-v2-1 ended 3 times in a row'), { freq: 10 }),
    isConfirmed: fc.boolean(),
    hasSuccessor: fc.boolean(),
    rate: fc.nat(100),
    ruling: fc.option(
      fc.oneof(
        { weight: 6, arbitrary: fc.constant(ruling('pass')) },
        { weight: 3, arbitrary: fc.nat(30).map((needed) => ruling('inconclusive', needed)) },
        { weight: 1, arbitrary: fc.constant(ruling('fail')) },
      ),
    ),
  });
  const order = fc.constantFrom<(one: Release, now: number) => Ordered>(
    (one, now) => rollBack(one, now, 'ben', ''),
    (one, now) => pause(one, now, 'ben'),
    (one, now) => promote(one, null, now, 'ben'),
    (one, now) => promote(one, 70, now, 'ben'),
    (one, now) => (isOver(one) ? { release: one } : { release: supersede(one, now, 9) }),
  );
  const move = fc.oneof({ weight: 6, arbitrary: look }, { weight: 1, arbitrary: order });

  it('weight falls only through a rollback, what is over stays, a fail stays, and there is always a sentence', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), fc.boolean(), (moves, isFirst) => {
        let one = release(isFirst ? { from: null, steps: [] } : {});
        let now = NOW;
        for (const given of moves) {
          const before = one;
          if (typeof given === 'function') {
            const ordered = given(one, now);
            if ('release' in ordered) one = ordered.release;
          } else {
            now += given.passedMs;
            // The judge has no word before the first request, nor where nothing is compared.
            const isUnjudged = isFirst || one.phase === 'starting';
            const stableReady = isFirst ? null : given.stableReady;
            one = next(one, seen({ ...given, now, stableReady, ruling: isUnjudged ? null : given.ruling }));
          }
          if (isOver(before)) expect(one).toEqual(before);
          if (one.weight < before.weight) expect(['rolling_back', 'failed']).toContain(one.phase);
          if (before.ruling?.kind === 'fail') {
            expect(one.ruling).toEqual(before.ruling);
            expect(['rolling_back', 'rolled_back']).toContain(one.phase);
          }
          expect(one.sentence).not.toBe('');
          expect(one.endedAt !== null).toBe(isOver(one));
          if (one.phase === 'promoted') expect(one.weight).toBe(100);
        }
      }),
    );
  });
});

describe('a ramp', () => {
  const RULE = {
    minBakeMs: 120_000,
    maxBakeMs: 1_800_000,
    budget: 10,
    atEnd: 'hold',
    approvals: [] as number[],
  } as const;
  function ramped(rest: Partial<Release> = {}, approvals: readonly number[] = []): Release {
    const spec = specFor({}, { steps: [], ramp: { ...RULE, approvals: [...approvals] } });
    const begun = { id: 2, version: 2, from: 1, isDirect: false, salt: 's', now: NOW, by: 'anna', reason: '' };
    return { ...startRelease({ ...begun, spec }), ...rest };
  }
  const calm = { kind: 'inconclusive', isCalm: true, harmBound: 0.01, isWeightJudged: true, missing: 0 } as const;
  const at5 = { phase: 'ramping', step: 0, weight: 5, bakingSince: NOW, rampingSince: NOW } as const;

  it('is certified and has no steps, unless other steps are ordered', () => {
    expect(ramped()).toMatchObject({ steps: [], ramp: { budget: 10 }, judging: { passRule: 'certified' } });
    const begun = { id: 2, version: 2, from: 1, isDirect: false, salt: 's', now: NOW, by: 'anna', reason: '' };
    const own = [{ weight: 10, bakeMs: 1000, needsApproval: false }];
    const spec = specFor({}, { steps: [], ramp: { ...RULE, approvals: [] } });
    expect(startRelease({ ...begun, spec, steps: own })).toMatchObject({
      ramp: null,
      steps: own,
      judging: { passRule: 'requests' },
    });
    expect(startRelease({ ...begun, spec, isDirect: true })).toMatchObject({ ramp: null, steps: [] });
  });

  it('begins where the traffic of the service allows it', () => {
    expect(next(ramped(), seen({ rate: 50, stand: calm }))).toMatchObject({ phase: 'ramping', weight: 5, step: 0 });
    expect(next(ramped(), seen({ rate: 1000, stand: calm }))).toMatchObject({ weight: 1 });
    expect(next(ramped({}, [1]), seen({ rate: 50, stand: calm }))).toMatchObject({
      phase: 'waiting_for_approval',
      weight: 0,
      wanted: 1,
    });
  });

  it('rises only after enough requests at its weight, whatever the budget allows', () => {
    const look = seen({ now: NOW + 15_000, stand: { ...calm, missing: 3 }, ruling: ruling('inconclusive', 3) });
    expect(next(ramped(at5), look)).toMatchObject({ phase: 'waiting_for_traffic', weight: 5 });
    expect(next(ramped(at5), { ...look, stand: calm })).toMatchObject({ phase: 'ramping', weight: 15 });
  });

  it('does not count the time in which it waits for a person', () => {
    const asked = ramped({ ...at5, phase: 'waiting_for_approval', wanted: 15, phaseSince: NOW + 60_000 });
    const ordered = promote(asked, null, NOW + 600_000, 'ben');
    expect(ordered).toMatchObject({ release: { weight: 15, wanted: null, rampingSince: NOW + 540_000 } });
  });

  it('asks each doubt once, and holds while both versions fail', () => {
    const doubts = { split: 'The split is wrong.' };
    const look = seen({ now: NOW + 15_000, stand: calm, warnings: { collapse: null, interference: null, doubts } });
    const paused = next(ramped(at5), look);
    expect(paused).toMatchObject({ phase: 'paused', asked: ['split'], sentence: 'The split is wrong.' });
    expect(next({ ...paused, phase: 'ramping' }, look)).toMatchObject({ weight: 15 });
    const held = next(ramped(at5), { ...look, warnings: { collapse: null, interference: 'Both fail.', doubts: {} } });
    expect(held).toMatchObject({ phase: 'ramping', weight: 5, held: 'Both fail.', sentence: 'Both fail.' });
    expect(next(held, { ...look, warnings: { collapse: null, interference: null, doubts: {} } })).toMatchObject({
      held: null,
      weight: 15,
    });
  });

  it('is not promoted while both versions fail, though a person is asked already', () => {
    const asked = ramped({ ...at5, phase: 'waiting_for_approval', weight: 50, wanted: 100 });
    const look = seen({ now: NOW + 1_800_000, stand: { ...calm, kind: 'pass' }, ruling: ruling('pass') });
    expect(next(asked, look)).toMatchObject({ phase: 'promoting', weight: 100 });
    const warnings = { collapse: null, interference: 'Both fail.', doubts: {} };
    expect(next(asked, { ...look, warnings })).toMatchObject({ phase: 'waiting_for_approval', weight: 50 });
  });

  it('is taken back when its first requests all fail', () => {
    const warnings = { collapse: 'All fail.', interference: 'Both fail.', doubts: {} };
    expect(next(ramped(at5), seen({ warnings }))).toMatchObject({ phase: 'rolling_back', sentence: 'All fail.' });
  });
});
