// One instance as the proxy knows it: its address, its connections and what is open on it.
import type { Target as Address } from '../../core/traffic.ts';
import { InstanceLines } from '../lane/instance-lines.ts';
import type { ProxyLimits } from '../limits.ts';
import { pooledUpstream } from './pool.ts';
import type { Upstream } from './upstream.ts';

export class Target {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly upstream: Upstream;
  /** Requests and upgraded connections under way. */
  open = 0;
  /** Since it was listed. */
  requests = 0;
  failures = 0;
  /** Passed over until then, while another one of its arm is there. */
  shunnedUntil = 0;
  private readonly limits: ProxyLimits;
  private lines: InstanceLines | null = null;
  private isListed = true;
  private readonly onGone: (target: Target) => void;

  /** `onGone` is called when it is not listed any more and its last request has ended. */
  constructor({ id, host, port }: Address, limits: ProxyLimits, onGone: (target: Target) => void) {
    this.id = id;
    this.host = host;
    this.port = port;
    this.onGone = onGone;
    this.limits = limits;
    this.upstream = pooledUpstream(host, port, limits);
  }

  /** The way of requests of the fast lane. */
  get lane(): Upstream {
    this.lines ??= new InstanceLines(this.host, this.port, this.limits);
    return this.lines;
  }

  enter(): void {
    this.open += 1;
    this.requests += 1;
  }

  leave(): void {
    this.open -= 1;
    this.goWhenIdle();
  }

  /** It left the table: nothing new, what is open goes on. */
  drain(): void {
    this.isListed = false;
    this.goWhenIdle();
  }

  private goWhenIdle(): void {
    if (this.isListed || this.open > 0) return;
    this.upstream.close();
    this.lines?.close();
    this.onGone(this);
  }
}
