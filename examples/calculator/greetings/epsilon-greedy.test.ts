// The choice of a greeting: what it does at its edges, and that it finds the better one.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../users/arrivals.ts';
import { type Counts, chooseVariant, likeRate, type Variant } from './epsilon-greedy.ts';

const count = fc.record({ exposures: fc.nat(1_000_000), likes: fc.nat(1_000_000) });
const counts: fc.Arbitrary<Counts> = fc.record({ a: count, b: count });
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** Gives the numbers in turn. */
function dice(...numbers: number[]): () => number {
  return () => numbers.shift() ?? 0;
}

describe('likeRate', () => {
  it('is between 0 and 1, also without exposures and with more likes than exposures', () => {
    fc.assert(
      fc.property(count, (each) => {
        expect(likeRate(each)).toBeGreaterThan(0);
        expect(likeRate(each)).toBeLessThan(1);
      }),
    );
    expect(likeRate({ exposures: 0, likes: 0 })).toBe(0.5);
  });

  it('rises with likes and falls with exposures', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(10_000), (likes, more) => {
        const exposures = likes + more + 1;
        expect(likeRate({ exposures, likes: likes + 1 })).toBeGreaterThan(likeRate({ exposures, likes }));
        expect(likeRate({ exposures: exposures + 1, likes })).toBeLessThan(likeRate({ exposures, likes }));
      }),
    );
  });
});

describe('chooseVariant', () => {
  it('takes the one with the better rate unless it explores', () => {
    fc.assert(
      fc.property(counts, unit, unit, unit, (each, epsilon, first, second) => {
        fc.pre(first >= epsilon && likeRate(each.a) !== likeRate(each.b));
        const better = likeRate(each.a) > likeRate(each.b) ? 'a' : 'b';
        expect(chooseVariant(each, epsilon, dice(first, second))).toBe(better);
      }),
    );
  });

  it('takes either by chance when it explores, whatever the counts', () => {
    fc.assert(
      fc.property(counts, unit, (each, second) => {
        expect(chooseVariant(each, 1, dice(0.5, second))).toBe(second < 0.5 ? 'a' : 'b');
      }),
    );
  });

  it('treats the two alike: swapped counts and swapped dice give the other one', () => {
    fc.assert(
      fc.property(counts, unit, unit, (each, first, second) => {
        fc.pre(second !== 0.5);
        const one = chooseVariant(each, 0.1, dice(first, second));
        const other = chooseVariant({ a: each.b, b: each.a }, 0.1, dice(first, 1 - second));
        expect(other).toBe(one === 'a' ? 'b' : 'a');
      }),
    );
  });

  it('follows the rate and not the count of likes', () => {
    const each = { a: { exposures: 1000, likes: 50 }, b: { exposures: 100, likes: 10 } };
    expect(chooseVariant(each, 0.1, dice(0.5, 0.1))).toBe('b');
  });

  it('shows the better of 5 % and 15 % to most of 5,000 people, whichever it is, in at least 95 of 100 worlds', () => {
    for (const better of ['a', 'b'] as const) {
      const won = Array.from({ length: 100 }, (_, seed) => shareOf(better, seed + 1)).filter((share) => share > 0.75);
      expect(won.length).toBeGreaterThanOrEqual(95);
    }
  });
});

/** Share of the people in one simulated world who saw `better`. */
function shareOf(better: Variant, seed: number): number {
  const people = 5000;
  const random = createRandom(seed);
  const seen = { a: { exposures: 0, likes: 0 }, b: { exposures: 0, likes: 0 } };
  for (let i = 0; i < people; i += 1) {
    const variant = chooseVariant(seen, 0.1, random);
    seen[variant].exposures += 1;
    if (random() < (variant === better ? 0.15 : 0.05)) seen[variant].likes += 1;
  }
  return seen[better].exposures / people;
}
