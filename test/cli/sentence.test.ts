// A verdict is one sentence: the same in the journal, in the API and on every screen, at the end and after a restart.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createClient } from '../../src/api/client.ts';
import { ReleaseView } from '../../src/api/views.ts';
import type { Behaviour } from '../../src/sim/behaviour.ts';
import { releaseIn, sendOut, served, web } from '../../src/sim/fixture.ts';
import type { SimRun } from '../../src/sim/run.ts';
import { openServed, type Served } from './harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'friday-sentence-'));
let open: Served | null = null;
afterEach(async () => {
  await open?.close();
  open = null;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function released(behaviour: Partial<Behaviour>): Promise<SimRun> {
  const run = await served(web());
  await sendOut(run, behaviour);
  await run.passUntil(() => ['promoted', 'rolled_back'].includes(releaseIn(run).phase), 120);
  await run.pass(5);
  return run;
}

/** The release as the API gives it, and the output of the command line, over the control plane of the run. */
async function asked(run: SimRun, ...argv: readonly string[]) {
  if (run.control === null) throw new Error('the control plane is dead');
  open = await openServed(run.control, join(folder, 'friday.sock'));
  const view = await createClient({ socketPath: open.socketPath }).release(releaseIn(run).id);
  const { out } = await open.run(argv, { env: { COLUMNS: '200' } });
  await open.close();
  open = null;
  return { view: ReleaseView.parse(view), out };
}

function verdictsIn(run: SimRun): readonly string[] {
  const { id } = releaseIn(run);
  return run
    .events()
    .filter((event) => event.release === id && event.type === 'release_verdict')
    .map((event) => event.sentence);
}

describe('the sentence of a verdict', () => {
  it.each([
    ['rolled back', { errorShare: 0.5 }, 'fail', 'Errors on v2: '],
    ['promoted', {}, 'pass', 'v2 looks healthy: '],
  ] as const)('is the same everywhere when a release is %s', async (_, behaviour, kind, words) => {
    const run = await released(behaviour);
    const [sentence = '', ...others] = verdictsIn(run);
    expect(others).toEqual([]);
    expect(sentence.startsWith(words)).toBe(true);
    const details = await asked(run, 'history', String(releaseIn(run).id));
    expect(details.view.receipt).toMatchObject({
      kind,
      sentence,
      salt: releaseIn(run).salt,
      decidedAt: expect.any(Number),
    });
    expect(details.out.split('\n').map((line) => line.trim())).toContain(sentence);
    expect((await asked(run, 'history', 'web')).out).toContain(sentence);
    if (kind === 'fail') expect(details.view.sentence).toBe(sentence);
  });
});

describe('the receipt of a verdict', () => {
  it.each([
    ['taken back', { errorShare: 0.5 }],
    ['promoted', {}],
  ] as const)(
    'is whole, and the same after a restart and after later releases, of one that was %s',
    async (_, behaviour) => {
      const run = await released(behaviour);
      const { id } = releaseIn(run);
      const before = await run.control?.release(id);
      expect(before?.receipt).toMatchObject({
        rules: { minRequests: 20, failAt: '100:1', safeAt: '20:1', margins: { errors: expect.any(Object) } },
        parameters: expect.stringMatching(/^[0-9a-f]{16}$/),
      });
      expect(before?.receipt?.metrics[0]).toMatchObject({
        metric: 'errors',
        sentence: expect.stringMatching(/^Errors: /),
      });
      run.kill();
      await run.pass(10);
      expect(await run.control?.release(id)).toEqual(before);
      await sendOut(run, { errorShare: 0.9 });
      await run.pass(60);
      expect((await run.control?.release(id))?.receipt).toEqual(before?.receipt);
      expect((await run.control?.release(id))?.blame).toEqual(before?.blame);
    },
  );

  it('is kept when people decide: a promotion and a stop under way', async () => {
    const run = await served(web());
    await sendOut(run);
    await run.passUntil(() => releaseIn(run).weight === 5, 60);
    await run.pass(3);
    const { id } = releaseIn(run);
    const order = { by: 'ana', reason: '' };
    await run.order('promote', 'web', (control) => control.promote('web', { to: 100, version: null }, order));
    await run.pass(5);
    expect((await run.control?.release(id))?.receipt).toMatchObject({ weight: 5, decidedAt: expect.any(Number) });
    await sendOut(run);
    await run.passUntil(() => releaseIn(run).weight === 5 && releaseIn(run).id !== id, 60);
    await run.pass(3);
    await run.order('down', 'web', (control) => control.down(['web'], order));
    await run.pass(5);
    expect((await run.control?.release(id + 1))?.receipt).toMatchObject({ weight: 5, decidedAt: expect.any(Number) });
  });
});
