// What a person is asked before something happens, and the keys that steer a release.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChangeView } from '../../src/api/views.ts';
import { type Harness, openHarness } from './harness.ts';
import { ramping, rolledBack, service } from './views.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await openHarness();
});
afterEach(() => harness.close());

describe('questions', () => {
  const remove: ChangeView = {
    service: 'old',
    action: 'remove',
    text: 'is not in the file any more, stops',
    version: null,
    release: null,
  };

  it('stop nothing when declined: exit 1, and it says so', async () => {
    const ran = await harness.run(['down'], { tty: true, answers: ['n'] });
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('Stop web, api and worker? (y/N) Cancelled. Nothing changed.');
    expect(harness.stage.told).toEqual([]);
  });

  it('go on with y, and with -y unasked', async () => {
    expect((await harness.run(['down'], { tty: true, answers: ['y'] })).code).toBe(0);
    expect(harness.stage.told).toEqual([{ order: 'down', given: { services: [] } }]);
    const ran = await harness.run(['down', '-y']);
    expect(ran.code).toBe(0);
    expect(ran.err).not.toContain('Stop');
  });

  it('stop nothing else when what is named is stopped already', async () => {
    const stopped = service('web', { state: 'stopped', instances: [] });
    harness.stage.status = { ...harness.stage.status, services: [stopped, service('api')] };
    const ran = await harness.run(['down', 'web', '-y']);
    expect([ran.code, ran.out, harness.stage.told]).toEqual([0, '  ✓ nothing was running\n', []]);
  });

  it('name the flag when nobody can be asked', async () => {
    const ran = await harness.run(['down']);
    expect(ran.err).toBe('error: this needs a yes: Stop web, api and worker?\n  say it with -y\n');
  });

  it('come before up removes a service', async () => {
    harness.stage.changes = [remove];
    const ran = await harness.run(['up', '--remove-orphans'], { tty: true, answers: [''] });
    expect(ran.code).toBe(1);
    expect(harness.stage.told.map((one) => one.given)).toMatchObject([{ isDryRun: true, removesOrphans: true }]);
  });

  it('come before everything is given to a release that lacks evidence', async () => {
    harness.stage.looks = [ramping({ neededRequests: 560 })];
    const ran = await harness.run(['promote', 'api', '--full'], { tty: true, answers: ['n'] });
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('api v42 has 25% and needs 560 more requests for a verdict. Give it 100% now? (y/N) ');
    expect(harness.stage.told).toEqual([]);
  });

  it('do not come before a step, a pause or a rollback', async () => {
    harness.stage.looks = [ramping()];
    expect((await harness.run(['promote', 'api'])).code).toBe(0);
    expect((await harness.run(['pause', 'api'])).code).toBe(0);
    harness.stage.looks = [ramping({ state: 'rolling_back' }), rolledBack()];
    expect((await harness.run(['rollback', 'api'])).code).toBe(0);
    expect(harness.stage.told.map((one) => one.order)).toEqual(['promote', 'pause', 'rollback']);
  });

  it('want the name of the project before its state is deleted; -y is not enough', async () => {
    const ran = await harness.run(['down', '--volumes', '-y']);
    expect([ran.code, ran.err]).toEqual([
      2,
      'error: this needs the name of the project: Stop shop and delete its versions, logs and history?\n  say it with --confirm=shop\n',
    ]);
    const wrong = await harness.run(['down', '--volumes'], { tty: true, answers: ['ship'] });
    expect([wrong.code, harness.stage.told]).toEqual([1, []]);
  });
});

describe('keys', () => {
  it('pause, promote and ask before they roll back', async () => {
    harness.stage.looks = [ramping()];
    const keys = [
      { when: 'p promote', key: ' ' },
      { when: 'p promote', key: 'p' },
      { when: 'p promote', key: 'r' },
      { when: 'Roll api back to v41?', key: 'n' },
      { when: 'p promote', key: 'r' },
      { when: 'Roll api back to v41?', key: 'y' },
      { when: 'p promote', key: 'q' },
    ];
    const ran = await harness.run(['status', 'api', '-w'], { tty: true, keys });
    expect(ran.code).toBe(130);
    expect(harness.stage.told.map((one) => one.order)).toEqual(['pause', 'promote', 'rollback']);
  });

  it('end the watching only after the order that was given is taken', async () => {
    harness.stage.looks = [ramping()];
    harness.stage.orderDelayMs = 100;
    const keys = [
      { when: 'p promote', key: 'r' },
      { when: 'Roll api back to v41?', key: 'y' },
      { when: 'p promote', key: 'q' },
    ];
    const ran = await harness.run(['status', 'api', '-w'], { tty: true, keys });
    expect([ran.code, harness.stage.told.map((one) => one.order)]).toEqual([130, ['rollback']]);
  });

  it('leave the cursor visible and the last picture in place', async () => {
    const ran = await harness.run(['release', 'api'], { tty: true });
    expect(ran.out.lastIndexOf('\u001b[?25h')).toBeGreaterThan(ran.out.lastIndexOf('\u001b[?25l'));
    expect(ran.out).toContain('✓ promoted');
    expect(ran.out.trimEnd().endsWith('\u001b[?25h')).toBe(true);
  });
});
