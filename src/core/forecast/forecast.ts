// What a plan finds at the usual traffic: many simulated releases of a good version and of bad ones, summed up.
import { startEvidence } from '../evidence.ts';
import { ALPHA, DEFAULT_MARGINS, type JudgeParams, marginsIn } from '../judge/rules.ts';
import { startRelease } from '../release.ts';
import type { ServiceSpec } from '../spec/project.ts';
import { latenciesOf } from './latencies.ts';
import { type Miss, missOf } from './misses.ts';
import { noRegression, type Regression, regressionsFor } from './regressions.ts';
import { type Run, runRelease } from './run.ts';
import type { Usual } from './usual.ts';

/** A share of runs, and between what the true one lies, 95 % sure. */
export type Share = { readonly of: number; readonly runs: number; readonly low: number; readonly high: number };

export type GoodVersion = {
  readonly promoted: Share;
  /** False alarms. */
  readonly takenBack: Share;
  /** Neither within two hours. */
  readonly undecided: Share;
  /** Until it has all traffic, from when it is ready; null when too few runs got there. */
  readonly medianSeconds: number | null;
  /** 9 of 10 have it by then. */
  readonly seconds90: number | null;
  /** Weights in the order in which they begin, 100 last; the middle of the runs that were promoted. */
  readonly weights: readonly { readonly weight: number; readonly seconds: number }[];
};

export type BadVersion = {
  readonly regression: Regression;
  readonly found: Share;
  /** Of the runs that found it; null when none did. */
  readonly medianSeconds: number | null;
  readonly medianBad: number | null;
  /** Requests that failed or were slowed on the candidate until promotion, in the middle of the runs that did not find it. */
  readonly medianBadUnfound: number | null;
  /** Why it is found in less than half of the runs, and what would help; null when it is. */
  readonly miss: Miss | null;
};

export type Forecast = {
  readonly good: GoodVersion;
  readonly bad: readonly BadVersion[];
  /** Chance that a good version is ever taken back by the judge, whatever the traffic. */
  readonly falseAlarmLimit: number;
  readonly judgesLatency: boolean;
  /** The weight follows the evidence, so there are no steps to bake longer. */
  readonly isAuto: boolean;
};

type Trial = { readonly regression: Regression; readonly runs: Run[]; readonly most: number };

/** Runs of one version; where all of them, or none, end alike, fewer do. */
const MOST_RUNS = 100;
const CLEAR_RUNS = 40;
const GOOD_RUNS = 200;
/** Made even when time is up. */
const LEAST_RUNS = 12;

/**
 * Makes runs one by one, so that the caller may stop when its time is up: what is there then is a forecast, on fewer runs.
 * The same seed and number of runs give the same forecast.
 */
export class Forecaster {
  private readonly spec: ServiceSpec;
  private readonly usual: Usual;
  private readonly seed: number;
  private readonly good: Trial;
  private readonly bad: readonly Trial[];
  private readonly latencies: ReturnType<typeof latenciesOf>;

  constructor(spec: ServiceSpec, usual: Usual, seed = 1) {
    this.spec = spec;
    this.usual = usual;
    this.seed = seed;
    this.latencies = latenciesOf(usual.latency);
    this.good = { regression: noRegression(usual.errorShare), runs: [], most: GOOD_RUNS };
    this.bad = regressionsFor(usual.errorShare).map((regression) => ({ regression, runs: [], most: MOST_RUNS }));
  }

  /** One run more, of the version that has the fewest for its purpose; false when all have enough. */
  step(): boolean {
    const open = [this.good, ...this.bad].filter(isOpen);
    const next = open.toSorted((one, other) => one.runs.length / one.most - other.runs.length / other.most)[0];
    if (next === undefined) return false;
    const place = [this.good, ...this.bad].indexOf(next);
    const seed = this.seed * 1_000_003 + place * 10_007 + next.runs.length;
    next.runs.push(runRelease(this.spec, this.usual, next.regression, seed, this.latencies));
    return true;
  }

  /** Whether every version has as many runs as a forecast takes at least. */
  isEnough(): boolean {
    return [this.good, ...this.bad].every((trial) => trial.runs.length >= LEAST_RUNS);
  }

  result(): Forecast {
    const params = judgeOf(this.spec);
    const good = goodOf(this.good.runs);
    const bad = this.bad.map((trial) =>
      badOf(trial, (regression) => missOf(regression, this.usual, good.weights, params)),
    );
    const judgesLatency = marginsIn(params).latency.length > 0;
    return { good, bad, falseAlarmLimit: ALPHA, judgesLatency, isAuto: this.spec.release.ramp != null };
  }
}

function isOpen({ runs, most }: Trial): boolean {
  if (runs.length >= most) return false;
  const found = runs.filter((run) => run.end === 'rolled_back').length;
  const isClear = found === 0 || found === runs.length;
  return !isClear || runs.length < (most === GOOD_RUNS ? GOOD_RUNS : CLEAR_RUNS);
}

/** What the judge of such a release goes by. */
function judgeOf(spec: ServiceSpec): JudgeParams {
  const about = { id: 1, version: 2, from: 1, isDirect: false, salt: '', now: 0, by: '', reason: '' };
  const { judge } = startEvidence(startRelease({ ...about, spec }));
  const margins = { errors: DEFAULT_MARGINS.errors, latency: [] };
  return judge?.params ?? { service: '', stable: 1, candidate: 2, isSticky: spec.isSticky, minRequests: 0, margins };
}

function goodOf(runs: readonly Run[]): GoodVersion {
  const promoted = runs.filter((run) => run.end === 'promoted');
  const times = promoted.map((run) => run.seconds);
  const isUsual = promoted.length * 2 >= runs.length;
  return {
    promoted: shareOf(runs, (run) => run.end === 'promoted'),
    takenBack: shareOf(runs, (run) => run.end === 'rolled_back'),
    undecided: shareOf(runs, (run) => run.end === 'undecided'),
    // Of all runs: those without a promotion come after every time.
    medianSeconds: isUsual ? quantileOf(times, (0.5 * runs.length) / promoted.length) : null,
    seconds90:
      promoted.length * 10 >= runs.length * 9 ? quantileOf(times, (0.9 * runs.length) / promoted.length) : null,
    weights: scheduleOf(promoted.length > 0 ? promoted : runs),
  };
}

/** The weights of the run in the middle by their number, and when each began in the middle of the runs that have as many. */
function scheduleOf(runs: readonly Run[]): GoodVersion['weights'] {
  const lengths = runs.map((run) => run.weights.length);
  const length = quantileOf(lengths, 0.5) ?? 0;
  const alike = runs.filter((run) => run.weights.length === length);
  const middle = (of: (run: Run) => number) => quantileOf(alike.map(of), 0.5) ?? 0;
  return Array.from({ length }, (_, i) => ({
    weight: middle((run) => run.weights[i]?.weight ?? 0),
    seconds: middle((run) => run.weights[i]?.seconds ?? 0),
  }));
}

function badOf({ regression, runs }: Trial, whyMissed: (regression: Regression) => Miss): BadVersion {
  const found = runs.filter((run) => run.end === 'rolled_back');
  const unfound = runs.filter((run) => run.end !== 'rolled_back');
  const middle = (of: readonly Run[], number: (run: Run) => number) => quantileOf(of.map(number), 0.5);
  return {
    regression,
    found: shareOf(runs, (run) => run.end === 'rolled_back'),
    medianSeconds: middle(found, (run) => run.seconds),
    medianBad: middle(found, (run) => run.bad),
    medianBadUnfound: middle(unfound, (run) => run.bad),
    miss: found.length * 2 < runs.length ? whyMissed(regression) : null,
  };
}

function shareOf(runs: readonly Run[], is: (run: Run) => boolean): Share {
  const count = runs.filter(is).length;
  return { of: count, runs: runs.length, ...wilson(count, runs.length) };
}

const Z95 = 1.96;

/** Source: Wilson 1927, the score interval. */
export function wilson(count: number, runs: number): { readonly low: number; readonly high: number } {
  if (runs === 0) return { low: 0, high: 1 };
  const share = count / runs;
  const z2 = Z95 ** 2 / runs;
  const middle = (share + z2 / 2) / (1 + z2);
  const half = (Z95 * Math.sqrt((share * (1 - share)) / runs + z2 / (4 * runs))) / (1 + z2);
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** The smallest value that this share of the values does not exceed; null without values. */
function quantileOf(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? null;
}
