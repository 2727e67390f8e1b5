// What the simulated balancer remembers of the clients of one release, and what they met for the first time.
import type { ArmCount } from '../core/traffic.ts';

const REQUEST = 1;
const FAILURE = 2;
const CLIENT_ERROR = 4;
const slowKind = (place: number) => 8 << place;

/** Kinds of what each client of one release met, added up. */
export class ReleaseClients {
  readonly salt: string;
  readonly #met = new Map<number, number>();

  constructor(salt: string) {
    this.salt = salt;
  }

  /** Gives the kinds that are new to the client. */
  mark(client: number, kinds: number): number {
    const before = this.#met.get(client) ?? 0;
    this.#met.set(client, before | kinds);
    return kinds & ~before;
  }
}

/** First times in one arm of one cell. */
export class FirstTally {
  failures = 0;
  #clientErrors = 0;
  #requests = 0;
  #failedRequests = 0;
  readonly #clients: ReleaseClients;
  readonly #limits: readonly number[] | null;
  readonly #slow: number[];

  constructor(clients: ReleaseClients, limits: readonly number[] | null) {
    this.#clients = clients;
    this.#limits = limits;
    this.#slow = (limits ?? []).map(() => 0);
  }

  /** One request; true when it is its client's first failure. */
  add(client: number, bucket: number, hasFailed: boolean, isClientError: boolean): boolean {
    let kinds = REQUEST | (hasFailed ? FAILURE : 0) | (isClientError ? CLIENT_ERROR : 0);
    this.#limits?.forEach((limit, i) => {
      if (hasFailed || bucket >= limit) kinds |= slowKind(i);
    });
    const fresh = this.#clients.mark(client, kinds);
    if (fresh === 0) return false;
    if (fresh & REQUEST) {
      this.#requests += 1;
      if (hasFailed) this.#failedRequests += 1;
    }
    if (fresh & CLIENT_ERROR) this.#clientErrors += 1;
    this.#slow.forEach((count, i) => {
      if (fresh & slowKind(i)) this.#slow[i] = count + 1;
    });
    if (!(fresh & FAILURE)) return false;
    this.failures += 1;
    return true;
  }

  toCount(): Pick<ArmCount, 'firstClientErrors' | 'firstRequests' | 'firstSlow'> {
    const firstRequests = { requests: this.#requests, failures: this.#failedRequests };
    const counts = { firstClientErrors: this.#clientErrors, firstRequests };
    return this.#limits === null ? counts : { ...counts, firstSlow: [...this.#slow] };
  }
}
