// The language between control plane and balancer: the table that is asked for, and the counts that come back.

/** `stable` is what people already use, `candidate` what is being released. */
export type Arm = 'stable' | 'candidate';

/** Where one instance listens. */
export type Target = { readonly id: string; readonly host: string; readonly port: number };

/** One version of a service and its ready instances. Instances not listed get no new request; their open ones finish. */
export type Side = { readonly version: number; readonly targets: readonly Target[] };

/** Host in lower case without port, or `*`; path starts with `/`, matches whole segments, the longest wins. */
export type Route = { readonly host: string; readonly path: string };

export type TrafficLimits = {
  /** A request without response headers after this long counts as failed (class `deadline`), though it may go on. */
  readonly deadlineMs: number;
  /** Response headers must have come after this long, else 504 (class `timeout`). */
  readonly timeoutMs: number;
  /** How many requests wait, and how long, while no instance is ready but one is coming. Then 503. */
  readonly holdRequests: number;
  readonly holdMs: number;
};

export type ServiceTraffic = {
  readonly service: string;
  /** Empty for an internal service. */
  readonly routes: readonly Route[];
  /** Loopback port under which the other services reach this one. */
  readonly internalPort: number;
  /** A client keeps its arm by a cookie while a release lasts. */
  readonly isSticky: boolean;
  /** Drawn per release; part of the hash that assigns clients. */
  readonly salt: string;
  /** Rises with every change of the weight or of the pair of versions; tags every count. */
  readonly epoch: number;
  /** The candidate's share in percent, 0 to 100, steps of 0.01. */
  readonly weight: number;
  readonly stable: Side | null;
  readonly candidate: Side | null;
  /** No instance is ready, but one is on its way: hold requests instead of refusing them. */
  readonly isComing: boolean;
  readonly limits: TrafficLimits;
  /** Sticky services under release: what slow means, the same as long as the salt is; absent until stable is known well enough. */
  readonly slow?: SlowLimits;
};

export type Listen = { readonly host: string; readonly port: number };

/** `127.0.0.1:8080`, `[::]:80`. */
export function addressOf({ host, port }: Listen): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Everything a balancer is asked to do; it arrives whole and is swapped in one step. */
export type Table = {
  /** Rises with every table of one control plane state; a balancer refuses an older one than it has. */
  readonly revision: number;
  readonly listen: readonly Listen[];
  /** Addresses of this machine, besides 127.0.0.1, at which the internal ports answer too: containers call them. Absent = none. */
  readonly internalHosts?: readonly string[];
  readonly services: readonly ServiceTraffic[];
  /** Absent = no HTTPS. */
  readonly tls?: TableTls;
  /** What an authority asks for under `/.well-known/acme-challenge/` on the public addresses; absent = it never asks. */
  readonly challenges?: readonly Challenge[];
};

/** HTTPS at the public addresses of its own. */
export type TableTls = {
  readonly listen: readonly Listen[];
  /** At least one; the first is for names that none of them has, and for clients that give no name. */
  readonly certificates: readonly TableCertificate[];
  /** Requests to `Table.listen` are sent on to HTTPS at this port; 0 = that of the first address here, null = they are served. */
  readonly redirectPort: number | null;
  /** Strict-Transport-Security of every answer over HTTPS that has none; 0 = none. */
  readonly hstsSeconds: number;
  readonly minVersion: '1.2' | '1.3';
};

/** A certificate as a balancer is told of it: where it is, never what is in it. */
export type TableCertificate = {
  /** Stays when the certificate is renewed. */
  readonly name: string;
  /** Changes with its content. */
  readonly id: string;
  /** Names and addresses, in lower case; `*.example.com` too. */
  readonly hosts: readonly string[];
  /** Absolute path of a PEM file with key, certificate and chain, which only its owner may read. */
  readonly file: string;
};

/** A question of an authority and what to answer. Source: RFC 8555 section 8.3. */
export type Challenge = { readonly token: string; readonly answer: string };

/** Where an authority asks. */
export const CHALLENGE_PATH = '/.well-known/acme-challenge/';

/** Failed requests by class. They are disjoint. */
export type FailureCounts = {
  /** The instance answered 5xx. */
  readonly status: number;
  /** No response headers within `timeoutMs`. */
  readonly timeout: number;
  /** The connection failed or was cut, also when a retry elsewhere then succeeded. */
  readonly connection: number;
  /** No response headers at `deadlineMs`, unless the client was still sending its body then. */
  readonly deadline: number;
};

/** Counts of one arm in one cell. Outcomes belong to the second in which the request started. */
export type ArmCount = {
  readonly version: number;
  readonly requests: number;
  readonly failures: FailureCounts;
  /** Sticky services: clients whose first failure of this release started in this cell. */
  readonly firstFailures: number;
  /** Time to response headers of every request, failed ones too: [bucket, count], buckets ascending. */
  readonly latency: Histogram;
  /** The failed requests among `latency`, by the same buckets; absent = not told. */
  readonly failedLatency?: Histogram;
  /** Requests that the instance answered 400 to 499; they are no failures. Absent = not told. */
  readonly clientErrors?: number;
  /** Sticky services: clients whose first such answer of this release started in this cell; absent = not told. */
  readonly firstClientErrors?: number;
  /** The same requests by route, those routes that had any, in the order of their names; absent = not told. */
  readonly routes?: readonly RouteCount[];
  /**
   * Sticky services: for each of the `slow` limits in the table, the clients whose first request beyond it started in this
   * cell, each client once per limit in whatever arm; absent = not told.
   */
  readonly firstSlow?: readonly number[];
  /** Sticky services: the clients whose first request of this release started in this cell, and how many of these requests failed. */
  readonly firstRequests?: { readonly requests: number; readonly failures: number };
};

/**
 * Counts of one route in one arm of one cell. At most 64 routes of a cell are told apart, the same in both arms: those whose
 * first request started first, so that chance between the arms has no part in it. The rest is in no route.
 */
export type RouteCount = {
  /** As `routeOf` names it. */
  readonly route: string;
  readonly requests: number;
  readonly failures: number;
  /** Sticky services: of the arm's `firstFailures`, those on this route. */
  readonly firstFailures: number;
};

/** Counts by latency bucket, buckets ascending, without empty ones. */
export type Histogram = readonly (readonly [bucket: number, count: number])[];

/** Sticky services: from which bucket on a request of either arm is beyond a limit; pairs of limits by their place. */
export type SlowLimits = { readonly stable: readonly number[]; readonly candidate: readonly number[] };

/** One failed request, sampled with the same probability in both arms. */
export type FailedRequest = {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly version: number;
  readonly arm: Arm;
  readonly method: string;
  /** Path without the query, cut at 200 characters. */
  readonly path: string;
  /** Status sent or that would have been sent. */
  readonly status: number;
  readonly failure: keyof FailureCounts;
  readonly ms: number;
  readonly instance: string;
  readonly traceId: string;
};

/**
 * All requests of one service that started in one second under one epoch, counted when every one of them is final
 * or older than the deadline. A cell never changes after it was given out.
 */
export type Cell = {
  /** Rises by one with every cell of one balancer life. */
  readonly seq: number;
  readonly service: string;
  /** Second of start, since 1970, by a clock that never goes back. */
  readonly tick: number;
  readonly epoch: number;
  /** The candidate's share at the time, in percent. */
  readonly weight: number;
  readonly stable: ArmCount | null;
  readonly candidate: ArmCount | null;
  /** Requests that were not assigned by chance: a forced version, or the other arm had no instance. Never judged. */
  readonly outside: { readonly requests: number; readonly failures: number };
  /**
   * What clients saw, forced versions and upgrades too. `answers`: every response head they got but refusals; `failures`:
   * of these, status 500 or above, or cut by the instance. `refused`: answered 503 by the balancer, for no instance was
   * there. An answer later than the cell's end, or a cut, is counted in the cell of the second in which it happened.
   */
  readonly seen: { readonly answers: number; readonly failures: number; readonly refused: number };
  readonly samples: readonly FailedRequest[];
};

/** Where a reader stands: counts up to `seq` of the balancer life `boot` are taken. */
export type Cursor = { readonly boot: string; readonly seq: number };

export type Observations = {
  readonly cursor: Cursor;
  /** Cells that were dropped unread because nobody came for too long. */
  readonly lost: number;
  /**
   * Every cell with this tick or an earlier one is given out: in `cells`, before them, or lost. Seconds without a
   * request have no cell, so only this tells that they are over. Never falls during one balancer life.
   */
  readonly closedUpTo: number;
  readonly cells: readonly Cell[];
};

/** What a balancer does now, as it reports it. */
export type BalancerSeen = {
  /** The fridaymorning that its process was started by, and that process; absent = not told. */
  readonly version?: string;
  readonly pid?: number;
  /** Revision of the table that routes now; 0 before the first. */
  readonly revision: number;
  readonly services: readonly ServiceSeen[];
  /** Open requests per instance id, upgraded connections too. Instances that left the table stay listed until 0. */
  readonly open: Readonly<Record<string, number>>;
  /** Public addresses in the order of the table's `listen`, with the port that was given where the table said 0. */
  readonly listening: readonly Listen[];
  /** The same of `Table.tls.listen`; absent without HTTPS. */
  readonly listeningTls?: readonly Listen[];
};

export type ServiceSeen = { readonly service: string; readonly epoch: number; readonly weight: number };

/** Number of latency buckets. */
export const BUCKETS = 1440;
const SMALLEST_MS = 0.1;
const GROWTH = Math.log(1.01);

/** Bucket 0 to 1439 of a latency; each bucket is 1 % wider than the one before, the first ends at 0.101 ms, the last holds all above 2.7 min. */
export function bucketOf(ms: number): number {
  if (!(ms > SMALLEST_MS)) return 0;
  return Math.min(BUCKETS - 1, Math.floor(Math.log(ms / SMALLEST_MS) / GROWTH + 1e-9));
}

/** Lower edge of a bucket in milliseconds. */
export function edgeOf(bucket: number): number {
  return SMALLEST_MS * Math.exp(bucket * GROWTH);
}

/** The smallest latency in ms that at least `share` (0 to 1) of the counts do not exceed, as an upper bucket edge; null without counts. */
export function quantile(latency: Histogram, share: number): number | null {
  const total = latency.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  let seen = 0;
  for (const [bucket, count] of latency) {
    seen += count;
    if (seen >= share * total) return edgeOf(bucket + 1);
  }
  return null;
}

/** All failures of an arm, whatever their class. */
export function failuresOf(arm: ArmCount): number {
  const { status, timeout, connection, deadline } = arm.failures;
  return status + timeout + connection + deadline;
}
