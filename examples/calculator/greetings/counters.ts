// The counters of exposures and likes: always answered from memory, shared through Redis by those who give it.
import type { Counts, Variant } from './epsilon-greedy.ts';

export type Field = 'exposures' | 'likes';

/** Numbers by `<variant>.<field>`. */
export type Deltas = Map<string, number>;

export type Counters = {
  /** What is known now; never waits. */
  read(): Counts;
  /** Counts one; never waits and never fails. */
  add(variant: Variant, field: Field): void;
  close(): Promise<void>;
};

export function createMemoryCounters(): Counters {
  const numbers: Deltas = new Map();
  return {
    read: () => countsOf(numbers),
    add: (variant, field) => addTo(numbers, `${variant}.${field}`, 1),
    close: async () => {},
  };
}

export function addTo(numbers: Deltas, key: string, amount: number): void {
  numbers.set(key, (numbers.get(key) ?? 0) + amount);
}

/** The sum of several maps as counts. */
export function countsOf(...parts: readonly ReadonlyMap<string, number>[]): Counts {
  const sum = (key: string) => parts.reduce((total, part) => total + (part.get(key) ?? 0), 0);
  const count = (variant: Variant) => ({ exposures: sum(`${variant}.exposures`), likes: sum(`${variant}.likes`) });
  return { a: count('a'), b: count('b') };
}
