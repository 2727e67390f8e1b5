// The judge on real traffic: five services at 50 requests a second each, released at the same time, each with a candidate of its own kind.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { ReleaseView } from '../src/api/views.ts';
import { type Behaviour, type Ground, openGround } from './verdict/ground.ts';
import { type Load, startLoad } from './verdict/load.ts';

const GOOD: Behaviour = { failing: 0, ms: 40 };
const CANDIDATES = {
  broken: { failing: 1, ms: 40 },
  shaky: { failing: 0.2, ms: 40 },
  flawed: { failing: 0.02, ms: 40 },
  slow: { failing: 0, ms: 52 },
  equal: GOOD,
} satisfies Record<string, Behaviour>;
type Name = keyof typeof CANDIDATES;
const NAMES = Object.keys(CANDIDATES) as Name[];

const PER_SECOND = 50;
/** Until the control plane knows how much traffic there is: the first weight follows from it. */
const KNOWN_MS = 30_000;
const LIMIT_MS = 20 * 60_000;

type End = Pick<ReleaseView, 'state' | 'sentence'> & {
  readonly requests: number;
  readonly failed: number;
  /** From the first request that the candidate got to the last. */
  readonly seconds: number;
};

async function releaseAll(ground: Ground, load: Load): Promise<Record<Name, End>> {
  const releases = await Promise.all(NAMES.map((name) => ground.release(name, CANDIDATES[name])));
  const views = await Promise.all(releases.map(({ id }) => ground.end(id, LIMIT_MS)));
  await load.stop();
  const ends = views.map(({ service, version, state, sentence }): [string, End] => {
    const { requests, failed, firstAt, lastAt } = load.of(service, version);
    return [service, { state, sentence, requests, failed, seconds: (lastAt - firstAt) / 1000 }];
  });
  return Object.fromEntries(ends) as Record<Name, End>;
}

it(
  'takes back what fails or is slow, for that reason, promotes what is as good, and nothing else fails',
  async () => {
    const ground = await openGround(NAMES, GOOD);
    const load = startLoad(ground.port, NAMES, PER_SECOND);
    try {
      await sleep(KNOWN_MS);
      const { broken, shaky, flawed, slow, equal } = await releaseAll(ground, load);
      console.table({ broken, shaky, flawed, slow, equal }, ['state', 'requests', 'failed', 'seconds']);

      expect(broken).toMatchObject({ state: 'rolled_back', sentence: expect.stringContaining('Errors on v2') });
      // Of 25 such releases half met 3 failures or fewer, 23 at most 6, and all were over within 2 s.
      expect(broken.failed).toBeLessThanOrEqual(12);
      expect(broken.seconds).toBeLessThan(5);
      expect(shaky).toMatchObject({ state: 'rolled_back', sentence: expect.stringContaining('Errors on v2') });
      expect(flawed).toMatchObject({ state: 'rolled_back', sentence: expect.stringContaining('Errors on v2') });
      expect(slow).toMatchObject({
        state: 'rolled_back',
        sentence: expect.stringMatching(/slower than the p\d+ of v1/),
      });
      expect(equal).toMatchObject({ state: 'promoted', failed: 0 });
      expect(NAMES.map((name) => [name, load.failedElsewhere(name, 2)])).toEqual(NAMES.map((name) => [name, 0]));
    } finally {
      await load.stop();
      await ground.close();
    }
  },
  LIMIT_MS,
);
