// Counts requests that HAProxy tells of afterwards as if they happened now: replays starts, heads and ends in their order.
import type { Cursor } from '../../../../core/traffic.ts';
import { LIMITS } from '../../../../proxy/limits.ts';
import type { Regime } from '../../../../proxy/observe/cell.ts';
import { Observer } from '../../../../proxy/observe/observer.ts';
import type { RequestCount } from '../../../../proxy/observe/request-count.ts';
import type { ServiceCount } from '../../../../proxy/observe/service-count.ts';
import type { OpenEntry } from './master.ts';
import { type Ended, type Noted, notedIn } from './request.ts';

/** A request of which neither HAProxy nor a line tells any more is forgotten after so long. */
const LOST_MS = 10_000;
/** HAProxy lists a request for half a second after its end; longer than that its end is remembered. */
const REMEMBERED_MS = 5_000;
/** A routing that was replaced still gets the requests that HAProxy tells of late. */
const LATE_MS = 60_000;
const START = 0;
const HEAD = 1;
const END = 2;

type Step = { readonly at: number; readonly kind: number; readonly id: string; readonly run: (now: number) => void };

/** One request that has not ended. `count` is null for those that are in no arm: upgrades and refused ones. */
type Open = {
  readonly noted: Noted;
  readonly service: ServiceCount;
  count: RequestCount | null;
  hasHead: boolean;
  instance: string;
  goneSince: number | null;
};

export class Ledger {
  private readonly observer: Observer;
  private readonly regimes = new Map<number, { count: ServiceCount; replacedAt: number | null }>();
  private readonly open = new Map<string, Open>();
  /** Begun by an entry or a line, so that the other one does not begin it again. */
  private readonly begun = new Set<string>();
  private ended: Ended[] = [];
  /** When the line of each came. */
  private readonly endedIds = new Map<string, number>();
  private waiting: Step[] = [];
  private clock: number;
  private readonly instanceOf: (server: string) => string;

  /** Begins at `now`; `instanceOf` gives the id of the instance that HAProxy calls by this name. */
  constructor(now: number, instanceOf: (server: string) => string) {
    this.clock = now;
    this.instanceOf = instanceOf;
    this.observer = new Observer(() => this.clock, LIMITS);
  }

  get boot(): string {
    return this.observer.boot;
  }

  /** Requests that carry this number are counted under `regime`, those of `before` no longer than they are told of late. */
  change(number: number, regime: Regime): void {
    if (!this.regimes.has(number)) this.regimes.set(number, { count: this.observer.join(regime), replacedAt: null });
  }

  /** Only these numbers are given to new requests. */
  retain(numbers: ReadonlySet<number>): void {
    for (const [number, regime] of this.regimes) {
      if (!numbers.has(number)) regime.replacedAt ??= this.clock;
    }
  }

  /** A request has ended. */
  take(ended: Ended): void {
    this.ended.push(ended);
    this.endedIds.set(ended.noted.id, this.clock);
  }

  /** Whether a line is still to come for one of these, which have ended. */
  isAwaiting(entries: readonly OpenEntry[]): boolean {
    return entries.some((one) => !one.isInUse && !this.isKnownToHaveEnded(one.key.slice(0, one.key.indexOf('|'))));
  }

  /** Everything that happened up to `upTo` is told: `entries` are the requests under way, the lines have been taken. */
  advance(upTo: number, entries: readonly OpenEntry[]): void {
    const until = Math.max(upTo, this.clock);
    const steps = this.waiting;
    for (const one of this.ended) this.plan(steps, one);
    this.ended = [];
    const told = new Set<string>();
    for (const entry of entries) {
      const noted = notedIn(entry.key);
      if (noted === null) continue;
      told.add(noted.id);
      if (!this.endedIds.has(noted.id)) this.planOpen(steps, noted, entry);
    }
    steps.sort((one, other) => one.at - other.at || one.kind - other.kind);
    const due = steps.findIndex((one) => one.at > until);
    this.waiting = due < 0 ? [] : steps.splice(due);
    for (const step of steps) {
      this.clock = Math.max(this.clock, step.at);
      step.run(this.clock);
    }
    this.clock = until;
    this.forget(told);
  }

  read(cursor: Cursor | null): string {
    return this.observer.read(cursor);
  }

  private isKnownToHaveEnded(id: string): boolean {
    return this.endedIds.has(id);
  }

  private plan(steps: Step[], ended: Ended): void {
    const { noted, headMs } = ended;
    const { id, startedAt } = noted;
    this.planStart(steps, noted);
    const headAt = headMs === null ? null : startedAt + headMs;
    if (headAt !== null) {
      steps.push({
        at: headAt,
        kind: HEAD,
        id,
        run: (now) => this.head(id, now, ended),
      });
    }
    const at = Math.max(ended.endedAt, headAt ?? startedAt);
    steps.push({ at, kind: END, id, run: (now) => this.end(ended, now) });
  }

  private planStart(steps: Step[], noted: Noted): void {
    const { id, startedAt } = noted;
    if (this.begun.has(id)) return;
    this.begun.add(id);
    steps.push({ at: startedAt, kind: START, id, run: (now) => this.start(noted, now) });
  }

  private planOpen(steps: Step[], noted: Noted, { status, headUs, isEventStream }: OpenEntry): void {
    this.planStart(steps, noted);
    if (status === 0) return;
    const { id } = noted;
    const head = { status, isEventStream, retries: 0, answerMs: 0, server: '' };
    steps.push({ at: noted.startedAt + headUs / 1000, kind: HEAD, id, run: (now) => this.head(id, now, head) });
  }

  private start(noted: Noted, now: number): void {
    const service = this.regimes.get(noted.regime)?.count;
    if (service === undefined) return;
    const open: Open = { noted, service, count: null, hasHead: false, instance: '', goneSince: null };
    this.open.set(noted.id, open);
    if (noted.isRefused) service.refused(now);
    if (noted.isRefused || noted.isUpgrade) return;
    open.count = service.start(noted.arm, noted.isOutside, now, {
      method: noted.method,
      url: noted.path,
      get instance() {
        return open.instance;
      },
      traceId: noted.traceId,
      clientId: noted.clientId,
      wasUploading: () => noted.isUploading,
    });
  }

  private head(
    id: string,
    now: number,
    head: Pick<Ended, 'status' | 'isEventStream' | 'retries' | 'answerMs' | 'server'>,
  ): void {
    const open = this.open.get(id);
    if (open === undefined || open.hasHead) return;
    open.hasHead = true;
    open.instance = this.instanceOf(head.server);
    // A try that failed is a failure, though another instance then answered.
    if (head.retries > 0) open.count?.cut(Math.max(open.noted.startedAt, now - Math.max(0, head.answerMs)), 502);
    open.count?.head(now, head.status, head.isEventStream);
    open.service.saw(open.count?.cell ?? null, now, head.status >= 500);
  }

  private end(ended: Ended, now: number): void {
    const { noted, cause, status, server } = ended;
    const open = this.open.get(noted.id);
    this.open.delete(noted.id);
    if (open === undefined || noted.isRefused) return;
    const { count, service } = open;
    if (server !== '<NOSRV>') open.instance = this.instanceOf(server);
    const who = cause[0] ?? '-';
    if (who === 'C' || who === 'c') {
      count?.leave(now);
      if (!open.hasHead && status >= 400) service.saw(count?.cell ?? null, now, false);
      return;
    }
    if (open.hasHead) {
      if (who === 'S' || who === 's') this.cutOff(open, now, status);
      else count?.end(now);
      return;
    }
    if (who === 's' && cause[1] === 'H') count?.timeOut(now);
    else count?.cut(now, 502);
    service.saw(count?.cell ?? null, now, true);
  }

  private cutOff({ count, service, noted }: Open, now: number, status: number): void {
    if (noted.isUpgrade) return;
    count?.cut(now, status);
    service.sawCut(count?.cell ?? null, now);
  }

  /** What HAProxy no longer knows, and routings that nobody is under any more. */
  private forget(told: ReadonlySet<string>): void {
    const pending = new Set(this.waiting.map((one) => one.id));
    for (const [id, one] of this.open) {
      if (told.has(id) || pending.has(id)) {
        one.goneSince = null;
        continue;
      }
      one.goneSince ??= this.clock;
      if (this.clock - one.goneSince < LOST_MS) continue;
      one.count?.leave(this.clock);
      this.open.delete(id);
    }
    for (const id of this.begun) {
      if (told.has(id) || pending.has(id) || this.open.has(id) || this.endedIds.has(id)) continue;
      this.begun.delete(id);
    }
    for (const [id, at] of this.endedIds) {
      if (this.clock - at < REMEMBERED_MS) break;
      this.endedIds.delete(id);
    }
    const inUse = new Set([...this.open.values()].map((one) => one.service));
    for (const [number, { count, replacedAt }] of this.regimes) {
      if (replacedAt === null || this.clock - replacedAt < LATE_MS || inUse.has(count)) continue;
      this.observer.leave(count);
      this.regimes.delete(number);
    }
  }
}
