// Lets works on the same thing run one after the other.

export type Locks = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** A failed work does not stop the next one. */
export function keyedLocks(): Locks {
  const tails = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = tails.get(key) ?? Promise.resolve();
    const turn = before.then(work, work);
    tails.set(key, turn);
    try {
      return await turn;
    } finally {
      if (tails.get(key) === turn) tails.delete(key);
    }
  };
}
