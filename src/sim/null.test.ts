// The promise of the judge, checked on whole releases: a version that is no worse is hardly ever taken back.
import { expect, it } from 'vitest';
import { auto, releaseIn, sendOut, served, steps, web } from './fixture.ts';

const RELEASES = 300;
const RAMPS = 100;

it(`takes at most 1 % of ${RELEASES} equal candidates back, whatever the traffic does`, async () => {
  let promoted = 0;
  let takenBack = 0;
  for (let i = 0; i < RELEASES; i += 1) {
    const spec = web({ steps: steps([5, 25, 50], 15_000), keepWarmMs: 0 }, { replicas: 1, isSticky: i % 4 === 0 });
    const run = await served(spec, { seed: `null ${i}` });
    const crowd = run.world.users.crowds.get('web');
    if (!crowd) throw new Error('web has no users');
    // The base rate of errors drifts and load comes in bursts, before the release and while the weight rises.
    const drift = () => {
      crowd.errorShare = 0.02 + 0.2 * Math.abs(Math.sin(run.world.time.second / 20));
      crowd.rate = run.world.time.second % 30 < 5 ? 200 : 40;
    };
    await run.pass(30, async () => drift());
    await sendOut(run);
    await run.passUntil(() => {
      drift();
      return releaseIn(run).endedAt !== null;
    }, 300);
    if (run.isBroken) throw new Error(run.report());
    if (releaseIn(run).phase === 'promoted') promoted += 1;
    if (releaseIn(run).ruling?.kind === 'fail') takenBack += 1;
  }
  expect(takenBack).toBeLessThanOrEqual(RELEASES / 100);
  expect(promoted).toBeGreaterThan(RELEASES * 0.9);
});

it(`takes at most 1 % of ${RAMPS} equal candidates of a ramp back, and promotes nearly all by certificate`, async () => {
  let [promoted, takenBack] = [0, 0];
  for (let i = 0; i < RAMPS; i += 1) {
    const run = await served(web({ ...auto(), keepWarmMs: 0 }, { replicas: 1 }), { seed: `null ramp ${i}` });
    const crowd = run.world.users.crowds.get('web');
    if (!crowd) throw new Error('web has no users');
    crowd.longRate = 0;
    const drift = () => {
      crowd.errorShare = 0.002 + 0.002 * Math.sin(run.world.time.second / 20);
    };
    await run.pass(60, async () => drift());
    await sendOut(run);
    await run.passUntil(() => {
      drift();
      return releaseIn(run).endedAt !== null;
    }, 1200);
    if (run.isBroken) throw new Error(run.report());
    if (releaseIn(run).phase === 'promoted') promoted += 1;
    if (releaseIn(run).phase === 'rolled_back') takenBack += 1;
  }
  expect(takenBack).toBeLessThanOrEqual(RAMPS / 100);
  expect(promoted).toBeGreaterThan(RAMPS * 0.9);
});
