// Which greeting the next new client sees: epsilon-greedy on rates, because raw counts of likes favour whatever was shown more.

export const VARIANTS = ['a', 'b'] as const;
export type Variant = (typeof VARIANTS)[number];

/** How often a greeting was shown to a new client, and how many clients liked it. */
export type Count = { readonly exposures: number; readonly likes: number };
export type Counts = Readonly<Record<Variant, Count>>;

/**
 * Likes per exposure, 0 to 1, as Laplace's rule of succession estimates it: a greeting nobody saw yet has 1/2, so it is tried.
 * Likes above the exposures (they arrive from an earlier life of the counters) count as all.
 */
export function likeRate({ exposures, likes }: Count): number {
  return (Math.min(likes, exposures) + 1) / (exposures + 2);
}

/**
 * With probability `epsilon` (0 to 1) any greeting by chance, else the one with the best rate; equal rates are decided by chance.
 * `random` gives numbers from 0 up to but not including 1; it is called twice.
 */
export function chooseVariant(counts: Counts, epsilon: number, random: () => number): Variant {
  const isExploring = random() < epsilon;
  const byChance: Variant = random() < 0.5 ? 'a' : 'b';
  if (isExploring) return byChance;
  const lead = likeRate(counts.a) - likeRate(counts.b);
  if (lead === 0) return byChance;
  return lead > 0 ? 'a' : 'b';
}
