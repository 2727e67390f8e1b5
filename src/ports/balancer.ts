// The port to whatever splits the traffic.
import type { BalancerSeen, Cursor, Observations, Table } from '../core/traffic.ts';

export interface Balancer {
  /**
   * Makes `table` the routing table, whole and in one step; resolves when the next request follows it. Idempotent.
   * Starts the balancer when it does not run. Failures: `conflict` (older revision than the balancer has, or a port is
   * taken: the message names it), `unavailable` (cannot be started or reached); the old table then goes on unchanged.
   */
  apply(table: Table): Promise<void>;

  /** What routes now. Failure: `unavailable`. */
  look(): Promise<BalancerSeen>;

  /**
   * Cells after `after` in order of `seq`, at most 10,000; reading twice gives the same cells. With another `boot` than
   * the balancer's, or null, everything it still keeps. Failure: `unavailable`.
   */
  observe(after: Cursor | null): Promise<Observations>;

  /** Ends the balancer itself: no new connection, open requests have `graceMs`, then it is gone. Idempotent. */
  stop(graceMs: number): Promise<void>;
}
