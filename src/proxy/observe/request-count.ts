// What one request adds to the counts: decided once, in the cell of the second in which it started.
import type { Arm, FailureCounts } from '../../core/traffic.ts';
import type { OpenCell } from './cell.ts';
import type { FirstCounts } from './first-counts.ts';
import type { RouteTally, Tally } from './tally.ts';

/** What a sample tells of a failed request. */
export interface RequestFacts {
  readonly method: string;
  /** Path with the query. */
  readonly url: string;
  readonly instance: string;
  readonly traceId: string;
  readonly clientId: string | null;
  /** At `time` the client was still sending its body and the instance took all of it: the wait was not the instance's. */
  wasUploading(time: number): boolean;
}

type FailureClass = keyof FailureCounts;

const TIMED_OUT = 504;
const PATH_CHARACTERS = 200;

export class RequestCount {
  readonly cell: OpenCell;
  readonly startedAt: number;
  /** Links of the cell's list of requests that are not final. */
  newer: RequestCount | null = null;
  older: RequestCount | null = null;
  private readonly arm: Arm;
  /** Null for a request that was not assigned by chance. */
  private readonly tally: Tally | null;
  private readonly route: RouteTally | null;
  /** Null where clients are not told apart, or this one is not known. */
  private readonly firsts: FirstCounts | null;
  private readonly isFirstOfClient: boolean;
  private readonly facts: RequestFacts;
  private readonly settle: (now: number) => void;
  private isFinal = false;
  private hasHead = false;
  private isClientError = false;
  /** Of its latency, once that is known. */
  private bucket = 0;

  constructor(
    cell: OpenCell,
    arm: Arm,
    isOutside: boolean,
    startedAt: number,
    route: string,
    facts: RequestFacts,
    settle: (now: number) => void,
  ) {
    this.cell = cell;
    this.arm = arm;
    this.tally = isOutside ? null : cell.tallyOf(arm);
    this.startedAt = startedAt;
    this.facts = facts;
    this.settle = settle;
    this.route = this.enter(route);
    this.firsts = facts.clientId === null ? null : (this.tally?.firsts ?? null);
    this.isFirstOfClient = this.firsts?.start(facts.clientId ?? '') ?? false;
    cell.lastStart = startedAt;
    this.older = cell.newest;
    if (cell.newest) cell.newest.newer = this;
    cell.newest = this;
  }

  /** Requests that are not judged claim places for their routes too: that the other arm had no instance must not matter. */
  private enter(route: string): RouteTally | null {
    const place = this.cell.placeOf(route);
    const { tally } = this;
    if (tally === null) {
      this.cell.outside.requests += 1;
      return null;
    }
    tally.requests += 1;
    if (place === null) return null;
    const counts = tally.routeAt(place, route);
    counts.requests += 1;
    return counts;
  }

  /** The instance answered. An event stream is final with its head. */
  head(now: number, status: number, isEventStream: boolean): void {
    if (!this.mayDecide(now)) return;
    this.noteAge(now);
    this.hasHead = true;
    this.isClientError = status >= 400 && status < 500;
    if (status >= 500) this.fail('status', status, now);
    else if (isEventStream) this.pass(now);
  }

  /** The answer ended well. */
  end(now: number): void {
    if (!this.isFinal) this.pass(now);
  }

  /** The connection to the instance failed, or the instance cut its answer. */
  cut(now: number, status: number): void {
    if (!this.mayDecide(now)) return;
    this.noteAge(now);
    this.fail('connection', status, now);
  }

  /** No head came within the timeout. */
  timeOut(now: number): void {
    if (!this.mayDecide(now)) return;
    this.noteAge(now);
    this.fail('timeout', TIMED_OUT, now);
  }

  /** The client left. */
  leave(now: number): void {
    if (!this.mayDecide(now)) return;
    this.noteAge(now);
    this.pass(now);
  }

  /** The deadline has passed, or the cell closes: without a head this is a failure, except for the client's own slowness. */
  expire(now: number): void {
    const { deadlineMs, timeoutMs } = this.cell.regime;
    this.noteLatency(deadlineMs);
    const isFine = this.hasHead || this.facts.wasUploading(this.startedAt + deadlineMs);
    if (isFine) this.pass(now);
    else this.fail(timeoutMs <= deadlineMs ? 'timeout' : 'deadline', TIMED_OUT, now);
  }

  /** Without a head, the age is the latency. */
  private noteAge(now: number): void {
    this.noteLatency(now - this.startedAt);
  }

  private noteLatency(ms: number): void {
    if (!this.hasHead && this.tally) this.bucket = this.tally.addLatency(ms);
  }

  /** False when it is final, or becomes so for its deadline has passed. */
  private mayDecide(now: number): boolean {
    if (this.isFinal) return false;
    if (now - this.startedAt <= this.cell.regime.deadlineMs) return true;
    this.expire(now);
    return false;
  }

  /** No failure; an answer 400 to 499 is one of its own kind, if it was not cut. */
  private pass(now: number): void {
    if (this.isClientError && this.tally) this.tally.clientErrors += 1;
    this.firsts?.pass(this.facts.clientId ?? '', this.bucket, this.isClientError);
    this.finish(now);
  }

  private fail(failure: FailureClass, status: number, now: number): void {
    const { tally, route } = this;
    if (tally) {
      tally.fail(failure, this.bucket);
      const isFirst = this.firsts?.fail(this.facts.clientId ?? '', this.isFirstOfClient) ?? false;
      if (route) {
        route.failures += 1;
        if (isFirst) route.firstFailures += 1;
      }
      this.describe(tally, failure, status, now);
    } else this.cell.outside.failures += 1;
    this.finish(now);
  }

  private describe(tally: Tally, failure: FailureClass, status: number, now: number): void {
    const { cell } = this;
    const { method, url, instance, traceId } = this.facts;
    const query = url.indexOf('?');
    cell.sample({
      at: Math.round(this.startedAt),
      version: tally.version,
      arm: this.arm,
      method,
      path: (query < 0 ? url : url.slice(0, query)).slice(0, PATH_CHARACTERS),
      status,
      failure,
      ms: Math.round((now - this.startedAt) * 10) / 10,
      instance,
      traceId,
    });
  }

  private finish(now: number): void {
    this.isFinal = true;
    const { cell, newer, older } = this;
    if (newer) newer.older = older;
    else cell.newest = older;
    if (older) older.newer = newer;
    this.newer = null;
    this.older = null;
    if (cell.newest === null && !cell.isClosed && now >= cell.endsAt) this.settle(now);
  }
}
