// How right: weights and counts of a balancer beside what the instances themselves counted, and how soon a change is everywhere.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Options } from './options.ts';
import type { Ours, Sums } from './ours.ts';
import type { SteadyLoad } from './steady.ts';

export type Share = { readonly weight: number; readonly requests: number; readonly measured: number };
export type Exactness = {
  readonly name: string;
  readonly shares: readonly Share[];
  /** Requests that the instances answered, and what the balancer counted of them, services coming and going meanwhile. */
  readonly instances: number;
  readonly sums: Sums;
  readonly reloads: number;
  /** After the end of a second, ms until its counts can be read: median and longest. */
  readonly ageMs: readonly [number, number];
  /** Until a change of the weight is confirmed, ms: median and 99 of 100. */
  readonly confirmedMs: readonly [number, number];
  /** From a verdict, which sets the weight to 0, to the last request that the candidate got, ms: median, 99 of 100, longest. */
  readonly takenBackMs: readonly [number, number, number];
};

const WEIGHTS = [1, 5, 25, 50];
const RATE = 10_000;
const QUIET_RATE = 4_000;
const AGE_SECONDS = 6;
const WITH_CANDIDATE_MS = 40;
const WITHOUT_CANDIDATE_MS = 160;
const PORTS = 4;

/** What the upstream keeps in its file. */
export type Counts = {
  readonly stable: number;
  readonly candidate: number;
  /** When a candidate instance got its last request, ms since 1970. */
  readonly lastCandidateMs: number;
};

export function countsIn(file: string): Counts {
  const bytes = readFileSync(file);
  const at = (place: number) => Number(bytes.readBigUInt64LE(place * 8));
  return {
    stable: at(0) + at(1),
    candidate: at(2) + at(3),
    lastCandidateMs: Math.max(at(PORTS + 2), at(PORTS + 3)) / 1e6,
  };
}

type Place = {
  readonly file: string;
  readonly load: SteadyLoad;
  readonly options: Options;
  readonly signal: AbortSignal;
};

export async function measureExactness(ours: Ours, place: Place): Promise<Exactness> {
  const shares: Share[] = [];
  for (const weight of WEIGHTS) shares.push(await shareAt(ours, weight, place));
  const counts = await countsOverReloads(ours, place);
  const ageMs = await ageOf(ours, place);
  return { name: ours.kind, shares, ...counts, ageMs, ...(await taken(ours, place)) };
}

async function shareAt(ours: Ours, weight: number, { file, load, options, signal }: Place): Promise<Share> {
  await ours.change(weight);
  const before = countsIn(file);
  await load.send(ours.port, RATE, options.drawn / RATE, signal);
  const after = countsIn(file);
  const candidate = after.candidate - before.candidate;
  const requests = candidate + after.stable - before.stable;
  return { weight, requests, measured: (candidate / requests) * 100 };
}

/** Every change brings a service or takes one away, for which HAProxy must be reloaded. */
async function countsOverReloads(ours: Ours, { file, load, options, signal }: Place) {
  const [sumsBefore, before] = [await ours.counted(), countsIn(file)];
  let isOver = false;
  const sending = load.send(ours.port, RATE, Math.max(3, options.seconds), signal).finally(() => {
    isOver = true;
  });
  let reloads = 0;
  for (; !isOver; reloads += 1) {
    await sleep(400);
    await ours.change(25, (reloads + 1) % 3);
  }
  await sending;
  const [sumsAfter, after] = [await ours.counted(), countsIn(file)];
  const sums = { ...sumsAfter };
  for (const key of Object.keys(sums) as (keyof Sums)[]) sums[key] -= sumsBefore[key];
  await ours.change(25);
  return {
    instances: after.stable + after.candidate - before.stable - before.candidate,
    sums,
    reloads,
  };
}

async function ageOf(ours: Ours, { load, signal }: Place): Promise<readonly [number, number]> {
  const sending = load.send(ours.port, QUIET_RATE, AGE_SECONDS, signal);
  const ages: number[] = [];
  let { cursor, closedUpTo } = await ours.balancer.observe(null);
  const until = performance.now() + AGE_SECONDS * 1000;
  while (performance.now() < until) {
    const seen = await ours.balancer.observe(cursor);
    if (seen.closedUpTo > closedUpTo) ages.push(Date.now() - (seen.closedUpTo + 1) * 1000);
    ({ cursor, closedUpTo } = seen);
    await sleep(10);
  }
  await sending;
  return [quantile(ages, 0.5), quantile(ages, 1)];
}

async function taken(ours: Ours, { file, load, options, signal }: Place) {
  const confirmed: number[] = [];
  const last: number[] = [];
  const seconds = (options.takes * (WITH_CANDIDATE_MS + WITHOUT_CANDIDATE_MS + 60)) / 1000;
  const stop = new AbortController();
  const sending = load.send(ours.port, QUIET_RATE, seconds, AbortSignal.any([signal, stop.signal])).catch(() => null);
  for (let i = 0; i < options.takes; i += 1) {
    for (const [weight, ms] of [
      [50, WITH_CANDIDATE_MS],
      [0, WITHOUT_CANDIDATE_MS],
    ] as const) {
      const [began, verdictAt] = [performance.now(), Date.now()];
      await ours.change(weight);
      confirmed.push(performance.now() - began);
      await sleep(ms);
      if (weight === 0) last.push(Math.max(0, countsIn(file).lastCandidateMs - verdictAt));
    }
  }
  stop.abort();
  await sending;
  return {
    confirmedMs: [quantile(confirmed, 0.5), quantile(confirmed, 0.99)] as const,
    takenBackMs: [quantile(last, 0.5), quantile(last, 0.99), quantile(last, 1)] as const,
  };
}

/** The smallest value that at least `share` of all do not exceed; NaN of nothing. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
