// What every AccessStore keeps: changes whole or not at all, audit in order and bounded, everything over a reopening.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AccessStore, AUDIT_LIMIT, type NewAudit, type Person, type Session } from './access.ts';

/** One place that can be opened again and again, one store at a time. */
export type AccessPlace = { readonly open: () => AccessStore; readonly remove: () => void };

const ana: Person = { name: 'ana', role: 'admin', password: null, createdAt: 1, createdBy: 'root' };
const session: Session = {
  id: 's1',
  name: 'ana',
  role: null,
  digest: 'd',
  createdAt: 1,
  seenAt: 2,
  endsAt: 3,
  how: 'link',
  agent: '',
};
const entry = (what: string): NewAudit => ({
  at: 1,
  who: 'ana',
  how: 'session',
  role: 'admin',
  what,
  about: 'api',
  status: 200,
  from: '',
});

export function describeAccessStore(name: string, create: () => AccessPlace): void {
  describe(`${name} keeps people`, () => {
    let place: AccessPlace;
    let store: AccessStore;
    beforeEach(() => {
      place = create();
      store = place.open();
    });
    afterEach(async () => {
      await store.close();
      place.remove();
    });
    const reopen = async () => {
      await store.close();
      store = place.open();
    };

    it('and nothing at first', async () => {
      expect([await store.read('people'), await store.read('tokens'), await store.audit({ limit: 10 })]).toEqual([
        [],
        [],
        [],
      ]);
    });

    it('over a reopening, each kind by itself, the newest value of each', async () => {
      await store.commit({ put: { people: [ana], sessions: [session] } });
      await store.commit({ put: { people: [{ ...ana, role: 'viewer' }] } });
      await reopen();
      expect(await store.read('people')).toEqual([{ ...ana, role: 'viewer' }]);
      expect(await store.read('sessions')).toEqual([session]);
      expect(await store.read('links')).toEqual([]);
    });

    it('until they are removed', async () => {
      await store.commit({ put: { people: [ana], sessions: [session] } });
      await store.commit({ remove: { people: ['ana', 'nobody'] } });
      expect([await store.read('people'), await store.read('sessions')]).toEqual([[], [session]]);
    });

    it('and tells what they did, newest first, page by page', async () => {
      await store.commit({ audit: [entry('a'), entry('b')] });
      await store.commit({ audit: [entry('c')] });
      const first = await store.audit({ limit: 2 });
      expect(first.map((one) => [one.seq, one.what])).toEqual([
        [3, 'c'],
        [2, 'b'],
      ]);
      expect((await store.audit({ limit: 2, before: 2 })).map((one) => one.what)).toEqual(['a']);
    });

    it('and forgets the oldest of what they did', async () => {
      const many = Array.from({ length: AUDIT_LIMIT }, (_, index) => entry(`${index}`));
      await store.commit({ audit: [entry('first')] });
      await store.commit({ audit: many });
      await reopen();
      expect(await store.audit({ limit: 1, before: 2 })).toEqual([]);
      expect(await store.audit({ limit: 1, before: 3 })).toMatchObject([{ seq: 2, what: '0' }]);
      await store.commit({ audit: [entry('last')] });
      expect(await store.audit({ limit: 1 })).toMatchObject([{ seq: AUDIT_LIMIT + 2, what: 'last' }]);
    });

    it('and refuses limits out of range, and everything after it was closed', async () => {
      for (const limit of [0, 1001, 1.5])
        await expect(store.audit({ limit })).rejects.toMatchObject({ code: 'invalid' });
      await store.close();
      await store.close();
      await expect(store.commit({ put: { people: [ana] } })).rejects.toMatchObject({ code: 'unavailable' });
      await expect(store.read('people')).rejects.toMatchObject({ code: 'unavailable' });
    });
  });
}
