// What is kept says the same as what came, and is the same object where nothing changed.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kept } from './kept.ts';

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('what is kept', () => {
  it('says what came, whatever was there', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (before, next) => {
        expect(kept(copy(before), copy(next))).toEqual(copy(next));
      }),
    );
  });

  it('is what was there when nothing changed', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const before = copy(value);
        expect(kept(before, copy(value))).toBe(before);
      }),
    );
  });

  it('finds things by name and id again, and leaves those alone that did not change', () => {
    const before = {
      at: 1,
      services: [
        { name: 'a', cpu: 1, instances: [{ id: 'a-1' }] },
        { name: 'b', cpu: 1, instances: [{ id: 'b-1' }, { id: 'b-2' }] },
      ],
    };
    const next = copy(before);
    next.at = 2;
    next.services.unshift({ name: 'new', cpu: 0, instances: [] });
    const [, , b] = next.services;
    if (b) b.cpu = 7;
    const now = kept(before, next);
    expect(now).not.toBe(before);
    expect(now.services[1]).toBe(before.services[0]);
    expect(now.services[2]).toMatchObject({ name: 'b', cpu: 7 });
    expect(now.services[2]?.instances).toBe(before.services[1]?.instances);
  });
});
