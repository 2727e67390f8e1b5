// Tests of what becomes of a promoted version while the one before it keeps a share.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LOST_AFTER_MS } from './course.ts';
import { orderDown } from './orders.ts';
import { type Release, startRelease } from './release.ts';
import { memoryOf, serviceWith, specFor, versionFor } from './service.fixture.ts';
import type { ServiceState, Watch } from './service.ts';
import { routingOf } from './table.ts';
import { nextWatch, startOfWatch, startWatch, takenBackBy, turnWatch, type WatchSeen, watchOf } from './watch.ts';

const NOW = 1_000_000;
const MINUTE = 60_000;
const UNTIL = NOW + 10 * MINUTE;
const FAIL = { kind: 'fail', sentence: 'Errors on v2: 3% against 0% on v1.', neededRequests: 0 } as const;

const watch: Watch = {
  release: 7,
  version: 2,
  from: 1,
  weight: 95,
  salt: 's7',
  isSticky: false,
  since: NOW,
  lostSince: null,
};

const seen = (rest: Partial<WatchSeen> = {}): WatchSeen => {
  const calm = { now: NOW + 4 * MINUTE, oldReady: 2, newReady: 2, ruling: null, crashLoop: null, notReady: '' };
  return { ...calm, ...rest };
};

const spec = specFor({}, { holdBack: 5 });
const versions = [versionFor(1, spec), versionFor(2, spec)];

function promoted(rest: Partial<Release> = {}): Release {
  const begun = { id: 7, version: 2, from: 1, isDirect: false, salt: 's7', now: 0, by: 'ana', reason: '', spec };
  return { ...startRelease(begun), phase: 'promoted', weight: 100, ...rest };
}

/** v2 was just promoted, v1 is warm. */
function settled(rest: Partial<ServiceState> = {}): ServiceState {
  const warm = { version: 1, untilMs: UNTIL };
  return serviceWith(versions, { stable: 2, warm, lineage: [1], last: promoted(), ...rest });
}

const watched = (rest: Partial<ServiceState> = {}) => settled({ watch, ...rest });
const ended = { now: NOW, oldReady: 1, isJudged: true };

describe('a watch begins', () => {
  it('after a promotion by verdict, beside a warm version that is ready', () => {
    const service = startWatch(settled(), promoted(), ended);
    expect(service.watch).toEqual(watch);
    expect(startOfWatch(service, NOW).map((event) => event.sentence)).toEqual([
      'v2 of web has 95%; v1 keeps 5% for 10 min to compare.',
    ]);
  });

  it.each<[string, ServiceState, Release, Partial<typeof ended>]>([
    ['a person gave it everything', settled(), promoted({ isForced: true }), {}],
    ['nothing was compared', settled(), promoted(), { isJudged: false }],
    ['the old version is not ready', settled(), promoted(), { oldReady: 0 }],
    ['the old version is not kept', settled({ warm: null }), promoted(), {}],
    ['another version is warm', settled({ warm: { version: 9, untilMs: UNTIL } }), promoted(), {}],
    ['the next release has begun', settled({ release: promoted({ phase: 'starting' }) }), promoted(), {}],
    ['it was not promoted', settled(), promoted({ phase: 'rolled_back' }), {}],
    ['the file holds nothing back', settled({ versions: [versionFor(1), versionFor(2)] }), promoted(), {}],
  ])('not when %s', (_, service, release, rest) => {
    expect(startWatch(service, release, { ...ended, ...rest })).toBe(service);
  });
});

describe('while it lasts', () => {
  it('the two keep their places in the routing, with the salt of the release', () => {
    const before = { stable: 1, candidate: 2, weight: 100, epoch: 4, salt: 's7' };
    const routing = routingOf(watched({ routing: before }), 2);
    expect(routing).toEqual({ stable: 1, candidate: 2, weight: 95, epoch: 5, salt: 's7' });
  });

  it.each<[string, Partial<ServiceState>]>([
    ['a release is under way', { release: promoted({ phase: 'starting', weight: 0, version: 3 }) }],
    ['the service is stopped', { isDown: true }],
    ['the old version is warm no more', { warm: null }],
    ['something else is stable', { stable: 5 }],
  ])('nobody follows it once %s', (_, rest) => {
    const service = watched(rest);
    expect(watchOf(service)).toBeNull();
    expect(routingOf(service, 2)).not.toMatchObject({ stable: 1, weight: 95 });
    const turned = turnWatch(service, seen(), 8);
    expect(turned.service.watch).toBeNull();
    expect(turned.events.map((event) => event.data)).toEqual([{ watch: null }]);
  });

  it('nothing changes as long as nothing speaks against the promoted version', () => {
    const service = watched();
    expect(turnWatch(service, seen(), 8)).toEqual({ service, events: [] });
    const doubtful = { kind: 'inconclusive', sentence: 'Not enough data.', neededRequests: 9 } as const;
    expect(turnWatch(service, seen({ ruling: doubtful }), 8).events).toEqual([]);
  });
});

describe('the promoted version is taken back', () => {
  it.each<[string, Partial<WatchSeen>, string]>([
    ['the judge fails it', { ruling: FAIL }, FAIL.sentence],
    [
      'it keeps ending',
      { crashLoop: 'web-v2-1 ended 3 times in a row' },
      'v2 of web keeps ending: web-v2-1 ended 3 times in a row.',
    ],
  ])('when %s, and one sentence says which release and why', (_, rest, why) => {
    const { service, events } = turnWatch(watched(), seen(rest), 8);
    const reason = `v2 of web was promoted 4 min ago and is taken back: ${why}`;
    expect(events.map((event) => event.sentence)).toEqual([reason, 'friday put web back to v1 (code1).']);
    expect(service.watch).toBeNull();
    expect(service.release).toMatchObject({
      id: 8,
      version: 1,
      from: 2,
      phase: 'promoting',
      weight: 100,
      by: 'friday',
    });
    expect(service.release).toMatchObject({ reason, steps: [], isTakeBack: true });
    expect(routingOf(service, 2)).toMatchObject({ stable: 2, candidate: 1, weight: 100 });
    expect(takenBackBy({ ...promoted(), ...service.release, phase: 'promoted' })).toBe(2);
  });

  it('for good, also when the service is stopped before the balancer has confirmed it', () => {
    const { service } = turnWatch(watched({ lineage: [1] }), seen({ ruling: FAIL }), 8);
    const stopped = orderDown(memoryOf(service), ['web'], { now: NOW, by: 'ana', reason: '', salt: '' });
    const after = stopped.memory.services.web;
    expect(after).toMatchObject({ isDown: true, stable: 1, lineage: [], release: null, warm: null });
    expect(after?.last && takenBackBy(after.last)).toBe(2);
    expect(stopped.events[0]?.sentence).toBe('ana stopped web; v1 is what starts again.');
  });

  it('when it has had no ready instance for 5 s, and not before', () => {
    const [lost, none] = [
      { ...watch, lostSince: NOW },
      { newReady: 0, notReady: 'GET /up answered 503' },
    ];
    const move = (ms: number) => nextWatch('web', lost, UNTIL, seen({ ...none, now: NOW + ms }));
    expect(move(LOST_AFTER_MS - 1)).toEqual({ type: 'go-on', watch: lost });
    expect(move(LOST_AFTER_MS)).toEqual({
      type: 'take-back',
      why: 'v2 of web has no ready instance: GET /up answered 503.',
    });
    expect(nextWatch('web', lost, UNTIL, seen())).toEqual({ type: 'go-on', watch });
  });
});

describe('it ends', () => {
  it('with the warm time, but not while the old version answers for the promoted one', () => {
    const late = { now: UNTIL };
    expect(nextWatch('web', watch, UNTIL, seen(late)).type).toBe('end');
    expect(nextWatch('web', watch, UNTIL, seen({ ...late, newReady: 0 })).type).toBe('go-on');
  });

  it.each<[string, Partial<ServiceState>, string]>([
    ['the service is stopped', { isDown: true, warm: null }, 'web is stopped'],
    ['it was stopped and started again between two looks', { warm: null }, 'v1 runs no more'],
    ['something else serves', { stable: 3 }, 'it was replaced'],
  ])('when %s, and says so', (_, rest, why) => {
    const { service, events } = turnWatch(watched(rest), seen(), 8);
    expect(service.watch).toBeNull();
    expect(events.map((event) => event.sentence)).toEqual([`v2 of web is compared with v1 no more: ${why}.`]);
  });

  it('at once when the old version cannot serve, whatever else is seen', () => {
    const counts = fc.record({
      now: fc.integer({ min: NOW, max: 2 * UNTIL }),
      newReady: fc.nat(2),
      ruling: fc.constantFrom(null, FAIL),
      crashLoop: fc.constantFrom(null, 'it ended'),
      lostSince: fc.option(fc.integer({ min: NOW, max: UNTIL })),
    });
    fc.assert(
      fc.property(counts, ({ lostSince, ...rest }) => {
        const move = nextWatch('web', { ...watch, lostSince }, UNTIL, seen({ ...rest, oldReady: 0 }));
        expect(move.type).toBe('end');
      }),
    );
  });
});
