// Chance from a seed, so that every forecast and every table of the bench can be made again.

export type Dice = () => number;

/** Uniform numbers from 0 to below 1. Source: Marsaglia 2003, xorshift128; seeded by splitmix32 (Steele et al. 2014). */
export function diceOf(seed: number): Dice {
  let mixed = seed >>> 0;
  const mix = () => {
    mixed = (mixed + 0x9e3779b9) >>> 0;
    let z = mixed;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let [x, y, z, w] = [mix(), mix(), mix(), mix() | 1];
  return () => {
    const t = x ^ (x << 11);
    [x, y, z] = [y, z, w];
    w = (w ^ (w >>> 19) ^ t ^ (t >>> 8)) >>> 0;
    return w / 4_294_967_296;
  };
}

/** Standard normal. Source: Box & Muller 1958. */
export function normal(roll: Dice): number {
  return Math.sqrt(-2 * Math.log(1 - roll())) * Math.cos(2 * Math.PI * roll());
}

/** Poisson: by multiplication below a mean of 30 (Knuth, TAOCP 2, 3.4.1), above by rounding a normal. */
export function poisson(roll: Dice, mean: number): number {
  if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(roll)));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = roll(); product > limit; product *= roll()) count += 1;
  return count;
}

/** Of `n` tries so many succeed, each with chance `p`: exact below a mean of 30, above by rounding a normal. Source: Devroye 1986, X.4.3. */
export function binomial(roll: Dice, n: number, p: number): number {
  if (!(n > 0) || !(p > 0)) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - binomial(roll, n, 1 - p);
  const mean = n * p;
  if (mean > 30) {
    return Math.max(0, Math.min(n, Math.round(mean + Math.sqrt(mean * (1 - p)) * normal(roll))));
  }
  const lnMiss = Math.log1p(-p);
  let count = -1;
  // Tries until the next success are geometric.
  for (let tries = 0; tries <= n; count += 1) tries += 1 + Math.floor(Math.log(1 - roll()) / lnMiss);
  return count;
}
