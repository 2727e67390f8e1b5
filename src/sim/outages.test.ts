// Releases while something around them breaks: the control plane, the balancer, the clock, the traffic.
import { describe, expect, it } from 'vitest';
import { lately, shareIn } from '../core/window.ts';
import { simClock } from './clock.ts';
import { releaseIn, sendOut, served, steps, web } from './fixture.ts';
import { unrest } from './hostile.ts';
import { ANNA, type SimRun } from './run.ts';

async function untilOver(run: SimRun, limitS = 200): Promise<number> {
  const seconds = await run.passUntil(() => releaseIn(run).endedAt !== null, limitS);
  if (seconds < 0 || run.isBroken) throw new Error(run.report());
  return seconds;
}

async function untilRest(run: SimRun): Promise<void> {
  const seconds = await run.passUntil(() => unrest(run) === '', 120);
  if (seconds < 0 || run.isBroken) throw new Error(`${unrest(run)}\n${run.report()}`);
}

/** Requests that clients saw fail from now on, by cause. */
function losses(run: SimRun): Record<string, number> {
  const lost: Record<string, number> = {};
  run.world.watch.add({
    lost: ({ cause, requests }) => {
      lost[cause] = (lost[cause] ?? 0) + requests;
    },
  });
  return lost;
}

function crowdOf(run: SimRun) {
  const crowd = run.world.users.crowds.get('web');
  if (!crowd) throw new Error('web has no users');
  return crowd;
}

describe('a dead control plane', () => {
  it('drops no request, and goes on where the release was, with its evidence', async () => {
    const run = await served();
    const lost = losses(run);
    await sendOut(run);
    await run.passUntil(() => releaseIn(run).weight === 25, 60);
    const before = run.scene.stored.releases.get(2)?.evidence?.candidate.requests ?? 0;
    run.kill(40);
    await run.pass(39);
    expect(run.control).toBeNull();
    await run.pass(2);
    expect(releaseIn(run)).toMatchObject({ phase: 'ramping', weight: 25 });
    expect(run.scene.stored.releases.get(2)?.evidence?.candidate.requests).toBeGreaterThan(before + 40 * 8);
    await untilOver(run);
    expect(releaseIn(run).phase).toBe('promoted');
    expect(lost).toEqual({});
  });

  it('does not make a candidate late that it could not start', async () => {
    const run = await served();
    run.fateOf = ({ method }) => (method === 'start' ? 'unavailable' : 'well');
    await sendOut(run);
    await run.pass(5);
    run.kill(120);
    run.fateOf = () => 'well';
    await untilOver(run);
    expect(releaseIn(run).phase).toBe('promoted');
  });

  it('does not lose a verdict', async () => {
    const run = await served();
    await sendOut(run, { errorShare: 1 });
    await run.passUntil(() => (run.world.balancer.trafficOf('web')?.weight ?? 0) > 0, 20);
    run.fateOf = ({ method }) => (method === 'apply' ? 'before' : 'well');
    await run.pass(5);
    expect(releaseIn(run)).toMatchObject({ phase: 'rolling_back', ruling: { kind: 'fail' } });
    run.fateOf = () => 'well';
    await untilOver(run);
    expect(releaseIn(run).phase).toBe('rolled_back');
  });
});

describe('a lost balancer', () => {
  it.each([
    ['with its last table', true],
    ['empty', false],
  ])('that comes back %s goes on with the release', async (_, hasTable) => {
    const run = await served();
    await sendOut(run);
    await run.passUntil(() => releaseIn(run).weight === 25, 60);
    const { table } = run.world.balancer;
    run.world.balancer.fall();
    if (hasTable) run.world.balancer.rise(table);
    await run.pass(2);
    expect(run.world.balancer.trafficOf('web')).toMatchObject({ weight: 25, stable: { version: 1 } });
    await untilOver(run);
    expect(releaseIn(run).phase).toBe('promoted');
    await untilRest(run);
  });

  it('that confirms late delays the bake', async () => {
    const run = await served(web({ steps: steps([50], 5000), minRequests: 1 }));
    run.fateOf = ({ method }) => (method === 'apply' ? 4 : 'well');
    await sendOut(run);
    await untilOver(run);
    expect(releaseIn(run).phase).toBe('promoted');
  });

  it('that cannot be asked stops nothing: no instance ends, no weight moves', async () => {
    const run = await served();
    await sendOut(run);
    await run.passUntil(() => releaseIn(run).weight === 25, 60);
    run.fateOf = ({ port }) => (port === 'balancer' ? 'unavailable' : 'well');
    await run.order('rollback', 'web', (control) => control.rollBack('web', null, ANNA));
    await run.pass(300);
    expect(run.world.runtime.instances.size).toBe(4);
    expect(run.world.balancer.trafficOf('web')?.weight).toBe(25);
    run.fateOf = () => 'well';
    expect(await untilOver(run)).toBeLessThan(4);
    await untilRest(run);
  });
});

describe('a runtime that cannot tell what an instance wrote last', () => {
  it('holds nothing up', async () => {
    const run = await served();
    run.fateOf = ({ method }) => (method === 'tail' ? 'unavailable' : 'well');
    await sendOut(run, { readyAfterS: null });
    await untilOver(run);
    expect(releaseIn(run).phase).toBe('failed');
  });
});

describe('a clock that is set', () => {
  it.each([-100_000, 100_000])('by %i s ends no bake early or late, and fails nobody', async (jumpS) => {
    const run = await served();
    await sendOut(run, { readyAfterS: 8 });
    await run.pass(4);
    run.world.time.wallShiftS += jumpS;
    await run.passUntil(() => releaseIn(run).weight === 5, 20);
    await run.pass(5);
    run.world.time.wallShiftS -= jumpS;
    run.world.runtime.instances.get('web-v2-1')?.end(null, 'SIGKILL');
    const seconds = await untilOver(run);
    expect(seconds).toBeGreaterThan(20);
    expect(seconds).toBeLessThan(40);
    expect(releaseIn(run).phase).toBe('promoted');
  });

  it('while the control plane is dead does not count as time either', async () => {
    const run = await served();
    await sendOut(run, { readyAfterS: 10 });
    await run.pass(5);
    run.kill(3);
    run.world.time.wallShiftS -= 7200;
    await untilOver(run);
    expect(releaseIn(run).phase).toBe('promoted');
    await untilRest(run);
  });
});

describe('silence', () => {
  it('of hours is neither success nor failure, and is waited for with a number', async () => {
    const run = await served();
    await sendOut(run);
    await run.passUntil(() => releaseIn(run).weight === 5, 20);
    crowdOf(run).rate = 0;
    crowdOf(run).longRate = 0;
    await run.pass(4 * 3600);
    if (run.isBroken) throw new Error(run.report());
    expect(releaseIn(run)).toMatchObject({ phase: 'waiting_for_traffic', weight: 5 });
    expect(releaseIn(run).sentence).toMatch(/^Not enough data: v2 of web needs \d+ more requests at 5%/);
    crowdOf(run).rate = 50;
    await untilOver(run);
    expect(releaseIn(run).phase).toBe('promoted');
  });

  it('after a step does not let the requests of that step count for the next', async () => {
    const run = await served(web({ steps: steps([5, 50], 15_000) }));
    await sendOut(run);
    await run.passUntil(() => releaseIn(run).weight === 5, 20);
    await run.pass(13);
    crowdOf(run).rate = 0;
    crowdOf(run).longRate = 0;
    await run.pass(600);
    if (run.isBroken) throw new Error(run.report());
    expect(releaseIn(run)).toMatchObject({ phase: 'waiting_for_traffic', weight: 50 });
    expect(releaseIn(run).sentence).toMatch(/needs 20 more requests at 50%, no request reaches it now/);
  });
});

describe('clients that keep their version', () => {
  it('see a good version promoted and a broken one taken back', async () => {
    for (const [errorShare, phase] of [
      [0, 'promoted'],
      [0.8, 'rolled_back'],
    ] as const) {
      const run = await served(web({}, { isSticky: true }));
      await sendOut(run, { errorShare });
      await untilOver(run);
      expect(releaseIn(run).phase).toBe(phase);
      await untilRest(run);
    }
  });
});

describe('clients whose file makes them keep their version, or not, from this release on', () => {
  it.each([true, false])('are judged as they are routed (sticky: %s)', async (isSticky) => {
    const run = await served(web({}, { isSticky: !isSticky }));
    run.configure('web', { isSticky });
    await sendOut(run, { errorShare: 0.8 });
    await untilOver(run);
    expect(releaseIn(run)).toMatchObject({ phase: 'rolled_back', ruling: { kind: 'fail' } });
  });
});

describe('what is shown', () => {
  it('is the share and the rate that the balancer has measured', async () => {
    const run = await served(web({ steps: steps([30], 60_000) }));
    crowdOf(run).rate = 400;
    await sendOut(run);
    await run.passUntil(() => releaseIn(run).weight === 30, 20);
    await run.pass(40);
    const shown = await run.control?.release(2);
    expect(shown?.weight).toBe(30);
    // The second that has just ended was not over at the last look.
    const cells = (await run.world.balancer.observe(null)).cells.slice(-16, -1);
    const window = { cells, from: 0, upTo: cells.at(-1)?.tick ?? 0, missed: 0 };
    const epoch = run.world.balancer.trafficOf('web')?.epoch ?? 0;
    expect(shown?.measuredWeight).toBeCloseTo(shareIn(window, 'web', epoch, 15) ?? 0, 10);
    expect(Math.abs((shown?.measuredWeight ?? 0) - 30)).toBeLessThan(4);
    const rate = lately(window, 'web', null, 15).requestsPerSecond;
    expect(Math.abs(rate - 400)).toBeLessThan(30);
    expect(Math.abs((run.control?.service('web').traffic?.requestsPerSecond ?? 0) - 400)).toBeLessThan(30);
  });
});

describe('the loop', () => {
  it('turns once a second, sooner after a change of the table and after an order, and ends when told', async () => {
    const run = await served();
    const clock = simClock(run.world.time, run.world.random, async () => {});
    await clock.sleep(10, AbortSignal.abort());
    expect(clock.token()).toMatch(/^[0-9a-f]{16}$/);
    const stop = new AbortController();
    const looks: number[] = [];
    run.world.watch.add({
      listed: () => looks.push(run.world.time.monotonicMs),
      second: () => run.world.time.second > 30 && stop.abort(),
    });
    run.world.begin();
    await run.control?.run(stop.signal);
    const seconds = new Set(looks.map((at) => Math.floor(at / 1000)));
    expect(seconds.size).toBeGreaterThanOrEqual(20);
    expect(looks.length).toBeLessThanOrEqual(seconds.size + 2);
  });
});
