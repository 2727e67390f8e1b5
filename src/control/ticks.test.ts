// The ticks of a release as its control plane tells them: those of its evidence, no more, and what is missing of them.
import { describe, expect, it } from 'vitest';
import { startEvidence } from '../core/evidence.ts';
import { startRelease } from '../core/release.ts';
import { tickWith } from '../core/ticks/fixture.ts';
import { web } from '../sim/fixture.ts';
import { ticksOf } from './ticks.ts';

const REQUEST = {
  id: 7,
  version: 42,
  from: 41,
  spec: web(),
  isDirect: false,
  salt: 'salt',
  now: 0,
  by: '',
  reason: '',
};

async function* inTwos(seconds: readonly number[]) {
  for (let at = 0; at < seconds.length; at += 2) yield seconds.slice(at, at + 2).map((tick) => tickWith({ tick }));
}

async function told(evidence: number | undefined, kept: number, from: number | null = 41) {
  const release = startRelease({ ...REQUEST, from });
  const { told: _, ...rest } = startEvidence(release);
  const record = { release, evidence: evidence === undefined ? rest : { ...rest, told: evidence } };
  const batches = inTwos(Array.from({ length: kept }, (_, i) => i));
  let text = '';
  for await (const some of await ticksOf(record, { ticks: async () => ({ count: kept, batches }) })) text += some;
  const [head, ...lines] = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const seconds = [...new Set(lines.map((line) => line.tick as number))];
  return { ticks: head.ticks as number, missing: head.missing as number, seconds };
}

describe('the ticks of a release', () => {
  it('are those of its evidence, also when the store has more by now', async () => {
    expect(await told(3, 3)).toEqual({ ticks: 3, missing: 0, seconds: [0, 1, 2] });
    expect(await told(3, 5)).toEqual({ ticks: 3, missing: 0, seconds: [0, 1, 2] });
    expect(await told(0, 0)).toEqual({ ticks: 0, missing: 0, seconds: [] });
  });

  it('say how many are missing', async () => {
    expect(await told(5, 3)).toEqual({ ticks: 3, missing: 2, seconds: [0, 1, 2] });
  });

  it('are a failure with its reason where there are none', async () => {
    const fails = (message: string) => ({ code: 'not-found', message: expect.stringContaining(message) });
    await expect(told(3, 0)).rejects.toMatchObject(fails('no ticks any more: those of the newest 20 releases'));
    await expect(told(undefined, 0)).rejects.toMatchObject(fails('did not keep them'));
    await expect(told(0, 0, null)).rejects.toMatchObject(fails('compared with nothing'));
  });
});
