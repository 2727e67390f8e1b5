// Errors by route: for each route that is judged by itself, the evidence that the candidate fails more often there. Pure.
import { gainsF, ROLLBACK_ODDS } from './engineF.ts';
import { gainsP } from './engineP.ts';
import { addRoundedDown, logMean } from './logs.ts';
import type { JudgeParams } from './rules.ts';
import type { RouteTally, Stratum } from './strata.ts';

/** Kept small, for there are up to twenty of them. */
export type RouteState = {
  /** ln of the evidence at each of the odds of a rollback. */
  readonly lnL: readonly number[];
  /** What it rests on; for sticky clients only first failures, without requests. */
  readonly seen: RouteTally;
};

export function startRoute(): RouteState {
  return { lnL: ROLLBACK_ODDS.map(() => 0), seen: [0, 0, 0, 0] };
}

/**
 * Takes one closed stratum into the evidence of each route. "Failed on this route" is one more way in which a request of
 * the stratum can be bad, so engine F asks how these failures fell on all of its requests, not only on those of the route:
 * a route of few requests then needs no longer strata, and all evidence is closed at the same moments. Sticky services:
 * a client's assignment has nothing to do with where it fails first, so engine P takes the first failures of each route.
 */
export function absorbRoutes(
  states: readonly RouteState[],
  stratum: Stratum,
  { isSticky }: JudgeParams,
): readonly RouteState[] {
  const { routes } = stratum;
  if (routes === null) return states;
  return states.map((state, i) => {
    const tally = routes[i];
    if (!tally) return state;
    const [, x0, , x1] = tally;
    const seen = plus(state.seen, isSticky ? [0, x0, 0, x1] : tally);
    const gains = gainsOf(stratum, x0, x1, isSticky);
    return { lnL: gains ? addRoundedDown(state.lnL, gains) : state.lnL, seen };
  });
}

function gainsOf({ n0, n1, weight }: Stratum, x0: number, x1: number, isSticky: boolean): readonly number[] | null {
  if (!isSticky) return gainsF({ n0, x0, n1, x1 }, ROLLBACK_ODDS);
  return gainsP({ n0: 1 - weight / 100, x0, n1: weight / 100, x1 }, ROLLBACK_ODDS);
}

/** ln of the odds that the candidate is worse on this route. */
export function lnEOfRoute({ lnL }: RouteState): number {
  return logMean(lnL);
}

function plus(a: RouteTally, b: RouteTally): RouteTally {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];
}
