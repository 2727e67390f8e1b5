// The second half of the hostile worlds, and what makes them worth running.
import { expect, it } from 'vitest';
import { hostileWorlds } from './hostile.fixture.ts';
import { hostileRun } from './hostile.ts';

hostileWorlds(1, 2);

it('replays a seed exactly', async () => {
  const [one, other] = [await hostileRun({ seed: '7' }), await hostileRun({ seed: '7' })];
  expect(other.world.disk.documents).toEqual(one.world.disk.documents);
  expect(other.world.disk.journal).toEqual(one.world.disk.journal);
  expect(other.report()).toBe(one.report());
  expect((await hostileRun({ seed: '8' })).report()).not.toBe(one.report());
});

it('meets every phase, every end and every fault in a few worlds', async () => {
  const met = new Set<unknown>();
  let [kills, lives] = [0, 0];
  for (let seed = 0; seed < 60; seed += 1) {
    const run = await hostileRun({ seed: `variety ${seed}` });
    for (const event of run.events()) met.add(event.data.phase ?? event.type);
    kills += run.kills;
    lives += Number(run.world.balancer.boot.split('-')[1]);
  }
  const phases = ['starting', 'ramping', 'waiting_for_traffic', 'waiting_for_approval', 'paused', 'promoting'];
  const ends = ['promoted', 'rolling_back', 'rolled_back', 'failed'];
  for (const one of [...phases, ...ends, 'instance_exited', 'service_changed', 'release_watch'])
    expect(met).toContain(one);
  expect(kills).toBeGreaterThan(60);
  expect(lives).toBeGreaterThan(70);
});
