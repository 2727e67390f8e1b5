// What a forecast takes for the usual traffic of a service: measured, or given by hand.
import type { RecentTraffic } from '../hour.ts';
import { type Histogram, quantile } from '../traffic.ts';
import { lognormal } from './latencies.ts';

export type Usual = {
  /** Requests per second, above 0. */
  readonly rate: number;
  /** 0 to 1. */
  readonly errorShare: number;
  readonly latency: Histogram;
  /** Sticky services: clients that come while a release lasts; null = all requests stand for themselves. */
  readonly clients: number | null;
};

export type Numbers = {
  readonly rate?: number | undefined;
  /** 0 to 1. */
  readonly errorShare?: number | undefined;
  readonly p50Ms?: number | undefined;
  readonly p99Ms?: number | undefined;
  readonly clients?: number | undefined;
};

/** Where the traffic that is assumed comes from, and what was assumed beyond it. */
export type Basis = {
  /** Seconds that were measured; null = all by hand. */
  readonly knownSeconds: number | null;
  readonly requests: number | null;
  readonly quietRate: number | null;
  readonly busyRate: number | null;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Sentences. */
  readonly assumed: readonly string[];
};

/** Below so many measured requests nothing is said. */
export const LEAST_REQUESTS = 100;
const SOON_SECONDS = 600;
const ASSUMED_P50_MS = 80;
const ASSUMED_ERRORS = 0.001;
/** A client that makes a request every 10 s, and 10 minutes of them. */
const SECONDS_PER_REQUEST = 10;

/** Numbers by hand win over those that were measured. Null: neither gives a rate, or too little was measured. */
export function usualOf(
  given: Numbers,
  measured: RecentTraffic | null,
  isSticky: boolean,
): { readonly usual: Usual; readonly basis: Basis } | null {
  const isKnown = measured !== null && measured.requests >= LEAST_REQUESTS && measured.ofMain > 0;
  const known = isKnown ? measured : null;
  const rate = given.rate ?? (known ? known.requests / known.knownSeconds : null);
  if (rate === null) return null;
  const assumed: string[] = [];
  const errorShare = given.errorShare ?? (known ? known.failures / known.ofMain : ASSUMED_ERRORS);
  if (given.errorShare === undefined && !known) assumed.push('of 1 000 requests, 1 fails.');
  const latency = latencyOf(given, known, assumed);
  const clients = isSticky ? (given.clients ?? Math.max(10, Math.round(rate * SECONDS_PER_REQUEST))) : null;
  if (isSticky) {
    const who = given.clients === undefined ? `, each with a request every ${SECONDS_PER_REQUEST} s` : '';
    assumed.push(`${clients} clients, the same all the time${who}; each counts once.`);
  }
  if (known && given.rate === undefined && known.knownSeconds < SOON_SECONDS) {
    assumed.push('this short time is like the usual one.');
  }
  const basis = {
    knownSeconds: known && given.rate === undefined ? known.knownSeconds : null,
    requests: known && given.rate === undefined ? known.requests : null,
    quietRate: given.rate === undefined ? (known?.quietRate ?? null) : null,
    busyRate: given.rate === undefined ? (known?.busyRate ?? null) : null,
    p50Ms: quantile(latency, 0.5) ?? 0,
    p99Ms: quantile(latency, 0.99) ?? 0,
    assumed,
  };
  return { usual: { rate, errorShare, latency, clients }, basis };
}

function latencyOf({ p50Ms, p99Ms }: Numbers, known: RecentTraffic | null, assumed: string[]): Histogram {
  if (p50Ms === undefined && p99Ms === undefined && known && known.latency.length > 0) return known.latency;
  if (p50Ms !== undefined) {
    if (p99Ms === undefined) assumed.push('p99 is four times p50.');
    return lognormal(p50Ms, p99Ms ?? null);
  }
  if (p99Ms !== undefined) {
    assumed.push('p50 is a quarter of p99.');
    return lognormal(p99Ms / 4, p99Ms);
  }
  assumed.push(`half of the requests take ${ASSUMED_P50_MS} ms, 1 in 100 four times that.`);
  return lognormal(ASSUMED_P50_MS, null);
}
