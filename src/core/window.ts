// What each version has answered lately: a sliding window over closed cells. Pure; old cells fall out.
import { type ArmCount, type Cell, failuresOf, type Observations, quantile } from './traffic.ts';

/** Its time is the balancer's, so that a wall clock that was set does not move it. */
export type Window = {
  readonly cells: readonly Cell[];
  /** First and last second that it knows all cells of; null before the first read. */
  readonly from: number | null;
  readonly upTo: number | null;
  /** Reads in a row that have failed. */
  readonly missed: number;
};

export const KEPT_SECONDS = 60;
const MAX_CELLS = 50_000;
/** After so many failed reads nothing is known any more. */
const MAX_MISSED = 3;

export const EMPTY_WINDOW: Window = { cells: [], from: null, upTo: null, missed: 0 };

/** Adds what was read and drops what is older than the window; null = the balancer could not be asked. */
export function slide(window: Window, read: Observations | null): Window {
  if (read === null) return window.missed < MAX_MISSED ? { ...window, missed: window.missed + 1 } : EMPTY_WINDOW;
  const upTo = read.closedUpTo;
  // A balancer that began anew may have an earlier time; what was before it cannot be placed.
  const known = window.upTo !== null && upTo >= window.upTo ? window : EMPTY_WINDOW;
  const from = known.from ?? Math.min(upTo + 1, ...read.cells.map((cell) => cell.tick));
  const oldest = Math.max(from, upTo - KEPT_SECONDS);
  const cells = [...known.cells, ...read.cells].filter((cell) => cell.tick >= oldest);
  return { cells: cells.slice(-MAX_CELLS), from: oldest, upTo, missed: 0 };
}

export type Lately = {
  readonly requestsPerSecond: number;
  /** 0 to 1; null without requests. */
  readonly errorShare: number | null;
  readonly latencyP50Ms: number | null;
  readonly latencyP95Ms: number | null;
  readonly latencyP99Ms: number | null;
};

/** Over the last `seconds` (1 to 60) that are known, of one service, of one version or (null) of all. Seconds that are not over are left out. */
export function lately(window: Window, service: string, version: number | null, seconds: number): Lately {
  const upTo = window.upTo ?? 0;
  const known = Math.min(seconds, upTo - (window.from ?? upTo + 1) + 1);
  const arms = window.cells
    .filter((cell) => cell.service === service && cell.tick <= upTo && cell.tick > upTo - seconds)
    .flatMap((cell) => [cell.stable, cell.candidate])
    .filter((arm): arm is ArmCount => arm !== null && (version === null || arm.version === version));
  const requests = arms.reduce((sum, arm) => sum + arm.requests, 0);
  const failures = arms.reduce((sum, arm) => sum + failuresOf(arm), 0);
  const latency = mergeLatency(arms);
  return {
    requestsPerSecond: known > 0 ? requests / known : 0,
    errorShare: requests === 0 ? null : failures / requests,
    latencyP50Ms: quantile(latency, 0.5),
    latencyP95Ms: quantile(latency, 0.95),
    latencyP99Ms: quantile(latency, 0.99),
  };
}

/** The share of one epoch's requests that the candidate got in the last `seconds`, in percent; null without requests. */
export function shareIn(window: Window, service: string, epoch: number, seconds: number): number | null {
  let [all, candidate] = [0, 0];
  for (const cell of window.cells) {
    if (cell.service !== service || cell.epoch !== epoch || cell.tick <= (window.upTo ?? 0) - seconds) continue;
    all += (cell.stable?.requests ?? 0) + (cell.candidate?.requests ?? 0);
    candidate += cell.candidate?.requests ?? 0;
  }
  return all === 0 ? null : (100 * candidate) / all;
}

function mergeLatency(arms: readonly ArmCount[]): readonly (readonly [number, number])[] {
  const counts = new Map<number, number>();
  for (const arm of arms)
    for (const [bucket, count] of arm.latency) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  return [...counts].sort(([one], [other]) => one - other);
}
