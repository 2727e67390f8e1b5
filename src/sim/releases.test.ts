// Whole releases in a simulated world where nothing breaks but the code.
import { describe, expect, it } from 'vitest';
import { GOOD } from './behaviour.ts';
import { releaseIn, sendOut, served, steps, web } from './fixture.ts';
import { unrest } from './hostile.ts';
import { ANNA, type SimRun } from './run.ts';

/** Seconds until the release is over; fails with the whole story when it is not, or when an invariant breaks. */
async function untilOver(run: SimRun, limitS = 120): Promise<number> {
  const seconds = await run.passUntil(() => releaseIn(run).endedAt !== null, limitS);
  if (seconds < 0 || run.isBroken) throw new Error(run.report());
  return seconds;
}

async function untilPhase(run: SimRun, phase: string): Promise<void> {
  const seconds = await run.passUntil(() => releaseIn(run).phase === phase, 120);
  if (seconds < 0 || run.isBroken) throw new Error(run.report());
}

async function expectRest(run: SimRun): Promise<void> {
  const seconds = await run.passUntil(() => unrest(run) === '', 120);
  if (seconds < 0 || run.isBroken) throw new Error(`${unrest(run)}\n${run.report()}`);
}

function instancesOf(run: SimRun): readonly string[] {
  return [...run.world.runtime.instances.keys()].sort();
}

function weights(run: SimRun): readonly unknown[] {
  return run
    .events()
    .filter((event) => event.release === releaseIn(run).id && event.type !== 'release_verdict')
    .filter((event) => typeof event.data.weight === 'number')
    .map((event) => event.data.weight);
}

describe('a release', () => {
  it('of the first version goes straight to 100 %', async () => {
    const run = await served();
    expect(releaseIn(run)).toMatchObject({ phase: 'promoted', version: 1, from: null });
    expect(run.world.balancer.trafficOf('web')).toMatchObject({ stable: { version: 1 }, candidate: null });
    await expectRest(run);
  });

  it('of a good version takes every step of its plan, holds each as long as asked, and is promoted', async () => {
    const run = await served();
    await sendOut(run);
    const seconds = await untilOver(run);
    expect(releaseIn(run).phase).toBe('promoted');
    expect(weights(run)).toEqual([0, 5, 25, 50, 100, 100]);
    expect(seconds).toBeGreaterThanOrEqual(30);
    expect(seconds).toBeLessThan(45);
    await expectRest(run);
  });

  it('that fails every request has lost its traffic within 3 s of receiving the first', async () => {
    for (const seed of ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']) {
      const run = await served(web(), { seed });
      await sendOut(run, { errorShare: 1 });
      const weight = () => run.world.balancer.trafficOf('web')?.weight ?? 0;
      await run.passUntil(() => weight() > 0, 20);
      expect(await run.passUntil(() => weight() === 0, 20)).toBeLessThanOrEqual(3);
      await untilOver(run);
      expect(releaseIn(run).phase).toBe('rolled_back');
      expect(releaseIn(run).sentence).toMatch(/^Errors on v2: 100% against 0%/);
      await expectRest(run);
    }
  });

  it('whose code never answers is taken back after the deadline', async () => {
    const run = await served();
    await sendOut(run, { hangShare: 1 });
    expect(await untilOver(run)).toBeLessThan(15);
    expect(releaseIn(run)).toMatchObject({ phase: 'rolled_back', ruling: { kind: 'fail' } });
    await run.pass(45);
    await expectRest(run);
  });

  it('that is never ready fails after its time, and stable never notices', async () => {
    const run = await served();
    await sendOut(run, { readyAfterS: null });
    const lost: string[] = [];
    run.world.watch.add({ lost: ({ cause }) => lost.push(cause) });
    expect(await untilOver(run)).toBeGreaterThanOrEqual(20);
    expect(releaseIn(run).phase).toBe('failed');
    expect(releaseIn(run).sentence).toMatch(/was not ready within 20s: .*answered 503.*v1 still has 100% of traffic/);
    expect(weights(run)).toEqual([0, 0]);
    expect(lost).toEqual([]);
    await expectRest(run);
    expect(instancesOf(run)).toEqual(['web-v1-1', 'web-v1-2']);
  });

  it.each([0, 8])('that ends again and again, %i s after each start, is taken back', async (crashAfterS) => {
    const run = await served();
    await sendOut(run, { crashAfterS });
    await untilOver(run);
    expect(releaseIn(run).phase).toBe(crashAfterS === 0 ? 'failed' : 'rolled_back');
    expect(releaseIn(run).sentence).toMatch(/keeps ending: web-v2-\d ended 3 times in a row, last with exit status 1/);
    await expectRest(run);
  });

  it('whose instances all stay away for 5 s is taken back', async () => {
    const run = await served();
    await sendOut(run, { flap: { everyS: 20, forS: 8 } });
    await untilOver(run);
    expect(releaseIn(run).phase).toBe('rolled_back');
    expect(releaseIn(run).sentence).toMatch(/v2 of web has no ready instance: GET/);
    await expectRest(run);
  });

  it('without a plan goes straight to 100 %', async () => {
    const run = await served(web({ steps: [] }));
    await sendOut(run);
    expect(await untilOver(run)).toBeLessThan(5);
    expect(weights(run)).toEqual([0, 100, 100]);
  });
});

describe('a broken stable', () => {
  it('does not block the release that repairs it', async () => {
    const run = await served();
    await sendOut(run, { leakAfterS: 60 });
    await untilOver(run);
    for (const [label, behaviour] of run.world.runtime.behaviours) {
      run.world.runtime.behaviours.set(label, { ...behaviour, readyAfterS: null });
    }
    await run.pass(30);
    await sendOut(run);
    expect(await untilOver(run)).toBeLessThan(20);
    expect(releaseIn(run)).toMatchObject({ phase: 'promoted', version: 3 });
    await expectRest(run);
  });

  it('is replaced by the candidate that works when it breaks on the way', async () => {
    const run = await served(web({}, { context: '/code/web-leaky' }), {});
    await sendOut(run);
    await untilPhase(run, 'ramping');
    run.world.runtime.behaviours.set('web-leaky', { ...GOOD, readyAfterS: null });
    for (const id of ['web-v1-1', 'web-v1-2']) run.world.runtime.instances.get(id)?.end(null, 'SIGKILL');
    expect(await untilOver(run)).toBeLessThan(12);
    expect(releaseIn(run).phase).toBe('promoted');
    expect(run.events().map((event) => event.sentence)).toContain('v1 of web has no ready instance, so v2 takes over.');
  });
});

describe('a rollback onto a dead stable', () => {
  it('lets the candidate stand in until stable is back', async () => {
    const run = await served(web({}, { context: '/code/web-brittle' }));
    await sendOut(run);
    await untilPhase(run, 'ramping');
    run.world.runtime.behaviours.set('web-brittle', { ...GOOD, readyAfterS: 60 });
    for (const id of ['web-v1-1', 'web-v1-2']) run.world.runtime.instances.get(id)?.end(null, 'SIGKILL');
    await run.order('rollback', 'web', (control) => control.rollBack('web', null, ANNA));
    const refused: number[] = [];
    run.world.watch.add({ lost: ({ cause, requests }) => cause === 'refused' && refused.push(requests) });
    expect(await untilOver(run)).toBeGreaterThan(55);
    expect(releaseIn(run).phase).toBe('rolled_back');
    expect(refused).toEqual([]);
    await expectRest(run);
  });

  it('ends for a newer release', async () => {
    const run = await served(web({}, { context: '/code/web-brittle' }));
    await sendOut(run);
    await untilPhase(run, 'ramping');
    run.world.runtime.behaviours.set('web-brittle', { ...GOOD, readyAfterS: null });
    for (const id of ['web-v1-1', 'web-v1-2']) run.world.runtime.instances.get(id)?.end(null, 'SIGKILL');
    await run.order('rollback', 'web', (control) => control.rollBack('web', null, ANNA));
    await run.pass(30);
    expect(releaseIn(run).phase).toBe('rolling_back');
    await sendOut(run);
    expect(await untilOver(run)).toBeLessThan(15);
    expect(releaseIn(run)).toMatchObject({ phase: 'promoted', version: 3 });
  });
});

describe('people', () => {
  it.each(['starting', 'ramping', 'waiting_for_traffic', 'waiting_for_approval', 'paused', 'promoting'])(
    'end a release cleanly while it is %s',
    async (phase) => {
      const plan = steps([5, 50], 4000).map((step, i) => ({ ...step, needsApproval: i === 1 }));
      const run = await served(web({ steps: phase === 'waiting_for_approval' ? plan : steps([5, 50], 4000) }));
      const crowd = run.world.users.crowds.get('web');
      if (crowd && phase === 'waiting_for_traffic') crowd.rate = 0;
      if (phase === 'promoting')
        run.fateOf = ({ method }) => (method === 'apply' && isAtFull(run) ? 'unavailable' : 'well');
      await sendOut(run, { readyAfterS: 3 });
      await untilPhase(run, phase === 'paused' ? 'ramping' : phase);
      if (phase === 'paused') await run.order('pause', 'web', (control) => control.pause('web', ANNA));
      expect(releaseIn(run).phase).toBe(phase);
      await run.order('rollback', 'web', (control) => control.rollBack('web', null, { by: 'ben', reason: 'no' }));
      run.fateOf = () => 'well';
      expect(await untilOver(run)).toBeLessThan(5);
      expect(releaseIn(run)).toMatchObject({
        phase: 'rolled_back',
        weight: 0,
        sentence: 'ben rolled v2 of web back: no.',
      });
      await expectRest(run);
      expect(instancesOf(run)).toEqual(['web-v1-1', 'web-v1-2']);
    },
  );

  it('end a first start, and nothing is left', async () => {
    const run = await served(web({}, { context: '/code/never' }));
    run.world.runtime.behaviours.set('never', { ...GOOD, readyAfterS: null });
    await run.order('down', 'web', (control) => control.down(['web'], ANNA));
    await run.up();
    await run.pass(3);
    await run.order('rollback', 'web', (control) => control.rollBack('web', null, ANNA));
    await expectRest(run);
  });

  it('supersede a release with a newer one, and only the newest of those that wait begins', async () => {
    const run = await served();
    await sendOut(run);
    await untilPhase(run, 'ramping');
    run.fateOf = ({ method }) => (method === 'apply' ? 'unavailable' : 'well');
    await sendOut(run);
    await run.pass(3);
    await sendOut(run);
    await run.pass(3);
    run.fateOf = () => 'well';
    await untilOver(run);
    expect(releaseIn(run)).toMatchObject({ version: 4, phase: 'promoted' });
    expect(run.events().map((event) => event.sentence)).toEqual(
      expect.arrayContaining([
        'v3 of web was released before v2 was decided.',
        'v3 of web was never started: v4 took its place.',
        'v4 of web starts beside v1.',
      ]),
    );
    await expectRest(run);
  });

  it('are waited for before a step that needs their yes', async () => {
    const plan = steps([5, 50], 2000).map((step, i) => ({ ...step, needsApproval: i === 1 }));
    const run = await served(web({ steps: plan, needsFinalApproval: true }));
    await sendOut(run);
    await untilPhase(run, 'waiting_for_approval');
    await run.pass(600);
    expect(releaseIn(run)).toMatchObject({ phase: 'waiting_for_approval', weight: 5 });
    await run.order('promote', 'web', (control) => control.promote('web', { to: null, version: null }, ANNA));
    await untilPhase(run, 'waiting_for_approval');
    expect(releaseIn(run).weight).toBe(50);
    await run.order('promote', 'web', (control) => control.promote('web', { to: 100, version: null }, ANNA));
    expect(await untilOver(run)).toBeLessThan(3);
    expect(releaseIn(run).phase).toBe('promoted');
  });

  it('go back in less than a second while the old version is warm, and nothing is started for it', async () => {
    const run = await served();
    await sendOut(run);
    await untilOver(run);
    const starts: string[] = [];
    run.world.watch.add({ starting: ({ id }) => starts.push(id) });
    await run.order('rollback', 'web', (control) => control.rollBack('web', null, ANNA));
    await run.pass(1);
    expect(releaseIn(run)).toMatchObject({ version: 1, phase: 'promoted' });
    expect(run.world.balancer.trafficOf('web')?.stable?.version).toBe(1);
    expect(starts).toEqual([]);
    await expectRest(run);
  });

  it('go back to a version that has gone cold as soon as it is ready again', async () => {
    const run = await served(web({ keepWarmMs: 0 }));
    await sendOut(run);
    await untilOver(run);
    await run.pass(10);
    await run.order('rollback', 'web', (control) => control.rollBack('web', 1, ANNA));
    expect(await untilOver(run)).toBeLessThan(5);
    expect(releaseIn(run)).toMatchObject({ version: 1, phase: 'promoted' });
    await expectRest(run);
  });

  it('scale, stop and start again without a request lost, streams included', async () => {
    const run = await served();
    const crowd = run.world.users.crowds.get('web');
    if (crowd) crowd.longRate = 1;
    for (const replicas of [4, 1, 3]) {
      run.configure('web', { replicas });
      await run.up();
      await run.pass(40);
      if (run.isBroken) throw new Error(run.report());
    }
    await expectRest(run);
    expect(instancesOf(run)).toHaveLength(3);
    await run.order('down', 'web', (control) => control.down([], ANNA));
    await run.pass(40);
    expect(instancesOf(run)).toEqual([]);
    await run.up();
    await expectRest(run);
    expect(instancesOf(run)).toHaveLength(3);
  });
});

/** Whether the next table would give the candidate everything. */
function isAtFull(run: SimRun): boolean {
  return run.scene.stored.services.get('web')?.release?.weight === 100;
}
