// Wrong passwords: so many per name and per address, then nobody may try for a while. In memory, which is bounded.
import { Failure } from '../../core/failure.ts';
import { Refusal } from '../refusal.ts';

export type Limit = { readonly most: number; readonly perMs: number };

const QUARTER_MS = 15 * 60_000;
export const PER_NAME: Limit = { most: 5, perMs: QUARTER_MS };
export const PER_ADDRESS: Limit = { most: 20, perMs: QUARTER_MS };
/** Names and addresses that are remembered; beyond, the oldest are forgotten. */
const MOST = 10_000;

type Tries = { count: number; since: number };

export type Limits = {
  /**
   * Counts a try before it is made, so that many at once are counted too; gives the way to take it back after a good
   * one. Failure: `refused` with 429 and Retry-After.
   */
  take(name: string, address: string, now: number): () => void;
};

export function createLimits(perName = PER_NAME, perAddress = PER_ADDRESS): Limits {
  const tries = new Map<string, Tries>();
  const seen = (key: string, { perMs }: Limit, now: number): Tries => {
    const known = tries.get(key);
    if (known && now - known.since < perMs && now >= known.since) return known;
    const fresh = { count: 0, since: now };
    tries.delete(key);
    tries.set(key, fresh);
    for (const oldest of tries.keys()) {
      if (tries.size <= MOST) break;
      tries.delete(oldest);
    }
    return fresh;
  };
  return {
    take: (name, address, now) => {
      const ofName = seen(`name ${name}`, perName, now);
      const ofAddress = seen(`from ${address}`, perAddress, now);
      for (const [one, limit] of [
        [ofName, perName],
        [ofAddress, perAddress],
      ] as const) {
        if (one.count >= limit.most) throw tooMany(one.since + limit.perMs - now);
      }
      ofName.count += 1;
      ofAddress.count += 1;
      return () => {
        ofName.count = 0;
        ofAddress.count -= 1;
      };
    },
  };
}

function tooMany(waitMs: number): Refusal {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const failure = new Failure('refused', `Too many wrong passwords: try again in ${Math.ceil(seconds / 60)} min.`, {
    hint: 'Whoever may use the machine needs no password: friday open',
  });
  return new Refusal(429, failure, { 'retry-after': String(seconds) });
}
