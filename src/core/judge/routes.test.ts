// Tests of routes and answers of 4xx: their share of alpha, their promise by complete enumeration, and their words.
import { describe, expect, it } from 'vitest';
import type { Cell, RouteCount } from '../traffic.ts';
import { binomial, type CellCounts, cellOf } from './fixture.ts';
import { absorb, type JudgeParams, startJudge, verdictOf } from './judge.ts';
import { lnEOfAll } from './metrics.ts';
import { lnEOfRoute } from './routes.ts';
import { extrasIn, sharesOf } from './rules.ts';

const PARAMS: JudgeParams = {
  service: 'web',
  stable: 41,
  candidate: 42,
  isSticky: false,
  minRequests: 20,
  clientErrors: true,
  routes: ['GET /divide', 'GET /'],
};
const judged = (cells: readonly Cell[], params: Partial<JudgeParams> = {}) =>
  absorb(startJudge({ ...PARAMS, ...params }), cells);

const route = (name: string, requests: number, failures: number, firstFailures = failures): RouteCount => ({
  route: name,
  requests,
  failures,
  firstFailures,
});

describe('shares of alpha', () => {
  it.each([
    [{}, { errors: 0.4, quantile: 0.4 / 3, clientErrors: 0.05, route: 0.075 }],
    [{ routes: [] }, { errors: 0.475, quantile: 0.475 / 3, clientErrors: 0.05, route: 0 }],
    [
      { clientErrors: false, routes: [] },
      { errors: 0.5, quantile: 0.5 / 3, clientErrors: 0, route: 0 },
    ],
    [
      { clientErrors: false, margins: { errors: { ratio: 1, delta: 0.1 }, latency: [] } },
      { errors: 0.85, quantile: 0, clientErrors: 0, route: 0.075 },
    ],
  ])('follow from the parameters alone: %j', (params, expected) => {
    const shares = sharesOf({ ...PARAMS, ...params });
    for (const [name, share] of Object.entries(expected)) expect(shares[name as 'errors']).toBeCloseTo(share, 12);
  });

  it('are those of the first 20 different routes', () => {
    const names = Array.from({ length: 50 }, (_, i) => `GET /${i % 30}`);
    expect(extrasIn({ ...PARAMS, routes: names }).routes).toEqual(names.slice(0, 20));
  });
});

describe('routes and 4xx by complete enumeration', () => {
  /** Requests of one second by what becomes of them, whichever version answers. */
  type Kind = { readonly requests: number; readonly route: string; readonly outcome: 'ok' | 'failed' | '4xx' };
  const kind = (requests: number, name: string, outcome: Kind['outcome'] = 'ok'): Kind => ({
    requests,
    route: name,
    outcome,
  });
  const WEIGHT = 20;
  const SECONDS: readonly (readonly Kind[])[] = [
    [kind(2, 'GET /divide', 'failed'), kind(4, 'GET /')],
    [kind(1, 'GET /divide', 'failed'), kind(1, 'GET /', 'failed'), kind(4, 'GET /other', '4xx')],
    [kind(3, 'GET /', 'failed'), kind(4, 'GET /divide')],
  ];

  function cellWith(tick: number, kinds: readonly Kind[], toCandidate: readonly number[]): Cell {
    const arm = (of: (i: number) => number) => {
      const sum = (pick: (one: Kind) => boolean) => kinds.reduce((total, one, i) => total + (pick(one) ? of(i) : 0), 0);
      const names = [...new Set(kinds.map((one) => one.route))];
      const isFailed = (one: Kind) => one.outcome === 'failed';
      return {
        counts: [sum(() => true), sum(isFailed)] as const,
        told: {
          clientErrors: sum((one) => one.outcome === '4xx'),
          firstClientErrors: sum((one) => one.outcome === '4xx'),
          routes: names.map((name) =>
            route(
              name,
              sum((one) => one.route === name),
              sum((one) => one.route === name && isFailed(one)),
            ),
          ),
        },
      };
    };
    const candidate = arm((i) => toCandidate[i] ?? 0);
    const stable = arm((i) => (kinds[i]?.requests ?? 0) - (toCandidate[i] ?? 0));
    return cellOf({
      tick,
      weight: WEIGHT,
      stable: stable.counts,
      candidate: candidate.counts,
      told: { stable: stable.told, candidate: candidate.told },
    });
  }

  /** Every way in which chance can part the requests of all seconds, with its probability. */
  function* splits(cells: readonly Cell[] = [], chance = 1): Generator<{ cells: readonly Cell[]; chance: number }> {
    const kinds = SECONDS[cells.length];
    if (!kinds) {
      yield { cells, chance };
      return;
    }
    for (const [toCandidate, share] of parted(kinds)) {
      yield* splits([...cells, cellWith(cells.length, kinds, toCandidate)], chance * share);
    }
  }

  function* parted([first, ...rest]: readonly Kind[]): Generator<readonly [readonly number[], number]> {
    if (!first) {
      yield [[], 1];
      return;
    }
    for (let k = 0; k <= first.requests; k += 1) {
      const share = binomial(first.requests, k, WEIGHT / 100);
      for (const [others, chance] of parted(rest)) yield [[k, ...others], share * chance];
    }
  }

  it.each([false, true])(
    'keep the mean at 1 for each route, for 4xx and for the whole purse (sticky: %s)',
    (isSticky) => {
      const means = { whole: 0, clientErrors: 0, divide: 0, root: 0 };
      for (const { cells, chance } of splits()) {
        const state = judged(cells, { isSticky });
        const { metrics } = verdictOf(state).receipt;
        const of4xx = metrics.find(({ metric }) => metric === 'client_errors')?.lnE ?? 0;
        const [divide, root] = state.routes.map(lnEOfRoute);
        means.whole += chance * Math.exp(lnEOfAll(state.metrics, state.routes, state.params));
        means.clientErrors += chance * Math.exp(of4xx);
        means.divide += chance * Math.exp(divide ?? 0);
        means.root += chance * Math.exp(root ?? 0);
      }
      for (const mean of Object.values(means)) {
        // Rounding down takes a little from each route.
        expect(mean).toBeLessThan(1 + 1e-9);
        expect(mean).toBeGreaterThan(1 - 1e-6);
      }
    },
  );
});

describe('a route', () => {
  const DIVIDE = 'GET /divide';
  const told = (stable: readonly RouteCount[], candidate: readonly RouteCount[]) => ({
    stable: { clientErrors: 0, routes: stable },
    candidate: { clientErrors: 0, routes: candidate },
  });
  const noise = (tick: number) => (tick % 2 === 0 ? 1 : 0);
  /** One of the candidate's few requests to /divide fails every four seconds, in the noise of errors elsewhere. */
  const seconds = (length: number, isTold: boolean) =>
    Array.from({ length }, (_, tick): CellCounts => {
      const fault = tick % 4 === 0 ? 1 : 0;
      return {
        tick,
        weight: 50,
        stable: [30, noise(tick)],
        candidate: [30, noise(tick) + fault],
        ...(isTold && {
          told: told(
            [route('GET /', 29, noise(tick)), route(DIVIDE, 1, 0)],
            [route('GET /', 28, noise(tick)), route(DIVIDE, 2, fault)],
          ),
        }),
      };
    });
  const receiptAfter = (length: number, params: Partial<JudgeParams>, isTold = true) =>
    verdictOf(judged(seconds(length, isTold).map(cellOf), { clientErrors: false, ...params }));

  it('that fails takes the candidate back before all errors together would, and is named', () => {
    const verdict = receiptAfter(90, {});
    expect(verdict.kind).toBe('fail');
    expect(verdict.receipt.sentence).toMatch(
      /^Errors on GET \/divide: 13\.\d% on v42 against 0%; odds 1\d\d:1, limit 100:1\.$/,
    );
    const named = verdict.receipt.metrics.find(({ metric }) => metric === 'route');
    expect(named).toMatchObject({ route: DIVIDE, isHarmful: true, isSafe: null, lnSafety: null, safetyOdds: null });
    expect(named?.sentence).toMatch(/^Errors on GET \/divide: harmful, odds .*:1\.$/);
    expect(receiptAfter(90, { routes: [] }).kind).not.toBe('fail');
  });

  it('that the balancer does not tell says nothing', () => {
    const { kind, receipt } = receiptAfter(90, {}, false);
    expect(kind).not.toBe('fail');
    expect(receipt.metrics.filter(({ metric }) => metric === 'route').map(({ lnE }) => lnE)).toEqual([
      expect.closeTo(0, 9),
      expect.closeTo(0, 9),
    ]);
  });

  it('is asked for no certificate', () => {
    const halves = Array.from({ length: 400 }, (_, tick) =>
      cellOf({ tick, weight: 50, stable: [25, 0], candidate: [25, 0], told: told([], []) }),
    );
    const params = { passRule: 'certified', margins: { errors: { ratio: 1, delta: 0.1 }, latency: [] } } as const;
    const verdict = verdictOf(judged(halves, params));
    expect(verdict.kind).toBe('pass');
    expect(verdict.receipt.sentence).toBe('v42 is safe at 20:1: errors 0% against 0%.');
  });

  it('is shown with the four others that weigh most, however many are judged', () => {
    const names = Array.from({ length: 12 }, (_, i) => `GET /${i}`);
    const failing = names.map((name, i) => route(name, 5, i === 7 ? 1 : 0));
    const fine = names.map((name) => route(name, 5, 0));
    const cell = cellOf({ tick: 0, weight: 50, stable: [60, 0], candidate: [60, 1], told: told(fine, failing) });
    const shown = verdictOf(judged([cell], { routes: names })).receipt.metrics.filter(({ route: name }) => name);
    expect(shown).toHaveLength(5);
    expect(shown[4]?.sentence).toBe('Errors on GET /7: odds 1.6:1.');
  });

  it('of a sticky service is told by clients', () => {
    const cells = Array.from({ length: 30 }, (_, tick) =>
      cellOf({
        tick,
        weight: 50,
        stable: [30, 1, 1],
        candidate: [30, 2, 2],
        told: told([route('GET /', 30, 1)], [route('GET /', 28, 0), route(DIVIDE, 2, 2)]),
      }),
    );
    const verdict = verdictOf(judged(cells, { isSticky: true, clientErrors: false }));
    expect(verdict.kind).toBe('fail');
    expect(verdict.receipt.sentence).toMatch(
      /^Clients whose first error was on GET \/divide: \d+ on v42, which has 50% of them, 0 on v41; /,
    );
  });
});

describe('answers of 4xx', () => {
  const cells = (length: number, clientErrors: number | undefined) =>
    Array.from({ length }, (_, tick) =>
      cellOf({
        tick,
        weight: 50,
        stable: [25, 0],
        candidate: [25, 0],
        told: {
          stable: { clientErrors: 1, firstClientErrors: 1, routes: [] },
          candidate: clientErrors === undefined ? {} : { clientErrors, firstClientErrors: clientErrors, routes: [] },
        },
      }),
    );

  it('take a candidate back that refuses what stable answered', () => {
    const verdict = verdictOf(judged(cells(30, 6)));
    expect(verdict.kind).toBe('fail');
    expect(verdict.receipt.sentence).toMatch(/^Answers of 4xx: 24% on v42 against 4%; odds .*, limit 100:1\.$/);
  });

  it('are counted by clients where these keep their version', () => {
    const verdict = verdictOf(judged(cells(30, 6), { isSticky: true }));
    expect(verdict.kind).toBe('fail');
    expect(verdict.receipt.sentence).toMatch(/^Clients that met an answer of 4xx: \d+ on v42, which has 50% of them, /);
  });

  it.each([
    ['are as many on both', 1, {}],
    ['are fewer', 0, {}],
    ['are not told', undefined, {}],
    ['are not judged', 6, { clientErrors: false }],
  ])('are no reason where they %s', (_, clientErrors, params) => {
    expect(verdictOf(judged(cells(30, clientErrors), params)).kind).not.toBe('fail');
  });
});
