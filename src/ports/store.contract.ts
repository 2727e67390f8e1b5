// What every Store must do, whatever it is made of.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewEvent } from '../core/journal.ts';
import type { Tick, TickBatch } from '../core/ticks/tick.ts';
import { type Document, type Store, TICK_LIMITS } from './store.ts';

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
      expect(await kept(store, 1)).toEqual([]);
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
      [
        'a tick without JSON text',
        { put: [put('a', 2)], events: [event('half')], ticks: [batch(7, 0, [1n as never])] },
      ],
    ])('changes nothing at all when a change has %s, and gives no number away', async (_, change) => {
      await store.commit({ put: [put('a', 1), put('c', 1)], events: [event('whole')] });
      await expect(store.commit(change)).rejects.toMatchObject({ name: 'Failure', code: 'invalid' });
      expect(await store.read('service')).toEqual([put('a', 1), put('c', 1)]);
      expect((await store.events({})).map((one) => one.sentence)).toEqual(['whole']);
      expect(await kept(store, 7)).toEqual([]);
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

    describe('of ticks', () => {
      it('gives back those of a release, in order, also after it was opened again', async () => {
        await store.commit({ ticks: [batch(7, 0, [100, 101]), batch(8, 0, [500])] });
        await store.commit({ ticks: [batch(7, 2, [102])], put: [put('a', 1)] });
        await reopen();
        expect(await kept(store, 7)).toEqual([100, 101, 102].map(tick));
        expect(await kept(store, 8)).toEqual([tick(500)]);
        expect((await store.ticks(7)).count).toBe(3);
        expect(await store.read('service')).toEqual([put('a', 1)]);
      });

      it('counts a change that comes twice once, and lets a later one take the place from where it begins', async () => {
        const first = { ticks: [batch(7, 0, [100, 101, 102])] };
        await store.commit(first);
        await store.commit(first);
        expect(await kept(store, 7)).toEqual([100, 101, 102].map(tick));
        await store.commit({ ticks: [batch(7, 1, [201, 202, 203])] });
        expect(await kept(store, 7)).toEqual([100, 201, 202, 203].map(tick));
        await store.commit({ ticks: [batch(7, 0, [300])] });
        expect(await kept(store, 7)).toEqual([tick(300)]);
      });

      it('keeps a beginning without gaps: what begins later is passed over', async () => {
        await store.commit({ ticks: [batch(7, 1, [101]), batch(8, 0, [100])] });
        await store.commit({ ticks: [batch(8, 2, [102])] });
        expect(await kept(store, 7)).toEqual([]);
        expect(await kept(store, 8)).toEqual([tick(100)]);
      });

      it('keeps a day of each release, and then no more', async () => {
        const end = 100 + TICK_LIMITS.seconds;
        await store.commit({ ticks: [batch(7, 0, [100, end - 1, end, end + 1])] });
        await store.commit({ ticks: [batch(7, 4, [101])] });
        expect(await kept(store, 7)).toEqual([100, end - 1].map(tick));
      });

      it('keeps those of the newest releases of each service', async () => {
        const all = Array.from({ length: TICK_LIMITS.releases + 2 }, (_, i) => i + 1);
        await store.commit({ ticks: [batch(1000, 0, [1], 'other')] });
        for (const release of all) await store.commit({ ticks: [batch(release, 0, [release])] });
        for (const release of all) expect(await kept(store, release)).toEqual(release > 2 ? [tick(release)] : []);
        expect(await kept(store, 1000)).toEqual([tick(1)]);
        await store.commit({ ticks: [batch(1, 0, [9])] });
        expect(await kept(store, 1)).toEqual([]);
      });

      it('gives those that were there when it was asked, whatever comes meanwhile', async () => {
        await store.commit({ ticks: [batch(7, 0, [100, 101])] });
        const { batches } = await store.ticks(7);
        await store.commit({ ticks: [batch(7, 1, [200, 201, 202])] });
        expect(await allOf(batches)).toEqual([100, 101].map(tick));
      });

      it('takes many, and cuts anywhere in them', async () => {
        const many = Array.from({ length: 3000 }, (_, i) => 100 + i);
        for (let at = 0; at < 1000; at += 10) await store.commit({ ticks: [batch(7, at, many.slice(at, at + 10))] });
        await store.commit({ ticks: [batch(7, 1000, many.slice(1000))] });
        expect(await kept(store, 7)).toEqual(many.map(tick));
        for (const from of [2500, 1003, 412]) {
          await store.commit({ ticks: [batch(7, from, [9000, 9001])] });
          expect(await kept(store, 7)).toEqual([...many.slice(0, from), 9000, 9001].map(tick));
        }
      });
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
      await expect(store.ticks(1)).rejects.toMatchObject(closed);
    });
  });
}

function put(id: string, value: unknown): Document {
  return { kind: 'service', id, value };
}

function tick(at: number): Tick {
  const latency = Array.from({ length: 20 }, (_, i) => [100 + ((at * 7 + i) % 5) + 5 * i, 1 + (i % 3)] as const);
  const failures = { status: at % 3, timeout: 0, connection: 0, deadline: 0 };
  const stable = { version: 1, requests: 40, failures, firstFailures: 0, latency };
  return { tick: at, epoch: 3, weight: 5, stable, candidate: null };
}

function batch(release: number, from: number, ticks: readonly number[], service = 'web'): TickBatch {
  return { release, service, from, ticks: ticks.map((one) => (typeof one === 'number' ? tick(one) : one)) };
}

async function allOf(batches: AsyncIterable<readonly Tick[]>): Promise<readonly Tick[]> {
  const all: Tick[] = [];
  for await (const some of batches) all.push(...some);
  return all;
}

async function kept(store: Store, release: number): Promise<readonly Tick[]> {
  return allOf((await store.ticks(release)).batches);
}

function event(sentence: string, data: NewEvent['data'] = {}): NewEvent {
  return { at: 1.5, type: 'control', service: null, version: null, release: null, by: 'friday', sentence, data };
}

function loop(): NewEvent['data'] {
  const data: Record<string, unknown> = {};
  data.self = data;
  return data;
}
