// Adds up what pretend users were answered, in bounded memory.
import type { UserResult } from './turn.ts';

export type Summary = {
  readonly seconds: number;
  /** Requests sent = answered + dropped without an answer. */
  readonly requests: number;
  /** Complete answers, of any status. */
  readonly answered: number;
  readonly failed: number;
  readonly dropped: number;
  readonly skipped: number;
  /** Of complete answers, within 2 %; null without any. */
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number } | null;
};

const GROWTH = 1.02;
const SMALLEST_MS = 0.05;

export function createTally() {
  // Latencies as counts in buckets that are 2 % wide each, so that a long run needs no more memory than a short one.
  const buckets: number[] = [];
  let [requests, answered, failed, dropped, skipped, max] = [0, 0, 0, 0, 0, 0];
  const quantile = (share: number) => {
    let left = share * answered;
    const bucket = buckets.findIndex((count) => {
      left -= count ?? 0;
      return left <= 0;
    });
    return Math.min(max, SMALLEST_MS * GROWTH ** (bucket + 1));
  };
  return {
    skip: () => {
      skipped += 1;
    },
    count({ status, ms, hasFailed, wasDropped }: UserResult) {
      requests += 1;
      failed += hasFailed ? 1 : 0;
      dropped += wasDropped ? 1 : 0;
      if (status === 0) return;
      answered += 1;
      max = Math.max(max, ms);
      const bucket = Math.max(0, Math.floor(Math.log(ms / SMALLEST_MS) / Math.log(GROWTH)));
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    },
    sum: (seconds: number): Summary => ({
      seconds,
      requests,
      answered,
      failed,
      dropped,
      skipped,
      latencyMs: answered === 0 ? null : { p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99), max },
    }),
  };
}
