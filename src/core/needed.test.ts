// Tests of the sentence that says what a release lacks.
import { describe, expect, it } from 'vitest';
import { neededOf, neededSentence } from './needed.ts';
import { type Release, type ReleaseSeen, startRelease } from './release.ts';
import { specFor } from './service.fixture.ts';

function lacking(neededRequests: number, rest: Partial<Release> = {}): Release {
  const begun = { id: 2, version: 2, from: 1, isDirect: false, salt: 's', now: 0, by: 'anna', reason: '' };
  const ruling = { kind: 'inconclusive', sentence: 'Not enough data.', neededRequests } as const;
  return { ...startRelease({ ...begun, spec: specFor() }), weight: 50, ruling, ...rest };
}

function seen(missing: number, rate: number): ReleaseSeen {
  const stand = { kind: 'inconclusive', isCalm: true, harmBound: 1, isWeightJudged: true, missing } as const;
  const ready = { candidate: { ready: 2, wanted: 2 }, stableReady: 2, notReady: '', crashLoop: null };
  const warnings = { collapse: null, interference: null, doubts: {} };
  return { now: 0, ...ready, isConfirmed: true, hasSuccessor: false, ruling: null, stand, warnings, rate };
}

const sentence = (release: Release, look: ReleaseSeen) =>
  neededSentence(release, look, neededOf(release, look), ' to be safe');

describe('what a release lacks', () => {
  it('is a number of requests, with the time that they take at the rate of today', () => {
    expect(sentence(lacking(300), seen(0, 20))).toBe(
      "v2 of web needs 300 more requests at 50% to be safe, about 30s at today's traffic.",
    );
    expect(sentence(lacking(1), seen(0, 0))).toBe(
      'v2 of web needs 1 more request at 50% to be safe, no request reaches it now. A person can promote it without.',
    );
  });

  it('is the larger of what the weight and what the certificate takes', () => {
    expect(neededOf(lacking(3), seen(9, 1))).toEqual({ unit: 'request', count: 9 });
    expect(neededOf(lacking(9), seen(3, 1))).toEqual({ unit: 'request', count: 9 });
  });

  it('is a number of clients for the certificate of a sticky service, since each counts once', () => {
    const sticky = lacking(300, { isSticky: true });
    expect(sentence(sticky, seen(20, 20))).toBe(
      "v2 of web needs 300 more clients at 50% to be safe, at least 30s at today's traffic.",
    );
    expect(neededOf(sticky, seen(400, 20)).unit).toBe('request');
  });
});
