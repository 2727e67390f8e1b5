// What every Balancer must do, whatever splits the traffic.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceTraffic, Table, Target } from '../core/traffic.ts';
import type { Balancer } from './balancer.ts';
import {
  type Answered,
  type CountingPlace,
  countsContract,
  type Question,
  requestsOf,
  settled,
  trafficAt,
} from './balancer-counts.contract.ts';

export type BalancerPlace = CountingPlace & {
  /** A port of this machine that nobody listens on. */
  readonly freePort: () => Promise<number>;
  /** A port of this machine that somebody else listens on. */
  readonly takenPort: () => Promise<number>;
};

export function balancerContract(name: string, newPlace: () => Promise<BalancerPlace>): void {
  countsContract(name, newPlace);

  describe(`${name} as a balancer`, () => {
    let place: BalancerPlace;
    let balancer: Balancer;
    let internalPort: number;
    let revision = 0;

    beforeEach(async () => {
      place = await newPlace();
      balancer = place.open();
      internalPort = await place.freePort();
      revision = 0;
    });
    afterEach(() => place.remove());

    const traffic = (over: Partial<ServiceTraffic>): ServiceTraffic => trafficAt(internalPort, over);
    const table = (...services: ServiceTraffic[]): Table => {
      revision += 1;
      return { revision, listen: [{ host: '127.0.0.1', port: 0 }], services };
    };
    const apply = (over: Partial<ServiceTraffic>) => balancer.apply(table(traffic(over)));
    const side = (version: number, ...targets: Target[]) => ({ version, targets });
    const sendMany = async (count: number, question?: Question): Promise<readonly Answered[]> => {
      const answers: Answered[] = [];
      while (answers.length < count) {
        answers.push(...(await Promise.all(Array.from({ length: 10 }, () => place.send(question)))));
      }
      return answers;
    };

    it('cannot be asked before it was ever told anything', async () => {
      await expect(balancer.look()).rejects.toMatchObject({ code: 'unavailable' });
      await expect(balancer.observe(null)).rejects.toMatchObject({ code: 'unavailable' });
    });

    it('routes by a table as soon as it is confirmed, and says what routes', async () => {
      const [a, b] = [await place.instance('a'), await place.instance('b')];
      await apply({ epoch: 3, stable: side(1, a) });
      expect(await place.send()).toMatchObject({ status: 200, instance: 'a', version: 'v1' });
      await apply({ epoch: 4, weight: 100, stable: side(1, a), candidate: side(2, b) });
      expect(await place.send()).toMatchObject({ status: 200, instance: 'b', version: 'v2' });
      const seen = await balancer.look();
      expect(seen).toMatchObject({ revision: 2, services: [{ service: 'web', epoch: 4, weight: 100 }] });
      expect(seen.listening[0]?.port).toBeGreaterThan(0);
      expect(seen.open).toEqual({ a: 0, b: 0 });
    });

    it('takes the same table again, and refuses an older one', async () => {
      const [a, b] = [await place.instance('a'), await place.instance('b')];
      const older = table(traffic({ stable: side(1, b) }));
      const newer = table(traffic({ stable: side(1, a) }));
      await balancer.apply(newer);
      await balancer.apply(newer);
      await expect(balancer.apply(older)).rejects.toMatchObject({ code: 'conflict' });
      expect((await place.send()).instance).toBe('a');
    });

    it('refuses a table that wants a taken port, names it, and goes on with the old one', async () => {
      await apply({ stable: side(1, await place.instance('a')) });
      const port = await place.takenPort();
      const wanted = { ...table(), listen: [{ host: '127.0.0.1', port }] };
      await expect(balancer.apply(wanted)).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining(String(port)),
      });
      expect((await place.send()).instance).toBe('a');
      expect((await balancer.look()).revision).toBe(1);
    });

    it('is the address of a service for the other services', async () => {
      await apply({ routes: [], stable: side(1, await place.instance('a')) });
      expect(await place.send({ port: internalPort })).toMatchObject({ status: 200, instance: 'a' });
      expect((await place.send()).status).toBe(404);
    });

    it('is that also at other addresses of this machine, as long as the table says so', async () => {
      const [host, port] = ['127.0.0.2', internalPort];
      const stable = side(1, await place.instance('a'));
      await apply({ stable });
      await expect(place.send({ host, port })).rejects.toThrow('ECONNREFUSED');
      await balancer.apply({ ...table(traffic({ stable })), internalHosts: [host] });
      expect(await place.send({ host, port })).toMatchObject({ status: 200, instance: 'a' });
      expect(await place.send({ port })).toMatchObject({ status: 200, instance: 'a' });
      await apply({ stable });
      await place.until(
        async () =>
          await place.send({ host, port }).then(
            () => false,
            () => true,
          ),
      );
      expect(await place.send({ port })).toMatchObject({ status: 200, instance: 'a' });
    });

    it('splits by weight', async () => {
      const [a, b] = [await place.instance('a'), await place.instance('b')];
      for (const [weight, least, most] of [
        [0, 0, 0],
        [30, 90, 210],
        [100, 500, 500],
      ] as const) {
        await apply({ epoch: weight + 1, weight, stable: side(1, a), candidate: side(2, b) });
        const hits = (await sendMany(500)).filter((one) => one.instance === 'b').length;
        expect(hits).toBeGreaterThanOrEqual(least);
        expect(hits).toBeLessThanOrEqual(most);
      }
    });

    it('keeps a sticky client at its version, and moves none back when the weight rises', async () => {
      const [a, b] = [await place.instance('a'), await place.instance('b')];
      const at = (weight: number) =>
        apply({ isSticky: true, epoch: weight + 1, weight, stable: side(1, a), candidate: side(2, b) });
      await at(40);
      const first = await sendMany(30);
      for (const weight of [40, 80]) {
        await at(weight);
        for (const { cookie, instance } of first) {
          const again = await place.send({ cookie: cookie ?? '' });
          if (instance === 'b' || weight === 40) expect(again.instance).toBe(instance);
          expect(again.cookie).toBeNull();
        }
      }
    });

    it('gives the version that is asked for, and does not judge by it', async () => {
      const [a, b] = [await place.instance('a'), await place.instance('b', 'fails')];
      await apply({ stable: side(1, a), candidate: side(2, b) });
      expect(await place.send({ force: 'candidate' })).toMatchObject({ status: 500, version: 'v2' });
      expect(await place.send({ force: 'v1' })).toMatchObject({ status: 200, version: 'v1' });
      const { cells } = await settled(place, balancer);
      expect(requestsOf(cells, 'stable') + requestsOf(cells, 'candidate')).toBe(0);
      const outside = cells.reduce((sum, cell) => sum + cell.outside.requests, 0);
      const failures = cells.reduce((sum, cell) => sum + cell.outside.failures, 0);
      expect([outside, failures]).toEqual([2, 1]);
    });

    it('finishes open requests of an instance that left, tells how many there are, and gives it no new one', async () => {
      const [slow, b] = [await place.instance('slow', 'slow'), await place.instance('b')];
      await apply({ stable: side(1, slow) });
      const open = place.send();
      await place.until(async () => (await balancer.look()).open.slow === 1);
      await apply({ stable: side(2, b) });
      expect((await balancer.look()).open).toEqual({ slow: 1, b: 0 });
      expect((await place.send()).instance).toBe('b');
      expect(await open).toMatchObject({ status: 200, instance: 'slow' });
      await place.until(async () => (await balancer.look()).open.slow === undefined);
    });

    it('lets requests wait while an instance is coming', async () => {
      await apply({ stable: side(1), isComing: true });
      let isAnswered = false;
      const open = place.send().finally(() => {
        isAnswered = true;
      });
      const { closedUpTo } = await balancer.observe(null);
      await place.until(async () => (await balancer.observe(null)).closedUpTo > closedUpTo);
      expect(isAnswered).toBe(false);
      await apply({ stable: side(1, await place.instance('a')) });
      expect(await open).toMatchObject({ status: 200, instance: 'a' });
    });

    it('ends when it is told to, as often as it is told, and starts again with the next table', async () => {
      const a = await place.instance('a');
      await apply({ stable: side(1, a) });
      await balancer.stop(1000);
      await balancer.stop(1000);
      await expect(balancer.look()).rejects.toMatchObject({ code: 'unavailable' });
      revision = 0;
      await apply({ stable: side(1, a) });
      expect((await place.send()).instance).toBe('a');
    });
  });
}
