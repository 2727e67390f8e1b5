// The tables of the bench: which releases are run how often, and what is told of them.
import { DEFAULT_RAMP } from '../../src/core/ramp.ts';
import { KAYENTA } from './kayenta.ts';
import { fixedWeight, ours } from './ours.ts';
import { ARGO, flagger, NAIVE } from './peers.ts';
import { type Outcome, type Policy, releaseOf } from './policy.ts';
import { BAD, DOUBLING, GOOD } from './scenarios.ts';
import type { Scenario } from './traffic.ts';

/** Many releases of one policy under one scenario, in percent, seconds and requests. */
export type Row = {
  readonly policy: string;
  readonly scenario: string;
  readonly isGood: boolean;
  readonly rps: number;
  readonly releases: number;
  readonly rolledBack: number;
  readonly promoted: number;
  readonly medianSeconds: number;
  readonly p90Seconds: number;
  readonly medianBad: number;
};

export type Size = {
  readonly whole: number;
  /** Good releases at 50 requests a second, of which hardly any may be rolled back. */
  readonly good: number;
  readonly rates: number;
  readonly doubling: number;
  readonly slowPeers: boolean;
};

export const NORMAL: Size = { whole: 20, good: 400, rates: 10, doubling: 30, slowPeers: true };
export const QUICK: Size = { whole: 8, good: 20, rates: 3, doubling: 4, slowPeers: false };

const HOUR = 3600;
const OURS = ours('fridaymorning');

/** A row of `releases` releases, with the seeds `seed`, `seed` + 1 and so on. */
export function rowOf(
  policy: Policy,
  scenario: Scenario,
  rps: number,
  releases: number,
  seed: number,
  seconds: number,
): Row {
  const outcomes = Array.from({ length: releases }, (_, i) => releaseOf(policy, scenario, rps, seed + i, seconds));
  const share = (word: Outcome['word']) => (100 * outcomes.filter((one) => one.word === word).length) / releases;
  const times = outcomes.map((one) => one.seconds).sort((a, b) => a - b);
  const bad = outcomes.map((one) => one.bad).sort((a, b) => a - b);
  return {
    policy: policy.name,
    scenario: scenario.name,
    isGood: scenario.isGood,
    rps,
    releases,
    rolledBack: share('roll back'),
    promoted: share('promote'),
    medianSeconds: times[Math.floor(releases / 2)] ?? 0,
    p90Seconds: times[Math.floor(0.9 * releases)] ?? 0,
    medianBad: bad[Math.floor(releases / 2)] ?? 0,
  };
}

/** Whole releases at 50 requests a second, ours beside the peers. */
export function* wholeReleases(size: Size, seed: number): Generator<Row> {
  const slow = size.slowPeers ? [ARGO, KAYENTA] : [];
  for (const scenario of [...GOOD, ...BAD]) {
    const releases = scenario.isGood ? size.good : size.whole;
    yield rowOf(OURS, scenario, 50, releases, seed, HOUR);
    for (const peer of [flagger(60), flagger(10), NAIVE, ...slow]) {
      yield rowOf(peer, scenario, 50, size.whole, seed, HOUR + 1);
    }
  }
}

const RATES = [5 / 60, 0.5, 5, 500];

/** Our own releases from five requests a minute to 500 a second. */
export function* otherRates(size: Size, seed: number): Generator<Row> {
  for (const rps of RATES) {
    const releases = rps > 100 ? Math.ceil(size.rates / 2) : size.rates;
    for (const scenario of [...GOOD, ...BAD]) yield rowOf(OURS, scenario, rps, releases, seed, HOUR);
  }
}

/**
 * The smallest regression of the tables, 0.1 % to 0.2 %: inside the margin of errors, so a certificate does not stop it.
 * What helps is to keep comparing; the question is with how much of the traffic.
 */
export function* weakSpot(size: Size, seed: number): Generator<Row> {
  const never = { ...DEFAULT_RAMP, minBakeMs: HOUR * 1000, maxBakeMs: HOUR * 1000 + 1 };
  const policies = [
    fixedWeight('fixed at 5%', 5),
    ours('ramp, promoted when certified'),
    ours('ramp, then 95% for the rest of the hour', DEFAULT_RAMP, { untilSecond: HOUR, weight: 95 }),
    ours('ramp, then 75% for the rest of the hour', DEFAULT_RAMP, { untilSecond: HOUR, weight: 75 }),
    ours('ramp, held at 50% for an hour', never),
  ];
  for (const policy of policies) {
    for (const scenario of [DOUBLING, ...GOOD.slice(0, 1)]) {
      yield rowOf(policy, scenario, 50, size.doubling, seed, HOUR);
    }
  }
}
