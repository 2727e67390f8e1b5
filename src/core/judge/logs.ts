// Arithmetic on logarithms: sums of exponentials and factorials that never overflow.

/** ln of the sum of e^value; -Infinity without values. Shifted by the largest one, so nothing overflows. */
export function logSumExp(values: readonly number[]): number {
  const top = values.reduce((most, value) => Math.max(most, value), -Infinity);
  if (top === -Infinity) return top;
  return top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0));
}

/** ln of the mean of e^value: of the even mixture over bets of which these are the logarithms. */
export function logMean(values: readonly number[]): number {
  return logSumExp(values) - Math.log(values.length);
}

/** Evidence with the gains of one stratum, to nine decimals, which keeps its text short; rounded down, so that it stays evidence. */
export function addRoundedDown(lnL: readonly number[], gains: readonly number[]): readonly number[] {
  return lnL.map((value, i) => Math.floor((value + (gains[i] ?? 0)) * 1e9) / 1e9);
}

/**
 * ln Gamma(x) for x > 0, to about 1e-14 of the larger of 1 and the result.
 * Source: Stirling's series, Abramowitz & Stegun 1964, 6.1.40, from x = 10 on; below by Gamma(x + 1) = x Gamma(x), 6.1.15.
 */
export function logGamma(x: number): number {
  let product = 1;
  let z = x;
  for (; z < 10; z += 1) product *= z;
  const r = 1 / (z * z);
  const tail = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - (r * 691) / 360_360))))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + tail - Math.log(product);
}

/** ln C(n, k) for whole 0 <= k <= n. */
export function logChoose(n: number, k: number): number {
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
}
