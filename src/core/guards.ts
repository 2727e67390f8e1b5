// Rules beside the judge's bets, each about something that odds between two versions cannot say. Pure.
import { absorbLoad, type Load, type Loads, loadDoubts, NO_LOAD } from './load.ts';
import { DEFAULT_SLO, percent, type Release, type Warnings } from './release.ts';
import { type ArmCount, type Cell, failuresOf } from './traffic.ts';

export type Guards = {
  /** Share of failures before the release, 0 to 1. */
  readonly before: number;
  /** Stable's requests and failures since the release began. */
  readonly stable: { readonly requests: number; readonly failures: number };
  /** The second of the candidate's first request; null before. */
  readonly firstTick: number | null;
  /** The candidate's failures in a row, from its first seconds on. */
  readonly row: number;
  /** How many in a row were too many; null when they never were. */
  readonly collapsed: number | null;
  /** The last minute of both versions together, oldest second first. */
  readonly minute: readonly Second[];
  /** One version had no instance at some time, so requests fell to the other in its place. */
  readonly wasAlone: boolean;
  readonly load: Load;
};

type Second = { readonly tick: number; readonly requests: number; readonly failures: number };

export function startGuards(before: number): Guards {
  return {
    before,
    stable: { requests: 0, failures: 0 },
    firstTick: null,
    row: 0,
    collapsed: null,
    minute: [],
    wasAlone: false,
    load: NO_LOAD,
  };
}

/** The candidate's warm-up: later the judge knows more than a row of failures says. */
const FIRST_SECONDS = 10;
const LEAST_ROW = 5;
/** A row counts only if stable would have such a one by chance less often than this. */
const ROW_BY_CHANCE = 1e-5;

const MINUTE_SECONDS = 60;
/** So much more than before the release is not the ordinary. */
const TIMES_BEFORE = 5;
/** Source: Google, The Site Reliability Workbook 2018, chapter 5: at this rate a 30-day budget of errors is gone in 50 hours. */
const BURN_RATE = 14.4;
const LEAST_FAILURES = 5;

/** Takes in cells of the two versions under comparison, in order, and how much the instances use now. */
export function absorbGuards(guards: Guards, release: Release, cells: readonly Cell[], loads: Loads | null): Guards {
  const next = cells.reduce((state, cell) => absorbCell(state, cell, release.isSticky), guards);
  return { ...next, load: absorbLoad(next.load, cells, loads) };
}

function absorbCell(guards: Guards, cell: Cell, isSticky: boolean): Guards {
  const { tick, stable, candidate, outside } = cell;
  const mine = countOf(candidate);
  const theirs = countOf(stable);
  const firstTick = guards.firstTick ?? (mine.requests > 0 ? tick : null);
  const seen = {
    requests: guards.stable.requests + theirs.requests,
    failures: guards.stable.failures + theirs.failures,
  };
  const isAlone = outside.requests > 0 && mine.requests * theirs.requests === 0;
  const row = rowAfter(guards.row, candidate, isSticky);
  const isEarly = firstTick !== null && tick < firstTick + FIRST_SECONDS;
  const isTooMany = isEarly && row >= rowLimit(seen);
  const second = { tick, requests: mine.requests + theirs.requests, failures: mine.failures + theirs.failures };
  return {
    ...guards,
    firstTick,
    stable: seen,
    wasAlone: guards.wasAlone || isAlone,
    row,
    collapsed: guards.collapsed ?? (isTooMany ? row : null),
    minute: [...guards.minute, second].filter((one) => one.tick > tick - MINUTE_SECONDS),
  };
}

/** Failures in a row after this cell, in which every request must have failed; clients, each once, where they keep their version. */
function rowAfter(row: number, candidate: ArmCount | null, isSticky: boolean): number {
  const { requests, failures } = countOf(candidate);
  if (candidate === null || requests === 0) return row;
  if (failures < requests) return 0;
  return row + (isSticky ? candidate.firstFailures : failures);
}

/** So many failures in a row that stable, by what was seen of it, would hardly ever have them. */
function rowLimit({ requests, failures }: { readonly requests: number; readonly failures: number }): number {
  const share = (failures + 1) / (requests + 2);
  return Math.max(LEAST_ROW, Math.log(ROW_BY_CHANCE) / Math.log(share));
}

function countOf(arm: ArmCount | null): { readonly requests: number; readonly failures: number } {
  return arm === null ? { requests: 0, failures: 0 } : { requests: arm.requests, failures: failuresOf(arm) };
}

/** What else is known when they are asked. */
export type Known = {
  /** Odds at which the split was found wrong, for people. */
  readonly splitOdds: string | null;
  /** Why the judge cannot go on, in a sentence. */
  readonly problem: string | null;
  /** The second up to which all requests are counted: without any, the last minute goes on all the same. */
  readonly upTo: number | null;
};

/** What they say of a release now, in sentences. */
export function warningsOf(guards: Guards, release: Release, { splitOdds, problem, upTo }: Known): Warnings {
  const { version, from, service, weight } = release;
  const holds = `so v${version} of ${service} holds at ${percent(weight)} until a person decides`;
  return {
    collapse:
      guards.collapsed === null
        ? null
        : `The first ${guards.collapsed} requests to v${version} of ${service} in a row failed, and on v${from} they do not.`,
    interference: interferenceOf(guards, release, upTo),
    doubts: {
      rules: problem,
      split:
        splitOdds === null || guards.wasAlone
          ? null
          : `The requests do not fall to v${from} and v${version} as they were asked to (odds ${splitOdds}), so their counts cannot be compared; v${version} of ${service} pauses.`,
      ...loadDoubts(guards.load, release, holds),
    },
  };
}

function interferenceOf(
  { minute, before }: Guards,
  { version, from, service, weight, slo, held }: Release,
  upTo: number | null,
): string | null {
  const seconds = minute.filter((one) => upTo === null || one.tick > upTo - MINUTE_SECONDS);
  const requests = seconds.reduce((sum, one) => sum + one.requests, 0);
  const failures = seconds.reduce((sum, one) => sum + one.failures, 0);
  const limit = Math.max(TIMES_BEFORE * before, BURN_RATE * (1 - (slo ?? DEFAULT_SLO) / 100));
  // What holds lets go only when it is well over.
  const isOver = failures >= LEAST_FAILURES && failures / requests > (held == null ? limit : limit / 2);
  if (!isOver) return null;
  const most = percent(100 * Math.min(1, limit));
  return `v${from} and v${version} of ${service} together failed ${failures} of ${requests} requests in the last minute, more than ${most}: v${version} holds at ${percent(weight)}.`;
}
