// What all listeners of the process share.
import type { ProxyLimits } from '../limits.ts';
import type { Router } from '../routing/router.ts';
import type { Door } from './door.ts';
import { OpenExchanges } from './open-exchanges.ts';

export class Edge {
  readonly now: () => number;
  readonly limits: ProxyLimits;
  readonly router: Router;
  readonly open: OpenExchanges;
  /** Open client connections of all listeners. */
  connections = 0;
  isStopping = false;
  /** Asked first about every request at a public address; null = nothing to ask. */
  door: Door | null = null;

  constructor(now: () => number, limits: ProxyLimits, router: Router) {
    this.now = now;
    this.limits = limits;
    this.router = router;
    this.open = new OpenExchanges(now);
  }

  /** No further request can be taken on. */
  get isFull(): boolean {
    return this.open.size >= this.limits.requests;
  }
}
