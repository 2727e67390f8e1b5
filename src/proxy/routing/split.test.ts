// The chances of the split: exact shares, nested thresholds, independent releases.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { steadyClock } from '../clock.ts';
import { traffic } from '../fixture.ts';
import { LIMITS } from '../limits.ts';
import { Observer } from '../observe/observer.ts';
import { bucketOfClient, clientIdIn, mintClientId } from './client-id.ts';
import { type Assignee, Service } from './service.ts';

const target = (id: string) => ({ id, host: '127.0.0.1', port: 1 });

const serviceWith = (weight: number) =>
  new Service(
    traffic({
      weight,
      stable: { version: 1, targets: [target('old')] },
      candidate: { version: 2, targets: [target('young')] },
    }),
    new Observer(steadyClock(), LIMITS),
    LIMITS,
    new Set(),
  );

const assignee = (clientId: string | null): Assignee => ({
  forced: null,
  clientId,
  arm: null,
  target: null,
  isOutside: false,
});

const DRAWS = 100_000;

/** Whether a count of so many draws fits the share, within four standard deviations. */
const fits = (hits: number, share: number) =>
  Math.abs(hits - DRAWS * share) <= 4 * Math.sqrt(DRAWS * share * (1 - share)) + 1e-9;

describe('a weight', () => {
  for (const weight of [0, 0.01, 0.1, 1, 5, 25, 33.33, 50, 99.9, 99.99, 100]) {
    it(`of ${weight} % is the candidate's share of requests and of clients`, () => {
      const service = serviceWith(weight);
      let [requests, clients] = [0, 0];
      for (let i = 0; i < DRAWS; i += 1) {
        const one = assignee(null);
        service.assign(one, 0);
        if (one.arm?.name === 'candidate') requests += 1;
        const client = assignee(mintClientId());
        service.assign(client, 0);
        if (client.arm?.name === 'candidate') clients += 1;
      }
      expect(fits(requests, weight / 100)).toBe(true);
      expect(fits(clients, weight / 100)).toBe(true);
    });
  }
});

describe("a client's bucket", () => {
  const id = fc.stringMatching(/^[0-9a-f]{32}$/);

  it('moves nobody back when the weight rises', () => {
    const services = [0, 0.5, 1, 7, 20, 50, 80, 100].map(serviceWith);
    fc.assert(
      fc.property(id, (clientId) => {
        const arms = services.map((service) => {
          const one = assignee(clientId);
          service.assign(one, 0);
          return one.arm?.name;
        });
        const first = arms.indexOf('candidate');
        return arms.every((arm, i) => arm === (i < first ? 'stable' : 'candidate')) && arms[0] === 'stable';
      }),
      { numRuns: 2000 },
    );
  });

  it('is uniform, at least as fine as 1 in 2^32, and another one under another salt', () => {
    const tenths = new Array<number>(10).fill(0);
    let both = 0;
    const buckets = new Set<number>();
    for (let i = 0; i < DRAWS; i += 1) {
      const clientId = mintClientId();
      const bucket = bucketOfClient(clientId, 'release 1');
      buckets.add(bucket);
      tenths[Math.floor(bucket / 10)] = (tenths[Math.floor(bucket / 10)] ?? 0) + 1;
      if (bucket < 30 && bucketOfClient(clientId, 'release 2') < 30) both += 1;
    }
    for (const count of tenths) expect(fits(count, 0.1)).toBe(true);
    expect(fits(both, 0.09)).toBe(true);
    expect(buckets.size).toBeGreaterThan(DRAWS - 10);
  });

  it('does not depend on chance: two proxies agree on it', () => {
    expect(bucketOfClient('0123456789abcdef0123456789abcdef', 'salt')).toBe(
      bucketOfClient('0123456789abcdef0123456789abcdef', 'salt'),
    );
    expect(bucketOfClient('0123456789abcdef0123456789abcdef', 'salt')).toBeCloseTo(EXPECTED_BUCKET, 9);
  });
});

/** SHA-256 of `0123456789abcdef0123456789abcdef:salt`, its first 48 bits as a share of 100, computed elsewhere. */
const EXPECTED_BUCKET = 39.1495999024;

describe('a client id', () => {
  it('is found among other cookies, and only as a whole name and a whole value', () => {
    const id = mintClientId();
    for (const cookies of [
      `friday_client=${id}`,
      `a=b; friday_client=${id}`,
      `x_friday_client=1; friday_client=${id};c=d`,
    ]) {
      expect(clientIdIn(cookies)).toBe(id);
    }
    for (const cookies of [
      '',
      'a=b',
      `x_friday_client=${id}`,
      `friday_client=${id}0`,
      'friday_client=',
      `friday_client_x=${id}`,
    ]) {
      expect(clientIdIn(cookies)).toBeNull();
    }
  });
});
