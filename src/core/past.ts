// What the traffic of a service was like lately, release or not: its rate, its share of failures, its busiest routes. Pure.
import { smoothRate } from './ramp.ts';
import { type Cell, failuresOf, type Observations } from './traffic.ts';

export type Past = {
  /** Requests per second, smoothed; null before the first second that is known whole. */
  readonly rate: number | null;
  /** Second up to which all is counted. */
  readonly upTo: number | null;
  /** Counts of seconds after that, oldest first. */
  readonly ahead: readonly Second[];
  /** Requests and failures that were assigned by chance; old ones fade with a half-life of 5 minutes. */
  readonly requests: number;
  readonly failures: number;
  /** Routes with their requests, which fade alike; the busiest first, at most 32. */
  readonly routes: readonly RouteRequests[];
  /** Whether the balancer tells answers of 400 to 499. */
  readonly tellsClientErrors: boolean;
};

type RouteRequests = readonly [route: string, requests: number];

type Second = {
  readonly tick: number;
  readonly all: number;
  readonly requests: number;
  readonly failures: number;
  readonly routes: readonly RouteRequests[];
};

export const NO_PAST: Past = {
  rate: null,
  upTo: null,
  ahead: [],
  requests: 0,
  failures: 0,
  routes: [],
  tellsClientErrors: false,
};

const KEPT_ROUTES = 32;
/** A route that had fewer requests than this lately is forgotten. */
const LEAST_REQUESTS = 0.1;

const HALF_LIFE_SECONDS = 300;
const FADE = 2 ** (-1 / HALF_LIFE_SECONDS);
/** Of a longer silence of the balancer only so many seconds are gone through; what was before has faded. */
const MOST_SECONDS = 600;
/** Below this many requests per second it is silent. */
const SILENT = 1e-4;

/** Takes in what was read. Second by second, so that it makes no difference in how many reads it came. */
export function absorbPast(past: Past, service: string, read: Observations | null): Past {
  if (read === null) return past;
  const cells = read.cells.filter((cell) => cell.service === service);
  if (past.upTo === null && cells.length === 0) return past;
  const ahead = [...past.ahead, ...cells.map(secondOf)];
  const first = Math.min(read.closedUpTo + 1, ...ahead.map((one) => one.tick)) - 1;
  // A balancer that began anew may have an earlier time.
  const upTo = past.upTo === null ? first : Math.min(past.upTo, read.closedUpTo);
  const newest = cells.findLast(({ stable, candidate }) => stable !== null || candidate !== null);
  const tells =
    newest === undefined ? past.tellsClientErrors : (newest.stable ?? newest.candidate)?.clientErrors != null;
  let next: Past = { ...past, upTo, ahead: [], tellsClientErrors: tells };
  for (let tick = Math.max(upTo + 1, read.closedUpTo - MOST_SECONDS + 1); tick <= read.closedUpTo; tick += 1) {
    next = later(next, tick, ahead);
  }
  return { ...next, upTo: read.closedUpTo, ahead: ahead.filter((one) => one.tick > read.closedUpTo) };
}

function later(past: Past, tick: number, seconds: readonly Second[]): Past {
  let [all, requests, failures] = [0, past.requests * FADE, past.failures * FADE];
  const routes = new Map(past.routes.map(([route, count]) => [route, count * FADE]));
  for (const one of seconds) {
    if (one.tick !== tick) continue;
    all += one.all;
    requests += one.requests;
    failures += one.failures;
    for (const [route, count] of one.routes) routes.set(route, (routes.get(route) ?? 0) + count);
  }
  const rate = smoothRate(past.rate, all, 1);
  return { ...past, rate: rate < SILENT ? 0 : rate, requests, failures, routes: busiest(routes) };
}

function busiest(routes: ReadonlyMap<string, number>): readonly RouteRequests[] {
  const known = [...routes].filter(([, count]) => count >= LEAST_REQUESTS);
  return known.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, KEPT_ROUTES);
}

function secondOf({ tick, stable, candidate, outside }: Cell): Second {
  const requests = (stable?.requests ?? 0) + (candidate?.requests ?? 0);
  const failures = (stable ? failuresOf(stable) : 0) + (candidate ? failuresOf(candidate) : 0);
  const routes = [stable, candidate].flatMap((arm) => arm?.routes ?? []);
  const counts = routes.map((one): RouteRequests => [one.route, one.requests]);
  return { tick, all: requests + outside.requests, requests, failures, routes: counts };
}

/** Share of failures lately, 0 to 1; 0 where hardly a request was seen. */
export function shareOfFailures({ requests, failures }: Past): number {
  return requests < 1 ? 0 : Math.min(1, failures / requests);
}
