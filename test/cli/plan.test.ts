// friday plan: with the traffic that the control plane knows, and by hand.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ComparisonView } from '../../src/api/plan-views.ts';
import { type Harness, openHarness } from './harness.ts';
import { ramping, recentTraffic } from './views.ts';

let friday: Harness;
beforeAll(async () => {
  friday = await openHarness();
});
afterAll(() => friday.close());

it('forecasts at the traffic of the last hour', async () => {
  const { code, out } = await friday.run(['plan', 'api', '--json'], { cwd: friday.cwd });
  expect(code).toBe(0);
  const answer = JSON.parse(out);
  expect(answer).toMatchObject({ service: 'api', traffic: { rate: 50, errorShare: 0.001, knownSeconds: 3600 } });
  expect(answer.bad[0]).toMatchObject({ regression: { name: 'fails every request' }, found: { of: 40, runs: 40 } });
  expect(answer.sentences.join(' ')).toContain('1 in 100');
});

it('tries out another plan', async () => {
  const args = ['plan', 'api', '--plan', '10,50', '--bake', '2m', '--requests', '5', '--json'];
  const { out } = await friday.run(args, { cwd: friday.cwd });
  const { plan, good } = JSON.parse(out);
  expect(plan).toMatchObject({
    steps: [
      { weight: 10, bakeMs: 120_000 },
      { weight: 50, bakeMs: 120_000 },
    ],
    minRequests: 5,
  });
  expect(good.weights.map((one: { weight: number }) => one.weight)).toEqual([10, 50, 100]);
});

it('needs no project for numbers by hand', async () => {
  const { code, out } = await friday.run([
    'plan',
    '--rate',
    '50',
    '--errors',
    '0.1%',
    '--p50',
    '80ms',
    '--p99',
    '400ms',
  ]);
  expect(code).toBe(0);
  expect(out).toContain('What this plan finds');
  expect(out).toContain('Traffic as given');
  expect(out).toContain('✓ fails every request');
});

it('says honestly that too little is known', async () => {
  friday.stage.traffic = recentTraffic({ knownSeconds: 40, requests: 12, ofMain: 12, failures: 0 });
  const { code, err } = await friday.run(['plan', 'api'], { cwd: friday.cwd });
  friday.stage.traffic = recentTraffic();
  expect(code).toBe(1);
  expect(err).toContain('not enough traffic of api is known yet: 12 requests in 40s');
  expect(err).toContain('friday plan api --rate 50');
});

it.each([
  [['plan'], 2, 'expected a SERVICE, or --rate'],
  [['plan', 'nope'], 2, 'there is no service "nope"'],
  [['plan', 'worker'], 1, 'not behind the balancer'],
  [['plan', '--rate', '0'], 2, 'expected a number above 0'],
  [['plan', '--rate', '5', '--errors', '100%'], 2, 'expected a percent from 0 to below 100'],
  [['plan', '--rate', '5', '--p50', '80ms', '--p99', '8ms'], 2, 'a --p99 that is not below it'],
  [['plan', '--rate', '5', '--plan', '50,10'], 2, 'expected auto, or rising percents'],
  [['plan', '--rate', '5', '--p50', '80'], 2, '--p50 "80": expected a duration'],
  [['plan', '--rate', '5', '--minutes', '3'], 2, '--minutes belongs to --aa'],
  [['plan', '--aa', 'api', '--rate', '5'], 2, '--rate does not go with --aa'],
])('refuses %j', async (argv, code, words) => {
  const ran = await friday.run(argv, { cwd: friday.cwd });
  expect(ran.err).toContain(words);
  expect(ran.code).toBe(code);
});

const comparison: ComparisonView = {
  requests: { stable: 1000, candidate: 990 },
  errors: { stable: 0, candidate: 0 },
  quantiles: [{ quantile: 'p95', stableMs: 100, candidateMs: 102, percent: 2, isTolerated: true }],
  tolerancePercent: 5,
  toleranceMs: 2,
  peaks: [{ metric: 'all', lnE: 0.2, odds: '1.2:1' }],
};
const taken = { comparison, state: 'rolled_back', isOver: true, sentence: 'A/A of api is over.' } as const;

it('compares a service with itself and reports', async () => {
  friday.stage.looks = [ramping(), ramping(), ramping(taken)];
  const { code, out } = await friday.run(['plan', '--aa', 'api', '--minutes', '5', '--weight', '20%'], {
    cwd: friday.cwd,
  });
  expect(code).toBe(0);
  expect(friday.stage.told.at(-1)).toMatchObject({
    order: 'compare',
    given: { name: 'api', weight: 20, bakeMs: 300_000 },
  });
  expect(out).toContain("This machine's instances differ by 2.0% at p95; the tolerance is 5%, or 2 ms.");
});

it('asks at Ctrl-C whether to end the comparison', async () => {
  const watch = { cwd: friday.cwd, tty: true, interruptWhen: 'A/A of api' };
  friday.stage.looks = [ramping()];
  const left = await friday.run(['plan', '--aa', 'api'], { ...watch, answers: ['n'] });
  expect(left.code).toBe(130);
  expect(left.err).toContain('the comparison goes on');
  friday.stage.looks = [ramping(), ramping(), ramping(taken)];
  const ended = await friday.run(['plan', '--aa', 'api'], { ...watch, answers: ['y'] });
  expect(friday.stage.told.at(-1)).toMatchObject({
    order: 'rollback',
    given: { name: 'api', reason: 'enough of A/A' },
  });
  expect(ended.code).toBe(0);
});

it('only says what it would compare with --dry-run', async () => {
  const before = friday.stage.told.length;
  const { code, out } = await friday.run(['plan', '--aa', 'api', '-n'], { cwd: friday.cwd });
  expect([code, friday.stage.told.length]).toEqual([0, before]);
  expect(out).toContain('would compare api with itself for 10m00s, 50% of its traffic');
});

it.each([
  [['plan', '--aa'], 'expected a SERVICE to compare with itself'],
  [['plan', '--aa', 'api', '--minutes', '5000'], '--minutes "5000": expected a number from 0.2 to 1440'],
  [['plan', '--aa', 'api', '--weight', '100%'], '--weight "100": expected a percent above 0 and below 100'],
])('refuses %j', async (argv, words) => {
  const ran = await friday.run(argv, { cwd: friday.cwd });
  expect(ran.err).toContain(words);
  expect(ran.code).toBe(2);
});
