// Everything that routes now: the services of the current table, swapped in one step.
import type { Table } from '../../core/traffic.ts';
import type { ProxyLimits } from '../limits.ts';
import type { Observer } from '../observe/observer.ts';
import type { Target } from '../upstream/target.ts';
import { RouteMap, type RouteOf } from './route-map.ts';
import { Service } from './service.ts';

/** Counts of one instance since it was listed. */
export type TargetSeen = { readonly open: number; readonly requests: number; readonly failures: number };

export class Router {
  private services = new Map<string, Service>();
  private routes = new RouteMap<Service>([]);
  /** Instances that left the table and still have open requests. */
  private readonly draining = new Set<Target>();
  private readonly observer: Observer;
  private readonly limits: ProxyLimits;

  constructor(observer: Observer, limits: ProxyLimits) {
    this.observer = observer;
    this.limits = limits;
  }

  /** The next request follows `table`. Synchronous: no request sees half of it. */
  change(table: Table, now: number): void {
    const before = this.services;
    this.services = new Map();
    const routes: RouteOf<Service>[] = [];
    for (const traffic of table.services) {
      const known = before.get(traffic.service);
      known?.change(traffic);
      const service = known ?? new Service(traffic, this.observer, this.limits, this.draining);
      before.delete(traffic.service);
      this.services.set(traffic.service, service);
      for (const route of traffic.routes) routes.push({ ...route, owner: service });
    }
    this.routes = new RouteMap(routes);
    for (const service of before.values()) service.close(now);
    for (const service of this.services.values()) service.wake(now);
  }

  find(host: string, url: string): Service | undefined {
    return this.routes.find(host, url);
  }

  named(service: string): Service | undefined {
    return this.services.get(service);
  }

  get seen() {
    return [...this.services.values()].map((service) => service.seen);
  }

  /** By instance id; two lives of one instance under different addresses are added up. */
  get targets(): Record<string, TargetSeen> {
    const seen: Record<string, TargetSeen> = {};
    for (const service of this.services.values()) for (const target of service.listed) add(seen, target);
    for (const target of this.draining) add(seen, target);
    return seen;
  }
}

function add(seen: Record<string, TargetSeen>, { id, open, requests, failures }: Target): void {
  const known = seen[id] ?? { open: 0, requests: 0, failures: 0 };
  seen[id] = { open: known.open + open, requests: known.requests + requests, failures: known.failures + failures };
}
