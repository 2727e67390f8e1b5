// The counts of all services: closes cells shortly after their second, and answers readers.
import type { Cursor } from '../../core/traffic.ts';
import { hexDigits } from '../chance.ts';
import type { ProxyLimits } from '../limits.ts';
import type { OpenCell, Regime } from './cell.ts';
import { KeptCells } from './kept-cells.ts';
import { ServiceCount } from './service-count.ts';

/** Wait after the end of a second, so that the timer never comes just before it. */
const AFTER_SECOND_MS = 5;

export class Observer {
  /** Names this life of the proxy: counts of two lives never mix. */
  readonly boot = hexDigits(16);
  private readonly services = new Set<ServiceCount>();
  private readonly leaving = new Set<ServiceCount>();
  private readonly kept: KeptCells;
  private readonly now: () => number;
  private timer: NodeJS.Timeout | null = null;

  constructor(now: () => number, limits: ProxyLimits) {
    this.now = now;
    this.kept = new KeptCells(limits.keptCells, limits.keptBytes);
  }

  /** Counts a service until `leave`. */
  join(regime: Regime): ServiceCount {
    const service = new ServiceCount(regime, (cell, now) => this.give(cell, now));
    this.services.add(service);
    return service;
  }

  /** The service has no open request and gets no new one; it is forgotten when its last cell is given out. */
  leave(service: ServiceCount): void {
    service.settle(this.now());
    if (service.oldestTick === null) this.services.delete(service);
    else this.leaving.add(service);
  }

  /** Closes cells by a timer until `stop`. */
  start(): void {
    const untilNext = 1000 - (this.now() % 1000) + AFTER_SECOND_MS;
    this.timer = setTimeout(() => {
      this.settle();
      this.start();
    }, untilNext);
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  /** `Observations` after `cursor` as JSON. */
  read(cursor: Cursor | null): string {
    const closedUpTo = this.settle();
    return this.kept.read(this.boot, cursor, closedUpTo);
  }

  /** Gives out what is over; all seconds up to the returned one are complete. */
  private settle(): number {
    const now = this.now();
    let closedUpTo = Math.floor(now / 1000) - 1;
    for (const service of this.services) {
      service.settle(now);
      if (service.oldestTick !== null) closedUpTo = Math.min(closedUpTo, service.oldestTick - 1);
      else if (this.leaving.delete(service)) this.services.delete(service);
    }
    return closedUpTo;
  }

  private give(cell: OpenCell, now: number): void {
    this.kept.add(cell.close(now, this.kept.lastSeq + 1));
  }
}
