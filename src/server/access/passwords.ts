// Passwords: scrypt with its parameters beside the digest, a few at a time, in the same time for names that nobody has.
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { Failure } from '../../core/failure.ts';
import type { KeptPassword } from '../../ports/access.ts';
import { Refusal } from '../refusal.ts';

export type Cost = { readonly n: number; readonly r: number; readonly p: number };

/** 32 MB and some 200 ms. Source: OWASP Password Storage Cheat Sheet, scrypt, N = 2^15, r = 8, p = 3. */
export const COST: Cost = { n: 2 ** 15, r: 8, p: 3 };

const BYTES = 32;
/** Each takes 32 MB and a thread of the pool that files share. */
const AT_ONCE = 2;
const MOST_WAITING = 20;

export type Passwords = {
  hash(password: string): Promise<KeptPassword>;
  /** Null: of somebody who has no password, or of nobody; takes as long as with one and is false. */
  verify(password: string, kept: KeptPassword | null): Promise<boolean>;
  /** Kept with a lower cost than hashes have now. */
  isOld(kept: KeptPassword): boolean;
};

/** Failure of its methods: `unavailable` with 503 when too many wait. */
export function createPasswords(cost: Cost = COST): Passwords {
  const nobody: KeptPassword = keptOf(cost, randomBytes(16), randomBytes(BYTES));
  const enter = gate();
  const derive = async (password: string, salt: Buffer, { n, r, p }: Cost): Promise<Buffer> => {
    const leave = await enter();
    try {
      return await derived(password.normalize('NFC'), salt, { n, r, p });
    } finally {
      leave();
    }
  };
  return {
    hash: async (password) => {
      const salt = randomBytes(16);
      return keptOf(cost, salt, await derive(password, salt, cost));
    },
    verify: async (password, kept) => {
      const against = kept ?? nobody;
      const digest = await derive(password, Buffer.from(against.salt, 'base64'), against);
      const isRight = timingSafeEqual(digest, Buffer.from(against.digest, 'base64'));
      return isRight && kept !== null;
    },
    isOld: (kept) => kept.n * kept.r * kept.p < cost.n * cost.r * cost.p,
  };
}

function keptOf({ n, r, p }: Cost, salt: Buffer, digest: Buffer): KeptPassword {
  return { method: 'scrypt', n, r, p, salt: salt.toString('base64'), digest: digest.toString('base64') };
}

function derived(password: string, salt: Buffer, { n, r, p }: Cost): Promise<Buffer> {
  const options = { N: n, r, p, maxmem: 256 * n * r };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, BYTES, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

/** Lets so many in at once, in order; gives the way out. */
function gate(): () => Promise<() => void> {
  let inside = 0;
  const waiting: (() => void)[] = [];
  const leave = () => {
    const next = waiting.shift();
    if (next) next();
    else inside -= 1;
  };
  return async () => {
    if (inside < AT_ONCE) inside += 1;
    else if (waiting.length >= MOST_WAITING) throw crowded();
    else await new Promise<void>((resolve) => waiting.push(resolve));
    return leave;
  };
}

function crowded(): Refusal {
  const failure = new Failure('unavailable', 'Too many people sign in at this moment.', { hint: 'Try again soon.' });
  return new Refusal(503, failure, { 'retry-after': '5' });
}
