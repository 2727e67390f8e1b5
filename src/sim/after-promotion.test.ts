// After a promotion: the old version keeps a share while it is warm, and what shows only then is taken back.
import { describe, expect, it } from 'vitest';
import type { ReleaseRecord } from '../control/memory.ts';
import type { Behaviour } from './behaviour.ts';
import type { Fate } from './crash.ts';
import { sendOut, served, steps, web } from './fixture.ts';
import { unrest } from './hostile.ts';
import { ANNA, type SimOptions, type SimRun } from './run.ts';

const PLAN = { steps: steps([20, 50], 3000), minRequests: 10, keepWarmMs: 60_000, holdBack: 5 };

/** A world in which v2 of `web` has just been promoted by verdict. */
async function promoted(
  behaviour: Partial<Behaviour> = {},
  spec = web(PLAN),
  options: Partial<SimOptions> = {},
): Promise<SimRun> {
  const run = await served(spec, options);
  await sendOut(run, behaviour);
  await until(run, () => serviceIn(run)?.last?.version === 2);
  expect(serviceIn(run)?.last).toMatchObject({ version: 2, phase: 'promoted' });
  return run;
}

function serviceIn(run: SimRun) {
  return run.scene.stored.services.get('web');
}

/** Seconds until it is so; fails with the whole story when it is not, or when an invariant breaks. */
async function until(run: SimRun, isSo: () => boolean, limitS = 120): Promise<number> {
  const seconds = await run.passUntil(isSo, limitS);
  if (seconds < 0 || run.isBroken) throw new Error(run.report());
  return seconds;
}

async function expectRest(run: SimRun): Promise<void> {
  await until(run, () => unrest(run) === '');
}

/** `1 at 5%, 2 at 95%`: who is routed with what share. */
function shares(run: SimRun): string {
  const { stable, candidate, weight } = run.world.balancer.trafficOf('web') ?? {};
  return candidate
    ? `v${stable?.version} ${100 - (weight ?? 0)}%, v${candidate.version} ${weight}%`
    : `v${stable?.version} 100%`;
}

function watchEvents(run: SimRun): readonly string[] {
  return run.events().flatMap((event) => (event.type === 'release_watch' ? [event.sentence] : []));
}

/** Counts what clients lose from now on, but for answers of the instances themselves. */
function losses(run: SimRun): string[] {
  const lost: string[] = [];
  run.world.watch.add({ lost: ({ cause }) => (cause === 'answered' ? 0 : lost.push(cause)) });
  return lost;
}

function starts(run: SimRun): string[] {
  const started: string[] = [];
  run.world.watch.add({ starting: ({ id }) => started.push(id) });
  return started;
}

const FADING: Partial<Behaviour> = { errorShare: 0.5, spoilsAfterS: 30 };

describe('a promoted version', () => {
  it('leaves the old one its share while that is warm, then has everything, and the old one stops', async () => {
    const run = await promoted();
    const lost = losses(run);
    await run.pass(1);
    expect(shares(run)).toBe('v1 5%, v2 95%');
    expect(serviceIn(run)).toMatchObject({ stable: 2, release: null, last: { phase: 'promoted', weight: 100 } });
    await run.pass(50);
    expect(shares(run)).toBe('v1 5%, v2 95%');
    await run.pass(15);
    expect(shares(run)).toBe('v2 100%');
    await expectRest(run);
    expect([...run.world.runtime.instances.keys()]).toEqual(['web-v2-1', 'web-v2-2']);
    expect(watchEvents(run)).toEqual([
      'v2 of web has 95%; v1 keeps 5% for 1 min to compare.',
      'v2 of web has 100% of traffic: it was compared with v1 to the end.',
    ]);
    expect(lost).toEqual([]);
  });

  it('is taken back at once when it fails only then, without a start, and not sent out again by `up`', async () => {
    const run = await promoted(FADING);
    const [lost, started] = [losses(run), starts(run)];
    const { release } = serviceIn(run)?.watch ?? {};
    const before = run.scene.stored.releases.get(release ?? 0)?.evidence?.candidate.requests ?? 0;
    await until(run, () => serviceIn(run)?.stable === 1);
    expect(shares(run)).toBe('v1 100%');
    const [, sentence = ''] = watchEvents(run);
    expect(sentence).toMatch(/^v2 of web was promoted \d+s ago and is taken back: Errors on v2: \d.*against 0%/);
    expect(serviceIn(run)?.last).toMatchObject({
      version: 1,
      from: 2,
      by: 'friday',
      reason: sentence,
      phase: 'promoted',
    });
    const record = run.scene.stored.releases.get(release ?? 0);
    expect(record?.release).toMatchObject({ version: 2, phase: 'promoted' });
    expect(record?.release.ruling?.kind).not.toBe('fail');
    expect(record?.evidence?.candidate.requests).toBeGreaterThan(before);
    expect(record?.evidence?.decided).toMatchObject({ isTakenBack: true, kind: 'fail' });
    await run.up();
    await expectRest(run);
    expect(serviceIn(run)).toMatchObject({ stable: 1, release: null, nextVersion: 3 });
    expect([started, lost]).toEqual([[], []]);
    expect(run.control?.versions('web').map((one) => one.state)).toEqual(['rolled_back', 'stable']);
  });

  it('gives the old one nothing and stays when the file holds nothing back', async () => {
    const run = await promoted(FADING, web({ ...PLAN, holdBack: 0 }));
    await run.pass(50);
    expect(shares(run)).toBe('v2 100%');
    expect([serviceIn(run)?.stable, watchEvents(run)]).toEqual([2, []]);
  });

  it('is taken back when its instances end again and again', async () => {
    const run = await promoted({ crashAfterS: 12 });
    await until(run, () => serviceIn(run)?.stable === 1);
    expect(watchEvents(run)[1]).toMatch(/is taken back: v2 of web (keeps ending: web-v2-\d ended 3|has no ready)/);
    await expectRest(run);
  });

  it('is taken back when it is not ready for 5 s; until then the old one answers for it', async () => {
    const run = await promoted({ flap: { everyS: 40, forS: 15 } });
    const lost = losses(run);
    await until(run, () => serviceIn(run)?.stable === 1);
    expect(watchEvents(run)[1]).toMatch(/is taken back: v2 of web has no ready instance: GET .* answered 503/);
    expect(lost).toEqual([]);
    await expectRest(run);
  });

  it('that is not ready when the time is over keeps the old one until it is decided', async () => {
    const run = await promoted({ flap: { everyS: 42, forS: 4 } }, web({ ...PLAN, keepWarmMs: 30_000 }));
    const lost = losses(run);
    await until(run, () => serviceIn(run)?.watch === null);
    expect(serviceIn(run)?.stable).toBe(2);
    await run.pass(10);
    expect(lost.filter((cause) => cause === 'refused')).toEqual([]);
  });

  it('has everything as soon as the old one cannot serve', async () => {
    const run = await promoted();
    await run.pass(5);
    const lost = losses(run);
    for (const slot of [1, 2]) run.world.runtime.instances.get(`web-v1-${slot}`)?.end(null, 'SIGKILL');
    await run.pass(1);
    expect(shares(run)).toBe('v2 100%');
    expect(watchEvents(run)[1]).toBe('v2 of web has 100% of traffic: v1 has no ready instance to compare with.');
    expect(lost.filter((cause) => cause === 'refused')).toEqual([]);
    await expectRest(run);
  });

  it('is not watched when a person gave it everything, nor when a person went back to it', async () => {
    const run = await served(web({ ...PLAN, steps: steps([20], 600_000) }));
    await sendOut(run);
    await until(run, () => serviceIn(run)?.release?.weight === 20);
    await run.order('promote', 'web', (control) => control.promote('web', { to: 100, version: null }, ANNA));
    await until(run, () => serviceIn(run)?.stable === 2);
    await run.order('rollback', 'web', (control) => control.rollBack('web', 1, ANNA));
    await until(run, () => serviceIn(run)?.stable === 1);
    await run.pass(3);
    expect([shares(run), watchEvents(run)]).toEqual(['v1 100%', []]);
  });

  it('is watched when a person said the last yes to what the judge had passed', async () => {
    const run = await served(web({ ...PLAN, needsFinalApproval: true }));
    await sendOut(run);
    await until(run, () => serviceIn(run)?.release?.phase === 'waiting_for_approval');
    await run.order('promote', 'web', (control) => control.promote('web', { to: null, version: null }, ANNA));
    await run.pass(3);
    expect(shares(run)).toBe('v1 5%, v2 95%');
  });

  it('keeps sticky clients where they were, and is judged by them', async () => {
    const spec = web({ ...PLAN, holdBack: 20 }, { isSticky: true });
    const run = await promoted(FADING, spec);
    const { salt } = serviceIn(run)?.last ?? {};
    await run.pass(1);
    expect(run.world.balancer.trafficOf('web')).toMatchObject({ salt, isSticky: true, weight: 80 });
    await until(run, () => serviceIn(run)?.stable === 1);
  });
});

describe('people, while a promoted version is watched,', () => {
  it('go back in less than a second, and nothing is started for it', async () => {
    const run = await promoted();
    await run.pass(5);
    const [lost, started] = [losses(run), starts(run)];
    await run.order('rollback', 'web', (control) => control.rollBack('web', null, ANNA));
    await run.pass(1);
    expect(shares(run)).toBe('v1 100%');
    expect(watchEvents(run)[1]).toBe('v2 of web is compared with v1 no more: v1 is released.');
    await expectRest(run);
    expect([started, lost]).toEqual([[], []]);
  });

  it('release the next version, which is compared with the promoted one alone', async () => {
    const run = await promoted();
    await run.pass(5);
    await sendOut(run);
    await run.pass(1);
    expect(run.world.balancer.trafficOf('web')).toMatchObject({ stable: { version: 2 }, weight: 0 });
    expect(watchEvents(run)[1]).toBe('v2 of web is compared with v1 no more: v3 is released.');
    await until(run, () => serviceIn(run)?.stable === 3);
    expect(shares(run)).toBe('v2 5%, v3 95%');
  });

  it('stop the service, and start it again without a comparison', async () => {
    const run = await promoted();
    await run.order('down', 'web', (control) => control.down(['web'], ANNA));
    await run.pass(1);
    expect(watchEvents(run)[1]).toBe('v2 of web is compared with v1 no more: web is stopped.');
    await run.up();
    await run.pass(5);
    expect(shares(run)).toBe('v2 100%');
    await expectRest(run);
  });

  it('read who has what share, until when, and beside whom', async () => {
    const run = await promoted();
    await run.pass(3);
    const service = run.control?.service('web');
    const release = await run.control?.release(serviceIn(run)?.last?.id ?? 0);
    expect(service?.sentence).toMatch(/^v2 of web has 95%; v1 keeps 5% until \d\d:\d\d to compare\.$/);
    expect(service).toMatchObject({ state: 'healthy', watch: { version: 2, from: 1, weight: 95, holdBack: 5 } });
    expect(release).toMatchObject({ state: 'promoted', isOver: true, weight: 95, sentence: service?.sentence });
    expect(release?.watch).toEqual(service?.watch);
    expect(Math.abs((release?.measuredWeight ?? 0) - 95)).toBeLessThan(5);
    await run.pass(65);
    const later = await run.control?.release(serviceIn(run)?.last?.id ?? 0);
    expect(later).toMatchObject({ weight: 100, watch: null, sentence: expect.stringContaining('has 100% of traffic') });
  });
});

const SHORT = web({ ...PLAN, steps: steps([50], 1500), keepWarmMs: 7500, holdBack: 20, readyTimeoutMs: 4000 });
const IS_TIME = 1_700_000_000_000;

/** From the order to rest, with one call of a port broken; `at` counts calls from the order on. */
async function whole(behaviour: Partial<Behaviour>, at: number, fate: Fate): Promise<{ run: SimRun; calls: number }> {
  const run = await served(SHORT);
  const before = run.calls;
  run.fateOf = ({ number }) => (number === before + at ? fate : 'well');
  await sendOut(run, behaviour);
  if (run.kills > 0) await run.up();
  await run.pass(20);
  return { run, calls: run.calls - before };
}

/** Both releases with their evidence, but for their salts; times to the second. */
function kept(run: SimRun): unknown {
  const records: readonly ReleaseRecord[] = [...run.scene.stored.releases.values()];
  const text = JSON.stringify(records, (key, value) => {
    if (key === 'salt') return '';
    return typeof value === 'number' && value > IS_TIME ? Math.floor(value / 1000) : value;
  });
  return JSON.parse(text);
}

describe.each([
  ['is kept', 2, {}],
  ['is taken back', 1, { errorShare: 1, spoilsAfterS: 9 }],
] as const)('a promoted version that %s', (_, stable, behaviour) => {
  it.each(['before', 'after'] as const)(
    'ends the same, bit for bit, when the control plane is killed %s any call',
    async (fate) => {
      const sound = await whole(behaviour, 0, 'well');
      expect(serviceIn(sound.run)?.stable).toBe(stable);
      expect(watchEvents(sound.run)).toHaveLength(2);
      for (let at = 1; at <= sound.calls; at += 1) {
        const { run } = await whole(behaviour, at, fate);
        if (run.isBroken) throw new Error(run.report());
        expect(kept(run), `killed ${fate} call ${at}\n${run.report()}`).toEqual(kept(sound.run));
        expect(run.events().map((one) => one.sentence.replace(/about \S+ at/, 'at'))).toEqual(
          sound.run.events().map((one) => one.sentence.replace(/about \S+ at/, 'at')),
        );
      }
    },
  );
});
