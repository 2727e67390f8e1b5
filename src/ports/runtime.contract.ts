// What every Runtime must do, whatever runs the instances.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceSpec } from '../core/spec/project.ts';
import type { InstanceSeen, InstanceSpec, Runtime } from './runtime.ts';

/**
 * How the code of a service acts: `serves` writes two lines or more and is ready soon; `never-ready` runs and is not;
 * `fails` ends by itself with status 1; `stubborn` is like `serves` but ignores its stop signal.
 */
export type Conduct = 'serves' | 'never-ready' | 'fails' | 'stubborn';

/** A fresh place without instances, in which control planes can live one after the other. */
export type RuntimePlace = {
  /** A runtime over this place. The one before is no longer used: its control plane died without a word. */
  readonly open: () => Runtime;
  /** A service `web` whose code acts like this. Its stop grace time is `GRACE_MS`. Every call gives other code. */
  readonly service: (conduct: Conduct) => Promise<ServiceSpec>;
  /** Lets time pass until `check` holds, and fails when that takes unreasonably long. */
  readonly until: (check: () => Promise<boolean>) => Promise<void>;
  /** Ends everything. */
  readonly remove: () => Promise<void>;
};

export const GRACE_MS = 1000;

export function runtimeContract(name: string, newPlace: () => Promise<RuntimePlace>): void {
  describe(`${name} as a runtime`, () => {
    let place: RuntimePlace;
    let runtime: Runtime;

    beforeEach(async () => {
      place = await newPlace();
      runtime = place.open();
    });
    afterEach(() => place.remove());

    const wanted = async (conduct: Conduct, slot = 1): Promise<InstanceSpec> => {
      const spec = await place.service(conduct);
      const revision = await runtime.prepare(spec);
      const id = `web-v7-${slot}`;
      return { id, service: 'web', version: 7, slot, revision, spec, environment: {}, port: null };
    };
    const find = async (id: string) => (await runtime.list()).find((seen) => seen.id === id);
    const untilState = async (id: string, state: InstanceSeen['state']): Promise<InstanceSeen> => {
      await place.until(async () => (await find(id))?.state === state);
      const seen = await find(id);
      if (seen === undefined) throw new Error(`${id} is gone.`);
      return seen;
    };
    const started = async (conduct: Conduct, state: InstanceSeen['state'], slot = 1) => {
      const instance = await wanted(conduct, slot);
      await runtime.start(instance);
      return { instance, seen: await untilState(instance.id, state) };
    };

    it('has nothing at first', async () => {
      expect(await runtime.list()).toEqual([]);
    });

    it('identifies what it would prepare, and prepares the same again to the same revision', async () => {
      const [spec, other] = [await place.service('serves'), await place.service('serves')];
      const identified = await runtime.identify(spec);
      expect(identified.digest).toMatch(/^[0-9a-f]{64}$/);
      expect(identified.label).toMatch(/^\S+$/);
      expect(await runtime.prepare(spec)).toEqual(identified);
      expect(await runtime.prepare(spec)).toEqual(identified);
      expect((await runtime.identify(other)).digest).not.toBe(identified.digest);
    });

    it('starts an instance, which is ready after a while', async () => {
      const { instance, seen } = await started('serves', 'ready');
      const { id, service, version, slot } = instance;
      expect(seen).toMatchObject({ id, service, version, slot, state: 'ready', reason: '', exit: null });
      expect(seen.host).not.toBe('');
      expect(seen.port).toBeGreaterThan(0);
      expect(seen.startedAt).toBeGreaterThan(0);
    });

    it('does not start a revision that is not here', async () => {
      const instance = await wanted('serves');
      const revision = { digest: '0'.repeat(64), label: 'nowhere' };
      await expect(runtime.start({ ...instance, revision })).rejects.toMatchObject({ code: 'not-found' });
      expect(await runtime.list()).toEqual([]);
    });

    it('does not start again what runs', async () => {
      const { instance, seen } = await started('serves', 'ready');
      await runtime.start(instance);
      const again = await find(instance.id);
      expect([again?.state, again?.startedAt, again?.port]).toEqual(['ready', seen.startedAt, seen.port]);
    });

    it('lists by id, each instance with an address of its own', async () => {
      for (const slot of [2, 3, 1]) await started('serves', 'ready', slot);
      const seen = await runtime.list();
      expect(seen.map(({ id }) => id)).toEqual(['web-v7-1', 'web-v7-2', 'web-v7-3']);
      expect(new Set(seen.map(({ host, port }) => `${host}:${port}`)).size).toBe(3);
    });

    it('says why an instance is not ready', async () => {
      const instance = await wanted('never-ready');
      await runtime.start(instance);
      await place.until(async () => ((await find(instance.id))?.reason ?? '') !== '');
      expect(await find(instance.id)).toMatchObject({ state: 'starting', exit: null });
    });

    it('tells how an instance ended by itself, and starts it afresh under its id', async () => {
      const { instance, seen } = await started('fails', 'exited');
      expect(seen.exit).toMatchObject({ code: 1, signal: null });
      expect(seen.exit?.at).toBeGreaterThanOrEqual(seen.startedAt);
      expect(seen.reason).not.toBe('');
      const good = await wanted('serves');
      await runtime.start({ ...good, id: instance.id });
      expect((await untilState(instance.id, 'ready')).exit).toBeNull();
    });

    it('stops an instance that heeds its signal; asking again changes nothing', async () => {
      const { instance } = await started('serves', 'ready');
      await runtime.stop(instance.id);
      await runtime.stop(instance.id);
      expect(['stopping', 'exited']).toContain((await find(instance.id))?.state);
      const { exit } = await untilState(instance.id, 'exited');
      expect(exit?.signal).not.toBe('SIGKILL');
      await runtime.stop(instance.id);
      expect((await find(instance.id))?.exit).toEqual(exit);
    });

    it('kills an instance that ignores its signal, and not before its time is over', async () => {
      const { instance } = await started('stubborn', 'ready');
      const asked = Date.now();
      await runtime.stop(instance.id);
      expect(Date.now() - asked).toBeLessThan(GRACE_MS);
      expect((await find(instance.id))?.state).toBe('stopping');
      expect((await untilState(instance.id, 'exited')).exit).toMatchObject({ signal: 'SIGKILL' });
    });

    it('forgets an instance that has exited, and no other', async () => {
      const { instance } = await started('serves', 'ready');
      await runtime.remove(instance.id);
      expect((await find(instance.id))?.state).toBe('ready');
      await runtime.stop(instance.id);
      await untilState(instance.id, 'exited');
      await runtime.remove(instance.id);
      await runtime.remove(instance.id);
      expect(await runtime.list()).toEqual([]);
    });

    it('is fine with ids that nobody knows', async () => {
      await runtime.stop('never-v1-1');
      await runtime.remove('never-v1-1');
      expect(await runtime.tail('never-v1-1', 5)).toEqual([]);
    });

    it('gives the last lines of an instance, no more than asked for', async () => {
      const { instance } = await started('serves', 'ready');
      await place.until(async () => (await runtime.tail(instance.id, 10)).length > 0);
      expect((await runtime.tail(instance.id, 1)).length).toBe(1);
      expect(await runtime.tail(instance.id, 0)).toEqual([]);
    });

    it('hands its instances to the next control plane: ready ones are ready at once, and can be stopped', async () => {
      const { instance, seen } = await started('serves', 'ready');
      runtime = place.open();
      const [adopted, ...others] = await runtime.list();
      expect(others).toEqual([]);
      expect(adopted).toMatchObject({
        id: seen.id,
        state: 'ready',
        port: seen.port,
        startedAt: seen.startedAt,
        reason: '',
      });
      await runtime.start(instance);
      expect((await find(seen.id))?.startedAt).toBe(seen.startedAt);
      await runtime.stop(seen.id);
      await untilState(seen.id, 'exited');
    });

    it('keeps the promise of a stop over the death of the control plane', async () => {
      const { instance } = await started('stubborn', 'ready');
      await runtime.stop(instance.id);
      runtime = place.open();
      expect((await find(instance.id))?.state).toBe('stopping');
      await untilState(instance.id, 'exited');
    });

    it('prunes revisions that nobody keeps or uses', async () => {
      const [kept, gone] = [await wanted('serves', 2), await wanted('serves', 3)];
      const { instance: used } = await started('serves', 'ready');
      await runtime.prune('web', [kept.revision.digest]);
      await runtime.prune('web', [kept.revision.digest]);
      await runtime.start(kept);
      await expect(runtime.start(gone)).rejects.toMatchObject({ code: 'not-found' });
      expect((await find(used.id))?.state).toBe('ready');
    });
  });
}
