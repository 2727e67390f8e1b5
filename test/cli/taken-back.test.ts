// Orders that would give everything to a version that was taken back: a question first.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VersionView } from '../../src/api/views.ts';
import { type Harness, openHarness } from './harness.ts';
import { promoted } from './views.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await openHarness();
  harness.stage.status = {
    ...harness.stage.status,
    services: harness.stage.status.services.map((one) => ({ ...one, release: null })),
  };
  harness.stage.looks = [promoted({ plan: 'none', steps: [] })];
});
afterEach(() => harness.close());

function versions(state: VersionView['state']): VersionView[] {
  return [{ version: 40, label: 'c0ffee', digest: 'c0ffee', createdAt: 0, by: 'ana', reason: '', state }];
}

const orders = [
  ['promote', 'api@v40', '--full'],
  ['rollback', 'api', 'v40'],
];

describe.each(orders)('%s %s %s', (...argv) => {
  it.each([
    ['rolled_back', 'was rolled back'],
    ['failed', 'failed'],
  ] as const)('asks when it %s, and does nothing without a yes', async (state, words) => {
    harness.stage.versions = versions(state);
    const question = `api v40 ${words} when it was released. Give it 100% now?`;
    const asked = await harness.run(argv, { tty: true, answers: ['n'] });
    expect([asked.code, asked.err]).toEqual([1, expect.stringContaining(question)]);
    const alone = await harness.run(argv);
    expect([alone.code, alone.err]).toEqual([2, `error: this needs a yes: ${question}\n  say it with -y\n`]);
    expect(harness.stage.told).toEqual([]);
    expect((await harness.run([...argv, '-y'])).code).toBe(0);
  });

  it('does not ask when people used it before', async () => {
    harness.stage.versions = versions('old');
    expect((await harness.run(argv)).code).toBe(0);
    expect(harness.stage.told).toHaveLength(1);
  });
});
