// Requests that have their routing, arm and second of start in common, as far as they are not given out yet.
import type { Row } from './master.ts';
import { type Asked, askedIn, type Ended, type Kind } from './request.ts';

/** Counts of one service under one routing that are given out together. */
export type Pending = { readonly tick: number; readonly groups: Group[]; isClosed: boolean };

export class Group {
  readonly kind: Kind;
  readonly pending: Pending;
  starts = 0;
  /** Requests under way, answered or not. */
  open = 0;
  /** Lines that HAProxy says it wrote, and those that came. Lines that came before it said so count for the group that follows. */
  told = 0;
  readonly lines: Ended[] = [];
  readonly ahead: number;
  readonly asked = new Map<string, Asked>();
  /** Answers by what they have in common. */
  readonly answered = new Map<string, number>();

  constructor(kind: Kind, pending: Pending, before: Group | undefined) {
    this.kind = kind;
    this.pending = pending;
    this.ahead = before === undefined ? 0 : Math.max(0, -before.missing);
    pending.groups.push(this);
  }

  /** Lines that have not come. */
  get missing(): number {
    return this.told - this.lines.length - this.ahead;
  }

  /** Nothing that is still under way can change what it counts. */
  get isDone(): boolean {
    const { isUpgrade, isRefused, isForEvents } = this.kind;
    if (this.open === 0 || isUpgrade || isRefused) return true;
    return isForEvents && this.starts <= this.heads + this.lines.filter((one) => one.headMs === null).length;
  }

  get heads(): number {
    let sum = 0;
    for (const count of this.answered.values()) sum += count;
    return sum;
  }

  /** So many more than before. */
  ask(rest: string, { gpt0 = 0 }: Row['values'], starts: number, answered: number, told: number): void {
    const more = askedIn(rest, { gpt0, conn_cnt: starts, gpc0: answered });
    const known = this.asked.get(rest);
    this.asked.set(
      rest,
      known === undefined ? more : { ...known, starts: known.starts + starts, answered: known.answered + answered },
    );
    this.starts += starts;
    this.told += told;
  }

  answer(rest: string, count: number): void {
    this.answered.set(rest, (this.answered.get(rest) ?? 0) + count);
  }
}
