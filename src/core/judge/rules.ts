// The rules of judging and the hash that binds a release to them. Pure.
import { type Line, SAFE_STAKES } from './engineB.ts';
import { NON_INFERIOR_ODDS, ROLLBACK_ODDS } from './engineF.ts';
import { RATIOS } from './engineP.ts';
import { HARM_ALPHA, HARM_STEPS } from './harm.ts';
import { TUNED_SHARE } from './safety.ts';
import { SPLIT_ALPHA } from './split.ts';
import type { Extras, StrataRule } from './strata.ts';

export type Quantile = 'p50' | 'p90' | 'p95' | 'p99';

/** A candidate up to `percent` slower at this quantile of stable's latency is still "not worse". */
export type LatencyRule = { readonly quantile: Quantile; readonly percent: number };

/** What "not worse" means. Errors: at most `ratio` times stable's rate plus `delta` (0 to 1). */
export type Margins = {
  readonly errors: { readonly ratio: number; readonly delta: number };
  /** Ascending quantiles. */
  readonly latency: readonly LatencyRule[];
};

/** `requests`: nothing speaks against the candidate and it was seen. `certified`: it is not worse, in every metric. */
export type PassRule = 'requests' | 'certified';

export type JudgeParams = {
  readonly service: string;
  /** Versions under comparison. */
  readonly stable: number;
  readonly candidate: number;
  /** Clients keep their version: first failures of clients count, not requests. */
  readonly isSticky: boolean;
  /** Requests that the candidate must have answered at the current weight before it can pass. */
  readonly minRequests: number;
  /** What a pass takes; absent = `requests`. */
  readonly passRule?: PassRule;
  /** Absent = the judge's own. */
  readonly margins?: Margins;
  /** The balancer tells answers of 400 to 499, and they are judged; absent = no. */
  readonly clientErrors?: boolean;
  /** Routes whose errors are judged by themselves, at most 20, as the balancer names them: those that were busiest before. */
  readonly routes?: readonly string[];
};

/** Chance that a good release is ever taken back. */
export const ALPHA = 0.01;
/** ln of the odds at which a release fails. */
export const FAIL_LN_E = -Math.log(ALPHA);
const CALM_ODDS = 3;
/** ln of the odds from which on a release does not pass, for it may be about to fail. */
export const CALM_LN_E = Math.log(CALM_ODDS);
/** Chance, for each metric, that a candidate at its margin or beyond is called safe. */
const SAFE_ALPHA = 0.05;
/** ln of the odds at which a metric is safe. */
export const SAFE_LN_E = -Math.log(SAFE_ALPHA);

/** Share of alpha that errors have; the latency quantiles have equal parts of the rest. */
const ERRORS_SHARE = 0.5;
/** Shares that are taken from both where answers of 4xx are judged, and where routes are. */
const CLIENT_ERRORS_SHARE = 0.05;
const ROUTES_SHARE = 0.15;
/** Routes beyond that many are not judged by themselves. */
export const MAX_ROUTES = 20;
/** So much slower is no reason to roll back: one instance is never like another. */
export const TOLERANCE_PERCENT = 5;
/** Nor are so many milliseconds, and a candidate slower by so much is still "not worse". */
export const LATENCY_FLOOR_MS = 2;
/** Seconds from the first traffic on in which the candidate's latency does not count: caches are cold. */
export const WARM_UP_SECONDS = 10;

const DEFAULT_PERCENTS: readonly LatencyRule[] = [
  { quantile: 'p50', percent: 10 },
  { quantile: 'p95', percent: 15 },
  { quantile: 'p99', percent: 25 },
];
const P90_PERCENT = 15;

export const DEFAULT_MARGINS: Margins = { errors: { ratio: 1.25, delta: 0.005 }, latency: DEFAULT_PERCENTS };

/** Margins of a service: `errorMargin` in percentage points, `latencyMargins` in percent. p90 is judged only where it is named. */
export function marginsOf(spec: {
  readonly errorMargin?: number | undefined;
  readonly latencyMargins?: { readonly [quantile in Quantile]?: number | undefined } | undefined;
}): Margins {
  const named = spec.latencyMargins ?? {};
  const known =
    named.p90 === undefined
      ? DEFAULT_PERCENTS
      : DEFAULT_PERCENTS.toSpliced(1, 0, { quantile: 'p90', percent: P90_PERCENT });
  const { ratio, delta } = DEFAULT_MARGINS.errors;
  return {
    errors: { ratio, delta: spec.errorMargin === undefined ? delta : spec.errorMargin / 100 },
    latency: known.map(({ quantile, percent }) => ({ quantile, percent: named[quantile] ?? percent })),
  };
}

export function marginsIn(params: JudgeParams): Margins {
  return params.margins ?? DEFAULT_MARGINS;
}

/** What is judged beside errors and latency: the first 20 different routes, as they were named when the release began. */
export function extrasIn({ clientErrors = false, routes = [] }: JudgeParams): Extras {
  return { clientErrors, routes: [...new Set(routes)].slice(0, MAX_ROUTES) };
}

/** Shares of alpha: of errors, of each quantile, of answers of 4xx and of each route. Together 1, and by the parameters alone. */
export type Shares = {
  readonly errors: number;
  readonly quantile: number;
  readonly clientErrors: number;
  readonly route: number;
};

export function sharesOf(params: JudgeParams): Shares {
  const extras = extrasIn(params);
  const clientErrors = extras.clientErrors ? CLIENT_ERRORS_SHARE : 0;
  const routes = extras.routes.length > 0 ? ROUTES_SHARE : 0;
  const rest = 1 - clientErrors - routes;
  const quantiles = marginsIn(params).latency.length;
  return {
    errors: quantiles === 0 ? rest : rest * ERRORS_SHARE,
    quantile: quantiles === 0 ? 0 : (rest * (1 - ERRORS_SHARE)) / quantiles,
    clientErrors,
    route: routes / Math.max(1, extras.routes.length),
  };
}

/** The line that a certificate for errors refutes. */
export function errorLine(params: JudgeParams): Line {
  return { side: 'safe', ...marginsIn(params).errors, stakes: SAFE_STAKES };
}

export const REQUESTS: StrataRule = { expected: 2, seconds: 600, unit: 'request' };
/** Under chance per client a first failure alone says enough, so each second stands for itself. */
const CLIENTS: StrataRule = { expected: 0, seconds: 600, unit: 'client' };

export function strataRule(params: JudgeParams): StrataRule {
  return params.isSticky ? CLIENTS : REQUESTS;
}

/** They are asked for with every cell, and parameters never change. */
const KNOWN_HASHES = new WeakMap<JudgeParams, string>();

/** 16 hexadecimal digits of everything that a verdict rests on but the counts. */
export function hashOf(params: JudgeParams): string {
  const known = KNOWN_HASHES.get(params);
  if (known !== undefined) return known;
  const hash = freshHashOf(params);
  KNOWN_HASHES.set(params, hash);
  return hash;
}

function freshHashOf(params: JudgeParams): string {
  const { service, stable, candidate, isSticky, minRequests, passRule = 'requests' } = params;
  const own = [service, stable, candidate, isSticky, minRequests, passRule, marginsIn(params), extrasIn(params)];
  return digest(JSON.stringify(own) + (isSticky ? STICKY_RULES : REQUEST_RULES));
}

const REQUEST_RULES = rulesText(REQUESTS, [...ROLLBACK_ODDS, ...NON_INFERIOR_ODDS]);
const STICKY_RULES = rulesText(CLIENTS, RATIOS);

function rulesText(strata: StrataRule, grid: readonly number[]): string {
  const chances = [
    ALPHA,
    CALM_ODDS,
    SAFE_ALPHA,
    HARM_ALPHA,
    SPLIT_ALPHA,
    ERRORS_SHARE,
    CLIENT_ERRORS_SHARE,
    ROUTES_SHARE,
    TUNED_SHARE,
  ];
  const latency = [TOLERANCE_PERCENT, LATENCY_FLOOR_MS, WARM_UP_SECONDS];
  // Not to the last bit, which another version of Node may compute differently.
  const grids = [grid, SAFE_STAKES, HARM_STEPS].map((values) => values.map((value) => value.toPrecision(9)));
  return digest(JSON.stringify([strata, REQUESTS, chances, latency, grids]));
}

/** Source: FNV-1a with 32 bits, Fowler, Noll and Vo 1991, over UTF-16 units; twice, from two starts. */
function digest(text: string): string {
  let [one, other] = [0x811c9dc5, 0x5bd1e995];
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    one = Math.imul(one ^ unit, 0x01000193);
    other = Math.imul(other ^ unit, 0x01000193);
  }
  return [one, other].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
