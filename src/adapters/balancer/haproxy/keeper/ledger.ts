// Turns what HAProxy's tables and lines tell into cells: each request counted once, in the second in which it began.
import type { Cursor } from '../../../../core/traffic.ts';
import { hexDigits } from '../../../../proxy/chance.ts';
import { LIMITS } from '../../../../proxy/limits.ts';
import type { Regime } from '../../../../proxy/observe/cell.ts';
import { KeptCells } from '../../../../proxy/observe/kept-cells.ts';
import { RouteNames } from '../../../../proxy/observe/route-names.ts';
import { Group, type Pending } from './group.ts';
import type { Row } from './master.ts';
import { endedIn, kindIn, parted } from './request.ts';
import { cellOf } from './tell.ts';

/** A routing that was replaced still gets the requests that HAProxy tells of late. */
const LATE_MS = 60_000;
/** HAProxy forgets a row sooner than that after its second. */
const ROW_SECONDS = 30;

/** What one worker has counted since it began. */
export type Tables = { readonly worker: number; readonly asked: readonly Row[]; readonly answered: readonly Row[] };

type Counted = {
  readonly regime: Regime;
  readonly names: RouteNames;
  /** Oldest first. */
  readonly pending: Pending[];
  replacedAt: number | null;
};
/** What a worker told, and when. */
type Known = {
  readonly asked: Map<string, Row['values']>;
  readonly answered: Map<string, Row['values']>;
  open: number;
  readAt: number;
};

export class Ledger {
  readonly boot = hexDigits(16);
  /** Lines that never came. */
  lostLines = 0;
  /** Requests that ended, and nobody knows how; they are not counted. */
  unknownEnds = 0;
  private readonly kept = new KeptCells(LIMITS.keptCells, LIMITS.keptBytes);
  private readonly counted = new Map<number, Counted>();
  private readonly groups = new Map<string, Group>();
  private readonly known = new Map<number, Known>();
  /** What began in a second before this one was counted by somebody else. */
  private readonly firstTick: number;
  private clock: number;
  /** Whether the tables were read after this second was over. */
  private readTick: number;
  private readonly instanceOf: (server: string) => string;

  /** Begins at `now`; `instanceOf` gives the id of the instance that HAProxy calls by this name. */
  constructor(now: number, instanceOf: (server: string) => string) {
    this.clock = now;
    this.firstTick = Math.floor(now / 1000);
    this.readTick = this.firstTick - 1;
    this.instanceOf = instanceOf;
  }

  /** Requests that carry this number are counted under `regime`. */
  change(number: number, regime: Regime): void {
    if (this.counted.has(number)) return;
    this.counted.set(number, { regime, names: new RouteNames(), pending: [], replacedAt: null });
  }

  /** Only these numbers are given to new requests. */
  retain(numbers: ReadonlySet<number>): void {
    for (const [number, one] of this.counted) if (!numbers.has(number)) one.replacedAt ??= this.clock;
  }

  /** A line came. */
  take(line: string): void {
    const ended = endedIn(line, (regime) => (this.counted.get(regime)?.regime.deadlineMs ?? 0) * 1000);
    if (ended === null) return;
    this.groupOf(ended.kind.key)?.lines.push(ended);
  }

  /** Whether the tables were read since the last second before `upTo` was over. */
  hasRead(upTo: number): boolean {
    return Math.floor(upTo / 1000) - 1 <= this.readTick;
  }

  /** Whether reading the tables could tell anything that is due by `upTo`. */
  isDue(upTo: number): boolean {
    if (!this.hasRead(upTo)) return true;
    for (const { pending } of this.counted.values()) if (pending.some(({ tick }) => tick <= this.readTick)) return true;
    return false;
  }

  /** The tables as they were read after `upTo`; those of a worker that did not answer are not among them. */
  read(upTo: number, tables: readonly Tables[]): void {
    this.clock = Math.max(upTo, this.clock);
    for (const group of this.groups.values()) group.open = 0;
    for (const { worker, asked, answered } of tables) {
      const known = this.known.get(worker) ?? { asked: new Map(), answered: new Map(), open: 0, readAt: 0 };
      this.known.set(worker, known);
      known.open = 0;
      known.readAt = this.clock;
      for (const row of asked) {
        known.open += row.open;
        this.readAsked(row, known.asked.get(row.key));
        known.asked.set(row.key, row.values);
      }
      for (const row of answered) {
        this.readAnswered(row, known.answered.get(row.key));
        known.answered.set(row.key, row.values);
      }
      for (const [rows, present] of [
        [known.asked, asked],
        [known.answered, answered],
      ] as const) {
        this.forgetRows(rows, present);
      }
    }
    this.readTick = Math.floor(this.clock / 1000) - 1;
  }

  /** Whether this worker had no request under way when it was read last, and no line is still to come. */
  isIdle(worker: number): boolean {
    if (this.known.get(worker)?.open !== 0) return false;
    for (const { pending } of this.counted.values()) {
      if (pending.some(({ groups }) => groups.some(({ missing }) => missing > 0))) return false;
    }
    return true;
  }

  /** Whether lines are still to come that a due cell needs. */
  isAwaiting(): boolean {
    for (const { pending } of this.counted.values()) {
      if (pending.some((one) => this.isDueCell(one) && one.groups.some(({ missing }) => missing > 0))) return true;
    }
    return false;
  }

  /** Gives out what is complete; `hasWaited`: for lines, in vain. */
  settle(hasWaited: boolean): void {
    for (const counted of this.counted.values()) {
      for (let first = counted.pending[0]; first !== undefined; first = counted.pending[0]) {
        if (!this.isOver(first, counted.regime, hasWaited)) break;
        counted.pending.shift();
        this.give(first, counted);
      }
    }
    this.forget();
  }

  /** `Observations` after `cursor` as JSON. */
  observe(cursor: Cursor | null): string {
    let closedUpTo = this.readTick;
    for (const { pending } of this.counted.values()) {
      if (pending[0] !== undefined) closedUpTo = Math.min(closedUpTo, pending[0].tick - 1);
    }
    return this.kept.read(this.boot, cursor, closedUpTo);
  }

  private readAsked(row: Row, before: Row['values'] | undefined): void {
    const [key, rest] = parted(row.key);
    const more = (name: string) => moreOf(row.values[name] ?? 0, before?.[name]);
    const [starts, told] = [more('conn_cnt'), more('gpc1')];
    const answered = more('gpc0') - more('gpc2');
    if (starts + told > 0 || answered !== 0) this.groupOf(key)?.ask(rest, row.values, starts, answered, told);
    if (row.open === 0) return;
    const group = this.groups.get(key);
    if (group !== undefined) group.open += row.open;
  }

  private readAnswered({ key, values }: Row, before: Row['values'] | undefined): void {
    const count = moreOf(values.conn_cnt ?? 0, before?.conn_cnt);
    if (count === 0) return;
    const [group, rest] = parted(key);
    this.groupOf(group)?.answer(rest, count);
  }

  /** Where to count it: a second that was given out takes nothing more, so the running one takes what comes late. */
  private groupOf(key: string): Group | null {
    const known = this.groups.get(key);
    if (known !== undefined && !known.pending.isClosed) return known;
    const kind = kindIn(key);
    const counted = kind === null ? undefined : this.counted.get(kind.regime);
    if (kind === null || counted === undefined || kind.tick < this.firstTick) return null;
    const { pending } = counted;
    const own = pending.find((one) => one.tick === kind.tick);
    const tick = kind.tick > this.readTick ? kind.tick : Math.max(this.readTick + 1, Math.floor(this.clock / 1000));
    const found = own ?? pending.find((one) => one.tick === tick) ?? { tick, groups: [], isClosed: false };
    if (!pending.includes(found)) {
      pending.push(found);
      pending.sort((one, other) => one.tick - other.tick);
    }
    const group = new Group(kind, found, known);
    this.groups.set(key, group);
    return group;
  }

  private isDueCell({ tick }: Pending): boolean {
    return tick <= this.readTick;
  }

  private isOver(one: Pending, { deadlineMs }: Regime, hasWaited: boolean): boolean {
    if (!this.isDueCell(one)) return false;
    const isLate = this.clock >= (one.tick + 1) * 1000 + deadlineMs;
    if (!isLate && one.groups.some((group) => !group.isDone)) return false;
    return hasWaited || one.groups.every(({ missing }) => missing <= 0);
  }

  private give(pending: Pending, { regime, names }: Counted): void {
    pending.isClosed = true;
    const { cell, unknown } = cellOf(pending, { regime, names, instanceOf: this.instanceOf });
    this.unknownEnds += unknown;
    for (const { missing } of pending.groups) this.lostLines += Math.max(0, missing);
    this.kept.add(cell.close(this.clock, this.kept.lastSeq + 1));
  }

  private forgetRows(rows: Map<string, unknown>, present: readonly Row[]): void {
    if (rows.size === present.length) return;
    const there = new Set(present.map(({ key }) => key));
    const oldest = this.clock / 1000 - ROW_SECONDS;
    for (const key of rows.keys()) {
      if (!there.has(key) && Number(key.split('|', 2)[1]) < oldest) rows.delete(key);
    }
  }

  private forget(): void {
    for (const [worker, { readAt }] of this.known) if (this.clock - readAt > LATE_MS) this.known.delete(worker);
    for (const [key, { pending }] of this.groups) {
      if (pending.isClosed && this.clock - pending.tick * 1000 > LATE_MS) this.groups.delete(key);
    }
    for (const [number, { replacedAt, pending }] of this.counted) {
      if (replacedAt === null || pending.length > 0 || this.clock - replacedAt < LATE_MS) continue;
      this.counted.delete(number);
    }
  }
}

/** A row that was forgotten in between begins anew. */
function moreOf(now: number, before: number | undefined): number {
  return before === undefined || now < before ? now : now - before;
}
