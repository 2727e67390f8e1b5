// Tests of moves: only in quiet times, one at a time, never for ever.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startRelease } from './release.ts';
import { serviceWith, specFor, versionFor } from './service.fixture.ts';
import { instanceId, type ServiceState, wantedIds } from './service.ts';
import { keepSpreading, MOST_IN_VAIN, MOVE_MS, QUIET_MS, type Spreadable, withMoves } from './spreading.ts';

const NOW = 10_000_000;
const CROWDED = { why: 'n1 has 2 instances of web, n2 none', unevenness: 4 };
const release = startRelease({
  ...{ now: NOW, by: 'anna', reason: '', salt: '00', id: 7, version: 2, from: 1 },
  ...{ spec: specFor(), isDirect: false },
});

function one(slot: number, rest: Partial<Spreadable> = {}): Spreadable {
  return { id: instanceId('web', 1, slot), version: 1, slot, state: 'ready', ...rest };
}

const web = (rest: Partial<ServiceState> = {}) => serviceWith([versionFor(1)], { replicas: 2, ...rest });
const pair = [one(1), one(2, { crowded: CROWDED })];

/** What is told in so many seconds, and what is remembered at the end. */
function pass(service: ServiceState, instances: readonly Spreadable[], from: number, seconds: number) {
  let known = service;
  const told: string[] = [];
  for (let second = 0; second <= seconds; second += 1) {
    const kept = keepSpreading(known, instances, from + second * 1000);
    known = kept.service;
    told.push(...kept.events.map(({ sentence }) => sentence));
  }
  return { service: known, told };
}

describe('an instance that could be elsewhere', () => {
  it('moves after half a minute in which nothing else happened, and another one has to stand in for it', () => {
    expect(pass(web(), pair, NOW, 29).told).toEqual([]);
    const { service, told } = pass(web(), pair, NOW, 60);
    expect(told).toEqual(['web-v1-2 moves to another node: n1 has 2 instances of web, n2 none.']);
    expect(withMoves({ web: service }, pair)[1]).toMatchObject({ leaving: CROWDED.why });
    expect(withMoves({ web: service }, pair)[0]?.leaving).toBeUndefined();
    const there = pass(service, [one(1), one(1002)], NOW + 61_000, 0);
    expect(there.told).toEqual(['web-v1-2 has moved: web-v1-1002 has taken its place.']);
    expect(pass(there.service, [one(1), one(1002)], NOW + 62_000, 0).service).toEqual(web());
  });

  it.each<[string, Partial<ServiceState>, readonly Spreadable[]]>([
    ['versions are compared', { release }, pair],
    ['a version was promoted and is watched', watched(), pair],
    ['somebody restarts instances', { restarts: ['web-v1-1'] }, pair],
    ['the service is stopped', { isDown: true }, pair],
    ['one is starting', {}, [one(1, { state: 'starting' }), one(2, { crowded: CROWDED })]],
    ['one is still leaving', {}, [...pair, one(3)]],
    ['one has to leave its node', {}, [one(1, { leaving: 'x' }), one(2, { crowded: CROWDED })]],
    ['one is missing', { replicas: 3 }, pair],
    ['it is not of the version that people use', { stable: null }, pair],
  ])('stays while %s', (_name, rest, instances) => {
    expect(pass(web(rest), instances, NOW, 600).told).toEqual([]);
  });

  it('waits anew after something else happened', () => {
    const quiet = pass(web(), pair, NOW, 20).service;
    const disturbed = pass(quiet, [one(1, { state: 'starting' }), one(2, { crowded: CROWDED })], NOW + 21_000, 0);
    expect(pass(disturbed.service, pair, NOW + 22_000, 29).told).toEqual([]);
    expect(pass(disturbed.service, pair, NOW + 22_000, 30).told).toHaveLength(1);
  });

  it('stays where nothing can stand in for it', () => {
    const redis = serviceWith([versionFor(1, specFor({ port: null, routes: [] }))], { replicas: 2 });
    expect(pass(redis, pair, NOW, 600).told).toEqual([]);
  });
});

function watched(): Partial<ServiceState> {
  const watch = { release: 7, version: 1, from: 0, weight: 80, salt: '', isSticky: false, since: NOW, lostSince: null };
  return { warm: { version: 0, untilMs: NOW + 900_000 }, watch };
}

describe('a move', () => {
  const begun = pass(web(), pair, NOW, 30).service;
  const waits = (state: Spreadable['state']) => [one(1), one(2, { crowded: CROWDED }), one(1002, { state })];

  it('is given up when the one that is to stand in is not ready for so long, which is then not wanted', () => {
    expect(pass(begun, waits('starting'), NOW + 31_000, MOVE_MS / 1000 - 2).told).toEqual([]);
    const { service, told } = pass(begun, waits('exited'), NOW + 31_000, MOVE_MS / 1000);
    expect(told).toEqual(['The move of web-v1-2 was given up: web-v1-1002 was not ready within 5 minutes.']);
    expect(withMoves({ web: service }, pair)).toEqual(pair);
    expect(wantedIds(service, 1, waits('starting'))).toEqual(new Set(['web-v1-1', 'web-v1-2']));
    const gone = pass(service, pair, NOW + 400_000, 0).service;
    expect(gone.spreading?.refused).toBeUndefined();
    expect(wantedIds(gone, 1, [one(1), one(1002)])).toEqual(new Set(['web-v1-1', 'web-v1-1002']));
  });

  it('goes on while the one that stands in drains the other, however long', () => {
    expect(pass(begun, waits('ready'), NOW + 31_000, 2 * (MOVE_MS / 1000)).told).toEqual([]);
  });
});

describe('moves', () => {
  it('end when they spread nothing, however the unevenness goes up and down, and the journal says so once', () => {
    const lows = fc.array(fc.integer({ min: 4, max: 12 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(lows, (unevennesses) => {
        let service = web();
        let [slot, moves, ends] = [2, 0, 0];
        for (let second = 0; second < 4 * 3600; second += 1) {
          const unevenness = unevennesses[moves % unevennesses.length] ?? 4;
          const seen = [one(1), one(slot, { crowded: { ...CROWDED, unevenness } })];
          const kept = keepSpreading(service, seen, NOW + second * 1000);
          service = kept.service;
          ends += kept.events.filter(({ sentence }) => sentence.includes('stay where they are')).length;
          if (!service.spreading?.moving) continue;
          if (kept.events.length > 0) moves += 1;
          else continue;
          slot += 1000;
        }
        // Each lower value allows some more; none comes back.
        expect(moves).toBeLessThanOrEqual((12 - 4 + 1) * (MOST_IN_VAIN + 1));
        expect(ends).toBeLessThanOrEqual(12 - 4 + 1);
        expect(service.spreading?.moving ?? null).toBeNull();
      }),
      { numRuns: 30 },
    );
  });

  it('wait twice as long after each one in vain', () => {
    let service = web();
    const at: number[] = [];
    let slot = 2;
    for (let second = 0; second < 3600; second += 1) {
      const kept = keepSpreading(service, [one(1), one(slot, { crowded: CROWDED })], NOW + second * 1000);
      service = kept.service;
      if (kept.events.some(({ sentence }) => sentence.includes('moves to another node'))) {
        at.push(second);
        slot += 1000;
      }
    }
    const waits = at.map((second, index) => Math.floor((second - (at[index - 1] ?? 0)) / (QUIET_MS / 1000)));
    expect(waits).toEqual([1, 2, 4]);
    expect(service.spreading?.vain).toBe(MOST_IN_VAIN);
  });
});
