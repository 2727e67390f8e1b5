// Strata: the seconds of one weight, merged until both arms can be expected to say something. Pure.
import { type Cell, failuresOf } from '../traffic.ts';
import type { Counts } from './engineF.ts';
import { type Limit, slowerThan } from './latency.ts';

/** Consecutive cells of one epoch, merged. */
export type Stratum = Counts & {
  readonly epoch: number;
  /** The candidate's share in percent. */
  readonly weight: number;
  readonly firstTick: number;
  readonly lastTick: number;
  /** Limits of latency as they were when it opened, and what was beyond each; null when they were not known then. */
  readonly limits: readonly Limit[] | null;
  readonly slow: readonly Slow[] | null;
};

/** Slow requests, or clients that met their first: with the candidate's limit under the tolerance, and under the margin. */
export type Slow = { readonly against: Pair; readonly safety: Pair };
type Pair = readonly [stable: number, candidate: number];

export type StrataState = { readonly epoch: number; readonly open: Stratum | null };

export type StrataRule = {
  /** Closes when the smaller arm can expect so many requests: N min(w, 1 - w). 0 closes each cell by itself. */
  readonly expected: number;
  /** Closes after so many seconds, whatever it holds. */
  readonly seconds: number;
  /** What counts as bad: each failed request, or each client's first failure. */
  readonly unit: 'request' | 'client';
};

export function startStrata(): StrataState {
  return { epoch: -1, open: null };
}

/**
 * Adds the next cell of the two versions under comparison, in order of start; gives the strata that are closed by it,
 * oldest first. Whether a stratum closes depends on totals, time and weight only: a rule that looked at how the requests
 * fell on the arms would choose among outcomes, and the judge's promise would be lost. A change of epoch drops what is
 * open; cells of an epoch that is over, and cells without a choice between the arms, are passed over. `limits` come from
 * the cells before this one; a stratum keeps those with which it opened, because how chance parted its own first seconds
 * must not move its limits.
 *
 * Source: judge's contract, docs/judge.md, section "Strata".
 */
export function addCell(
  state: StrataState,
  cell: Cell,
  rule: StrataRule,
  limits: readonly Limit[] | null = null,
): { state: StrataState; closed: Stratum[] } {
  if (cell.epoch < state.epoch) return { state, closed: [] };
  const closed: Stratum[] = [];
  let { open } = state;
  // A clock that went back means another life of the balancer: what lies between is not known.
  if (open && (cell.epoch > open.epoch || cell.weight !== open.weight || cell.tick < open.lastTick)) open = null;
  if (open && cell.tick >= open.firstTick + rule.seconds) {
    closed.push(open);
    open = null;
  }
  if (cell.weight > 0 && cell.weight < 100) {
    open = merge(open, cell, rule, limits);
    if (isFull(open, rule)) {
      closed.push(open);
      open = null;
    }
  }
  return { state: { epoch: cell.epoch, open }, closed };
}

function isFull(stratum: Stratum, rule: StrataRule): boolean {
  const requests = stratum.n0 + stratum.n1;
  // In percent, so that whole weights are exact.
  const isExpected = requests * Math.min(stratum.weight, 100 - stratum.weight) >= 100 * rule.expected;
  return isExpected || stratum.lastTick - stratum.firstTick + 1 >= rule.seconds;
}

function merge(open: Stratum | null, cell: Cell, rule: StrataRule, fresh: readonly Limit[] | null): Stratum {
  const stable = countOf(cell.stable, rule);
  const candidate = countOf(cell.candidate, rule);
  const limits = open ? open.limits : fresh;
  const slow = limits && (rule.unit === 'client' ? firstSlowOf(cell, limits.length) : slowOf(cell, limits));
  return {
    epoch: cell.epoch,
    weight: cell.weight,
    firstTick: open?.firstTick ?? cell.tick,
    lastTick: cell.tick,
    n0: (open?.n0 ?? 0) + stable.n,
    x0: (open?.x0 ?? 0) + stable.x,
    n1: (open?.n1 ?? 0) + candidate.n,
    x1: (open?.x1 ?? 0) + candidate.x,
    limits,
    slow: open?.slow && slow ? open.slow.map((one, i) => plus(one, slow[i])) : slow,
  };
}

function slowOf({ stable, candidate }: Cell, limits: readonly Limit[]): Slow[] {
  return limits.map((limit) => {
    const x0 = slowerThan(stable, limit.stable);
    return {
      against: [x0, slowerThan(candidate, limit.tolerance)],
      safety: [x0, slowerThan(candidate, limit.margin)],
    };
  });
}

/** Null when the balancer did not tell. It counts first the limits under the tolerance, then those under the margin. */
function firstSlowOf({ stable, candidate }: Cell, length: number): Slow[] | null {
  if ((stable && !stable.firstSlow) || (candidate && !candidate.firstSlow)) return null;
  const pair = (i: number): Pair => [stable?.firstSlow?.[i] ?? 0, candidate?.firstSlow?.[i] ?? 0];
  return Array.from({ length }, (_, i) => ({ against: pair(i), safety: pair(length + i) }));
}

function plus(one: Slow, more: Slow | undefined): Slow {
  const sum = (a: Pair, b: Pair = [0, 0]): Pair => [a[0] + b[0], a[1] + b[1]];
  return { against: sum(one.against, more?.against), safety: sum(one.safety, more?.safety) };
}

export function countOf(arm: Cell['stable'], rule: StrataRule): { n: number; x: number } {
  if (arm === null) return { n: 0, x: 0 };
  if (rule.unit === 'client') return { n: arm.requests, x: arm.firstFailures };
  return { n: arm.requests, x: Math.min(arm.requests, failuresOf(arm)) };
}
