// Tests of the equality of JSON values.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isEqual } from './equal.ts';

it('finds a value equal to its copy', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => isEqual(value, structuredClone(value))));
});

it('agrees with the JSON texts of any two values whose keys have an order', () => {
  const small = fc.jsonValue({ maxDepth: 2 });
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, part) =>
      part && typeof part === 'object' && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
        : part,
    );
  fc.assert(fc.property(small, small, (one, other) => isEqual(one, other) === (text(one) === text(other))));
});

it('tells lists from objects, nothing from empty, and a missing key from an empty one', () => {
  expect(isEqual([], {})).toBe(false);
  expect(isEqual(null, {})).toBe(false);
  expect(isEqual({ a: null }, {})).toBe(false);
  expect(isEqual({ a: undefined }, { b: undefined })).toBe(false);
  expect(isEqual({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
});
