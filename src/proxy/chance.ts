// The proxy's dice: draws for the split, and hexadecimal digits for client and trace ids.
import { randomBytes } from 'node:crypto';

/** Uniform in [0, 1). */
export const draw: () => number = Math.random;

const POOL_DIGITS = 16_384;
let pool = '';
let used = 0;

/** `count` hexadecimal digits (1 to 64) from the system's cryptographic source, drawn in bulk. */
export function hexDigits(count: number): string {
  if (used + count > pool.length) {
    pool = randomBytes(POOL_DIGITS / 2).toString('hex');
    used = 0;
  }
  used += count;
  return pool.slice(used - count, used);
}
