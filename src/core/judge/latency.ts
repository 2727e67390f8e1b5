// What "slow" means: beyond a quantile of stable's own past, with a tolerance for the candidate. Pure.
import { type ArmCount, BUCKETS, bucketOf, edgeOf, type Histogram } from '../traffic.ts';
import { LATENCY_FLOOR_MS, type LatencyRule, TOLERANCE_PERCENT } from './rules.ts';

/**
 * How long stable's requests lately took: whole units by bucket, from bucket `from` on; old ones fade with a half-life of
 * 120 s. At most 11 kB of JSON at 5,000 requests a second.
 */
export type LatencyMemory = {
  readonly from: number;
  readonly units: readonly number[];
  readonly firstTick: number;
  readonly fadedAt: number;
};

/** Buckets from which on a request is slow: one of stable, one of the candidate under the tolerance or the margin. */
export type Limit = {
  readonly stable: number;
  readonly tolerance: number;
  readonly margin: number;
  /** Odds that an equal candidate's request is beyond the margin, over the odds that stable's is beyond its limit; below 1. */
  readonly odds: number;
};

/** Units of one request, so that fading loses little to rounding. */
const UNITS = 16;
const FADE_SECONDS = 30;
const FADE = 2 ** (-FADE_SECONDS / 120);
/** With either of these the past is known well enough; the second needs some requests too. */
const PRIMED_REQUESTS = 200;
const PRIMED_SECONDS = 60;
const PRIMED_LEAST = 20;

/** Adds one second of stable's requests. */
export function remember(memory: LatencyMemory | null, tick: number, latency: Histogram): LatencyMemory | null {
  const first = latency[0]?.[0];
  const last = latency.at(-1)?.[0];
  if (first === undefined || last === undefined) return memory && fade(memory, tick);
  const before = memory ? fade(memory, tick) : { from: first, units: [], firstTick: tick, fadedAt: tick };
  const from = Math.min(before.from, first);
  const end = Math.max(before.from + before.units.length, last + 1);
  const units: number[] = new Array(end - from).fill(0);
  before.units.forEach((count, i) => {
    units[i + before.from - from] = count;
  });
  for (const [bucket, count] of latency) units[bucket - from] = (units[bucket - from] ?? 0) + UNITS * count;
  return { ...before, from, units };
}

function fade(memory: LatencyMemory, tick: number): LatencyMemory {
  const steps = Math.floor((tick - memory.fadedAt) / FADE_SECONDS);
  if (steps <= 0) return memory;
  const left = FADE ** steps;
  return {
    ...memory,
    units: memory.units.map((count) => Math.floor(count * left)),
    fadedAt: memory.fadedAt + steps * FADE_SECONDS,
  };
}

/**
 * The limits that follow from the past, one for each rule; null while too little is known. `rate` is how often requests
 * fail, whatever their latency.
 */
export function limitsOf(
  memory: LatencyMemory | null,
  tick: number,
  rules: readonly LatencyRule[],
  rate = 0,
): readonly Limit[] | null {
  if (memory === null) return null;
  const beyond = beyondEach(memory);
  const total = beyond[0] ?? 0;
  const requests = total / UNITS;
  const isOld = tick - memory.firstTick >= PRIMED_SECONDS && requests >= PRIMED_LEAST;
  if (requests < PRIMED_REQUESTS && !isOld) return null;
  return rules.map(({ quantile, percent }) => {
    const stable = quantileBucket(memory, beyond, (1 - Number(quantile.slice(1)) / 100) * total);
    const requestsFrom = (bucket: number) => (beyond[Math.max(0, bucket - memory.from)] ?? 0) / UNITS;
    const margin = Math.min(BUCKETS, Math.max(stable + bucketsDown(percent), floorBucket(stable)));
    return {
      stable,
      tolerance: toleratedBucket(stable),
      margin,
      odds: equalOdds(requestsFrom(stable), requestsFrom(margin), requests, rate),
    };
  });
}

/** Units from each bucket of the memory on, and 0 behind the last. */
function beyondEach({ units }: LatencyMemory): readonly number[] {
  const beyond: number[] = new Array(units.length + 1).fill(0);
  for (let i = units.length - 1; i >= 0; i -= 1) beyond[i] = (beyond[i + 1] ?? 0) + (units[i] ?? 0);
  return beyond;
}

const [LEAST_ODDS, MOST_ODDS] = [0.02, 0.98];

/** From few requests beyond, the odds are taken nearer to a half than they look. */
function equalOdds(beyondLimit: number, beyondMargin: number, requests: number, rate: number): number {
  const slow = (beyond: number) => Math.min(0.99, rate + (1 - rate) * (beyond / requests));
  const odds = (share: number) => share / (1 - share);
  const ratio = odds(slow(beyondMargin + 1)) / odds(slow(beyondLimit + 2));
  return Math.min(MOST_ODDS, Math.max(LEAST_ODDS, Number(ratio.toPrecision(4))));
}

/** The smallest bucket from which on at most `allowed` units of the past lie. */
function quantileBucket({ from }: LatencyMemory, beyond: readonly number[], allowed: number): number {
  const place = beyond.findLastIndex((units) => units > allowed + 1e-9);
  return from + place + 1;
}

/** Whole buckets that are at least `percent` longer: a rollback rounds in the candidate's favour. */
export function bucketsUp(percent: number): number {
  return Math.ceil(Math.log1p(percent / 100) / Math.log(1.01) - 1e-9);
}

/** Whole buckets that are at most `percent` longer: a certificate never promises less than the margin. */
export function bucketsDown(percent: number): number {
  return Math.floor(Math.log1p(percent / 100) / Math.log(1.01) + 1e-9);
}

/** From which bucket on a candidate's request is slow, where stable's is from this one on. */
export function toleratedBucket(stable: number): number {
  return Math.min(BUCKETS, Math.max(stable + bucketsUp(TOLERANCE_PERCENT), floorBucket(stable) + 1));
}

/** Of very short requests a few percent are nothing that anybody notices. */
function floorBucket(bucket: number): number {
  return bucketOf(edgeOf(bucket) + LATENCY_FLOOR_MS);
}

/** Requests from this bucket on, and all failed ones: failing fast is not being fast. */
export function slowerThan(arm: ArmCount | null, limit: number): number {
  if (arm === null) return 0;
  let slow = 0;
  for (const [bucket, count] of arm.latency) if (bucket >= limit) slow += count;
  for (const [bucket, count] of arm.failedLatency ?? []) if (bucket < limit) slow += count;
  return Math.min(arm.requests, slow);
}
