// The port to numbers over time: what each service, version and instance showed, in even steps. The control plane's own short history answers it.

/** `requests` per second; `errors` share of requests, 0 to 1; `p50`, `p95`, `p99` milliseconds; `cpu` cores; `memory` bytes; `open` requests. */
export type Metric = (typeof METRICS)[number];
export const METRICS = ['requests', 'errors', 'p50', 'p95', 'p99', 'cpu', 'memory', 'open'] as const;

/** What one series is about. Latency and errors are counted by version; `cpu`, `memory` and `open` by instance, which add up to those of versions. */
export type SeriesBy = 'service' | 'version' | 'instance';

export type RangeQuery = {
  /** Only this one; left out = all. */
  readonly service?: string;
  readonly version?: number;
  readonly instance?: string;
  readonly by: SeriesBy;
  readonly metrics: readonly Metric[];
  /** Milliseconds since 1970, both included; `fromMs` is moved down to a whole step. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Milliseconds; moved up to what the history is kept in. */
  readonly stepMs: number;
};

export type Series = {
  readonly service: string;
  readonly version: number | null;
  readonly instance: string | null;
  readonly metric: Metric;
  /** One for each step; null = nothing is known, or there was no request that could fail or be slow. */
  readonly values: readonly (number | null)[];
};

export type Range = {
  /** Beginning of the first step, milliseconds since 1970. */
  readonly fromMs: number;
  readonly stepMs: number;
  /** Order by service, version, instance, metric. */
  readonly series: readonly Series[];
};

export interface Metrics {
  /** Failure: `invalid` (more than 100,000 values are asked for). Unknown services have no series. */
  range(query: RangeQuery): Promise<Range>;
}
