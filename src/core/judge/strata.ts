// Strata: the seconds of one weight, merged until both arms can be expected to say something. Pure.
import { type ArmCount, type Cell, failuresOf, type RouteCount } from '../traffic.ts';
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
  /** Requests, or clients that met their first, that were answered 4xx; null when that is not judged or was not told. */
  readonly clientErrors: Pair | null;
  /** Those of `x` on each route that is judged by itself, and its requests; null as above. */
  readonly routes: readonly RouteTally[] | null;
};

/** Requests and failures of one route in both arms. */
export type RouteTally = readonly [n0: number, x0: number, n1: number, x1: number];

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

/** What is judged beside errors and latency. */
export type Extras = { readonly clientErrors: boolean; readonly routes: readonly string[] };
const NO_EXTRAS: Extras = { clientErrors: false, routes: [] };

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
  extras: Extras = NO_EXTRAS,
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
    open = merge(open, cell, rule, limits, extras);
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

function merge(
  open: Stratum | null,
  cell: Cell,
  rule: StrataRule,
  fresh: readonly Limit[] | null,
  extras: Extras,
): Stratum {
  const stable = countOf(cell.stable, rule);
  const candidate = countOf(cell.candidate, rule);
  const limits = open ? open.limits : fresh;
  const slow = limits && (rule.unit === 'client' ? firstSlowOf(cell, limits.length) : slowOf(cell, limits));
  const clientErrors = extras.clientErrors ? clientErrorsOf(cell, rule) : null;
  const routes = extras.routes.length > 0 ? routesOf(cell, rule, extras.routes) : null;
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
    clientErrors: sumOf(open, open?.clientErrors ?? null, clientErrors, sum),
    routes: sumOf(open, open?.routes ?? null, routes, (some, more) =>
      some.map((one, i) => sumOfRoute(one, more[i] ?? NO_ROUTE)),
    ),
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
  return { against: sum(one.against, more?.against), safety: sum(one.safety, more?.safety) };
}

function sum(a: Pair, b: Pair = [0, 0]): Pair {
  return [a[0] + b[0], a[1] + b[1]];
}

/** What was not told in one of its seconds is not known of a stratum. */
function sumOf<T>(open: Stratum | null, before: T | null, more: T | null, add: (a: T, b: T) => T): T | null {
  if (open === null) return more;
  return before === null || more === null ? null : add(before, more);
}

function clientErrorsOf({ stable, candidate }: Cell, rule: StrataRule): Pair | null {
  const of = (arm: ArmCount | null) => {
    if (arm === null || arm.requests === 0) return 0;
    return rule.unit === 'client' ? arm.firstClientErrors : atMost(arm.requests, arm.clientErrors);
  };
  const [x0, x1] = [of(stable), of(candidate)];
  return x0 === undefined || x1 === undefined ? null : [x0, x1];
}

const NO_ROUTE: RouteTally = [0, 0, 0, 0];

function sumOfRoute(a: RouteTally, b: RouteTally): RouteTally {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];
}

/** A route without requests in a cell is not named there. */
function routesOf({ stable, candidate }: Cell, rule: StrataRule, names: readonly string[]): RouteTally[] | null {
  const [of0, of1] = [byName(stable), byName(candidate)];
  if (of0 === null || of1 === null) return null;
  const bad = (arm: ArmCount | null, route: RouteCount | undefined) => {
    if (arm === null || route === undefined) return 0;
    return rule.unit === 'client' ? route.firstFailures : Math.min(arm.requests, route.requests, route.failures);
  };
  return names.map((name) => {
    const [one, other] = [of0.get(name), of1.get(name)];
    return [one?.requests ?? 0, bad(stable, one), other?.requests ?? 0, bad(candidate, other)];
  });
}

/** Null when the routes of an arm with requests were not told. */
function byName(arm: ArmCount | null): ReadonlyMap<string, RouteCount> | null {
  if (arm?.routes) return new Map(arm.routes.map((route) => [route.route, route]));
  return arm === null || arm.requests === 0 ? NO_ROUTES : null;
}

const NO_ROUTES: ReadonlyMap<string, RouteCount> = new Map();

function atMost(most: number, value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.min(most, value);
}

export function countOf(arm: Cell['stable'], rule: StrataRule): { n: number; x: number } {
  if (arm === null) return { n: 0, x: 0 };
  if (rule.unit === 'client') return { n: arm.requests, x: arm.firstFailures };
  return { n: arm.requests, x: Math.min(arm.requests, failuresOf(arm)) };
}
