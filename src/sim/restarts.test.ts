// Instances that a person restarts under traffic: nothing is lost, and each gets another one in its place.
import { describe, expect, it } from 'vitest';
import type { Fate } from './crash.ts';
import { releaseIn, sendOut, served, web } from './fixture.ts';
import { ANNA, type SimRun } from './run.ts';

const LONG_S = 120;

function stateOf(run: SimRun) {
  const service = run.scene.stored.services.get('web');
  if (!service) throw new Error('there is no web');
  return service;
}

const slotsOf = (run: SimRun) =>
  [...run.world.runtime.instances.values()]
    .filter((one) => !one.isOver)
    .map((one) => one.spec.slot)
    .sort((one, other) => one - other);

async function restart(run: SimRun): Promise<void> {
  await run.order('restart', 'web', (control) => control.restart('web', null, ANNA));
}

const isDone = (run: SimRun) => stateOf(run).restarts === undefined;

describe('a restart', () => {
  it.each([[[1001]], [[1001, 1002]], [[1001, 1002, 1003]]])('of every instance loses no request: %j', async (slots) => {
    const run = await served(web({}, { replicas: slots.length }));
    const lost: number[] = [];
    run.world.watch.add({ lost: ({ requests }) => lost.push(requests) });
    await restart(run);
    expect(isDone(run)).toBe(false);
    const seconds = await run.passUntil(() => isDone(run), LONG_S);
    if (run.isBroken) throw new Error(run.report());
    expect(seconds).toBeGreaterThan(0);
    expect([lost, slotsOf(run)]).toEqual([[], slots]);
    const told = run.events().filter((event) => event.sentence.includes('was restarted'));
    expect(told.length).toBe(slots.length);
  });

  it.each(['before', 'after', 'unavailable'] as const)(
    'goes on when the control plane fails %s a call',
    async (fate: Fate) => {
      for (const at of [2, 5, 9, 14]) {
        const run = await served();
        await restart(run);
        const before = run.calls;
        run.fateOf = ({ number }) => (number === before + at ? fate : 'well');
        const seconds = await run.passUntil(() => isDone(run), LONG_S);
        if (run.isBroken) throw new Error(run.report());
        expect(seconds).toBeGreaterThan(0);
        expect(slotsOf(run)).toEqual([1001, 1002]);
      }
    },
  );

  it('is given up for a release, and refused while one is under way', async () => {
    const run = await served(web({}, { replicas: 3 }));
    await restart(run);
    await sendOut(run);
    await run.pass(2);
    expect(isDone(run)).toBe(true);
    expect(run.events().some((event) => event.sentence.includes('was given up: a release began'))).toBe(true);
    await restart(run);
    expect(isDone(run)).toBe(true);
    const seconds = await run.passUntil(() => releaseIn(run).phase === 'promoted', 3 * LONG_S);
    if (run.isBroken) throw new Error(run.report());
    expect(seconds).toBeGreaterThan(0);
  });
});
