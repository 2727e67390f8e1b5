// Tests of the sliding window: whose seconds count, and what happens when the balancer is away or begins anew.
import { describe, expect, it } from 'vitest';
import { bucketOf, type Cell } from './traffic.ts';
import { EMPTY_WINDOW, KEPT_SECONDS, lately, shareIn, slide, type Window } from './window.ts';

const FIRST = 1_767_344_400;

function cell(tick: number, requests: readonly [stable: number, candidate: number], failed = 0, epoch = 1): Cell {
  const arm = (version: number, count: number, failures: number) => ({
    version,
    requests: count,
    failures: { status: failures, timeout: 0, connection: 0, deadline: 0 },
    firstFailures: 0,
    latency: [[bucketOf(10 * version), count]] as const,
  });
  const [stable, candidate] = requests;
  return {
    seq: tick,
    service: 'web',
    tick,
    epoch,
    weight: 50,
    stable: arm(1, stable, 0),
    candidate: arm(2, candidate, failed),
    outside: { requests: 0, failures: 0 },
    seen: { answers: stable + candidate, failures: failed, refused: 0 },
    samples: [],
  };
}

function read(window: Window, closedUpTo: number, ...cells: Cell[]): Window {
  return slide(window, { cursor: { boot: 'b', seq: closedUpTo }, lost: 0, closedUpTo, cells });
}

/** A window with one cell a second from `FIRST` on. */
function filled(seconds: number, requests: readonly [number, number], failed = 0): Window {
  let window = EMPTY_WINDOW;
  for (let i = 0; i < seconds; i += 1) window = read(window, FIRST + i, cell(FIRST + i, requests, failed));
  return window;
}

describe('lately', () => {
  it('tells rate, errors and latency of one version or of all', () => {
    const window = filled(30, [30, 10], 2);
    expect(lately(window, 'web', null, 10)).toMatchObject({ requestsPerSecond: 40, errorShare: 0.05 });
    const candidate = lately(window, 'web', 2, 10);
    expect(candidate).toMatchObject({ requestsPerSecond: 10, errorShare: 0.2 });
    expect(candidate.latencyP95Ms).toBeGreaterThan(20);
    expect(candidate.latencyP95Ms).toBeLessThan(20.5);
    expect(lately(window, 'other', null, 10)).toMatchObject({ requestsPerSecond: 0, errorShare: null });
  });

  it('takes the rate over the seconds that it knows, so that a new control plane is right at once', () => {
    expect(lately(filled(3, [30, 10]), 'web', null, 10).requestsPerSecond).toBe(40);
    expect(lately(EMPTY_WINDOW, 'web', null, 10).requestsPerSecond).toBe(0);
  });

  it('counts seconds without a request', () => {
    const quiet = read(filled(10, [30, 10]), FIRST + 19);
    expect(lately(quiet, 'web', null, 20).requestsPerSecond).toBe(20);
    expect(lately(quiet, 'web', null, 10).requestsPerSecond).toBe(0);
  });

  it('leaves out the newest seconds while older ones are not complete', () => {
    const window = read(filled(10, [30, 10]), FIRST + 9, cell(FIRST + 11, [1000, 0]));
    expect(lately(window, 'web', null, 10).requestsPerSecond).toBe(40);
  });
});

describe('the window', () => {
  it('forgets what is older than a minute', () => {
    expect(filled(200, [1, 1]).cells.length).toBeLessThanOrEqual(KEPT_SECONDS + 1);
  });

  it('outlives some missed reads, not many', () => {
    let window = filled(10, [30, 10]);
    for (let i = 0; i < 3; i += 1) window = slide(window, null);
    expect(lately(window, 'web', null, 10).requestsPerSecond).toBe(40);
    expect(slide(window, null)).toEqual(EMPTY_WINDOW);
  });

  it('begins anew with a balancer whose time lies before', () => {
    const window = read(filled(10, [30, 10]), FIRST - 3600, cell(FIRST - 3600, [5, 5]));
    expect(lately(window, 'web', null, 10).requestsPerSecond).toBe(10);
  });

  it('knows the share of one epoch only', () => {
    const window = read(filled(10, [30, 10]), FIRST + 10, cell(FIRST + 10, [10, 10], 0, 2));
    expect(shareIn(window, 'web', 1, 15)).toBe(25);
    expect(shareIn(window, 'web', 2, 15)).toBe(50);
    expect(shareIn(window, 'web', 3, 15)).toBeNull();
  });
});
