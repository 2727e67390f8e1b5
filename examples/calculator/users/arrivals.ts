// When pretend users arrive: by chance, at a given rate, whether or not anybody keeps up.

/** Numbers from 0 up to but not including 1, the same for the same seed: xorshift32. Source: Marsaglia 2003, "Xorshift RNGs", section 3. */
export function createRandom(seed: number): () => number {
  // A state of 0 would stay 0 for ever; multiplying spreads small seeds over all bits.
  let state = Math.imul(seed, 0x9e3779b1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

export type Arrivals = {
  readonly rate: () => number;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly arrive: () => void;
};

/** A Poisson process: gaps are exponential, and counted from the arrival before, not from when this process woke up. */
export async function arrivals({ rate, random, signal, arrive }: Arrivals): Promise<void> {
  const gap = () => (-Math.log(1 - random()) * 1000) / Math.max(rate(), 1e-6);
  let next = performance.now() + gap();
  while (!signal.aborted) {
    // At most 100 ms, so that a rate that changes or an abort is noticed.
    await new Promise((resolve) => setTimeout(resolve, Math.min(100, Math.max(1, next - performance.now()))));
    const now = performance.now();
    // After a stall of this process the arrivals it missed are not made up for in one burst.
    if (now - next > 1000) next = now;
    while (next <= now && !signal.aborted) {
      arrive();
      next += gap();
    }
  }
}
