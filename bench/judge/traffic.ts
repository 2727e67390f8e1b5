// Simulated traffic of one service under release: second by second, each request by chance to an arm, with latency and outcome.

import { type Dice, diceOf, normal, poisson } from '../../src/core/forecast/dice.ts';
import { bucketOf, type Histogram, type RouteCount } from '../../src/core/traffic.ts';

export type Arm = {
  readonly requests: number;
  readonly failures: number;
  readonly latency: Histogram;
  readonly failedLatency: Histogram;
  readonly clientErrors: number;
  readonly routes: readonly RouteCount[];
};

export type Second = {
  readonly tick: number;
  readonly stable: Arm;
  readonly candidate: Arm;
  /** A part of stable, as large as the candidate: what Kayenta compares with. */
  readonly baseline: Arm;
  /** Candidate requests that fail, or that the regression slows. */
  readonly bad: number;
};

export type Scenario = {
  readonly name: string;
  /** The candidate is no worse than stable. */
  readonly isGood: boolean;
  /** Chance that a request to stable fails, in second `t`. */
  readonly rate: (t: number) => number;
  /** The same for the candidate, at its weight in percent and on one of `ROUTES`; absent = as stable. */
  readonly candidateRate?: (t: number, weight: number, route: string) => number;
  /** The candidate takes so many times as long, for this share of its requests. */
  readonly slower?: { readonly times: number; readonly share: number };
  /** Shared by both arms: load and latency relative to the usual. */
  readonly load?: (t: number) => number;
  readonly latency?: (t: number) => number;
};

/** All have the same share of the requests. */
export const ROUTES: readonly string[] = Array.from({ length: 20 }, (_, i) => `GET /things/${i}`);
/** Chance that a request that does not fail is answered 4xx, by either version. */
const CLIENT_ERRORS = 0.03;

const MEDIAN_MS = 80;
const SIGMA = 0.6;
const TABLE = 16_384;
const STEP = Math.log(1.01);

/** Buckets of lognormal latencies, drawn once; requests take one of them each. */
const LATENCIES: Uint16Array = (() => {
  const roll = diceOf(1);
  return Uint16Array.from({ length: TABLE }, () => bucketOf(MEDIAN_MS * Math.exp(SIGMA * normal(roll))));
})();

/** Counts one arm of one second. */
class Counter {
  requests = 0;
  failures = 0;
  clientErrors = 0;
  private readonly routes: { requests: number; failures: number }[] = ROUTES.map(() => ({ requests: 0, failures: 0 }));
  private readonly all = new Map<number, number>();
  private readonly failed = new Map<number, number>();

  add(bucket: number, hasFailed: boolean, route: number, isClientError: boolean): void {
    this.requests += 1;
    const ofRoute = this.routes[route];
    if (ofRoute) ofRoute.requests += 1;
    if (ofRoute && hasFailed) ofRoute.failures += 1;
    if (isClientError) this.clientErrors += 1;
    this.all.set(bucket, (this.all.get(bucket) ?? 0) + 1);
    if (!hasFailed) return;
    this.failures += 1;
    this.failed.set(bucket, (this.failed.get(bucket) ?? 0) + 1);
  }

  toArm(): Arm {
    const sorted = (counts: Map<number, number>) => [...counts].sort(([a], [b]) => a - b);
    const { requests, failures, clientErrors } = this;
    const routes = this.routes.flatMap((counts, i) =>
      counts.requests === 0 ? [] : [{ route: ROUTES[i] ?? '', ...counts, firstFailures: 0 }],
    );
    return { requests, failures, latency: sorted(this.all), failedLatency: sorted(this.failed), clientErrors, routes };
  }
}

export class Traffic {
  private readonly roll: Dice;
  private readonly scenario: Scenario;
  private readonly rps: number;

  constructor(scenario: Scenario, rps: number, seed: number) {
    this.roll = diceOf(seed);
    this.scenario = scenario;
    this.rps = rps;
  }

  /** Second `t` of the release, below 0 before it, with so much weight in percent on the candidate. */
  second(t: number, weight: number): Second {
    const { roll, scenario } = this;
    const arms = { stable: new Counter(), candidate: new Counter(), baseline: new Counter() };
    const requests = poisson(roll, this.rps * (scenario.load?.(t) ?? 1));
    const share = weight / 100;
    const drift = scenario.latency ? Math.log(scenario.latency(t)) / STEP : 0;
    const rate = scenario.rate(t);
    const candidateRates = ROUTES.map((route) => scenario.candidateRate?.(t, weight, route) ?? rate);
    let bad = 0;
    for (let i = 0; i < requests; i += 1) {
      const isCandidate = roll() < share;
      const isSlowed = isCandidate && scenario.slower !== undefined && roll() < scenario.slower.share;
      const slower = isSlowed ? Math.log(scenario.slower?.times ?? 1) / STEP : 0;
      const place = (LATENCIES[Math.floor(roll() * TABLE)] ?? 0) + drift + slower;
      const bucket = Math.max(0, Math.min(1439, Math.floor(place + roll())));
      const route = Math.floor(roll() * ROUTES.length);
      const hasFailed = roll() < (isCandidate ? (candidateRates[route] ?? rate) : rate);
      const isClientError = !hasFailed && roll() < CLIENT_ERRORS;
      arms[isCandidate ? 'candidate' : 'stable'].add(bucket, hasFailed, route, isClientError);
      if (!isCandidate && roll() < share / (1 - share)) arms.baseline.add(bucket, hasFailed, route, isClientError);
      if (isCandidate && (hasFailed || isSlowed)) bad += 1;
    }
    const { stable, candidate, baseline } = arms;
    return { tick: t, stable: stable.toArm(), candidate: candidate.toArm(), baseline: baseline.toArm(), bad };
  }
}
