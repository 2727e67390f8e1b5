// The judge behind both balancers: the same candidates at the same load end the same way, with counts that are those of the clients.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { ReleaseView } from '../src/api/views.ts';
import { describeWith } from './engines.ts';
import { type Behaviour, type Ground, openGround } from './verdict/ground.ts';
import { type Load, startLoad } from './verdict/load.ts';

const GOOD: Behaviour = { failing: 0, ms: 40 };
const CANDIDATES = {
  broken: { failing: 1, ms: 40 },
  shaky: { failing: 0.2, ms: 40 },
  slow: { failing: 0, ms: 60 },
} satisfies Record<string, Behaviour>;
type Name = keyof typeof CANDIDATES;
const NAMES = Object.keys(CANDIDATES) as Name[];
const BALANCERS = ['embedded', 'haproxy'] as const;

const PER_SECOND = 40;
/** Until the control plane knows how much traffic there is: the first weight follows from it. */
const KNOWN_MS = 30_000;
const LIMIT_MS = 10 * 60_000;
/** Counts of the last seconds come after the end of a release. */
const LATE_MS = 30_000;

type End = { readonly state: string; readonly why: string; readonly counted: number; readonly answered: number };

/** The sentence without its numbers. */
function reasonOf({ sentence }: ReleaseView): string {
  return sentence.startsWith('Errors on v2')
    ? 'errors'
    : /slower than the p\d+ of v1/.test(sentence)
      ? 'latency'
      : sentence;
}

async function endOf(ground: Ground, load: Load, name: Name): Promise<End> {
  const { id } = await ground.release(name, CANDIDATES[name]);
  let view = await ground.end(id, LIMIT_MS);
  const deadline = performance.now() + LATE_MS;
  while (view.candidate.requests !== load.of(name, 2).requests && performance.now() < deadline) {
    await sleep(500);
    view = await ground.client.release(id);
  }
  return {
    state: view.state,
    why: reasonOf(view),
    counted: view.candidate.requests,
    answered: load.of(name, 2).requests,
  };
}

async function endsBehind(balancer: (typeof BALANCERS)[number]): Promise<Record<Name, End>> {
  const ground = await openGround(NAMES, GOOD, balancer);
  const load = startLoad(ground.port, NAMES, PER_SECOND);
  try {
    await sleep(KNOWN_MS);
    const ends = await Promise.all(NAMES.map(async (name) => [name, await endOf(ground, load, name)] as const));
    expect(NAMES.map((name) => [name, load.failedElsewhere(name, 2)])).toEqual(NAMES.map((name) => [name, 0]));
    return Object.fromEntries(ends) as Record<Name, End>;
  } finally {
    await load.stop();
    await ground.close();
  }
}

describeWith('haproxy', 'the judge behind both balancers', () => {
  it(
    'gives the same verdicts for the same reasons, and has counted every request once',
    async () => {
      const behind = await Promise.all(BALANCERS.map(endsBehind));
      for (const ends of behind) {
        console.table(ends);
        for (const { counted, answered } of Object.values(ends)) expect(counted).toBe(answered);
        expect(ends).toMatchObject({
          broken: { state: 'rolled_back', why: 'errors' },
          shaky: { state: 'rolled_back', why: 'errors' },
          slow: { state: 'rolled_back', why: 'latency' },
        });
      }
    },
    LIMIT_MS,
  );
});
