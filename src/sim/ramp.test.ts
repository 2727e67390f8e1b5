// Whole releases with `plan: auto`: the weight follows the evidence, and people are asked where the file says so.
import { describe, expect, it } from 'vitest';
import { auto, releaseIn, sendOut, served, web } from './fixture.ts';
import { begun, blind, crowdOf, promote, until, untilOver, untilPhase, weights } from './ramp.fixture.ts';
import { ANNA } from './run.ts';

describe('a ramp', () => {
  it('takes a good version up by threes, and promotes it when every metric is safe', async () => {
    const run = await begun();
    const seconds = await untilOver(run);
    expect(releaseIn(run)).toMatchObject({ phase: 'promoted', version: 2 });
    expect(weights(run)).toEqual([5, 15, 45, 50, 100]);
    expect(seconds).toBeGreaterThanOrEqual(120);
    expect(seconds).toBeLessThan(600);
    const { evidence } = run.scene.stored.releases.get(releaseIn(run).id) ?? {};
    expect(evidence?.decided).toMatchObject({ kind: 'pass', isTakenBack: false });
  });

  it('begins lower where more requests come, so that a fault costs no more than its budget', async () => {
    const run = await begun({ rate: 400, behaviour: { errorShare: 1 } });
    await untilOver(run);
    expect(weights(run)).toEqual([1]);
    expect(releaseIn(run).phase).toBe('rolled_back');
  });

  it('takes a version back that answers later, though it fails nothing', async () => {
    const run = await begun({ behaviour: { latencyMs: 30 } });
    await untilOver(run);
    expect(releaseIn(run)).toMatchObject({ phase: 'rolled_back', ruling: { kind: 'fail' } });
    expect(releaseIn(run).sentence).toMatch(/^Requests slower than the p/);
  });

  it('waits for traffic with a number and a time, asks a person at the end, and obeys', async () => {
    const run = await begun({ rate: 1, ramp: { maxBakeMs: 600_000 } });
    await untilPhase(run, 'waiting_for_traffic');
    expect(releaseIn(run).sentence).toMatch(/needs \d+ more requests at \d+%.*, about \S+ at today's traffic/);
    await untilPhase(run, 'waiting_for_approval');
    expect(releaseIn(run).sentence).toMatch(/After 10m00s nothing speaks against it, but not every metric is safe/);
    await run.pass(600);
    expect(releaseIn(run).phase).toBe('waiting_for_approval');
    await promote(run);
    await untilOver(run, 5);
    expect(releaseIn(run).phase).toBe('promoted');
  });

  it('promotes at the end where the file says so', async () => {
    const run = await begun({ rate: 1, ramp: { maxBakeMs: 600_000, atEnd: 'promote' } });
    await untilOver(run);
    expect(releaseIn(run).phase).toBe('promoted');
    expect(weights(run).at(-1)).toBe(100);
  });

  it('without a request says so, and a person can give it everything', async () => {
    const run = await begun({ rate: 0 });
    await untilPhase(run, 'waiting_for_traffic');
    await run.pass(900);
    expect(weights(run)).toEqual([20]);
    expect(releaseIn(run).sentence).toBe(
      'Not enough data: v2 of web needs 20 more requests at 20%, no request reaches it now. A person can promote it without.',
    );
    await promote(run, 100);
    await untilOver(run, 5);
    expect(releaseIn(run).phase).toBe('promoted');
  });
});

describe('people', () => {
  it('are asked before each weight that needs their yes, and while they think nothing rises', async () => {
    const run = await begun({ ramp: { approvals: [20, 100] } });
    await untilPhase(run, 'waiting_for_approval');
    expect(releaseIn(run)).toMatchObject({ weight: 15, sentence: "v2 of web waits for a person's yes before 20%." });
    await run.pass(300);
    expect(releaseIn(run)).toMatchObject({ phase: 'waiting_for_approval', weight: 15 });
    await promote(run);
    expect(releaseIn(run)).toMatchObject({ phase: 'ramping', weight: 20 });
    await until(run, () => releaseIn(run).phase === 'waiting_for_approval');
    expect(releaseIn(run)).toMatchObject({ weight: 50, sentence: "v2 of web waits for a person's yes before 100%." });
    await promote(run);
    await untilOver(run, 5);
    expect(releaseIn(run).phase).toBe('promoted');
  });

  it('send it on and hold it as they like', async () => {
    const run = await begun();
    await until(run, () => releaseIn(run).weight === 5);
    await promote(run, 30);
    expect(releaseIn(run)).toMatchObject({ phase: 'ramping', weight: 30 });
    await run.order('pause', 'web', (control) => control.pause('web', ANNA));
    await run.pass(200);
    expect(releaseIn(run)).toMatchObject({ phase: 'paused', weight: 30 });
    await promote(run);
    expect(releaseIn(run).weight).toBe(50);
    await untilOver(run);
    expect(releaseIn(run).phase).toBe('promoted');
  });
});

describe('failures of both versions', () => {
  it('hold the ramp, and let it go on when they are over', async () => {
    const run = await begun();
    const crowd = crowdOf(run);
    await until(run, () => releaseIn(run).weight === 15);
    crowd.errorShare = 0.1;
    await until(run, () => releaseIn(run).held != null);
    expect(releaseIn(run).sentence).toMatch(
      /^v1 and v2 of web together failed \d+ of \d+ requests in the last minute, more than 1.44%: v2 holds at \d+%\.$/,
    );
    const { weight } = releaseIn(run);
    await run.pass(120);
    expect(releaseIn(run)).toMatchObject({ weight, phase: 'ramping' });
    crowd.errorShare = 0;
    await untilOver(run);
    expect(releaseIn(run).phase).toBe('promoted');
    expect(run.events().map((event) => event.type)).toContain('release_held');
  });

  it('hold no ramp of a loop that takes them for usual: the planted mistake', async () => {
    const run = await begun({ planted: blind((guards) => ({ ...guards, before: 1 })) });
    await until(run, () => releaseIn(run).weight === 15);
    crowdOf(run).errorShare = 0.1;
    await until(run, () => releaseIn(run).weight > 15);
    expect(run.events().map((event) => event.type)).not.toContain('release_held');
  });

  it('that are usual for the service hold nothing', async () => {
    const run = await served(web(auto()));
    crowdOf(run).errorShare = 0.05;
    await run.pass(120);
    await sendOut(run);
    await untilOver(run, 3000);
    expect(run.events().filter((event) => event.type === 'release_held')).toEqual([]);
    expect(releaseIn(run).phase).toBe('promoted');
  });
});
