// One second of one service under one epoch while its requests are still counted.
import {
  type Arm,
  type ArmCount,
  BUCKETS,
  bucketOf,
  type Cell,
  type FailedRequest,
  type FailureCounts,
} from '../../core/traffic.ts';
import { draw } from '../chance.ts';
import type { ReleaseClients } from './release-clients.ts';
import type { RequestCount } from './request-count.ts';

/** What all requests of a cell have in common: the routing under which they were assigned. */
export type Regime = {
  readonly service: string;
  readonly epoch: number;
  readonly weight: number;
  readonly salt: string;
  readonly isSticky: boolean;
  readonly stable: number | null;
  readonly candidate: number | null;
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  readonly clients: ReleaseClients;
};

/** Running counts of one arm. */
export class Tally {
  readonly version: number;
  requests = 0;
  readonly failures = { status: 0, timeout: 0, connection: 0, deadline: 0 };
  clientErrors = 0;
  firstFailures = 0;
  firstClientErrors = 0;
  private readonly latency = new Uint32Array(BUCKETS);
  private readonly failedLatency = new Map<number, number>();
  /** Whether clients are told apart. */
  private readonly isByClient: boolean;

  constructor(version: number, isByClient: boolean) {
    this.version = version;
    this.isByClient = isByClient;
  }

  /** Gives the bucket. */
  addLatency(ms: number): number {
    const bucket = bucketOf(ms);
    this.latency[bucket] = (this.latency[bucket] ?? 0) + 1;
    return bucket;
  }

  /** One whose latency was added, in this bucket, has failed. */
  fail(failure: keyof FailureCounts, bucket: number): void {
    this.failures[failure] += 1;
    this.failedLatency.set(bucket, (this.failedLatency.get(bucket) ?? 0) + 1);
  }

  toCount(): ArmCount {
    const latency: [number, number][] = [];
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const count = this.latency[bucket] ?? 0;
      if (count > 0) latency.push([bucket, count]);
    }
    const failedLatency = [...this.failedLatency].sort(([one], [other]) => one - other);
    const { version, requests, failures, clientErrors, firstFailures, firstClientErrors } = this;
    const counts = {
      version,
      requests,
      failures: { ...failures },
      firstFailures,
      latency,
      failedLatency,
      clientErrors,
    };
    return this.isByClient ? { ...counts, firstClientErrors } : counts;
  }
}

const SAMPLES = 20;

export class OpenCell {
  readonly regime: Regime;
  readonly tick: number;
  /** When the second is over. */
  readonly endsAt: number;
  readonly stable: Tally | null;
  readonly candidate: Tally | null;
  /** Clients are told apart while a sticky service is under release; null otherwise. */
  readonly clients: ReleaseClients | null;
  readonly outside = { requests: 0, failures: 0 };
  readonly seen = { answers: 0, failures: 0, refused: 0 };
  isClosed = false;
  /** Requests that are not final, newest first. */
  newest: RequestCount | null = null;
  lastStart = 0;
  private readonly samples: FailedRequest[] = [];
  private failed = 0;

  constructor(regime: Regime, tick: number) {
    this.regime = regime;
    this.tick = tick;
    this.endsAt = (tick + 1) * 1000;
    const isByClient = regime.isSticky && regime.candidate !== null;
    this.clients = isByClient ? regime.clients : null;
    this.stable = regime.stable === null ? null : new Tally(regime.stable, isByClient);
    this.candidate = regime.candidate === null ? null : new Tally(regime.candidate, isByClient);
  }

  tallyOf(arm: Arm): Tally | null {
    return arm === 'stable' ? this.stable : this.candidate;
  }

  /** Whether every request is final by `now`, or will be made so. */
  isOver(now: number): boolean {
    if (now < this.endsAt) return false;
    return this.newest === null || now >= this.lastStart + this.regime.deadlineMs;
  }

  /** Keeps a uniform sample of all failed requests of the cell (Source: Vitter 1985, algorithm R). */
  sample(request: FailedRequest): void {
    this.failed += 1;
    if (this.samples.length < SAMPLES) {
      this.samples.push(request);
      return;
    }
    const place = Math.floor(draw() * this.failed);
    if (place < SAMPLES) this.samples[place] = request;
  }

  /** Makes what is still open final, and gives the counts. Nothing is counted here afterwards. */
  close(now: number, seq: number): Cell {
    this.isClosed = true;
    for (let one = this.newest; one !== null; one = this.newest) one.expire(now);
    const { service, epoch, weight } = this.regime;
    return {
      seq,
      service,
      tick: this.tick,
      epoch,
      weight,
      stable: this.stable?.toCount() ?? null,
      candidate: this.candidate?.toCount() ?? null,
      outside: { ...this.outside },
      seen: { ...this.seen },
      samples: this.samples,
    };
  }
}
