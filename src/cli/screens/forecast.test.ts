// The answer of `friday plan`, at three widths.
import { describe, expect, it } from 'vitest';
import type { BadVersion, Forecast } from '../../core/forecast/forecast.ts';
import type { Basis } from '../../core/forecast/usual.ts';
import { widthOf } from '../output/text.ts';
import { forecastScreen } from './forecast.ts';

const share = (of: number, runs: number) => ({
  of,
  runs,
  low: Math.max(0, of / runs - 0.09),
  high: Math.min(1, of / runs + 0.09),
});

function version(name: string, found: number, over: Partial<BadVersion> = {}): BadVersion {
  return {
    regression: { name, kind: 'errors', errorShare: 0.01, slower: null },
    found: share(found, 100),
    medianSeconds: null,
    medianBad: null,
    medianBadUnfound: null,
    miss: null,
    ...over,
  };
}

const evidence = { reason: 'evidence', neededSeconds: 1680, weight: 50, comparedSeconds: 30 } as const;

const forecast: Forecast = {
  good: {
    promoted: share(198, 200),
    takenBack: share(1, 200),
    undecided: share(1, 200),
    medianSeconds: 90,
    seconds90: 134,
    weights: [
      { weight: 5, seconds: 0 },
      { weight: 25, seconds: 30 },
      { weight: 50, seconds: 60 },
      { weight: 100, seconds: 90 },
    ],
  },
  bad: [
    version('fails every request', 100, { medianSeconds: 2, medianBad: 3 }),
    version('+1 point: 0.1% to 1.1%', 97, { medianSeconds: 77, medianBad: 9, medianBadUnfound: 12 }),
    version('errors × 5: 0.1% to 0.5%', 54, { medianSeconds: 120, medianBad: 10, medianBadUnfound: 5 }),
    version('errors × 2: 0.1% to 0.2%', 4, { medianSeconds: 164, medianBad: 6, medianBadUnfound: 3, miss: evidence }),
    version('30% slower', 100, { medianSeconds: 64, medianBad: 1414 }),
    version('twice as slow for 1 in 20', 0, { medianBadUnfound: 61, miss: { ...evidence, neededSeconds: 50_000 } }),
  ],
  isAuto: false,
  falseAlarmLimit: 0.01,
  judgesLatency: true,
};

const measured: Basis = {
  knownSeconds: 2530,
  requests: 126_500,
  quietRate: 41,
  busyRate: 60.2,
  p50Ms: 80,
  p99Ms: 402,
  assumed: [],
};

const usual = { rate: 50, errorShare: 0.001 };
const textOf = (width: number, over: Partial<Parameters<typeof forecastScreen>[0]> = {}) => {
  const shown = { service: 'api', usual, basis: measured, forecast, ...over };
  return forecastScreen(shown, { width, color: false });
};

describe('a forecast', () => {
  it.each([60, 80, 120])('at %i columns', async (width) => {
    const lines = textOf(width);
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`golden/forecast-${width}.txt`);
  });

  it('by hand, of a plan that finds everything but is not always decided', async () => {
    const basis = { ...measured, knownSeconds: null, quietRate: null, assumed: ['of 1 000 requests, 1 fails.'] };
    const good = {
      ...forecast.good,
      promoted: share(60, 200),
      undecided: share(139, 200),
      medianSeconds: null,
      seconds90: null,
    };
    const bad = forecast.bad.slice(0, 2);
    const lines = textOf(80, { service: null, basis, forecast: { ...forecast, good, bad } });
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(80);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('golden/forecast-by-hand-80.txt');
  });

  it('says so where latency is not judged, and where only more traffic would help', () => {
    const long = { ...evidence, neededSeconds: null };
    const bad = [
      version('errors × 2', 0, { miss: long }),
      version('30% slower', 0, { miss: { ...long, reason: 'unjudged' } }),
      version('+1 point', 0, { miss: { ...long, reason: 'clients' } }),
    ];
    const text = textOf(80, { forecast: { ...forecast, bad } }).join('\n');
    expect(text).toMatch(/errors × 2 +more than a week/);
    expect(text).toMatch(/30% slower +latency is not judged in this version/);
    expect(text).toMatch(/\+1 point +each client counts once: more clients/);
    expect(text).toContain('Only more traffic');
  });

  it('paints by meaning and says the same without colour', () => {
    const shown = { service: 'api', usual, basis: measured, forecast };
    const painted = forecastScreen(shown, { width: 80, color: true }).join('\n');
    expect(painted).toContain('\u001b[32m✓');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what this removes
    expect(painted.replaceAll(/\u001b\[\d+m/g, '')).toBe(textOf(80).join('\n'));
  });
});
