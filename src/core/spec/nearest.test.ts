// Mistyped words and the ones that were meant.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from './nearest.ts';

describe('nearest', () => {
  it('finds the word that was meant, whatever its case', () => {
    expect(nearest('Comand', ['command', 'configs'])).toBe('command');
    expect(nearest('error', ['errors', 'plan'])).toBe('errors');
    expect(nearest('prots', ['ports'])).toBe('ports');
  });

  it('finds nothing far away', () => {
    expect(nearest('worker', ['volumes', 'networks'])).toBeNull();
    expect(nearest('x', [])).toBeNull();
    expect(nearest('', ['abc'])).toBeNull();
  });
});

describe('editDistance', () => {
  it('is the same in both directions, and 0 only for equal words', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });

  it('counts a swap of neighbours once', () => {
    expect(editDistance('ab', 'ba')).toBe(1);
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });
});
