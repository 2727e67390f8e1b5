// The judge on real traffic: five services at 50 requests a second each, released at the same time, each with a candidate of its own kind.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
const LIMIT_MS = 20 * 60_000;

let ground: Ground;
let load: Load;
const ended = new Map<Name, ReleaseView>();

beforeAll(async () => {
  ground = await openGround(NAMES, GOOD);
  load = startLoad(ground.port, NAMES, PER_SECOND);
  const releases = await Promise.all(NAMES.map((name) => ground.release(name, CANDIDATES[name])));
  await Promise.all(
    releases.map(async ({ id }, i) => {
      ended.set(NAMES[i] as Name, await ground.end(id, LIMIT_MS));
    }),
  );
  await load.stop();
}, LIMIT_MS);

afterAll(async () => {
  await load?.stop();
  await ground?.close();
});

const endOf = (name: Name) => {
  const view = ended.get(name);
  const { requests, failed, firstAt, lastAt } = load.of(name, view?.version ?? 0);
  const sentence = view?.sentence ?? '';
  return { state: view?.state, sentence, requests, failed, seconds: (lastAt - firstAt) / 1000 };
};

describe('a candidate at 50 requests a second', () => {
  it('that fails every request is taken back within seconds, after at most six of them', () => {
    const { state, failed, seconds } = endOf('broken');
    console.info(`    fails every request: ${failed} failed in ${seconds.toFixed(1)} s`);
    expect(state).toBe('rolled_back');
    expect(failed).toBeLessThanOrEqual(6);
    expect(seconds).toBeLessThan(5);
  });

  it.each(['shaky', 'flawed'] as const)('that fails some is taken back for its errors: %s', (name) => {
    const { state, sentence, failed, seconds } = endOf(name);
    console.info(`    fails ${100 * CANDIDATES[name].failing}%: ${failed} failed in ${seconds.toFixed(1)} s`);
    expect([state, sentence]).toEqual(['rolled_back', expect.stringContaining('Errors on v2')]);
  });

  it('that is 30% slower is taken back for its latency', () => {
    const { state, sentence, requests, seconds } = endOf('slow');
    console.info(`    30% slower: ${requests} requests in ${seconds.toFixed(1)} s`);
    expect([state, sentence]).toEqual(['rolled_back', expect.stringMatching(/slower than the p\d+ of v1/)]);
  });

  it('that is as good is promoted', () => {
    const { state, requests, failed, seconds } = endOf('equal');
    console.info(`    equal: ${requests} requests, ${failed} failed, ${seconds.toFixed(0)} s`);
    expect([state, failed]).toEqual(['promoted', 0]);
  });

  it('is the only one whose requests fail', () => {
    expect(NAMES.map((name) => load.failedElsewhere(name, 2))).toEqual(NAMES.map(() => 0));
  });
});
