// Seeded chance: the same seed gives the same world, on every machine.

export type Random = {
  /** 0 to below 1. */
  next(): number;
  chance(share: number): boolean;
  /** A whole number, both ends included. */
  between(from: number, to: number): number;
  pick<T>(list: readonly T[]): T;
  /** How many of `n` independent trials succeed. Exact. */
  binomial(n: number, share: number): number;
  /** Events in a span that expects `mean` of them; above 50 rounded from the normal law. */
  poisson(mean: number): number;
  /** 16 hexadecimal digits. */
  hex(): string;
  /** A stream of its own: what is drawn from one does not move the other. */
  fork(name: string): Random;
};

/** Four words from a text. Source: FNV-1a, Fowler, Noll and Vo 1991, with another offset for each word. */
function wordsOf(text: string): [number, number, number, number] {
  const word = (offset: number) => {
    let hash = offset;
    for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    return hash >>> 0;
  };
  return [word(0x811c9dc5), word(0x9e3779b9), word(0x7f4a7c15), word(0xf39cc060)];
}

export function randomOf(seed: string): Random {
  const next = generator(seed);
  const random: Random = {
    next,
    chance: (share) => share > 0 && next() < share,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    pick: <T>(list: readonly T[]) => list[Math.floor(next() * list.length)] as T,
    binomial: (n, share) => binomial(next, n, share),
    poisson: (mean) => poisson(next, mean),
    hex: () =>
      [0, 1]
        .map(() =>
          Math.floor(next() * 2 ** 32)
            .toString(16)
            .padStart(8, '0'),
        )
        .join(''),
    fork: (name) => randomOf(`${seed}/${name}`),
  };
  return random;
}

/** Source: sfc32, Chris Doty-Humphrey, PractRand. */
function generator(seed: string): () => number {
  let [a, b, c, d] = wordsOf(seed);
  const next = () => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i += 1) next();
  return next;
}

function binomial(next: () => number, n: number, share: number): number {
  if (n <= 0 || share <= 0) return 0;
  if (share >= 1) return n;
  if (share > 0.5) return n - binomial(next, n, 1 - share);
  let hits = 0;
  if (share > 0.1) {
    for (let i = 0; i < n; i += 1) if (next() < share) hits += 1;
    return hits;
  }
  const perMiss = Math.log1p(-share);
  for (let at = skip(next, perMiss); at < n; at += 1 + skip(next, perMiss)) hits += 1;
  return hits;
}

/** Misses before the next hit. */
function skip(next: () => number, perMiss: number): number {
  return Math.floor(Math.log(1 - next()) / perMiss);
}

function poisson(next: () => number, mean: number): number {
  if (mean <= 0) return 0;
  if (mean > 50) {
    const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const limit = Math.exp(-mean);
  let product = next();
  let events = 0;
  while (product > limit) {
    product *= next();
    events += 1;
  }
  return events;
}
