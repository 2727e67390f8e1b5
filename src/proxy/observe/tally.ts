// Running counts of one arm in one cell.
import { type ArmCount, BUCKETS, bucketOf, type FailureCounts, type RouteCount } from '../../core/traffic.ts';
import type { FirstCounts } from './first-counts.ts';

export class RouteTally implements RouteCount {
  readonly route: string;
  requests = 0;
  failures = 0;
  firstFailures = 0;

  constructor(route: string) {
    this.route = route;
  }
}

export class Tally {
  readonly version: number;
  requests = 0;
  readonly failures = { status: 0, timeout: 0, connection: 0, deadline: 0 };
  clientErrors = 0;
  /** Null where clients are not told apart. */
  readonly firsts: FirstCounts | null;
  private readonly latency = new Uint32Array(BUCKETS);
  private readonly failedLatency = new Map<number, number>();
  /** By the place that the cell gave the route. */
  private readonly routes: (RouteTally | undefined)[] = [];

  constructor(version: number, firsts: FirstCounts | null) {
    this.version = version;
    this.firsts = firsts;
  }

  /** Gives the bucket. */
  addLatency(ms: number, requests = 1): number {
    const bucket = bucketOf(ms);
    this.latency[bucket] = (this.latency[bucket] ?? 0) + requests;
    return bucket;
  }

  /** Some whose latency was added, in this bucket, have failed. */
  fail(failure: keyof FailureCounts, bucket: number, requests = 1): void {
    if (requests === 0) return;
    this.failures[failure] += requests;
    this.failedLatency.set(bucket, (this.failedLatency.get(bucket) ?? 0) + requests);
  }

  routeAt(place: number, route: string): RouteTally {
    const known = this.routes[place];
    if (known !== undefined) return known;
    const fresh = new RouteTally(route);
    this.routes[place] = fresh;
    return fresh;
  }

  toCount(): ArmCount {
    const latency: [number, number][] = [];
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const count = this.latency[bucket] ?? 0;
      if (count > 0) latency.push([bucket, count]);
    }
    const routes = this.routes.filter((one) => one !== undefined);
    return {
      version: this.version,
      requests: this.requests,
      failures: { ...this.failures },
      firstFailures: this.firsts?.failures ?? 0,
      latency,
      failedLatency: [...this.failedLatency].sort(([one], [other]) => one - other),
      clientErrors: this.clientErrors,
      routes: routes.sort((one, other) => (one.route < other.route ? -1 : 1)).map((one) => ({ ...one })),
      ...this.firsts?.toCount(),
    };
  }
}
