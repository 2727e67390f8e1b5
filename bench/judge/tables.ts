// The tables of the bench: which releases are run how often, and what is told of them.
import { DEFAULT_RAMP } from '../../src/core/ramp.ts';
import { KAYENTA } from './kayenta.ts';
import { fixedWeight, ours, WITHOUT_ROUTES } from './ours.ts';
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
  /** Of each peer, and of ours with good and with bad candidates, at 50 requests a second. */
  readonly peers: number;
  readonly good: number;
  readonly bad: number;
  /** Releases to sticky clients. */
  readonly sticky: number;
  readonly rates: number;
  readonly doubling: number;
  readonly slowPeers: boolean;
};

export const NORMAL: Size = { peers: 10, good: 1000, bad: 100, sticky: 500, rates: 6, doubling: 20, slowPeers: true };
export const QUICK: Size = { peers: 6, good: 20, bad: 10, sticky: 20, rates: 2, doubling: 3, slowPeers: false };

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
    const releases = scenario.isGood ? size.good : size.bad;
    yield rowOf(OURS, scenario, 50, releases, seed, HOUR);
    for (const peer of [flagger(60), flagger(10), NAIVE, ...slow]) {
      yield rowOf(peer, scenario, 50, size.peers, seed, HOUR + 1);
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
 * What helps is to keep comparing; the question is with how much of the traffic, and whether routes are judged.
 */
export function* weakSpot(size: Size, seed: number): Generator<Row> {
  const policies = [
    fixedWeight('5% for an hour, without routes', 5, WITHOUT_ROUTES),
    fixedWeight('5% for an hour', 5),
    ours('ramp, promoted when certified'),
    ours('then stable keeps 5% for an hour', DEFAULT_RAMP, { seconds: HOUR, weight: 95 }),
    ours('then stable keeps 50% for an hour', DEFAULT_RAMP, { seconds: HOUR, weight: 50 }),
  ];
  for (const policy of policies) {
    const isFixed = policy.name.startsWith('5%');
    for (const scenario of [...DOUBLING, ...GOOD.slice(0, 1)]) {
      yield rowOf(policy, scenario, 50, size.doubling, seed, isFixed ? HOUR : 2 * HOUR);
    }
  }
}
