// What each service has answered within the last hour: counts by 10 seconds and latency by 5 minutes. Pure; what is older falls out.
import { BUCKETS, type Cell, failuresOf, type Histogram, type Observations } from './traffic.ts';

/** Its time is the balancer's. */
export type Hour = {
  /** First and last second that it knows all requests of; null before the first read. */
  readonly from: number | null;
  readonly upTo: number | null;
  readonly services: Readonly<Record<string, ServiceHour>>;
};

/** All arrays ascend in time and have no part without requests. */
type ServiceHour = { readonly slots: readonly Slot[]; readonly blocks: readonly Block[] };

/** Requests of all versions; failures and latency are those of the version that most people use, so that a bad candidate does not colour them. */
type Slot = {
  /** First second. */
  readonly at: number;
  readonly requests: number;
  readonly ofMain: number;
  readonly failures: number;
};

/** At most 6 kB each. */
type Block = { readonly at: number; readonly latency: Uint32Array };

export const HOUR_SECONDS = 3600;
export const SLOT_SECONDS = 10;
const BLOCK_SECONDS = 300;
/** Services beyond these are not known; a project has at most 500. */
const MAX_SERVICES = 500;

export const EMPTY_HOUR: Hour = { from: null, upTo: null, services: {} };

/** Adds what was read; null = the balancer could not be asked, which changes nothing: its next answer tells of the time between. */
export function addToHour(hour: Hour, read: Observations | null): Hour {
  if (read === null) return hour;
  const upTo = read.closedUpTo;
  // A balancer that began anew may have an earlier time; what was before it cannot be placed.
  const known = hour.upTo !== null && upTo >= hour.upTo ? hour : EMPTY_HOUR;
  const first = read.cells.reduce((least, cell) => Math.min(least, cell.tick), upTo + 1);
  const from = Math.max(known.from ?? first, upTo - HOUR_SECONDS + 1);
  const services: Record<string, ServiceHour> = { ...known.services };
  for (const cell of read.cells) {
    const before = services[cell.service];
    if (before === undefined && Object.keys(services).length >= MAX_SERVICES) continue;
    services[cell.service] = withCell(before ?? { slots: [], blocks: [] }, cell);
  }
  for (const [name, service] of Object.entries(services)) {
    const kept = since(service, from);
    if (kept.slots.length > 0) services[name] = kept;
    else delete services[name];
  }
  return { from, upTo, services };
}

function withCell(service: ServiceHour, { tick, weight, stable, candidate }: Cell): ServiceHour {
  const main = weight > 50 ? candidate : stable;
  const ofMain = main?.requests ?? 0;
  const requests = (stable?.requests ?? 0) + (candidate?.requests ?? 0);
  if (requests === 0) return service;
  const slots = upsert(service.slots, tick - (tick % SLOT_SECONDS), (at, slot) => ({
    at,
    requests: (slot?.requests ?? 0) + requests,
    ofMain: (slot?.ofMain ?? 0) + ofMain,
    failures: (slot?.failures ?? 0) + (main ? failuresOf(main) : 0),
  }));
  const blocks = upsert(service.blocks, tick - (tick % BLOCK_SECONDS), (at, block) => {
    const latency = block ? block.latency.slice() : new Uint32Array(BUCKETS);
    for (const [bucket, count] of main?.latency ?? []) latency[bucket] = (latency[bucket] ?? 0) + count;
    return { at, latency };
  });
  return { slots, blocks };
}

/** The part that begins at `at` is made anew, or put in its place; cells may come a little out of order. */
function upsert<T extends { readonly at: number }>(
  parts: readonly T[],
  at: number,
  make: (at: number, before: T | undefined) => T,
): readonly T[] {
  const place = parts.findLastIndex((part) => part.at <= at);
  const found = parts[place]?.at === at ? parts[place] : undefined;
  return parts.toSpliced(found ? place : place + 1, found ? 1 : 0, make(at, found));
}

/** Parts that end before `from` are dropped. */
function since({ slots, blocks }: ServiceHour, from: number): ServiceHour {
  const isLate = (slot: Slot) => slot.at + SLOT_SECONDS > from;
  const isLateBlock = (block: Block) => block.at + BLOCK_SECONDS > from;
  return {
    slots: slots.every(isLate) ? slots : slots.filter(isLate),
    blocks: blocks.every(isLateBlock) ? blocks : blocks.filter(isLateBlock),
  };
}

export type RecentTraffic = {
  /** Seconds that are known, 0 to 3,600. */
  readonly knownSeconds: number;
  readonly requests: number;
  /** Of these to the version that most people used at the time, and how many of them failed. */
  readonly ofMain: number;
  readonly failures: number;
  /** Of the same, over at most 5 minutes more. */
  readonly latency: Histogram;
  /** Requests per second that one of ten 10 s parts stays below, and above; null below 10 known parts. */
  readonly quietRate: number | null;
  readonly busyRate: number | null;
  /** Parts of 10 s with any request. */
  readonly slots: readonly { readonly at: number; readonly requests: number; readonly failures: number }[];
};

/** What is known of one service; nothing = 0 requests. */
export function recentTraffic(hour: Hour, service: string): RecentTraffic {
  const { slots, blocks } = hour.services[service] ?? { slots: [], blocks: [] };
  const knownSeconds = hour.from === null || hour.upTo === null ? 0 : hour.upTo - hour.from + 1;
  const sum = (of: (slot: Slot) => number) => slots.reduce((total, slot) => total + of(slot), 0);
  const [quietRate, busyRate] = spread(slots, Math.floor(knownSeconds / SLOT_SECONDS));
  return {
    knownSeconds,
    requests: sum((slot) => slot.requests),
    ofMain: sum((slot) => slot.ofMain),
    failures: sum((slot) => slot.failures),
    latency: merged(blocks),
    quietRate,
    busyRate,
    slots: slots.map(({ at, requests, failures }) => ({ at, requests, failures })),
  };
}

function spread(slots: readonly Slot[], parts: number): readonly [number | null, number | null] {
  if (parts < 10) return [null, null];
  const rates = slots.map((slot) => slot.requests / SLOT_SECONDS);
  const all = [...rates, ...new Array<number>(Math.max(0, parts - rates.length)).fill(0)].sort((a, b) => a - b);
  const at = (share: number) => all[Math.round(share * (all.length - 1))] ?? 0;
  return [at(0.1), at(0.9)];
}

function merged(blocks: readonly Block[]): Histogram {
  const counts = new Array<number>(BUCKETS).fill(0);
  for (const { latency } of blocks) {
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) counts[bucket] = (counts[bucket] ?? 0) + (latency[bucket] ?? 0);
  }
  return counts.flatMap((count, bucket) => (count > 0 ? [[bucket, count] as const] : []));
}
