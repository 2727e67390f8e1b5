// What a forecast takes for the usual traffic: measured, given, or assumed and said so.
import { describe, expect, it } from 'vitest';
import type { RecentTraffic } from '../hour.ts';
import { usualOf } from './usual.ts';

const measured: RecentTraffic = {
  knownSeconds: 3600,
  requests: 180_000,
  ofMain: 180_000,
  failures: 180,
  latency: [[672, 180_000]],
  quietRate: 40,
  busyRate: 60,
  slots: [],
};

describe('the usual traffic', () => {
  it('is what was measured', () => {
    const known = usualOf({}, measured, false);
    expect(known?.usual).toMatchObject({ rate: 50, errorShare: 0.001, latency: measured.latency, clients: null });
    expect(known?.basis).toMatchObject({ knownSeconds: 3600, quietRate: 40, assumed: [] });
  });

  it('is what is given, where both are there', () => {
    const known = usualOf({ rate: 5, errorShare: 0.02, p50Ms: 10, p99Ms: 30 }, measured, false);
    expect(known?.usual).toMatchObject({ rate: 5, errorShare: 0.02 });
    expect(known?.basis).toMatchObject({ knownSeconds: null, assumed: [] });
    expect(known?.basis.p50Ms).toBeCloseTo(10, 0);
  });

  it('is not known from a handful of requests, nor from nothing', () => {
    expect(usualOf({}, { ...measured, requests: 99, ofMain: 99 }, false)).toBeNull();
    expect(usualOf({}, null, false)).toBeNull();
  });

  it('says what it assumes', () => {
    expect(usualOf({ rate: 50 }, null, false)?.basis.assumed).toEqual([
      'of 1 000 requests, 1 fails.',
      'half of the requests take 80 ms, 1 in 100 four times that.',
    ]);
    expect(usualOf({ rate: 50, errorShare: 0, p99Ms: 400 }, null, false)?.basis.assumed).toEqual([
      'p50 is a quarter of p99.',
    ]);
    expect(usualOf({}, { ...measured, knownSeconds: 300 }, false)?.basis.assumed.join(' ')).toContain(
      'this short time is like',
    );
  });

  it('assumes clients only where they stick', () => {
    expect(usualOf({}, measured, true)).toMatchObject({ usual: { clients: 500 } });
    expect(usualOf({ clients: 20 }, measured, true)?.basis.assumed[0]).toMatch(/^20 clients, the same all the time;/);
  });
});
