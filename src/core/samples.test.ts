// Which failed requests are kept to be looked at.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_ALIKE, MOST_SAMPLES, withSamples } from './samples.ts';
import type { FailedRequest } from './traffic.ts';

function failed(at: number, over: Partial<FailedRequest> = {}): FailedRequest {
  return {
    at,
    version: 2,
    arm: 'candidate',
    method: 'GET',
    path: '/',
    status: 500,
    failure: 'status',
    ms: 3,
    instance: 'api-v2-1',
    traceId: `trace ${at}`,
    ...over,
  };
}

const keep = (all: readonly FailedRequest[], batch: number) => {
  let kept: readonly FailedRequest[] = [];
  for (let i = 0; i < all.length; i += batch) kept = withSamples(kept, all.slice(i, i + batch));
  return kept;
};

describe('failed requests that are kept', () => {
  it('are the newest of one cause on one version', () => {
    const all = Array.from({ length: 50 }, (_, at) => failed(at));
    expect(keep(all, 7)).toEqual(all.slice(-MOST_ALIKE));
  });

  it('still have the only one of its cause after a flood of others', () => {
    const rare = failed(0, { path: '/checkout', method: 'POST' });
    const old = failed(1, { arm: 'stable', version: 1 });
    const flood = Array.from({ length: 5000 }, (_, at) => failed(at + 2, { status: 500 + (at % 9) }));
    const kept = keep([rare, old, ...flood], 40);
    expect(kept).toContain(rare);
    expect(kept).toContain(old);
    expect(kept).toHaveLength(MOST_SAMPLES);
  });

  it('are never more than fit, in their order, and the newest is always among them', () => {
    const any = fc.record({
      path: fc.constantFrom('/', '/a', '/b/7', '/b/8', '/c', '/d'),
      status: fc.integer({ min: 500, max: 504 }),
      arm: fc.constantFrom('stable', 'candidate'),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 400 }), fc.integer({ min: 1, max: 60 }), (about, batch) => {
        const all = about.map((one, at) => failed(at, one as Partial<FailedRequest>));
        const kept = keep(all, batch);
        const times = kept.map((one) => one.at);
        expect(kept.length).toBeLessThanOrEqual(MOST_SAMPLES);
        expect(times).toEqual(times.toSorted((one, other) => one - other));
        if (all.length > 0) expect(kept).toContain(all.at(-1));
        if (all.length <= MOST_ALIKE) expect(kept).toEqual(all);
      }),
    );
  });
});
