// The last hour of traffic: what is counted, over how long it is known, and that it stays small.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addToHour, EMPTY_HOUR, HOUR_SECONDS, type Hour, recentTraffic } from './hour.ts';
import { type ArmCount, type Cell, failuresOf, type Observations } from './traffic.ts';

function arm(version: number, requests: number, failures = 0, bucket = 600): ArmCount {
  return {
    version,
    requests,
    failures: { status: failures, timeout: 0, connection: 0, deadline: 0 },
    firstFailures: 0,
    latency: requests > 0 ? [[bucket, requests]] : [],
  };
}

function cell(tick: number, stable: ArmCount | null, candidate: ArmCount | null = null, service = 'api'): Cell {
  const nothing = { outside: { requests: 0, failures: 0 }, seen: { answers: 0, failures: 0, refused: 0 }, samples: [] };
  return { seq: tick, service, tick, epoch: 1, weight: candidate ? 10 : 0, stable, candidate, ...nothing };
}

function read(closedUpTo: number, ...cells: readonly Cell[]): Observations {
  return { cursor: { boot: 'a', seq: closedUpTo }, lost: 0, closedUpTo, cells };
}

/** A second each from `from` to `upTo`, 10 requests with 1 failure. */
function steady(from: number, upTo: number, hour: Hour = EMPTY_HOUR): Hour {
  let after = hour;
  for (let tick = from; tick <= upTo; tick += 1) after = addToHour(after, read(tick, cell(tick, arm(1, 10, 1))));
  return after;
}

describe('the last hour', () => {
  it('knows nothing before the first read', () => {
    expect(recentTraffic(EMPTY_HOUR, 'api')).toMatchObject({ knownSeconds: 0, requests: 0, latency: [], slots: [] });
  });

  it('tells over how long it knows, silence included', () => {
    const hour = addToHour(steady(1000, 1029), read(1089));
    expect(recentTraffic(hour, 'api')).toMatchObject({ knownSeconds: 90, requests: 300, failures: 30 });
    expect(recentTraffic(hour, 'web')).toMatchObject({ knownSeconds: 90, requests: 0 });
  });

  it('counts all versions, and the failures and latencies of the one that most people use', () => {
    const hour = addToHour(EMPTY_HOUR, read(5, cell(5, arm(1, 90, 1, 500), arm(2, 10, 10, 900))));
    const recent = recentTraffic(hour, 'api');
    expect(recent).toMatchObject({ requests: 100, ofMain: 90, failures: 1, latency: [[500, 90]] });
  });

  it('counts the promoted version while the old one keeps a small share', () => {
    const watched = { ...cell(5, arm(1, 5, 5, 900), arm(2, 95, 1, 500)), weight: 95 };
    const recent = recentTraffic(addToHour(EMPTY_HOUR, read(5, watched)), 'api');
    expect(recent).toMatchObject({ requests: 100, ofMain: 95, failures: 1, latency: [[500, 95]] });
  });

  it('forgets what is older than an hour, and stays small', () => {
    const recent = recentTraffic(steady(0, 2 * HOUR_SECONDS), 'api');
    expect(recent.knownSeconds).toBe(HOUR_SECONDS);
    expect(recent.slots.length).toBeLessThanOrEqual(361);
    expect(recent.requests).toBeGreaterThanOrEqual(10 * HOUR_SECONDS);
    expect(recent.requests).toBeLessThanOrEqual(10 * (HOUR_SECONDS + 10));
    const counted = recent.latency.reduce((sum, [, count]) => sum + count, 0);
    expect(counted).toBeLessThanOrEqual(10 * (HOUR_SECONDS + 300));
  });

  it('forgets a service that has no requests any more', () => {
    const hour = addToHour(steady(0, 20), read(20 + 2 * HOUR_SECONDS));
    expect(Object.keys(hour.services)).toEqual([]);
  });

  it('begins anew when the time of the balancer goes back', () => {
    const hour = addToHour(steady(5000, 5100), read(100, cell(100, arm(1, 7))));
    expect(recentTraffic(hour, 'api')).toMatchObject({ knownSeconds: 1, requests: 7 });
  });

  it('keeps what it has while the balancer does not answer', () => {
    const hour = steady(0, 30);
    expect(addToHour(hour, null)).toBe(hour);
  });

  it('tells how quiet and how busy it is', () => {
    let hour = EMPTY_HOUR;
    for (let tick = 0; tick < 400; tick += 1) {
      hour = addToHour(hour, read(tick, cell(tick, arm(1, tick < 200 ? 10 : 50))));
    }
    expect(recentTraffic(hour, 'api')).toMatchObject({ quietRate: 10, busyRate: 50 });
    expect(recentTraffic(steady(0, 60), 'api')).toMatchObject({ quietRate: null, busyRate: null });
  });

  it('counts the same however the cells are parted into reads', () => {
    const cells = fc.array(
      fc.record({
        gap: fc.integer({ min: 0, max: 40 }),
        n: fc.integer({ min: 0, max: 50 }),
        x: fc.integer({ min: 0, max: 9 }),
      }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(cells, fc.integer({ min: 1, max: 7 }), (parts, size) => {
        let tick = 100;
        const all = parts.map(({ gap, n, x }) => {
          tick += gap;
          return cell(tick, arm(1, n, Math.min(n, x)));
        });
        const whole = addToHour(EMPTY_HOUR, read(tick, ...all));
        let pieces = EMPTY_HOUR;
        for (let i = 0; i < all.length; i += size) {
          const some = all.slice(i, i + size);
          pieces = addToHour(pieces, read(some.at(-1)?.tick ?? 0, ...some));
        }
        expect(recentTraffic(pieces, 'api')).toEqual(recentTraffic(whole, 'api'));
        const sum = all.reduce((total, one) => total + (one.stable ? failuresOf(one.stable) : 0), 0);
        expect(recentTraffic(whole, 'api').failures).toBe(sum);
      }),
    );
  });
});
