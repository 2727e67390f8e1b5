// What sticky clients met for the first time in their release, in one arm of one cell.
import type { ArmCount } from '../../core/traffic.ts';
import { CLIENT_ERROR, FAILURE, REQUEST, type ReleaseClients, slowKind } from './release-clients.ts';

export class FirstCounts {
  failures = 0;
  private clientErrors = 0;
  private requests = 0;
  private failedRequests = 0;
  private readonly clients: ReleaseClients;
  /** From which bucket on a request is slow, for each limit; null when nobody asked. */
  private readonly limits: readonly number[] | null;
  private readonly slow: number[];

  constructor(clients: ReleaseClients, limits: readonly number[] | null) {
    this.clients = clients;
    this.limits = limits;
    this.slow = (limits ?? []).map(() => 0);
  }

  /** A request starts; true when it is its client's first. */
  start(id: string): boolean {
    if (this.clients.mark(id, REQUEST) === 0) return false;
    this.requests += 1;
    return true;
  }

  /** A request was fine; it may have been a client error, or slow. */
  pass(id: string, bucket: number, isClientError: boolean): void {
    const kinds = this.kindsBeyond(bucket) | (isClientError ? CLIENT_ERROR : 0);
    if (kinds === 0) return;
    const fresh = this.clients.mark(id, kinds);
    if ((fresh & CLIENT_ERROR) !== 0) this.clientErrors += 1;
    this.addSlow(fresh);
  }

  /** A request has failed, so it is slow too; true when it is its client's first failure. */
  fail(id: string, isFirstRequest: boolean): boolean {
    if (isFirstRequest) this.failedRequests += 1;
    const fresh = this.clients.mark(id, this.kindsBeyond(Number.POSITIVE_INFINITY) | FAILURE);
    this.addSlow(fresh);
    if ((fresh & FAILURE) === 0) return false;
    this.failures += 1;
    return true;
  }

  toCount(): Pick<ArmCount, 'firstClientErrors' | 'firstRequests' | 'firstSlow'> {
    const firstRequests = { requests: this.requests, failures: this.failedRequests };
    const counts = { firstClientErrors: this.clientErrors, firstRequests };
    return this.limits === null ? counts : { ...counts, firstSlow: [...this.slow] };
  }

  private kindsBeyond(bucket: number): number {
    const { limits } = this;
    let kinds = 0;
    if (limits === null) return kinds;
    for (let i = 0; i < limits.length; i += 1) if (bucket >= (limits[i] ?? 0)) kinds |= slowKind(i);
    return kinds;
  }

  private addSlow(kinds: number): void {
    const { slow } = this;
    for (let i = 0; i < slow.length; i += 1) if ((kinds & slowKind(i)) !== 0) slow[i] = (slow[i] ?? 0) + 1;
  }
}
