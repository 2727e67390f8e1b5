// A/A in a simulated world: the same code beside itself, and gone again, with nothing changed.
import { describe, expect, it } from 'vitest';
import { Failure } from '../core/failure.ts';
import { releaseIn, sendOut, served } from './fixture.ts';
import { unrest } from './hostile.ts';
import type { SimRun } from './run.ts';

const order = { by: 'Anna', reason: '' };
const step = { weight: 50, bakeMs: 60_000 };

function control(run: SimRun) {
  const { control: plane } = run;
  if (!plane) throw new Error('no control plane runs');
  return plane;
}

async function untilOver(run: SimRun): Promise<void> {
  const seconds = await run.passUntil(() => releaseIn(run).endedAt !== null, 200);
  if (seconds < 0 || run.isBroken) throw new Error(run.report());
}

describe('an A/A comparison', () => {
  it('ends by its time, takes its copy back, tells what it found, and leaves stable as it was', async () => {
    const run = await served();
    const view = await control(run).compareWithItself('web', step, order);
    expect(view).toMatchObject({ version: 2, from: 1, reason: 'A/A' });
    await untilOver(run);
    expect(releaseIn(run)).toMatchObject({ phase: 'rolled_back', purpose: 'aa', version: 2 });
    expect(releaseIn(run).sentence).toMatch(
      /^A\/A of web is over after 1m00s, v2 being the code of v1: the odds went up to /,
    );
    const { comparison } = await control(run).release(view.id);
    expect(comparison?.requests.candidate).toBeGreaterThan(0);
    expect(run.scene.stored.services.get('web')).toMatchObject({ stable: 1, release: null });
    const sentences = run.events().map((event) => event.sentence);
    expect(sentences).toContainEqual(expect.stringMatching(/^Anna compares v1 of web with itself, as v2 .*A\/A\.$/));
    expect(await run.passUntil(() => unrest(run) === '', 120)).toBeGreaterThanOrEqual(0);
  });

  it('is refused while a release is under way, and of what does not run', async () => {
    const run = await served();
    await sendOut(run);
    await expect(control(run).compareWithItself('web', step, order)).rejects.toThrow(/web is being released/);
    await expect(control(run).compareWithItself('nope', step, order)).rejects.toThrow(Failure);
  });

  it('does not make up send out again what was taken back before it', async () => {
    const run = await served();
    await sendOut(run, { errorShare: 1 });
    await untilOver(run);
    expect(releaseIn(run)).toMatchObject({ phase: 'rolled_back', version: 2 });
    const view = await control(run).compareWithItself('web', { ...step, bakeMs: 5000 }, order);
    await untilOver(run);
    await run.up();
    await run.pass(20);
    expect(releaseIn(run)).toMatchObject({ id: view.id, version: 3, phase: 'rolled_back' });
  });
});
