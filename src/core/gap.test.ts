// Tests of what counts as time.
import { describe, expect, it } from 'vitest';
import { catchUp } from './gap.ts';
import { startRelease } from './release.ts';
import { serviceWith, specFor, versionFor } from './service.fixture.ts';

const THEN = 1_000_000;
const SINCE = THEN - 500;

function remembered() {
  const begun = { id: 2, version: 2, from: 1, isDirect: false, salt: 's', now: SINCE, by: 'anna', reason: '' };
  const started = startRelease({ ...begun, spec: specFor() });
  const release = { ...started, bakingSince: SINCE, candidateLostSince: SINCE };
  const slot = { exits: 2, exitedAt: SINCE, notBefore: THEN + 4000, drainingSince: SINCE };
  const warm = { version: 3, untilMs: THEN + 60_000 };
  const moving = { id: 'web-v1-1', why: '', since: SINCE };
  const spreading = { since: SINCE, moving, least: null, vain: 0 };
  const web = serviceWith([versionFor(1), versionFor(2)], { release, warm, slots: { 'web-v1-1': slot }, spreading });
  return { lookedAt: THEN as number | null, services: { web } };
}

/** How far the waits have moved. */
function movedBy(now: number, elapsedMs: number): number {
  const before = remembered().services.web;
  const after = catchUp(remembered(), now, elapsedMs).services.web;
  const instants = (web: typeof before) => [
    web.release?.phaseSince,
    web.release?.bakingSince,
    web.release?.candidateLostSince,
    web.warm?.untilMs,
    web.spreading?.since,
    web.spreading?.moving?.since,
    web.slots['web-v1-1']?.notBefore,
    web.slots['web-v1-1']?.drainingSince,
  ];
  const moves = instants(after).map((at, i) => (at ?? 0) - (instants(before)[i] ?? 0));
  expect(new Set(moves).size).toBe(1);
  expect(after.release).toMatchObject({ requestedAt: SINCE, stableLostSince: null });
  expect(after.slots['web-v1-1']?.exitedAt).toBe(SINCE);
  return moves[0] ?? 0;
}

describe('between two looks', () => {
  it('the time that has passed counts, however uneven the looks are', () => {
    expect(movedBy(THEN + 1000, 1000)).toBe(0);
    expect(movedBy(THEN + 20, 20)).toBe(0);
    expect(movedBy(THEN + 4500, 4500)).toBe(0);
  });

  it('a clock that was set does not count, in either direction', () => {
    expect(movedBy(THEN + 3_601_000, 1000)).toBe(3_600_000);
    expect(movedBy(THEN - 3_599_000, 1000)).toBe(-3_600_000);
  });

  it('a long absence counts as three seconds, and nothing after a new start', () => {
    expect(movedBy(THEN + 60_000, 60_000)).toBe(57_000);
    expect(movedBy(THEN + 60_000, 0)).toBe(60_000);
  });
});

it('is the same when it is done twice, and remembers when it was done', () => {
  const once = catchUp(remembered(), THEN + 100_000, 1000);
  expect(once.lookedAt).toBe(THEN + 100_000);
  expect(catchUp(once, THEN + 100_000, 1000)).toEqual(once);
  const first = catchUp({ ...remembered(), lookedAt: null }, THEN + 100_000, 1000);
  expect(first.services).toEqual(remembered().services);
});
