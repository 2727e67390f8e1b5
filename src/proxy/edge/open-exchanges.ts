// Every request under way, looked at regularly for what has taken too long.

export interface Swept {
  /** Links of the list. */
  next: Swept | null;
  previous: Swept | null;
  /** Ends what has waited too long by `now`. */
  sweep(now: number): void;
  /** Breaks off, whatever the state. */
  breakOff(): void;
}

/** Timeouts are late by at most this. */
const SWEEP_MS = 25;

export class OpenExchanges {
  size = 0;
  private first: Swept | null = null;
  private timer: NodeJS.Timeout | null = null;
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  add(one: Swept): void {
    this.size += 1;
    one.next = this.first;
    if (this.first) this.first.previous = one;
    this.first = one;
    this.timer ??= setInterval(() => this.sweep(), SWEEP_MS);
  }

  delete(one: Swept): void {
    this.size -= 1;
    if (one.previous) one.previous.next = one.next;
    else this.first = one.next;
    if (one.next) one.next.previous = one.previous;
    one.next = null;
    one.previous = null;
  }

  breakOff(): void {
    this.each((one) => one.breakOff());
  }

  private sweep(): void {
    const now = this.now();
    this.each((one) => one.sweep(now));
    if (this.size > 0 || this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
  }

  /** An exchange may leave the list while it is looked at. */
  private each(look: (one: Swept) => void): void {
    let one = this.first;
    while (one !== null) {
      const { next } = one;
      look(one);
      one = next;
    }
  }
}
