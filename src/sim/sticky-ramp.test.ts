// Whole releases with `plan: auto` of a service whose clients keep their version: each client counts once.
import { expect, it } from 'vitest';
import { releaseIn } from './fixture.ts';
import { begun, crowdOf, until, untilOver, untilPhase, weights } from './ramp.fixture.ts';
import type { SimRun } from './run.ts';

const STICKY = { spec: { isSticky: true }, rate: 50 };

/** New ones come all the time. */
async function withManyClients(behaviour = {}): Promise<SimRun> {
  return begun({ ...STICKY, clients: 30_000, behaviour });
}

it('takes a good version up, and promotes it once enough clients have met it', async () => {
  const run = await withManyClients();
  await untilOver(run, 3600);
  expect(releaseIn(run)).toMatchObject({ phase: 'promoted', isSticky: true });
  expect(weights(run).at(-1)).toBe(100);
});

it('takes a version back that fails some clients, and gives the others no more of it', async () => {
  const run = await withManyClients({ errorShare: 0.2 });
  await untilOver(run, 300);
  expect(releaseIn(run)).toMatchObject({ phase: 'rolled_back', ruling: { kind: 'fail' } });
  expect(releaseIn(run).sentence).toMatch(/^Clients that met an error: \d+ on v2/);
});

it('takes a version back that answers later', async () => {
  const run = await withManyClients({ latencyMs: 40 });
  await untilOver(run, 900);
  expect(releaseIn(run)).toMatchObject({ phase: 'rolled_back', ruling: { kind: 'fail' } });
  expect(releaseIn(run).sentence).toMatch(/^Clients that met a request slower than the p/);
});

it('asks for clients where those that there are cannot prove it, and in the end a person', async () => {
  const run = await begun({ ...STICKY, ramp: { maxBakeMs: 900_000 } });
  expect(crowdOf(run).clients).toBe(500);
  await until(run, () => /more clients/.test(releaseIn(run).sentence));
  expect(releaseIn(run).sentence).toMatch(
    /needs \d+ more clients at \d+% to be safe, at least .* at today's traffic\.$/,
  );
  await untilPhase(run, 'waiting_for_approval');
  expect(releaseIn(run).sentence).toMatch(/A person decides\.$/);
});
