// Simulated time: seconds that only go on, and a wall clock that people and machines may set.

/** A Friday morning, 2 January 2026, 09:00 UTC. */
const START_MS = 1_767_344_400_000;

export class SimTime {
  /** Whole seconds since the world began. */
  second = 0;
  /** Milliseconds into this second. */
  ms = 0;
  /** How far the wall clock was set away, in whole seconds. */
  wallShiftS = 0;
  readonly #notes: string[] = [];

  get monotonicMs(): number {
    return this.second * 1000 + this.ms;
  }

  get wallMs(): number {
    return START_MS + this.monotonicMs + this.wallShiftS * 1000;
  }

  /** Remembers a sentence about the world, for the reader of a failure; the newest 200 are kept. */
  note(sentence: string): void {
    this.#notes.push(`${String(this.second).padStart(5)}.${String(this.ms).padStart(3, '0')} ${sentence}`);
    if (this.#notes.length > 400) this.#notes.splice(0, 200);
  }

  notes(count: number): readonly string[] {
    return this.#notes.slice(-count);
  }
}
