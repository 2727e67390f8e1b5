// Every bound of the proxy that is not part of the table, with its default.

export type ProxyLimits = {
  /** Request line and headers together, in bytes; more is answered 431. */
  readonly headerBytes: number;
  /** Time for a request head to arrive whole; then 408. */
  readonly headerMs: number;
  /** An idle connection of a client is kept so long. */
  readonly keepAliveMs: number;
  /** Silence within a request or response body, on either side. */
  readonly bodyIdleMs: number;
  /** Silence on an upgraded connection or in an event stream. */
  readonly tunnelIdleMs: number;
  /** Open client connections of the whole process; one more is closed at once. */
  readonly connections: number;
  /** Requests under way in the whole process; one more is answered 503. A client may send many at once on one connection. */
  readonly requests: number;
  /** Time to connect to an instance. */
  readonly connectMs: number;
  /** An idle connection to an instance is kept so long, unless the instance announced less. */
  readonly upstreamIdleMs: number;
  /** An instance that refused a connection is passed over for so long while another one of its arm is there. */
  readonly shunMs: number;
  /** A proxy whose folder is gone, so that nobody can reach it, ends after so long without a request. */
  readonly orphanMs: number;
  /** Cells kept for readers, by count and by bytes; the oldest go first. */
  readonly keptCells: number;
  readonly keptBytes: number;
  /** Sticky clients told apart, per service and release. */
  readonly stickyClients: number;
  /** 1 = plain requests take the fast lane, 0 = Node's parser reads everything. */
  readonly fastLane: number;
};

export const LIMITS: ProxyLimits = {
  headerBytes: 16_384,
  headerMs: 10_000,
  keepAliveMs: 75_000,
  bodyIdleMs: 60_000,
  tunnelIdleMs: 3_600_000,
  connections: 10_000,
  requests: 20_000,
  connectMs: 3_000,
  upstreamIdleMs: 4_000,
  shunMs: 1_000,
  orphanMs: 300_000,
  keptCells: 7_200,
  keptBytes: 64 * 1024 * 1024,
  stickyClients: 200_000,
  fastLane: process.env.FRIDAY_FAST_LANE === '0' ? 0 : 1,
};
