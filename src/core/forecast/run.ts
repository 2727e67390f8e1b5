// One simulated release: the release loop and the judge as they are, on simulated traffic.

import { next } from '../course.ts';
import { absorbCells, type Evidence, rulingOf, standIn, startEvidence, warningsIn } from '../evidence.ts';

import { type CurrentStep, slowLimitsOf } from '../judge/judge.ts';
import { NO_PAST } from '../past.ts';
import { isOver, type Release, type ReleaseSeen, startRelease } from '../release.ts';
import type { ServiceSpec } from '../spec/project.ts';
import type { Latencies } from './latencies.ts';
import type { Regression } from './regressions.ts';
import { SimulatedTraffic } from './traffic.ts';
import type { Usual } from './usual.ts';

export type Run = {
  readonly end: 'promoted' | 'rolled_back' | 'undecided';
  /** From the moment the candidate is ready. */
  readonly seconds: number;
  /** Requests of the candidate that failed or were slowed. */
  readonly bad: number;
  /** When which weight began, the 100 % at the end too. */
  readonly weights: readonly { readonly seconds: number; readonly weight: number }[];
};

/** The candidate takes so long to be ready. */
const STARTING_SECONDS = 5;
/** So many requests before the release told how often stable fails. */
const KNOWN_REQUESTS = 10_000;
/** What is not decided then stays so. */
export const MAX_SECONDS = 2 * 3600;

/** Seconds that are counted together: all alone at first, when the worst is found; more in long plans, and where requests are rare. */
function stride(seconds: number, rate: number): number {
  if (seconds < 0) return 1;
  const least = seconds < 16 ? 1 : seconds < 120 ? 2 : seconds < 600 ? 5 : 10;
  return Math.max(least, Math.min(60, Math.floor(2 / rate)));
}

/**
 * A release of `spec` under the usual traffic, with a candidate that has the regression. People say yes at once, and the
 * balancer follows at once.
 */
export function runRelease(
  spec: ServiceSpec,
  usual: Usual,
  regression: Regression,
  seed: number,
  latencies?: Latencies,
): Run {
  const traffic = new SimulatedTraffic(usual, regression, seed, latencies);
  const weights: { seconds: number; weight: number }[] = [];
  let release = begin(spec);
  const before = { ...NO_PAST, requests: KNOWN_REQUESTS, failures: KNOWN_REQUESTS * usual.errorShare };
  let evidence = startEvidence(release, before);
  let said = rulesIn(evidence, release, { epoch: 1, weight: 0 });
  let [epoch, bad, now] = [1, 0, -STARTING_SECONDS];
  while (now < MAX_SECONDS && !isOver(release)) {
    const seconds = stride(now, usual.rate);
    const hasCandidate = release.weight > 0;
    const slow = evidence.judge && slowLimitsOf(evidence.judge);
    const counted = traffic.next({ tick: now, seconds, epoch, weight: release.weight, hasCandidate, slow });
    now += seconds;
    bad += counted.bad;
    if (counted.requests > 0) {
      evidence = absorbCells(evidence, release, [counted.cell]).evidence;
      said = rulesIn(evidence, release, { epoch, weight: release.weight });
    }
    const held = release.weight;
    release = next(release, seenBy(said, usual.rate, now));
    if (release.weight === held || isEnding(release)) continue;
    epoch += 1;
    weights.push({ seconds: now, weight: release.weight });
    // The balancer confirms it, and the loop looks again.
    said = rulesIn(evidence, release, { epoch, weight: release.weight });
    release = next(release, seenBy(said, usual.rate, now));
  }
  return { end: endOf(release), seconds: now, bad, weights };
}

function begin(spec: ServiceSpec): Release {
  const steps = spec.release.steps.map((step) => ({ ...step, needsApproval: false }));
  const { ramp } = spec.release;
  const release = {
    ...spec.release,
    steps,
    ...(ramp ? { ramp: { ...ramp, approvals: [] } } : {}),
    needsFinalApproval: false,
  };
  return startRelease({
    id: 1,
    version: 2,
    from: 1,
    spec: { ...spec, name: 'service', release },
    isDirect: false,
    salt: '',
    now: at(-STARTING_SECONDS),
    by: '',
    reason: '',
  });
}

/** Ms since 1970, on some day. */
function at(seconds: number): number {
  return 1e12 + 1000 * seconds;
}

type Rules = Pick<ReleaseSeen, 'ruling' | 'stand' | 'warnings'>;

function rulesIn(evidence: Evidence, release: Release, current: CurrentStep): Rules {
  return {
    ruling: rulingOf(evidence, current),
    stand: standIn(evidence, release, current),
    warnings: warningsIn(evidence, release, null),
  };
}

function seenBy(said: Rules, rate: number, now: number): ReleaseSeen {
  const isReady = now >= 0;
  return {
    now: at(now),
    candidate: { ready: isReady ? 1 : 0, wanted: 1 },
    stableReady: 1,
    notReady: '',
    crashLoop: null,
    isConfirmed: true,
    hasSuccessor: false,
    ...said,
    rate,
  };
}

/** It is being taken back, so that the weight of 0 is no step. */
function isEnding(release: Release): boolean {
  return release.phase === 'rolling_back' || release.phase === 'rolled_back';
}

function endOf({ phase }: Release): Run['end'] {
  if (phase === 'promoted' || phase === 'promoting') return 'promoted';
  return phase === 'rolling_back' || phase === 'rolled_back' ? 'rolled_back' : 'undecided';
}
