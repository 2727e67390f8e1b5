// Counts of one second of one service in the simulated balancer, until they are given out as a cell.
import type { ArmCount, Cell, FailedRequest, FailureCounts, ServiceTraffic } from '../core/traffic.ts';
import { type Random, randomOf } from './random.ts';

/** Running counts of one arm. */
export class ArmTally {
  readonly version: number;
  requests = 0;
  readonly failures = { status: 0, timeout: 0, connection: 0, deadline: 0 };
  firstFailures = 0;
  readonly #latency = new Map<number, number>();
  readonly #name: string;
  #random: Random | null = null;

  /** `name` is this arm's of this cell: chance in its latencies follows from it and from the requests. */
  constructor(version: number, name: string) {
    this.version = version;
    this.#name = name;
  }

  fail(failure: keyof FailureCounts, count: number): void {
    this.failures[failure] += count;
  }

  /** Most requests lie in one bucket, some above it, few far above it; which ones is chance. */
  addLatency(bucket: number, count: number): void {
    this.#random ??= randomOf(`${this.#name}/${this.requests}`);
    const few = this.#random.binomial(count, 0.05);
    const some = this.#random.binomial(count - few, 0.3);
    this.#add(bucket, count - some - few);
    this.#add(bucket + 20, some);
    this.#add(bucket + 70, few);
  }

  #add(bucket: number, count: number): void {
    if (count > 0) this.#latency.set(bucket, (this.#latency.get(bucket) ?? 0) + count);
  }

  toCount(): ArmCount {
    const { version, requests, failures, firstFailures } = this;
    const latency = [...this.#latency].sort(([one], [other]) => one - other);
    return { version, requests, failures: { ...failures }, firstFailures, latency };
  }
}

const SAMPLES = 5;

export class OpenCell {
  readonly traffic: ServiceTraffic;
  readonly tick: number;
  /** In which simulated second it may be given out at the earliest. */
  closesS: number;
  readonly stable: ArmTally | null;
  readonly candidate: ArmTally | null;
  readonly outside = { requests: 0, failures: 0 };
  readonly seen = { answers: 0, failures: 0, refused: 0 };
  readonly #samples: FailedRequest[] = [];

  constructor(traffic: ServiceTraffic, tick: number, second: number) {
    this.traffic = traffic;
    this.tick = tick;
    this.closesS = second;
    const tallyOf = (version: number) =>
      new ArmTally(version, `${traffic.service}/${tick}/${traffic.epoch}/${version}`);
    this.stable = traffic.stable && tallyOf(traffic.stable.version);
    this.candidate = traffic.candidate && tallyOf(traffic.candidate.version);
  }

  sample(arm: 'stable' | 'candidate', failure: keyof FailureCounts, instance: string, ms: number): void {
    const version = this[arm]?.version;
    if (version === undefined || this.#samples.length >= SAMPLES) return;
    const status = failure === 'status' ? 500 : 502;
    const at = this.tick * 1000;
    const traceId = `${this.tick}-${this.#samples.length}`;
    this.#samples.push({ at, version, arm, method: 'GET', path: '/', status, failure, ms, instance, traceId });
  }

  close(seq: number): Cell {
    const { service, epoch } = this.traffic;
    const weight = this.traffic.candidate === null ? 0 : this.traffic.weight;
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
      samples: this.#samples,
    };
  }
}
