// The judge of a release: takes counted traffic in, second by second, and says pass, fail or not enough data. Pure.
import type { ArmCount, Cell, SlowLimits } from '../traffic.ts';
import { addGuess, type Guess, NO_GUESS, rateOf } from './engineB.ts';
import { absorbHarm, type HarmState, startHarm } from './harm.ts';
import { type LatencyMemory, type Limit, limitsOf, remember } from './latency.ts';
import { absorbErrorSafety, absorbStratum, lnEOfAll, type MetricState, startMetrics } from './metrics.ts';
import { requestsUntilSafe } from './needs.ts';
import {
  certificateSentence,
  failSentence,
  metricsReceipt,
  type Needs,
  oddsText,
  passSentence,
  type Receipt,
  suspicionSentence,
  type Tally,
  trafficSentence,
  type Verdict,
} from './receipt.ts';
import { absorbRoutes, type RouteState, startRoute } from './routes.ts';
import {
  ALPHA,
  CALM_LN_E,
  extrasIn,
  FAIL_LN_E,
  hashOf,
  type JudgeParams,
  marginsIn,
  REQUESTS,
  strataRule,
  WARM_UP_SECONDS,
} from './rules.ts';
import { absorbSplit, type SplitState, startSplit } from './split.ts';
import { addCell, countOf, type StrataRule, type StrataState, type Stratum, startStrata } from './strata.ts';

export type { MetricReceipt, Needs, Receipt, Verdict } from './receipt.ts';
export type { JudgeParams, Margins, PassRule } from './rules.ts';

/** Everything that a judge remembers: plain JSON below 25 kB, where routes have the longest names; a judge that reads it back goes on bit for bit. */
export type JudgeState = {
  readonly params: JudgeParams;
  /** Of the parameters and rules that it began with. */
  readonly hash: string;
  readonly strata: StrataState;
  /** Sticky services: strata of the first requests of clients. */
  readonly firsts: StrataState;
  /** Stable's latency of late; null before it is known, and for sticky services once the limits are fixed. */
  readonly memory: LatencyMemory | null;
  /** Sticky services: the limits of latency, which hold for the whole release; null until stable is known well enough. */
  readonly limits: readonly Limit[] | null;
  /** The second from which on latency counts; null before the candidate's first weight. */
  readonly warmAt: number | null;
  readonly metrics: readonly MetricState[];
  /** Errors on the routes that are judged by themselves, in the order of the parameters. */
  readonly routes: readonly RouteState[];
  /** What is known of stable's rate of failures. */
  readonly guess: Guess;
  readonly harm: HarmState;
  readonly split: SplitState;
  /** Strata that went into the evidence. */
  readonly judged: number;
  /** Since the candidate is there. */
  readonly total: Tallies;
  /** Closed strata of the newest epoch. */
  readonly step: Tallies & { readonly epoch: number; readonly weight: number };
  /** The verdict that took the release back; it stays. */
  readonly failed: Receipt | null;
};

type Tallies = { readonly stable: Tally; readonly candidate: Tally };

const NONE: Tally = { requests: 0, failures: 0 };
const NOTHING: Tallies = { stable: NONE, candidate: NONE };

/** A judge of one release. It is started once and never again for the same release: its evidence is what bounds its mistakes. */
export function startJudge(params: JudgeParams): JudgeState {
  return {
    params,
    hash: hashOf(params),
    strata: startStrata(),
    firsts: startStrata(),
    memory: null,
    limits: null,
    warmAt: null,
    metrics: startMetrics(params),
    routes: extrasIn(params).routes.map(startRoute),
    guess: NO_GUESS,
    harm: startHarm(),
    split: startSplit(),
    judged: 0,
    total: NOTHING,
    step: { ...NOTHING, epoch: -1, weight: 0 },
    failed: null,
  };
}

/**
 * Takes in the next cells, in the order in which they were given out and each once; how they are parted into calls makes
 * no difference. Cells of other services and versions are passed over; those of stable alone, before the candidate has a
 * share, teach how long its requests take. Nothing changes after a fail, nor while `problemOf` tells of one.
 */
export function absorb(state: JudgeState, cells: readonly Cell[]): JudgeState {
  if (problemOf(state)) return state;
  return cells.reduce(absorbCell, state);
}

/** Why this state cannot be judged on, in one sentence: its parameters, or the rules of this program, are others than it began with. */
export function problemOf(state: JudgeState): string | null {
  const { service, candidate } = state.params;
  const hash = hashOf(state.params);
  if (state.failed || hash === state.hash) return null;
  return `The rules of judging changed while v${candidate} of ${service} was under way (${state.hash}, now ${hash}), so it can be judged no more: promote it or roll it back.`;
}

/** Sticky services: what the balancer has to call slow, from now to the end of the release; null until that is known. */
export function slowLimitsOf({ params, limits }: JudgeState): SlowLimits | null {
  if (!params.isSticky || limits === null) return null;
  const stable = limits.map((limit) => limit.stable);
  return {
    stable: [...stable, ...stable],
    candidate: [...limits.map((limit) => limit.tolerance), ...limits.map((limit) => limit.margin)],
  };
}

function absorbCell(state: JudgeState, cell: Cell): JudgeState {
  if (state.failed || !isRivalry(cell, state.params)) return state;
  const { params } = state;
  const rule = strataRule(params);
  const isSplit = cell.weight > 0 && cell.weight < 100;
  const warmAt = state.warmAt ?? (isSplit ? cell.tick + WARM_UP_SECONDS : null);
  const fresh = params.isSticky
    ? state.limits
    : limitsOf(state.memory, cell.tick, marginsIn(params).latency, rateOf(state.guess));
  const limits = warmAt !== null && cell.tick >= warmAt ? fresh : null;
  const { state: strata, closed } = addCell(state.strata, cell, rule, limits, extrasIn(params));
  const total = cell.candidate === null ? state.total : totalOf(state.total, cell, rule);
  const step = cell.epoch > state.step.epoch ? { ...NOTHING, epoch: cell.epoch, weight: cell.weight } : state.step;
  const split = absorbSplit(state.split, cell.epoch, cell.weight, assigned(cell, params.isSticky));
  const counted = { ...state, ...remembered(state, cell), strata, warmAt, total, step, split };
  const judged = closed.reduce(absorbClosed, counted);
  return params.isSticky ? absorbFirsts(judged, cell) : judged;
}

function totalOf(total: Tallies, cell: Cell, rule: StrataRule): Tallies {
  return {
    stable: add(total.stable, countOf(cell.stable, rule)),
    candidate: add(total.candidate, countOf(cell.candidate, rule)),
  };
}

/** Stable's latency with one cell more; for sticky services until the limits are fixed. */
function remembered(state: JudgeState, { stable, tick }: Cell): Pick<JudgeState, 'memory' | 'limits'> {
  const { params, limits } = state;
  if (limits !== null) return { memory: null, limits };
  const memory = remember(state.memory, tick, stable?.latency ?? []);
  if (!params.isSticky) return { memory, limits: null };
  const fixed = limitsOf(memory, tick, marginsIn(params).latency);
  return { memory: fixed ? null : memory, limits: fixed };
}

/** Requests, or clients with their first request, that chance gave to the arms. */
function assigned({ stable, candidate }: Cell, isSticky: boolean): readonly [number, number] {
  const of = (arm: ArmCount | null) => (isSticky ? arm?.firstRequests?.requests : arm?.requests) ?? 0;
  return [of(stable), of(candidate)];
}

function absorbClosed(state: JudgeState, stratum: Stratum): JudgeState {
  if (state.failed) return state;
  const { step, params } = state;
  const guess = rateOf(state.guess);
  const next: JudgeState = {
    ...state,
    metrics: absorbStratum(state.metrics, stratum, guess, params),
    routes: absorbRoutes(state.routes, stratum, params),
    judged: state.judged + 1,
    ...(params.isSticky ? {} : { harm: absorbHarm(state.harm, stratum, guess), guess: addGuess(state.guess, stratum) }),
    step: {
      ...step,
      stable: add(step.stable, { n: stratum.n0, x: stratum.x0 }),
      candidate: add(step.candidate, { n: stratum.n1, x: stratum.x1 }),
    },
  };
  return lnEOfAll(next.metrics, next.routes, params) >= FAIL_LN_E
    ? { ...next, memory: null, failed: worded(receiptOf(next, next.step, true), failSentence) }
    : next;
}

/** The harm bound and the certificate of errors take each sticky client once, with its first request of the release. */
function absorbFirsts(state: JudgeState, cell: Cell): JudgeState {
  const first = (arm: ArmCount | null): ArmCount | null => {
    if (!arm?.firstRequests) return null;
    const { requests, failures } = arm.firstRequests;
    return { ...arm, requests, failures: { status: failures, timeout: 0, connection: 0, deadline: 0 } };
  };
  const ofFirsts = { ...cell, stable: first(cell.stable), candidate: first(cell.candidate) };
  const { state: firsts, closed } = addCell(state.firsts, ofFirsts, REQUESTS);
  return closed.reduce(absorbClosedFirst, { ...state, firsts });
}

function absorbClosedFirst(state: JudgeState, stratum: Stratum): JudgeState {
  const guess = rateOf(state.guess);
  const metrics = state.metrics.map((metric) => absorbErrorSafety(metric, stratum, guess, state.params));
  return { ...state, metrics, harm: absorbHarm(state.harm, stratum, guess), guess: addGuess(state.guess, stratum) };
}

function isRivalry(cell: Cell, params: JudgeParams): boolean {
  return (
    cell.service === params.service &&
    (cell.stable === null || cell.stable.version === params.stable) &&
    (cell.candidate === null || cell.candidate.version === params.candidate)
  );
}

function add(tally: Tally, count: { readonly n: number; readonly x: number }): Tally {
  return { requests: tally.requests + count.n, failures: tally.failures + count.x };
}

/** What the traffic is asked to follow now; `weight` in percent. */
export type CurrentStep = { readonly epoch: number; readonly weight: number };

const UNDONE = { harmBound: 1, isCalm: false, mayRise: false, isWeightJudged: false };

/**
 * What the evidence says at the current step, by default the newest that was counted; a caller that knows of a newer one
 * names it, so that requests of an earlier weight do not pass for requests of this one.
 */
export function verdictOf(state: JudgeState, current: CurrentStep = state.step): Verdict {
  const { failed } = state;
  if (failed) return { kind: 'fail', receipt: failed, ...UNDONE, harmBound: failed.harmBound };
  const problem = problemOf(state);
  if (problem) return unjudged(state, problem);
  const receipt = receiptOf(state, current, false);
  const { minRequests, passRule = 'requests' } = state.params;
  const isCalm = receipt.lnE < CALM_LN_E;
  const missing = Math.max(0, minRequests - receipt.candidate.step.requests);
  const mayRise = isCalm && missing === 0;
  const uncertified = passRule === 'certified' ? requestsUntilSafe(state.metrics, state.params, receipt.weight) : 0;
  const isWeightJudged = receipt.stable.step.requests + receipt.candidate.step.requests > 0;
  const stand = { harmBound: state.harm.bound, isCalm, mayRise, isWeightJudged };
  if (mayRise && uncertified === 0) return { kind: 'pass', receipt: worded(receipt, passSentence), ...stand };
  const needs = needsOf(missing, uncertified);
  return { kind: 'inconclusive', receipt: worded(receipt, inWords(isCalm, needs)), needs, ...stand };
}

/** What is missing, for a judge whose odds are not the reason. */
function needsOf(missing: number, uncertified: number): Needs {
  if (uncertified > missing) return { requests: uncertified, reason: 'certificate' };
  return { requests: missing, reason: missing > 0 ? 'traffic' : 'suspicion' };
}

function inWords(isCalm: boolean, { reason, requests }: Needs): (receipt: Unworded) => string {
  if (!isCalm) return suspicionSentence;
  const sentence = reason === 'certificate' ? certificateSentence : trafficSentence;
  return (receipt) => sentence(receipt, requests);
}

/** A state of other rules may have another shape: only what it counted is still told. */
function unjudged(state: JudgeState, problem: string): Verdict {
  const { params, hash, total, step } = state;
  const receipt = receiptOf({ ...startJudge(params), hash, total, step }, step, false);
  const needs: Needs = { requests: 0, reason: 'parameters' };
  return {
    kind: 'inconclusive',
    receipt: worded(receipt, () => problem),
    needs,
    ...UNDONE,
  };
}

type Unworded = Omit<Receipt, 'sentence'>;

function worded(receipt: Unworded, sentence: (receipt: Unworded) => string): Receipt {
  return { ...receipt, sentence: sentence(receipt) };
}

function receiptOf(state: JudgeState, current: CurrentStep, hasFailed: boolean): Unworded {
  const { params, total, split } = state;
  const step =
    current.epoch > state.step.epoch ? { ...NOTHING, epoch: current.epoch, weight: current.weight } : state.step;
  const lnE = lnEOfAll(state.metrics, state.routes, params);
  return {
    service: params.service,
    stable: { version: params.stable, total: total.stable, step: step.stable },
    candidate: { version: params.candidate, total: total.candidate, step: step.candidate },
    unit: strataRule(params).unit,
    epoch: step.epoch,
    weight: step.weight,
    engine: params.isSticky ? 'P' : 'F',
    lnE,
    odds: oddsText(lnE),
    limit: oddsText(FAIL_LN_E),
    alpha: ALPHA,
    metrics: metricsReceipt(state.metrics, state.routes, params, hasFailed),
    harmBound: state.harm.bound,
    splitOdds: split.mismatch === null ? null : oddsText(split.mismatch),
    strata: state.judged,
    parameters: state.hash,
  };
}
