// What is kept of the judge's ticks gives its verdict again, bit for bit, however often the control plane was killed.
import { describe, expect, it } from 'vitest';
import type { ReleaseRecord } from '../control/memory.ts';
import { verdictIn } from '../core/evidence.ts';
import { startJudge } from '../core/judge/judge.ts';
import { linesIn } from '../core/ticks/lines.ts';
import { TicksReader } from '../core/ticks/read.ts';
import { Replay } from '../core/ticks/replay.ts';
import type { Tick } from '../core/ticks/tick.ts';
import type { Behaviour } from './behaviour.ts';
import type { Fate } from './crash.ts';
import { releaseIn, sendOut, served, steps, web } from './fixture.ts';
import type { SimRun } from './run.ts';

const SPEC = web({
  steps: steps([5, 50], 1500),
  minRequests: 10,
  keepWarmMs: 4500,
  holdBack: 20,
  readyTimeoutMs: 4000,
});

/** A release with one call of a port broken; after each second what is kept is held against the evidence. */
async function release(behaviour: Partial<Behaviour>, at: number, fate: Fate, isSticky = false) {
  const run = await served({ ...SPEC, isSticky });
  const before = run.calls;
  run.fateOf = ({ number }) => (number === before + at ? fate : 'well');
  await sendOut(run, behaviour);
  if (run.kills > 0) await run.up();
  for (let second = 0; second < 12; second += 1) {
    await run.pass(1);
    expectReplayed(run, `${fate} call ${at}, second ${second}`);
  }
  // A commit that comes twice tells its events twice.
  if (run.isBroken && fate !== 'twice' && fate !== 'unanswered') throw new Error(run.report());
  return { run, calls: run.calls - before };
}

function keptOf(run: SimRun, id: number): readonly Tick[] {
  return (run.world.disk.ticks.get(id)?.texts ?? []).map((text) => JSON.parse(text));
}

/** Every release in the store: its ticks, told to a new judge, make the judge that is stored beside them. */
function expectReplayed(run: SimRun, when: string): void {
  for (const [id, record] of run.scene.stored.releases) {
    const { evidence } = JSON.parse(JSON.stringify(record)) as ReleaseRecord;
    const kept = keptOf(run, id);
    expect(evidence?.told ?? 0, when).toBe(kept.length);
    if (!evidence?.judge) continue;
    const replay = new Replay(evidence.judge.params);
    for (const tick of kept) replay.take(tick);
    expect(JSON.parse(JSON.stringify(replay.judge)), when).toEqual(evidence.judge);
    expect(replay.verdict(), when).toEqual(verdictIn(evidence));
  }
}

describe.each([
  ['promoted', {}],
  ['rolled_back', { errorShare: 0.7 }],
] as const)('the ticks of a release that ends %s', (phase, behaviour) => {
  it.each(['before', 'after', 'twice', 'unanswered'] as const)(
    'are exactly those in its evidence, and give its receipt again, when any call of a port is broken (%s)',
    async (fate) => {
      const whole = await release(behaviour, 0, 'well');
      const { id, phase: end } = releaseIn(whole.run);
      expect(end).toBe(phase);
      expect(keptOf(whole.run, id).length).toBeGreaterThan(0);
      for (let at = 1; at <= whole.calls; at += 1) await release(behaviour, at, fate);
    },
  );
});

it('the ticks of a sticky release give its receipt again, too', async () => {
  const { run } = await release({ errorShare: 0.3 }, 0, 'well', true);
  expect(keptOf(run, releaseIn(run).id).length).toBeGreaterThan(0);
});

it('the ticks that the control plane tells are a file that gives the receipt that it shows', async () => {
  const { run } = await release({ errorShare: 0.7 }, 0, 'well');
  const control = run.control ?? expect.fail('no control plane');
  const { id } = releaseIn(run);
  const reader = new TicksReader('ticks');
  const ticks: Tick[] = [];
  for await (const lines of linesIn(await control.ticks(id))) ticks.push(...lines.flatMap((line) => reader.line(line)));
  ticks.push(...reader.end());
  const { params, parameters, missing } = reader.header ?? expect.fail('no header');
  const replay = new Replay(params);
  for (const tick of ticks) replay.take(tick);
  expect([replay.judge.hash, missing]).toEqual([parameters, 0]);
  expect((await control.release(id)).receipt).toMatchObject(replay.verdict().receipt);
  await expect(control.ticks(1)).rejects.toMatchObject({ code: 'not-found' });
  await expect(control.ticks(99)).rejects.toMatchObject({ code: 'not-found' });
});

it('a release that began before ticks were counted keeps none: they would not begin at the beginning', async () => {
  const run = await served(SPEC);
  await sendOut(run);
  await run.passUntil(() => keptOf(run, releaseIn(run).id).length > 1, 20);
  const { id } = releaseIn(run);
  run.kill();
  const releases = run.world.disk.documents.get('release');
  const stored = JSON.parse(releases?.get(`${id}`) ?? '') as ReleaseRecord;
  const { told: _, ...evidence } = stored.evidence ?? expect.fail('no evidence');
  releases?.set(`${id}`, JSON.stringify({ ...stored, evidence }));
  run.world.disk.ticks.clear();
  await run.pass(10);
  expect(releaseIn(run).phase).toBe('promoted');
  expect(keptOf(run, id)).toEqual([]);
  const record = run.scene.stored.releases.get(id);
  expect(record?.evidence?.judge).not.toEqual(startJudge(evidence.judge?.params ?? expect.fail('no judge')));
});
