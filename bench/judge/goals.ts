// What is promised of the judge, and whether this run has kept it.
import type { Cost, Crowd } from './cost.ts';
import type { StickyRow } from './sticky.ts';
import type { Row } from './tables.ts';

export type Goal = { readonly goal: string; readonly measured: string; readonly isReached: boolean };

export type Measured = {
  readonly whole: readonly Row[];
  readonly rates: readonly Row[];
  readonly weakSpot: readonly Row[];
  readonly sticky: readonly StickyRow[];
  readonly costs: readonly Cost[];
  readonly crowd: Crowd;
};

const percent = (value: number | undefined) => `${Number((value ?? Number.NaN).toFixed(2))}%`;
const most = (goal: string, value: number | undefined, bar: number, text: string): Goal => ({
  goal,
  measured: text,
  isReached: value !== undefined && value <= bar,
});
const least = (goal: string, value: number | undefined, bar: number): Goal => ({
  goal,
  measured: percent(value),
  isReached: value !== undefined && value >= bar,
});

/** Where a doubling of small errors is found in more than half of the releases. */
function weakSpotGoals(weakSpot: readonly Row[]): Goal[] {
  const policies = ['5% for an hour', 'then stable keeps 5% for an hour', 'then stable keeps 50% for an hour'];
  return policies.flatMap((policy) =>
    ['on every route', 'on one of 20 routes'].map((where) => {
      const row = weakSpot.find((one) => one.policy === policy && one.scenario.endsWith(where));
      return least(`errors 0.1% → 0.2% ${where}, ${policy}: found in more than 50%`, row?.rolledBack, 50.0001);
    }),
  );
}

export function goalsOf({ whole, rates, weakSpot, sticky, costs, crowd }: Measured): Goal[] {
  const of = (scenario: string) => whole.find((row) => row.policy === 'fridaymorning' && row.scenario === scenario);
  const drift = of('good, 1% drifting');
  const total = of('0.1% → 100%');
  const slow = of('latency +30%');
  const quiet = rates.find((row) => row.rps < 0.1 && row.scenario === '0.1% → 100%');
  const busiest = Math.max(...costs.filter(({ rps }) => rps === 5000).map(({ turnUs }) => turnUs));
  return [
    ...['good, 0.1%', 'good, 1%', 'good, 1% drifting'].map((name) =>
      most(
        `median time to promote, ${name}: at most 200 s`,
        of(name)?.medianSeconds,
        200,
        `${of(name)?.medianSeconds} s`,
      ),
    ),
    most(
      `good releases with drift rolled back, of ${drift?.releases}: at most 1%`,
      drift?.rolledBack,
      1,
      percent(drift?.rolledBack),
    ),
    ...sticky
      .filter((row) => row.isGood)
      .map((row) =>
        most(
          `good releases to sticky clients rolled back, of ${row.releases}: at most 1%`,
          row.rolledBack,
          1,
          percent(row.rolledBack),
        ),
      ),
    most('every request fails: at most 2 s', total?.medianSeconds, 2, `${total?.medianSeconds} s`),
    most('every request fails: at most 5 bad requests', total?.medianBad, 5, `${total?.medianBad}`),
    least('errors 1% → 2% rolled back: at least 98%', of('1% → 2%')?.rolledBack, 98),
    most('latency +30%: at most 60 s', slow?.medianSeconds, 60, `${slow?.medianSeconds} s`),
    most('every request fails, 5 a minute: at most 9 bad ones', quiet?.medianBad, 9, `${quiet?.medianBad}`),
    ...weakSpotGoals(weakSpot),
    most('a turn at 5,000 requests/s: at most 200 µs', busiest, 200, `${busiest.toFixed(0)} µs`),
    most(
      `${crowd.releases} releases at ${crowd.rps} requests/s: at most 2% of a core`,
      crowd.percentOfCore,
      2,
      percent(crowd.percentOfCore),
    ),
  ];
}
