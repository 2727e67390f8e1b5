// What every Balancer must count, and tell once; the simulated one too, which carries requests only in its arithmetic.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Arm,
  type ArmCount,
  BUCKETS,
  bucketOf,
  type Cell,
  failuresOf,
  type Observations,
  type ServiceTraffic,
  type Target,
} from '../core/traffic.ts';
import type { Balancer } from './balancer.ts';

/** How an instance acts: `serves` answers 200, `fails` 500, `denies` 404, `slow` 200 after `SLOW_MS`. */
export type Conduct = 'serves' | 'fails' | 'denies' | 'slow';

export const SLOW_MS = 1000;

export type Answered = {
  readonly status: number;
  /** Id of the instance that answered; empty when none did. */
  readonly instance: string;
  /** The header `x-friday-version` of the answer. */
  readonly version: string;
  /** `name=value` of the cookie that the answer sets; null when it sets none. */
  readonly cookie: string | null;
};

export type Question = {
  /** To this internal port; to the first public address when absent. */
  readonly port?: number;
  /** 127.0.0.1 when absent. */
  readonly host?: string;
  /** Value of `x-friday-version`. */
  readonly force?: string;
  readonly cookie?: string;
  /** `/` when absent. */
  readonly path?: string;
};

/** A fresh place with a balancer, in which control planes can live one after the other. */
export type CountingPlace = {
  /** A balancer over this place. The one before is no longer used: its control plane died without a word. */
  readonly open: () => Balancer;
  readonly instance: (id: string, conduct?: Conduct) => Promise<Target>;
  readonly send: (question?: Question) => Promise<Answered>;
  /** A port of this machine that nobody listens on. */
  readonly freePort: () => Promise<number>;
  /** Lets time pass until `check` holds, and fails when that takes unreasonably long. */
  readonly until: (check: () => Promise<boolean>) => Promise<void>;
  /** Ends everything. */
  readonly remove: () => Promise<void>;
};

/** Everything that was counted, once every second in which something was sent is complete. */
export async function settled(place: CountingPlace, from: Balancer): Promise<Observations> {
  const { closedUpTo } = await from.observe(null);
  await place.until(async () => (await from.observe(null)).closedUpTo > closedUpTo + 1);
  return from.observe(null);
}

export function requestsOf(cells: readonly Cell[], arm: Arm): number {
  return sumOf(cells, arm, (one) => one.requests);
}

function sumOf(cells: readonly Cell[], arm: Arm, of: (count: ArmCount) => number | undefined): number {
  return cells.reduce((sum, cell) => sum + ((cell[arm] && of(cell[arm])) ?? 0), 0);
}

const LIMITS = { deadlineMs: 3000, timeoutMs: 10_000, holdRequests: 100, holdMs: 5000 };

/** A service that everybody reaches, without versions. */
export function trafficAt(internalPort: number, over: Partial<ServiceTraffic> = {}): ServiceTraffic {
  return {
    service: 'web',
    routes: [{ host: '*', path: '/' }],
    internalPort,
    isSticky: false,
    salt: 'salt',
    epoch: 1,
    weight: 0,
    stable: null,
    candidate: null,
    isComing: false,
    limits: LIMITS,
    ...over,
  };
}

export function countsContract(name: string, newPlace: () => Promise<CountingPlace>): void {
  describe(`${name} as a balancer that counts`, () => {
    let place: CountingPlace;
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

    const apply = (over: Partial<ServiceTraffic>) => {
      revision += 1;
      return balancer.apply({
        revision,
        listen: [{ host: '127.0.0.1', port: 0 }],
        services: [trafficAt(internalPort, over)],
      });
    };
    const side = (version: number, ...targets: Target[]) => ({ version, targets });
    /** Half of the traffic for each of two instances. */
    const halves = async (stable: Conduct, candidate: Conduct): Promise<Partial<ServiceTraffic>> => {
      const [a, b] = [await place.instance('a', stable), await place.instance('b', candidate)];
      return { weight: 50, stable: side(1, a), candidate: side(2, b) };
    };
    const sendAll = (questions: readonly Question[]) => Promise.all(questions.map((one) => place.send(one)));
    const sendMany = async (count: number): Promise<readonly Answered[]> => {
      const answers: Answered[] = [];
      while (answers.length < count) answers.push(...(await sendAll(new Array(10).fill({}))));
      return answers;
    };
    /** So many new clients come; gives what each got first. */
    const arrive = async (clients: number): Promise<readonly Answered[]> => {
      const answers = await sendMany(clients);
      expect(answers.every((one) => one.cookie !== null)).toBe(true);
      return answers;
    };
    const comeAgain = (clients: readonly Answered[]) =>
      sendAll(clients.map(({ cookie }) => ({ cookie: cookie ?? '' })));
    const at = (answers: readonly Answered[], instance: string) =>
      answers.filter((one) => one.instance === instance).length;

    it('counts every request once, by version and epoch, with its failures and its time', async () => {
      const [a, b] = [await place.instance('a'), await place.instance('b', 'fails')];
      const answers: Answered[] = [];
      for (const epoch of [1, 2, 3]) {
        await apply({ epoch, weight: 20 * epoch, stable: side(1, a), candidate: side(2, b) });
        answers.push(...(await sendMany(40)));
      }
      const { cells, lost } = await settled(place, balancer);
      const bad = answers.filter((one) => one.status === 500).length;
      expect(lost).toBe(0);
      expect(requestsOf(cells, 'stable')).toBe(answers.length - bad);
      expect(requestsOf(cells, 'candidate')).toBe(bad);
      expect(cells.reduce((sum, cell) => sum + (cell.candidate?.failures.status ?? 0), 0)).toBe(bad);
      expect(cells.reduce((sum, cell) => sum + (cell.stable ? failuresOf(cell.stable) : 0), 0)).toBe(0);
      expect(cells.reduce((sum, cell) => sum + cell.seen.answers, 0)).toBe(answers.length);
      expect(cells.reduce((sum, cell) => sum + cell.seen.failures, 0)).toBe(bad);
      for (const cell of cells) {
        expect(cell.weight).toBe(20 * cell.epoch);
        for (const arm of [cell.stable, cell.candidate]) {
          expect(arm?.latency.reduce((sum, [, count]) => sum + count, 0)).toBe(arm?.requests);
        }
        expect(cell.samples.length).toBe(Math.min(20, cell.candidate?.failures.status ?? 0));
      }
      expect(new Set(cells.map((cell) => cell.epoch))).toEqual(new Set([1, 2, 3]));
    });

    it('gives the same cells to every reader, and to the next control plane only those after its cursor', async () => {
      await apply({ stable: side(1, await place.instance('a')) });
      await sendMany(10);
      const first = await settled(place, balancer);
      expect((await balancer.observe(null)).cells).toEqual(first.cells);
      await sendMany(20);
      const next = place.open();
      await settled(place, next);
      const second = await next.observe(first.cursor);
      expect(requestsOf(second.cells, 'stable')).toBe(20);
      expect(second.cells[0]?.seq).toBe(first.cursor.seq + 1);
      const all = await next.observe({ boot: 'of another life', seq: 99 });
      expect(requestsOf(all.cells, 'stable')).toBe(30);
    });

    it('says up to which second it has counted, also when nothing happens', async () => {
      await apply({ stable: side(1, await place.instance('a')) });
      const { closedUpTo } = await balancer.observe(null);
      await place.until(async () => (await balancer.observe(null)).closedUpTo > closedUpTo);
    });

    it('refuses requests with 503 while no instance is there, and counts them', async () => {
      await apply({ stable: side(1) });
      expect(await place.send()).toMatchObject({ status: 503, instance: '' });
      const { cells } = await settled(place, balancer);
      expect(cells.reduce((sum, cell) => sum + cell.seen.refused, 0)).toBe(1);
    });

    it('tells failed requests by the same buckets as all requests', async () => {
      await apply(await halves('serves', 'fails'));
      await sendMany(30);
      const { cells } = await settled(place, balancer);
      expect(requestsOf(cells, 'candidate')).toBeGreaterThan(0);
      for (const { stable, candidate } of cells) {
        expect(stable?.failedLatency).toEqual([]);
        expect(candidate?.failedLatency).toEqual(candidate?.latency);
      }
    });

    it('tells answers 400 to 499 apart, which are no failures', async () => {
      await apply(await halves('denies', 'fails'));
      const answers = await sendMany(30);
      const { cells } = await settled(place, balancer);
      expect(sumOf(cells, 'stable', (one) => one.clientErrors)).toBe(at(answers, 'a'));
      expect(sumOf(cells, 'stable', failuresOf)).toBe(0);
      expect(sumOf(cells, 'candidate', (one) => one.clientErrors)).toBe(0);
    });

    it('tells requests and failures by route', async () => {
      await apply(await halves('serves', 'fails'));
      const paths = ['/articles/1/comments', '/articles/2/comments?page=2', '/cart'];
      const answers = await sendAll(Array.from({ length: 30 }, (_, i) => ({ path: paths[i % 3] ?? '' })));
      const { cells } = await settled(place, balancer);
      const sum = (route: string, arm: Arm, of: 'requests' | 'failures') =>
        sumOf(cells, arm, ({ routes = [] }) => routes.find((one) => one.route === route)?.[of]);
      const [comments, cart] = [answers.filter((_, i) => i % 3 < 2), answers.filter((_, i) => i % 3 === 2)];
      for (const [route, sent] of [
        ['GET /articles/*/comments', comments],
        ['GET /cart', cart],
      ] as const) {
        expect([sum(route, 'stable', 'requests'), sum(route, 'stable', 'failures')]).toEqual([at(sent, 'a'), 0]);
        expect([sum(route, 'candidate', 'requests'), sum(route, 'candidate', 'failures')]).toEqual([
          at(sent, 'b'),
          at(sent, 'b'),
        ]);
      }
      for (const arm of cells.flatMap(({ stable, candidate }) => [stable, candidate])) {
        const names = arm?.routes?.map((one) => one.route) ?? [];
        expect(names).toEqual([...names].sort());
      }
    });

    it('tells at most 64 routes apart in a cell, the same in both arms', async () => {
      await apply(await halves('serves', 'serves'));
      const letters = (i: number) => String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26));
      for (let round = 0; round < 2; round += 1) {
        await sendAll(Array.from({ length: 150 }, (_, i) => ({ path: `/${letters(i)}` })));
      }
      const { cells } = await settled(place, balancer);
      expect(requestsOf(cells, 'stable') + requestsOf(cells, 'candidate')).toBe(300);
      for (const { stable, candidate } of cells) {
        const names = [stable, candidate].flatMap((arm) => arm?.routes?.map((one) => one.route) ?? []);
        expect(new Set(names).size).toBeLessThanOrEqual(64);
        for (const arm of [stable, candidate]) {
          const inRoutes = arm?.routes?.reduce((sum, one) => sum + one.requests, 0);
          expect(inRoutes).toBeLessThanOrEqual(arm?.requests ?? 0);
        }
      }
    });

    it('counts each sticky client once per release with its first request, and whether that failed', async () => {
      const release = { ...(await halves('serves', 'fails')), isSticky: true };
      await apply(release);
      const clients = await arrive(20);
      await comeAgain(clients);
      await apply({ ...release, epoch: 2, weight: 80 });
      await comeAgain(clients);
      await apply({ ...release, epoch: 3, salt: 'next' });
      const again = await comeAgain(clients);
      const { cells } = await settled(place, balancer);
      for (const [epochs, answers] of [
        [[1, 2], clients],
        [[3], again],
      ] as const) {
        const own = cells.filter(({ epoch }) => epochs.some((one) => one === epoch));
        const firsts = (arm: Arm) => [
          sumOf(own, arm, (one) => one.firstRequests?.requests),
          sumOf(own, arm, (one) => one.firstRequests?.failures),
        ];
        expect(firsts('stable')).toEqual([at(answers, 'a'), 0]);
        expect(firsts('candidate')).toEqual([at(answers, 'b'), at(answers, 'b')]);
      }
    });

    it('counts each sticky client once per release with its first answer 400 to 499', async () => {
      const release = { ...(await halves('denies', 'denies')), isSticky: true };
      await apply(release);
      const clients = await arrive(10);
      await comeAgain(clients);
      await apply({ ...release, epoch: 2, weight: 80 });
      await comeAgain(clients);
      const { cells } = await settled(place, balancer);
      expect(sumOf(cells, 'stable', (one) => one.firstClientErrors)).toBe(at(clients, 'a'));
      expect(sumOf(cells, 'candidate', (one) => one.firstClientErrors)).toBe(at(clients, 'b'));
    });

    it('counts each sticky client once for each limit of its arm, failed requests as beyond all of them', async () => {
      const limits = [bucketOf(SLOW_MS / 2), BUCKETS];
      const release = { ...(await halves('slow', 'fails')), isSticky: true };
      await apply(release);
      const clients = await arrive(10);
      await apply({ ...release, slow: { stable: limits, candidate: [BUCKETS, BUCKETS] } });
      await comeAgain(clients);
      await apply({ ...release, epoch: 2, slow: { stable: limits, candidate: [BUCKETS, BUCKETS] } });
      await comeAgain(clients);
      const { cells } = await settled(place, balancer);
      const firsts = (arm: Arm) => [0, 1].map((i) => sumOf(cells, arm, (one) => one.firstSlow?.[i]));
      expect(firsts('stable')).toEqual([at(clients, 'a'), 0]);
      expect(firsts('candidate')).toEqual([at(clients, 'b'), at(clients, 'b')]);
    });

    it('does not tell clients apart where they do not keep their version', async () => {
      await apply(await halves('serves', 'serves'));
      await sendMany(10);
      const { cells } = await settled(place, balancer);
      for (const arm of cells.flatMap(({ stable, candidate }) => [stable, candidate])) {
        for (const field of ['firstRequests', 'firstSlow', 'firstClientErrors']) expect(arm).not.toHaveProperty(field);
      }
    });
  });
}
