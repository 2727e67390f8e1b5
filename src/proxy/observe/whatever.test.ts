// What holds of the counts whatever requests do, in whatever order.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ArmCount, bucketOf, type Cell, failuresOf, type Observations } from '../../core/traffic.ts';
import { facts, regime, world } from './fixture.ts';
import { ReleaseClients } from './release-clients.ts';
import type { RequestCount } from './request-count.ts';

const SLOW = { stable: [bucketOf(20), bucketOf(400)], candidate: [bucketOf(30), bucketOf(500)] };

const anyArm = fc.constantFrom('stable' as const, 'candidate' as const);
const anyClient = fc.constantFrom('a', 'b', 'c', 'd', 'e', null);
const anyStep = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('start' as const),
      arm: anyArm,
      clientId: anyClient,
      method: fc.constantFrom('GET', 'POST'),
      url: fc.nat(60).map((i) => `/${'x'.repeat(i)}?${i}`),
    }),
  },
  fc.record({
    do: fc.constantFrom('head' as const, 'end' as const, 'cut' as const, 'leave' as const, 'timeOut' as const),
    which: fc.nat(),
    status: fc.constantFrom(200, 404, 500),
  }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 1500 }) }),
  fc.record({ do: fc.constant('epoch' as const) }),
  fc.record({ do: fc.constant('release' as const) }),
  fc.record({ do: fc.constant('read' as const) }),
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

/** Carries out steps on a sticky service. */
class Story {
  readonly open: RequestCount[] = [];
  /** The clients that came, by the epoch with which their release began. */
  readonly came = new Map<number, Set<string>>([[1, new Set()]]);
  started = 0;
  private readonly world = world({ isSticky: true, slow: SLOW });
  private readonly given = new Map<number, string>();
  private clients = new ReleaseClients(1000);
  private ms = 0;
  private epoch = 1;
  private release = 1;

  constructor() {
    this.change();
  }

  tell(step: Step): void {
    const { world, ms } = this;
    if (step.do === 'start') this.start(step);
    else if (step.do === 'pass') this.pass(step.ms);
    else if (step.do === 'read') this.read();
    else if (step.do === 'epoch' || step.do === 'release') {
      this.epoch += 1;
      if (step.do === 'release') {
        this.release = this.epoch;
        this.clients = new ReleaseClients(1000);
        this.came.set(this.release, new Set());
      }
      this.change();
    } else if (this.open.length > 0) {
      const count = this.open[step.which % this.open.length] as RequestCount;
      if (step.do === 'head' || step.do === 'end') count.head(world.at(ms), step.status, false);
      if (step.do === 'end') count.end(world.at(ms));
      if (step.do === 'cut') count.cut(world.at(ms), 502);
      if (step.do === 'leave' || step.do === 'timeOut') count[step.do](world.at(ms));
    }
  }

  pass(ms: number): void {
    this.ms += ms;
    this.world.at(this.ms);
  }

  /** All cells; none may differ from what was given out before. */
  read(): Observations {
    const seen = this.world.read();
    for (const cell of seen.cells) {
      expect(this.given.get(cell.seq) ?? JSON.stringify(cell)).toBe(JSON.stringify(cell));
      this.given.set(cell.seq, JSON.stringify(cell));
    }
    return seen;
  }

  private start({ arm, clientId, method, url }: Step & { readonly do: 'start' }): void {
    this.open.push(this.world.service.start(arm, false, this.world.at(this.ms), facts({ clientId, method, url })));
    this.started += 1;
    if (clientId !== null) this.came.get(this.release)?.add(clientId);
  }

  private change(): void {
    const { epoch, clients } = this;
    this.world.service.change(regime({ isSticky: true, slow: SLOW, epoch, clients, salt: `salt ${this.release}` }));
  }
}

function total<T>(list: readonly T[], of: (one: T) => number | undefined): number {
  return list.reduce((sum, one) => sum + (of(one) ?? 0), 0);
}

const armsOf = (cells: readonly Cell[]): ArmCount[] =>
  cells.flatMap(({ stable, candidate }) => [stable, candidate]).filter((arm) => arm !== null);

function checkArm(arm: ArmCount): void {
  const { requests, latency, failedLatency = [], routes = [], clientErrors = 0, firstRequests } = arm;
  const failures = failuresOf(arm);
  expect(total(latency, ([, count]) => count)).toBe(requests);
  expect(total(failedLatency, ([, count]) => count)).toBe(failures);
  const all = new Map(latency);
  for (const [bucket, count] of failedLatency) expect(count).toBeLessThanOrEqual(all.get(bucket) ?? 0);
  expect(failures + clientErrors).toBeLessThanOrEqual(requests);
  expect(routes.length).toBeLessThanOrEqual(64);
  expect(total(routes, (one) => one.requests)).toBeLessThanOrEqual(requests);
  expect(total(routes, (one) => one.failures)).toBeLessThanOrEqual(failures);
  expect(total(routes, (one) => one.firstFailures)).toBeLessThanOrEqual(arm.firstFailures);
  for (const one of routes) expect(one.failures).toBeLessThanOrEqual(one.requests);
  for (const one of routes) expect(one.firstFailures).toBeLessThanOrEqual(one.failures);
  expect(arm.firstFailures).toBeLessThanOrEqual(failures);
  expect(arm.firstClientErrors).toBeLessThanOrEqual(clientErrors);
  expect(firstRequests?.failures).toBeLessThanOrEqual(Math.min(firstRequests?.requests ?? 0, failures));
}

describe('whatever happens', () => {
  it('every request is counted once, cells come in order, and none changes after it was given out', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 120 }), (steps) => {
        const story = new Story();
        for (const step of steps) story.tell(step);
        story.pass(10_000);
        story.read();
        const { cells } = story.read();
        expect(cells.map((cell) => cell.seq)).toEqual(cells.map((_, i) => i + 1));
        const order = cells.map((cell) => cell.tick * 1e6 + cell.epoch);
        expect(order).toEqual([...order].sort((a, b) => a - b));
        expect(total(armsOf(cells), (arm) => arm.requests)).toBe(story.started);
        for (const arm of armsOf(cells)) checkArm(arm);
      }),
      { numRuns: 300 },
    );
  });

  it('each client counts once per release, in whatever arm, with its first request, failure and slow request', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 120 }), (steps) => {
        const story = new Story();
        for (const step of steps) story.tell(step);
        story.pass(10_000);
        const { cells } = story.read();
        const begins = [...story.came.keys(), Number.POSITIVE_INFINITY];
        for (const [i, came] of [...story.came.values()].entries()) {
          const arms = armsOf(cells.filter(({ epoch }) => epoch >= (begins[i] ?? 0) && epoch < (begins[i + 1] ?? 0)));
          expect(total(arms, (arm) => arm.firstRequests?.requests)).toBe(came.size);
          const firstFailures = total(arms, (arm) => arm.firstFailures);
          for (const limit of [0, 1]) {
            const firstSlow = total(arms, (arm) => arm.firstSlow?.[limit]);
            expect(firstSlow).toBeLessThanOrEqual(came.size);
            // A failed request is slow.
            expect(firstSlow).toBeGreaterThanOrEqual(firstFailures);
          }
          expect(total(arms, (arm) => arm.firstClientErrors)).toBeLessThanOrEqual(came.size);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('routes are in the same cell the same for both arms, as if there were one', () => {
    const anyRequest = fc.record({
      arm: anyArm,
      url: fc.nat(120).map((i) => `/${'x'.repeat(i % 30)}/${'y'.repeat(i / 4)}`),
    });
    fc.assert(
      fc.property(fc.array(anyRequest, { maxLength: 300 }), (requests) => {
        const namesOf = (armOf: (arm: 'stable' | 'candidate') => 'stable' | 'candidate') => {
          const { start, at, read } = world();
          for (const { arm, url } of requests) start(0, armOf(arm), { url }).end(at(1));
          at(1000);
          return new Set(armsOf(read().cells).flatMap(({ routes = [] }) => routes.map((one) => one.route)));
        };
        expect(namesOf((arm) => arm)).toEqual(namesOf(() => 'stable'));
      }),
    );
  });
});
