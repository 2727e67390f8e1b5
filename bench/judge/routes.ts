// An idea measured before it is built: a share of alpha for each route, against small regressions that sit in one of them.

import { diceOf, poisson } from '../../src/core/forecast/dice.ts';
import { absorbF, type FisherState, lnEOfF, ROLLBACK_ODDS, startF } from '../../src/core/judge/engineF.ts';
import { logSumExp } from '../../src/core/judge/logs.ts';
import { ALPHA } from '../../src/core/judge/rules.ts';

export type RouteRow = {
  readonly where: string;
  readonly weight: number;
  readonly releases: number;
  /** Found within an hour in percent, and the median of the extra failures until then, an hour for what is not found. */
  readonly found: number;
  readonly extra: number;
  readonly foundWithRoutes: number;
  readonly extraWithRoutes: number;
};

const ROUTES = 20;
const ROUTES_SHARE = 0.15;
const ERRORS_SHARE = 0.5;
const [RPS, SECONDS, RATE] = [50, 3600, 0.001];
/** Ticks that a stratum holds, for N min(w, 1 - w) >= 2 within one route. */
const ticksOf = (weight: number, rps: number) => Math.max(1, Math.ceil(2 / (rps * Math.min(weight, 1 - weight))));

/** Errors of the candidate rise from 0.1 % to 0.2 % of all its requests: in every route, or all in one of 20. */
export function routeRows(releases: number, seed: number): RouteRow[] {
  return [false, true].flatMap((isInOne) =>
    [0.05, 0.5].map((weight) => {
      const runs = Array.from({ length: releases }, (_, i) => releaseOf(isInOne, weight, seed + i));
      const found = (at: 'whole' | 'routes') => (100 * runs.filter((run) => run[at].isFound).length) / releases;
      const extra = (at: 'whole' | 'routes') =>
        runs.map((run) => run[at].extra).sort((a, b) => a - b)[Math.floor(releases / 2)] ?? 0;
      return {
        where: isInOne ? 'all in one of 20 routes' : 'in every route',
        weight: 100 * weight,
        releases,
        found: found('whole'),
        extra: extra('whole'),
        foundWithRoutes: found('routes'),
        extraWithRoutes: extra('routes'),
      };
    }),
  );
}

type Found = { isFound: boolean; extra: number };

function releaseOf(isInOne: boolean, weight: number, seed: number): { whole: Found; routes: Found } {
  const roll = diceOf(seed);
  const ticks = ticksOf(weight, RPS / ROUTES);
  let whole: FisherState = startF(ROLLBACK_ODDS);
  const routes: FisherState[] = Array.from({ length: ROUTES }, () => startF(ROLLBACK_ODDS));
  const seen = { whole: { isFound: false, extra: 0 }, routes: { isFound: false, extra: 0 } };
  const mean = (RPS / ROUTES) * ticks;
  for (let t = 0; t < SECONDS; t += ticks) {
    const sum = { n0: 0, x0: 0, n1: 0, x1: 0 };
    let extra = 0;
    for (let route = 0; route < ROUTES; route += 1) {
      const more = isInOne ? (route === 0 ? RATE * ROUTES : 0) : RATE;
      const [n0, n1] = [poisson(roll, mean * (1 - weight)), poisson(roll, mean * weight)];
      const added = Math.min(n1, poisson(roll, n1 * more));
      const counts = {
        n0,
        x0: Math.min(n0, poisson(roll, n0 * RATE)),
        n1,
        x1: Math.min(n1, added + poisson(roll, n1 * RATE)),
      };
      extra += added;
      routes[route] = absorbF(routes[route] ?? startF(ROLLBACK_ODDS), counts);
      for (const key of ['n0', 'x0', 'n1', 'x1'] as const) sum[key] += counts[key];
    }
    whole = absorbF(whole, sum);
    const ofErrors = Math.log(ERRORS_SHARE) + lnEOfF(whole);
    const ofRoutes = logSumExp(routes.map(lnEOfF)) - Math.log(ROUTES) + Math.log(ROUTES_SHARE);
    note(seen.whole, extra, ofErrors);
    note(seen.routes, extra, logSumExp([Math.log(1 - ROUTES_SHARE) + ofErrors, ofRoutes]));
    if (seen.whole.isFound && seen.routes.isFound) break;
  }
  return seen;
}

function note(found: Found, extra: number, lnE: number): void {
  if (found.isFound) return;
  found.extra += extra;
  found.isFound = lnE >= -Math.log(ALPHA);
}
