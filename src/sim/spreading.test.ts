// Instances that have met on one node part again under traffic: nothing is lost, whenever the control plane dies.
import { describe, expect, it } from 'vitest';
import type { InstanceSpec } from '../ports/runtime.ts';
import type { Fate } from './crash.ts';
import { releaseIn, sendOut, served, web } from './fixture.ts';
import { ANNA, type SimRun } from './run.ts';

const LONG_S = 300;

/** The first two of version 1 are on one node; whatever stands in for one of them is on another. */
async function crowded(replicas = 2): Promise<SimRun> {
  const run = await served(web({}, { replicas }));
  const { runtime } = run.world;
  const isHere = ({ version, slot }: InstanceSpec) => version === 1 && slot <= 2;
  runtime.crowdedOf = (spec) => {
    const here = [...runtime.instances.values()].filter((one) => !one.isOver && isHere(one.spec));
    const isTheOne = spec.slot === 2 && here.length === 2 && isHere(spec);
    return isTheOne ? { why: 'n1 has 2 instances of web, n2 none', unevenness: 4 } : undefined;
  };
  return run;
}

const slotsOf = (run: SimRun) =>
  [...run.world.runtime.instances.values()]
    .filter((one) => !one.isOver)
    .map((one) => one.spec.slot)
    .sort((one, other) => one - other);
const told = (run: SimRun, words: string) => run.events().filter(({ sentence }) => sentence.includes(words));
const isDone = (run: SimRun) => slotsOf(run).join() === '1,1002';

describe('instances on one node', () => {
  it('part without a lost request, and the journal says why', async () => {
    const run = await crowded();
    const lost: number[] = [];
    run.world.watch.add({ lost: ({ requests }) => lost.push(requests) });
    await run.pass(25);
    expect(slotsOf(run)).toEqual([1, 2]);
    expect(await run.passUntil(() => isDone(run), LONG_S)).toBeGreaterThan(0);
    await run.pass(LONG_S);
    if (run.isBroken) throw new Error(run.report());
    expect([lost, slotsOf(run)]).toEqual([[], [1, 1002]]);
    expect(told(run, 'web-v1-2 moves to another node: n1 has 2 instances of web, n2 none.')).toHaveLength(1);
    expect(told(run, 'web-v1-2 has moved: web-v1-1002 has taken its place.')).toHaveLength(1);
  });

  it.each(['before', 'after', 'unavailable'] as const)(
    'part when the control plane fails %s a call, too',
    async (fate: Fate) => {
      for (const at of [2, 5, 9, 14]) {
        const run = await crowded();
        await run.passUntil(() => told(run, 'moves to another node').length > 0, LONG_S);
        const before = run.calls;
        run.fateOf = ({ number }) => (number === before + at ? fate : 'well');
        const seconds = await run.passUntil(() => isDone(run), LONG_S);
        if (run.isBroken) throw new Error(run.report());
        expect(seconds).toBeGreaterThan(0);
      }
    },
  );

  it('stay while versions are compared, and a release ends a move', async () => {
    const run = await crowded(3);
    await run.passUntil(() => told(run, 'moves to another node').length > 0, LONG_S);
    await sendOut(run);
    await run.pass(2);
    expect(told(run, 'The move of web-v1-2 was given up: a release began.')).toHaveLength(1);
    const seconds = await run.passUntil(() => releaseIn(run).phase === 'promoted', 3 * LONG_S);
    if (run.isBroken) throw new Error(run.report());
    expect(seconds).toBeGreaterThan(0);
    expect(told(run, 'moves to another node')).toHaveLength(1);
  });

  it('stay where they are when nothing becomes ready elsewhere: everything serves, and tries come to an end', async () => {
    const run = await crowded();
    const lost: number[] = [];
    run.world.watch.add({ lost: ({ requests }) => lost.push(requests) });
    run.world.runtime.slowestStartS = 1_000_000;
    const ends = () => told(run, 'stay where they are').length > 0;
    const seconds = await run.passUntil(ends, 3000);
    if (run.isBroken) throw new Error(run.report());
    expect(seconds).toBeGreaterThan(0);
    await run.pass(LONG_S);
    if (run.isBroken) throw new Error(run.report());
    expect([lost, slotsOf(run)]).toEqual([[], [1, 2]]);
    expect(told(run, 'The move of web-v1-2 was given up: web-v1-1002 was not ready within 5 minutes.')).toHaveLength(3);
    expect(told(run, 'moves to another node')).toHaveLength(3);
  });

  it('stop with their service, on the way, too', async () => {
    const run = await crowded();
    await run.passUntil(() => told(run, 'moves to another node').length > 0, LONG_S);
    await run.order('down', 'web', (control) => control.down(['web'], ANNA));
    expect(await run.passUntil(() => slotsOf(run).length === 0, LONG_S)).toBeGreaterThan(0);
    if (run.isBroken) throw new Error(run.report());
  });
});
