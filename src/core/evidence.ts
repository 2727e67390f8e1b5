// What a release has shown so far: totals, failed requests and the judge's state, fed by closed cells. Pure.

import type { SelfComparison } from './aa.ts';
import { absorbBlame, type BlameState, closeBlame, type KnownLines, settleBlame, startBlame } from './blame.ts';
import { absorbGuards, type Guards, startGuards, warningsOf } from './guards.ts';
import {
  absorb,
  type CurrentStep,
  type JudgeState,
  problemOf,
  type Receipt,
  startJudge,
  type Verdict,
  verdictOf,
} from './judge/judge.ts';
import { type ReadableRules, readableRules } from './judge/readable.ts';
import { MAX_ROUTES } from './judge/rules.ts';
import type { Loads } from './load.ts';
import { NO_PAST, type Past, shareOfFailures } from './past.ts';
import { isCompared, isOver, type Release, type Ruling, type Stand, type Warnings } from './release.ts';
import { withSamples } from './samples.ts';
import { type ArmPoint, type Point, pointOfCell } from './ticks/course.ts';
import { type Tick, tickOf } from './ticks/tick.ts';
import { type Cell, type FailedRequest, failuresOf } from './traffic.ts';

export type ArmTotal = { readonly requests: number; readonly failures: number };

export type Evidence = {
  /** Null for a release on which nothing is compared. */
  readonly judge: JudgeState | null;
  /** The rules beside the judge; absent where a release began before they were there. */
  readonly guards?: Guards;
  /** Ticks that the judge was told; absent where that began before they were counted. */
  readonly told?: number;
  readonly stable: ArmTotal;
  readonly candidate: ArmTotal;
  /** Requests of this service that clients saw fail while the release lasted, and those refused by the balancer. */
  readonly seen: { readonly failures: number; readonly refused: number };
  /** Failed requests of both arms, oldest first, at most 100: of each cause and arm the newest. */
  readonly samples: readonly FailedRequest[];
  /** When which weight was asked, and the first and last second in which the candidate got a request. */
  readonly weights: readonly { readonly at: number; readonly weight: number }[];
  /** What the last troubled instance of the candidate wrote last, at most 20 lines. */
  readonly lastLines: readonly string[];
  readonly firstTick: number | null;
  readonly lastTick: number | null;
  /** The seconds after the end, at most 30: how the traffic came together again. Absent before the end. */
  readonly later?: readonly Point[];
  /** What failed, by cause; absent in what older versions stored. */
  readonly blame?: BlameState;
  /** The verdict that the release was decided on; absent before that. */
  readonly decided?: Decided;
  /** A/A only: what was seen beside the judge. */
  readonly self?: SelfComparison;
};

/** A verdict as it was when it counted, with everything to understand it later, whatever the rules are then. */
export type Decided = {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly isTakenBack: boolean;
  readonly kind: Verdict['kind'];
  readonly receipt: Receipt;
  readonly rules: ReadableRules;
};

/** The traffic of so many seconds after its end belongs to the picture of a release. */
const LATER_S = 10;
/** A second has several cells when the weight changes in it. */
const MOST_LATER = 30;
const NOTHING: ArmTotal = { requests: 0, failures: 0 };

/** `past` is what the traffic was like before the release; what is judged is fixed by it. */
export function startEvidence(release: Release, past: Past = NO_PAST): Evidence {
  return {
    judge: judgeOf(release, past),
    guards: startGuards(shareOfFailures(past)),
    told: 0,
    stable: NOTHING,
    candidate: NOTHING,
    seen: { failures: 0, refused: 0 },
    samples: [],
    weights: [],
    lastLines: [],
    firstTick: null,
    lastTick: null,
    blame: startBlame(),
  };
}

function judgeOf(release: Release, { routes, tellsClientErrors }: Past): JudgeState | null {
  const { service, version, from, isSticky, minRequests, judging } = release;
  if (from === null || !isCompared(release)) return null;
  const names = routes.slice(0, MAX_ROUTES).map(([route]) => route);
  return startJudge({
    service,
    stable: from,
    candidate: version,
    isSticky,
    minRequests,
    ...judging,
    ...(tellsClientErrors ? { clientErrors: true } : {}),
    ...(names.length > 0 ? { routes: names } : {}),
  });
}

/** Evidence with new cells in it, and the ticks that its judge was told just now. */
export type Absorbed = { readonly evidence: Evidence; readonly ticks: readonly Tick[] };

/**
 * Adds cells of the release's service, each once and in order; the judge hears none after the end, unless the promoted
 * version is watched. Cells of other versions count only for what clients saw, and only until then.
 */
export function absorbCells(
  evidence: Evidence,
  release: Release,
  cells: readonly Cell[],
  isWatched = false,
  loads: Loads | null = null,
): Absorbed {
  const isHeard = isWatched || !isOver(release);
  const isRival = ({ stable, candidate }: Cell) =>
    candidate?.version === release.version && (stable === null || stable.version === release.from);
  const ofService = cells.filter((cell) => cell.service === release.service);
  const rivals = ofService.filter(isRival);
  const own = isHeard ? ofService : rivals;
  const later = isHeard ? [] : laterOf(ofService, release);
  if (own.length === 0 && later.length === 0) return { evidence, ticks: [] };
  const served = rivals.filter((cell) => (cell.candidate?.requests ?? 0) > 0);
  const told = isHeard && evidence.judge !== null ? rivals : [];
  const absorbed = {
    ...evidence,
    judge: evidence.judge && absorb(evidence.judge, told),
    ...(evidence.guards && { guards: absorbGuards(evidence.guards, release, told, loads) }),
    ...(evidence.told === undefined ? {} : { told: evidence.told + told.length }),
    stable: rivals.reduce((sum, cell) => add(sum, cell.stable), evidence.stable),
    candidate: rivals.reduce((sum, cell) => add(sum, cell.candidate), evidence.candidate),
    seen: own.reduce(
      (sum, cell) => ({ failures: sum.failures + cell.seen.failures, refused: sum.refused + cell.seen.refused }),
      evidence.seen,
    ),
    ...(later.length === 0 ? {} : { later: [...(evidence.later ?? []), ...later].slice(0, MOST_LATER) }),
    samples: withSamples(
      evidence.samples,
      rivals.flatMap((cell) => cell.samples),
    ),
    firstTick: evidence.firstTick ?? served[0]?.tick ?? null,
    lastTick: served.at(-1)?.tick ?? evidence.lastTick,
    blame: absorbBlame(evidence.blame ?? startBlame(), rivals),
  };
  return { evidence: absorbed, ticks: told.map(tickOf) };
}

/** What both versions counted until a little after the end and no judge was told; latencies only of seconds that have both. */
function laterOf(cells: readonly Cell[], { from, version, endedAt }: Release): readonly Point[] {
  const until = (endedAt ?? 0) / 1000 + LATER_S;
  const bare = (arm: ArmPoint | null) => arm && { ...arm, latency: [] };
  return cells
    .filter((cell) => cell.tick <= until)
    .flatMap((cell) => pointOfCell(cell, from, version) ?? [])
    .map((point) =>
      point.stable && point.candidate
        ? point
        : { ...point, stable: bare(point.stable), candidate: bare(point.candidate) },
    );
}

function add(sum: ArmTotal, arm: Cell['stable']): ArmTotal {
  return arm === null ? sum : { requests: sum.requests + arm.requests, failures: sum.failures + failuresOf(arm) };
}

/** The judge's word with its receipt; null when nothing is compared. `current` is what the traffic is asked to follow now. */
export function verdictIn(evidence: Evidence, current?: CurrentStep): Verdict | null {
  // Callers pass a whole routing, which has a stable and a candidate of its own.
  const step = current && { epoch: current.epoch, weight: current.weight };
  return evidence.judge && verdictOf(evidence.judge, step);
}

/** The judge's word in the form that a release understands. */
export function rulingOf(evidence: Evidence, current?: CurrentStep): Ruling | null {
  const verdict = verdictIn(evidence, current);
  if (!verdict) return null;
  return { kind: verdict.kind, sentence: verdict.receipt.sentence, neededRequests: verdict.needs?.requests ?? 0 };
}

/** Puts failed requests into their groups once their log lines are known, or nobody will find them any more. */
export function explained(
  evidence: Evidence,
  release: Release,
  lines: KnownLines,
  now: number,
  getsNoMore = isOver(release),
): Evidence {
  const known = evidence.blame ?? startBlame();
  const blame = settleBlame(getsNoMore ? closeBlame(known, now) : known, lines, release.isSticky, now);
  return blame === evidence.blame ? evidence : { ...evidence, blame };
}

const TAKEN_BACK: ReadonlySet<Release['phase']> = new Set(['rolling_back', 'rolled_back', 'failed']);
const GIVEN_ALL: ReadonlySet<Release['phase']> = new Set(['promoting', 'promoted']);

/** Keeps the verdict as it is when the release is decided: by the judge, by a person, or by what happened to its instances. */
export function withDecision(evidence: Evidence, release: Release, current: CurrentStep, now: number): Evidence {
  const isTakenBack = TAKEN_BACK.has(release.phase);
  if (!isTakenBack && !GIVEN_ALL.has(release.phase)) return evidence;
  // What a promoted version was taken back for is not undone by how its release ended.
  const isDecided = evidence.decided && (evidence.decided.isTakenBack || !isTakenBack);
  return isDecided ? evidence : decided(evidence, isTakenBack, current, now);
}

/** The verdict as it is now is the one that counts. */
export function decided(evidence: Evidence, isTakenBack: boolean, current: CurrentStep, now: number): Evidence {
  const verdict = verdictIn(evidence, current);
  if (evidence.judge === null || !verdict) return evidence;
  const { kind, receipt } = verdict;
  const rules = readableRules(evidence.judge.params);
  return { ...evidence, decided: { at: now, isTakenBack, kind, receipt, rules } };
}

/** The judge's word in the form that steers a ramp; null when nothing is compared. */
export function standIn(evidence: Evidence, release: Release, current?: CurrentStep): Stand | null {
  const verdict = verdictIn(evidence, current);
  if (!verdict) return null;
  const { kind, isCalm, harmBound, isWeightJudged, receipt } = verdict;
  const missing = Math.max(0, release.minRequests - receipt.candidate.step.requests);
  return { kind, isCalm, harmBound, isWeightJudged, missing };
}

/** What the other rules say; `upTo` is the second up to which the balancer has told everything, null before it told anything. */
export function warningsIn(evidence: Evidence, release: Release, upTo: number | null): Warnings {
  const { judge, guards } = evidence;
  const splitOdds = verdictIn(evidence)?.receipt.splitOdds ?? null;
  return warningsOf(guards ?? startGuards(0), release, { splitOdds, problem: judge && problemOf(judge), upTo });
}
