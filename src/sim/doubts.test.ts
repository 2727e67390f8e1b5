// What only a person can weigh: each doubt pauses a release once, and a loop that overlooks it goes on.
import { describe, expect, it } from 'vitest';
import { NO_LOAD } from '../core/load.ts';
import { releaseIn, sendOut, served, steps, web } from './fixture.ts';
import { begun, blind, promote, until } from './ramp.fixture.ts';
import type { SimRun } from './run.ts';

const isPaused = (run: SimRun) => releaseIn(run).phase === 'paused';

describe('a split that is not the one that was asked for', () => {
  it('pauses the ramp once, and a person may send it on', async () => {
    const run = await begun();
    run.world.users.skew = 2;
    await until(run, () => isPaused(run), 60);
    expect(releaseIn(run)).toMatchObject({ asked: ['split'] });
    expect(releaseIn(run).sentence).toMatch(
      /^The requests do not fall to v1 and v2 as they were asked to \(odds .*pauses\.$/,
    );
    const { weight } = releaseIn(run);
    await promote(run);
    await run.pass(30);
    expect(releaseIn(run)).toMatchObject({ phase: 'ramping' });
    expect(releaseIn(run).weight).toBeGreaterThan(weight);
  });

  it('pauses no ramp of a loop that takes it for the want of an instance: the planted mistake', async () => {
    const run = await begun({ planted: blind((guards) => ({ ...guards, wasAlone: true })) });
    run.world.users.skew = 2;
    await until(run, () => releaseIn(run).weight === 50);
    expect(releaseIn(run).asked).toEqual([]);
  });
});

describe('a version that needs more of the machine', () => {
  const half = { steps: steps([50], 1_200_000), minRequests: 0 };

  it.each([
    ['cpu', { cpuMs: 8 }, /^v2 uses [56]\d% more processor time per request than v1, three means of five minutes/],
    ['memory', { memoryMb: 120 }, /^v2 uses 50% more memory per instance than v1, three means of five minutes/],
  ] as const)('pauses for %s, though it fails nothing and answers as fast', async (doubt, behaviour, sentence) => {
    const run = await served(web(half));
    await sendOut(run, behaviour);
    await until(run, () => isPaused(run), 600);
    expect(releaseIn(run)).toMatchObject({ asked: [doubt], weight: 50 });
    expect(releaseIn(run).sentence).toMatch(sentence);
  });

  it('is promoted by a loop that does not look: the planted mistake', async () => {
    const run = await served(
      web(half),
      blind((guards) => ({ ...guards, load: NO_LOAD })),
    );
    await sendOut(run, { cpuMs: 8, memoryMb: 120 });
    await until(run, () => releaseIn(run).endedAt !== null, 1300);
    expect(releaseIn(run)).toMatchObject({ phase: 'promoted', asked: [] });
  });

  it('is promoted where it needs as much as the one before it', async () => {
    const run = await served(web(half));
    await sendOut(run);
    await until(run, () => releaseIn(run).endedAt !== null, 1300);
    expect(releaseIn(run)).toMatchObject({ phase: 'promoted', asked: [] });
  });
});
