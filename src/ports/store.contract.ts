// What every Store must do, whatever it is made of.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewEvent } from '../core/journal.ts';
import type { Document, Store } from './store.ts';

/** A fresh, empty place that stores can be opened over, one after the other. */
export type StorePlace = { readonly open: () => Store; readonly remove: () => Promise<void> };

export function storeContract(name: string, newPlace: () => Promise<StorePlace>): void {
  describe(`${name} as a store`, () => {
    let place: StorePlace;
    let store: Store;

    beforeEach(async () => {
      place = await newPlace();
      store = place.open();
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    const reopen = async () => {
      await store.close();
      store = place.open();
    };

    it('is empty at first', async () => {
      expect(await store.read('service')).toEqual([]);
      expect(await store.events({})).toEqual([]);
    });

    it('gives back what was put, by id, only of the kind that is asked for', async () => {
      const value = { text: 'Grüße 🦊 "quoted"\n', list: [1, 0.1 + 0.2, null, true], deep: { empty: {} } };
      await store.commit({ put: [put('b', value), put('a', [1]), { kind: 'other', id: 'a', value: 'else' }] });
      expect(await store.read('service')).toEqual([put('a', [1]), put('b', value)]);
    });

    it('replaces, removes, and removes before it puts', async () => {
      await store.commit({ put: [put('a', 1), put('b', 1), put('c', 1)] });
      const change = { put: [put('a', 2), put('b', 2)], remove: [put('b', 0), put('c', 0), put('never', 0)] };
      await store.commit(change);
      expect(await store.read('service')).toEqual([put('a', 2), put('b', 2)]);
    });

    it('keeps its own copy of a value', async () => {
      const value = { weight: 1 };
      await store.commit({ put: [put('a', value)] });
      value.weight = 2;
      const [given] = await store.read('service');
      (given!.value as { weight: number }).weight = 3;
      expect(await store.read('service')).toEqual([put('a', { weight: 1 })]);
    });

    it('numbers events from 1 without a gap, also after it was opened again', async () => {
      const first = await store.commit({ events: [event('one'), event('two')] });
      await reopen();
      const second = await store.commit({ events: [event('three')] });
      expect([...first, ...second].map((one) => one.seq)).toEqual([1, 2, 3]);
      expect(await store.events({})).toEqual([...first, ...second]);
      expect(first[0]).toEqual({ ...event('one'), seq: 1 });
    });

    it('keeps documents and events when it is opened again', async () => {
      await store.commit({ put: [put('a', { weight: 5 })], events: [event('kept')] });
      await reopen();
      expect(await store.read('service')).toEqual([put('a', { weight: 5 })]);
      expect((await store.events({})).map((one) => one.sentence)).toEqual(['kept']);
    });

    it.each([
      ['a value without JSON text', { put: [put('a', 2), put('b', 2n)], events: [event('half')] }],
      ['no value', { put: [put('a', 2), put('b', undefined)], remove: [put('c', 0)] }],
      ['an event that holds itself', { put: [put('a', 2)], events: [event('half'), event('loop', loop())] }],
    ])('changes nothing at all when a change has %s, and gives no number away', async (_, change) => {
      await store.commit({ put: [put('a', 1), put('c', 1)], events: [event('whole')] });
      await expect(store.commit(change)).rejects.toMatchObject({ name: 'Failure', code: 'invalid' });
      expect(await store.read('service')).toEqual([put('a', 1), put('c', 1)]);
      expect((await store.events({})).map((one) => one.sentence)).toEqual(['whole']);
      const [next] = await store.commit({ events: [event('next')] });
      expect(next?.seq).toBe(2);
    });

    it('carries changes out in the order of the calls', async () => {
      const calls = Array.from({ length: 50 }, (_, i) => store.commit({ put: [put('a', i)], events: [event(`${i}`)] }));
      await Promise.all(calls);
      expect(await store.read('service')).toEqual([put('a', 49)]);
      expect((await store.events({})).map((one) => one.sentence)).toEqual(calls.map((_, i) => `${i}`));
    });

    it('accepts an empty change', async () => {
      expect(await store.commit({})).toEqual([]);
    });

    it('answers by sequence number, service, release, limit and age', async () => {
      const events = Array.from({ length: 12 }, (_, i) => ({
        ...event(`${i + 1}`),
        service: i % 2 === 0 ? 'web' : null,
        release: i % 3 === 0 ? 7 : null,
      }));
      await store.commit({ events });
      const asked = async (query: Parameters<Store['events']>[0]) =>
        (await store.events(query)).map((one) => one.seq).join(' ');
      expect(await asked({ after: 9 })).toBe('10 11 12');
      expect(await asked({ after: 12 })).toBe('');
      expect(await asked({ service: 'web' })).toBe('1 3 5 7 9 11');
      expect(await asked({ release: 7 })).toBe('1 4 7 10');
      expect(await asked({ service: 'web', release: 7 })).toBe('1 7');
      expect(await asked({ service: 'none' })).toBe('');
      expect(await asked({ limit: 2 })).toBe('1 2');
      expect(await asked({ limit: 2, after: 5 })).toBe('6 7');
      expect(await asked({ limit: 3, isNewestFirst: true })).toBe('10 11 12');
      expect(await asked({ limit: 2, isNewestFirst: true, service: 'web', after: 3 })).toBe('9 11');
      expect(await asked({ limit: 9, isNewestFirst: true, after: 10 })).toBe('11 12');
    });

    it('gives 100 events unless asked for more, and refuses limits out of range', async () => {
      await store.commit({ events: Array.from({ length: 1100 }, (_, i) => event(`${i}`)) });
      expect(await store.events({})).toHaveLength(100);
      expect(await store.events({ limit: 1000 })).toHaveLength(1000);
      for (const limit of [0, -1, 1.5, 1001, Number.NaN]) {
        await expect(store.events({ limit })).rejects.toMatchObject({ code: 'invalid' });
      }
    });

    it('takes big values', async () => {
      const value = { text: 'ä'.repeat(400_000), list: Array.from({ length: 20_000 }, (_, i) => i) };
      await store.commit({ put: [put('big', value)], events: [event('big', { text: 'x'.repeat(500_000) })] });
      await reopen();
      expect((await store.read('service'))[0]?.value).toEqual(value);
      expect((await store.events({}))[0]?.data.text).toHaveLength(500_000);
    });

    it('refuses a second store over the same place until the first is closed', async () => {
      expect(() => place.open()).toThrowError(expect.objectContaining({ name: 'Failure', code: 'conflict' }));
      await store.commit({ put: [put('a', 1)] });
      await reopen();
      expect(await store.read('service')).toEqual([put('a', 1)]);
    });

    it('fails clearly after it was closed, and may be closed twice', async () => {
      await store.close();
      await store.close();
      const closed = { name: 'Failure', code: 'unavailable' };
      await expect(store.read('service')).rejects.toMatchObject(closed);
      await expect(store.commit({ put: [put('a', 1)] })).rejects.toMatchObject(closed);
      await expect(store.events({})).rejects.toMatchObject(closed);
    });
  });
}

function put(id: string, value: unknown): Document {
  return { kind: 'service', id, value };
}

function event(sentence: string, data: NewEvent['data'] = {}): NewEvent {
  return { at: 1.5, type: 'control', service: null, version: null, release: null, by: 'friday', sentence, data };
}

function loop(): NewEvent['data'] {
  const data: Record<string, unknown> = {};
  data.self = data;
  return data;
}
