// Running counts of one arm of one cell of the simulated balancer.
import { type ArmCount, BUCKETS, type FailureCounts } from '../core/traffic.ts';
import type { FirstTally } from './clients.ts';
import { type Random, randomOf } from './random.ts';

/** What requests have in common. */
export type Outcome = {
  /** Bucket of the latency; of answers the shortest, with a long tail above it. */
  readonly bucket: number;
  /** Absent: none. */
  readonly failure?: keyof FailureCounts;
  readonly isClientError?: boolean;
  /** Absent: any of those that users take. */
  readonly route?: string | undefined;
};

/** Routes that users take: most the first, and this share the other. */
const MOST = 'GET /';
const OTHER = { route: 'POST /articles', share: 0.1 };
/** Answers take so many buckets more than the shortest on average: 28 %. */
const TAIL_BUCKETS = 25;
const ROUTES = 64;

/** The routes that a cell tells apart, the same for both arms. */
export class CellRoutes {
  readonly #names = new Set<string>();

  /** Whether there is room for it; the first that come are taken. */
  takes(route: string): boolean {
    if (this.#names.size < ROUTES) this.#names.add(route);
    return this.#names.has(route);
  }
}

export class ArmTally {
  readonly version: number;
  requests = 0;
  clientErrors = 0;
  readonly failures = { status: 0, timeout: 0, connection: 0, deadline: 0 };
  readonly #latency = new Map<number, number>();
  readonly #failedLatency = new Map<number, number>();
  readonly #byRoute = new Map<string, { requests: number; failures: number; firstFailures: number }>();
  readonly #name: string;
  readonly #routes: CellRoutes;
  /** Null where clients are not told apart. */
  readonly #firsts: FirstTally | null;
  #random: Random | null = null;

  /** `name` is this arm's of this cell: chance within it follows from it and from the requests. */
  constructor(version: number, name: string, routes: CellRoutes, firsts: FirstTally | null) {
    this.version = version;
    this.#name = name;
    this.#routes = routes;
    this.#firsts = firsts;
  }

  /** Chance that moves nothing outside of this arm of this cell. */
  get random(): Random {
    this.#random ??= randomOf(`${this.#name}/${this.requests}`);
    return this.#random;
  }

  /** Outcomes of requests that are counted in `requests` already; `clients`, one for each, where they are known. */
  add(outcome: Outcome, count: number, clients: readonly number[] | null): void {
    if (count === 0) return;
    if (outcome.failure) this.failures[outcome.failure] += count;
    if (outcome.isClientError) this.clientErrors += count;
    if (clients !== null && this.#firsts !== null) {
      for (const client of clients) this.#addOne(outcome, client, this.#firsts);
      return;
    }
    for (const [bucket, part] of this.#buckets(outcome, count)) this.#addLatency(outcome, bucket, part);
    for (const [route, part] of this.#parts(outcome, count)) this.#addRoute(outcome, route, part, 0);
  }

  #addOne(outcome: Outcome, client: number, firsts: FirstTally): void {
    const hasFailed = outcome.failure !== undefined;
    const bucket = this.#anyBucket(outcome);
    const isFirst = firsts.add(client, bucket, hasFailed, outcome.isClientError ?? false);
    this.#addLatency(outcome, bucket, 1);
    this.#addRoute(outcome, outcome.route ?? this.#anyRoute(), 1, isFirst ? 1 : 0);
  }

  #anyBucket(outcome: Outcome): number {
    if (!isAnswered(outcome)) return outcome.bucket;
    const more = Math.floor(-TAIL_BUCKETS * Math.log(1 - this.random.next()));
    return Math.min(BUCKETS - 1, outcome.bucket + more);
  }

  #anyRoute(): string {
    return this.random.chance(OTHER.share) ? OTHER.route : MOST;
  }

  #buckets(outcome: Outcome, count: number): readonly (readonly [bucket: number, count: number])[] {
    if (!isAnswered(outcome)) return [[outcome.bucket, count]];
    return Array.from({ length: count }, () => [this.#anyBucket(outcome), 1] as const);
  }

  #parts({ route }: Outcome, count: number): readonly (readonly [route: string, count: number])[] {
    if (route !== undefined) return [[route, count]];
    const other = this.random.binomial(count, OTHER.share);
    return [
      [MOST, count - other],
      [OTHER.route, other],
    ];
  }

  #addLatency({ failure }: Outcome, bucket: number, count: number): void {
    if (count === 0) return;
    this.#latency.set(bucket, (this.#latency.get(bucket) ?? 0) + count);
    if (failure) this.#failedLatency.set(bucket, (this.#failedLatency.get(bucket) ?? 0) + count);
  }

  #addRoute({ failure }: Outcome, route: string, count: number, firstFailures: number): void {
    if (count === 0 || !this.#routes.takes(route)) return;
    const known = this.#byRoute.get(route) ?? { requests: 0, failures: 0, firstFailures: 0 };
    known.requests += count;
    known.failures += failure ? count : 0;
    known.firstFailures += firstFailures;
    this.#byRoute.set(route, known);
  }

  toCount(): ArmCount {
    const byBucket = (counts: Map<number, number>) => [...counts].sort(([one], [other]) => one - other);
    const byName = [...this.#byRoute].sort(([one], [other]) => (one < other ? -1 : 1));
    return {
      version: this.version,
      requests: this.requests,
      failures: { ...this.failures },
      firstFailures: this.#firsts?.failures ?? 0,
      latency: byBucket(this.#latency),
      failedLatency: byBucket(this.#failedLatency),
      clientErrors: this.clientErrors,
      routes: byName.map(([route, counts]) => ({ route, ...counts })),
      ...this.#firsts?.toCount(),
    };
  }
}

/** The instance answered. Of the others the balancer knows the time exactly. */
function isAnswered({ failure }: Outcome): boolean {
  return failure === undefined || failure === 'status';
}
