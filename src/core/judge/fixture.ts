// Cells for the tests of the judge: only what it reads matters, the rest is empty.
import type { ArmCount, Cell, Histogram } from '../traffic.ts';
import { logChoose } from './logs.ts';

/** Probability of k in n. */
export function binomial(n: number, k: number, p: number): number {
  if (p === 0 || p === 1) return k === n * p ? 1 : 0;
  return Math.exp(logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log1p(-p));
}

export type CellCounts = {
  readonly tick: number;
  readonly epoch?: number;
  /** In percent. */
  readonly weight?: number;
  /** Requests, failures, first failures (as many as failures when absent). */
  readonly stable?: readonly [requests: number, failures: number, firstFailures?: number] | null;
  readonly candidate?: readonly [requests: number, failures: number, firstFailures?: number] | null;
  readonly versions?: readonly [stable: number, candidate: number];
  /** Latency of every request of the arm, and of its failed ones. */
  readonly stableLatency?: Histogram;
  readonly candidateLatency?: Histogram;
  /** What only sticky services have. */
  readonly sticky?: { readonly stable: StickyCounts; readonly candidate: StickyCounts };
  /** What not every balancer tells. */
  readonly told?: { readonly stable: ToldCounts; readonly candidate: ToldCounts };
};

type StickyCounts = Pick<ArmCount, 'firstSlow' | 'firstRequests'>;
export type ToldCounts = Pick<ArmCount, 'clientErrors' | 'firstClientErrors' | 'routes'>;

/** A cell of service `web`, v41 against v42, epoch 1 at 5 % unless told otherwise. */
export function cellOf(counts: CellCounts): Cell {
  const [stable, candidate] = counts.versions ?? [41, 42];
  return {
    seq: counts.tick,
    service: 'web',
    tick: counts.tick,
    epoch: counts.epoch ?? 1,
    weight: counts.weight ?? 5,
    stable: armOf(stable, counts.stable, counts.stableLatency, { ...counts.sticky?.stable, ...counts.told?.stable }),
    candidate: armOf(candidate, counts.candidate, counts.candidateLatency, {
      ...counts.sticky?.candidate,
      ...counts.told?.candidate,
    }),
    outside: { requests: 0, failures: 0 },
    seen: { answers: 0, failures: 0, refused: 0 },
    samples: [],
  };
}

function armOf(
  version: number,
  counts: CellCounts['stable'],
  latency: Histogram = [],
  more: StickyCounts & ToldCounts = {},
): ArmCount | null {
  if (counts === null) return null;
  const [requests, failed, firstFailures] = counts ?? [0, 0];
  const failures = { status: failed, timeout: 0, connection: 0, deadline: 0 };
  return { version, requests, failures, firstFailures: firstFailures ?? failed, latency, ...more };
}
