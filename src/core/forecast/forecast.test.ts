// What is forecast of plans: that it is the truth of the release loop, the same for the same seed, and said in words.
import { describe, expect, it } from 'vitest';
import { type Forecast, Forecaster, wilson } from './forecast.ts';
import { latenciesOf, lognormal } from './latencies.ts';
import { missOf, secondsToFind } from './misses.ts';
import { type PlanGiven, specWith } from './plan.ts';
import { noRegression, type Regression, regressionsFor } from './regressions.ts';
import { runRelease } from './run.ts';
import type { Usual } from './usual.ts';
import { basisWords, goodWords, missLines, oftenWords } from './words.ts';

const usual: Usual = { rate: 50, errorShare: 0.001, latency: lognormal(80, 400), clients: null };
const fixed: PlanGiven = { weights: [5, 25, 50], bakeMs: 30_000, requests: 20 };

function forecast(given: PlanGiven = fixed, over: Partial<Usual> = {}, steps = Number.POSITIVE_INFINITY): Forecast {
  const all = { ...usual, ...over };
  const forecaster = new Forecaster(specWith(given, null, all.clients !== null), all);
  for (let i = 0; i < steps && forecaster.step(); i += 1);
  return forecaster.result();
}

const bad = (of: Forecast, name: string) => of.bad.find((one) => one.regression.name.startsWith(name));

describe('a forecast', () => {
  const usualForecast = forecast(fixed, {}, 330);

  it('tells the weights of a fixed plan and when they come', () => {
    expect(usualForecast.good.weights).toEqual([
      { weight: 5, seconds: 0 },
      { weight: 25, seconds: 30 },
      { weight: 50, seconds: 60 },
      { weight: 100, seconds: 90 },
    ]);
    expect(usualForecast.good.medianSeconds).toBe(90);
  });

  it('finds what fails every request at once, after a handful of them', () => {
    const worst = bad(usualForecast, 'fails every request');
    expect(worst).toMatchObject({ found: { of: 40, runs: 40 }, miss: null });
    expect(worst?.medianSeconds).toBeLessThanOrEqual(5);
    expect(worst?.medianBad).toBeLessThanOrEqual(8);
  });

  it('says what a short plan cannot find, and how long it would take', () => {
    const doubled = bad(usualForecast, 'errors × 2');
    expect(doubled?.found.of).toBeLessThan(20);
    expect(doubled?.miss).toMatchObject({ reason: 'evidence', weight: 50, comparedSeconds: 30 });
    expect(doubled?.miss?.neededSeconds).toBeGreaterThan(1000);
    expect(missLines(usualForecast).map((line) => line.name)).toContain('errors × 2: 0.1% to 0.2%');
  });

  it('rarely takes a good version back', () => {
    expect(usualForecast.good.takenBack.of).toBeLessThanOrEqual(6);
    expect(usualForecast.falseAlarmLimit).toBe(0.01);
  });

  it('is the same for the same seed and number of runs', () => {
    expect(forecast(fixed, {}, 40)).toEqual(forecast(fixed, {}, 40));
  });

  it('waits for traffic where there is little, as the release does', () => {
    const quiet = forecast(fixed, { rate: 0.5 }, 60);
    expect(quiet.good.medianSeconds).toBeGreaterThan(600);
    expect(goodWords(quiet).join(' ')).toContain('promoted within');
  });

  it('does not say "promoted" of what is never decided', () => {
    const silent = forecast(fixed, { rate: 0.002 }, 40);
    expect(silent.good).toMatchObject({ medianSeconds: null, seconds90: null });
    expect(goodWords(silent)[0]).toContain('wait for traffic');
  });

  it('counts clients where they stick', () => {
    const sticky = forecast(fixed, { clients: 500 }, 200);
    expect(bad(sticky, 'fails every request')?.found).toMatchObject({ low: expect.closeTo(0.8, 0) });
    expect(bad(sticky, 'errors × 2')?.miss).toMatchObject({ reason: 'clients', neededSeconds: null });
  });

  it('tells on how many runs it rests', () => {
    expect(basisWords(usualForecast)).toMatch(
      /^Each line rests on 40 to \d+ simulated releases; how often may be off by [12] in 10\.$/,
    );
  });
});

describe('the plan that is tried out', () => {
  it('is read as compose.yaml would be', () => {
    expect(specWith({ weights: [10, 50], bakeMs: 600_000, requests: 7 }, null, false).release).toMatchObject({
      steps: [
        { weight: 10, bakeMs: 600_000 },
        { weight: 50, bakeMs: 600_000 },
      ],
      minRequests: 7,
    });
    expect(specWith({}, null, true).isSticky).toBe(true);
  });

  it('keeps the margins of the service, and its plan where nothing else is said', () => {
    const base = specWith(fixed, null, false);
    const own = { ...base, release: { ...base.release, errorMargin: 2, latencyMargins: { p95: 40 } } };
    expect(specWith({ weights: [50] }, own, false).release).toMatchObject({
      errorMargin: 2,
      latencyMargins: { p95: 40 },
    });
    expect(specWith({ bakeMs: 1000 }, own, false).release.steps.map((step) => step.bakeMs)).toEqual([1000, 1000, 1000]);
  });

  it('is refused like a wrong file', () => {
    expect(() => specWith({ weights: [50, 10] }, null, false)).toThrow(/This plan is wrong/);
  });
});

describe('how long it takes to find a regression', () => {
  const params = { service: 'api', stable: 1, candidate: 2, isSticky: false, minRequests: 20 };
  const named = (name: string) => regressionsFor(0.001).find((one) => one.name.startsWith(name)) as Regression;

  it.each(['errors × 5', '30% slower'])('is enough for %s more often than not, and a fifth of it is not', (name) => {
    const regression = named(name);
    const seconds = secondsToFind(regression, usual, 50, params) ?? 0;
    const foundWithin = (bake: number) => {
      const spec = specWith({ weights: [50], bakeMs: Math.round(1000 * bake), requests: 20 }, null, false);
      const latencies = latenciesOf(usual.latency);
      const runs = Array.from({ length: 30 }, (_, i) => runRelease(spec, usual, regression, i, latencies));
      return runs.filter((run) => run.end === 'rolled_back').length;
    };
    // The first seconds, in which latency does not count, come on top.
    expect(foundWithin(seconds + 15)).toBeGreaterThanOrEqual(15);
    expect(foundWithin(seconds / 5)).toBeLessThan(15);
  });

  it('is not told for what is slower by less than the judge overlooks', () => {
    const quick = { ...usual, latency: lognormal(0.8, 4) };
    const about = (name: string) => missOf(named(name), quick, [{ weight: 50, seconds: 0 }], params);
    expect(about('30% slower')).toMatchObject({ reason: 'tolerated', neededSeconds: null });
    expect(about('errors × 2')).toMatchObject({ reason: 'evidence' });
  });

  it('is not told for a version that is as good as stable', () => {
    expect(secondsToFind(noRegression(0.001), usual, 50, params)).toBeNull();
  });
});

describe('the regressions that are tried', () => {
  it.each([0, 0.0001, 0.01, 0.3, 0.99])(
    'are all worse than a service of which %f fails, from the worst on',
    (share) => {
      const shares = regressionsFor(share)
        .filter((one) => one.kind === 'errors')
        .map((one) => one.errorShare);
      expect(Math.min(...shares)).toBeGreaterThan(share);
      expect(shares).toEqual(shares.toSorted((a, b) => b - a));
      expect(new Set(shares).size).toBe(shares.length);
    },
  );
});

describe('how often, in words', () => {
  it.each([
    [0, 40, 'none'],
    [1, 100, 'hardly any'],
    [9, 40, 'about 2 in 10'],
    [36, 40, 'about 9 in 10'],
    [99, 100, 'nearly all'],
    [40, 40, 'all'],
    [0, 0, 'unknown'],
  ])('%i of %i is "%s"', (of, runs, words) => {
    expect(oftenWords({ of, runs })).toBe(words);
  });

  it('keeps a share within 0 and 1, however few runs there are', () => {
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
    expect(wilson(40, 40).low).toBeGreaterThan(0.9);
    expect(wilson(0, 40).high).toBeLessThan(0.1);
  });
});
