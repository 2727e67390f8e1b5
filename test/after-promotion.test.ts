// A fault that shows only after the promotion, on real processes under load: the old version is back without a start and without a lost request.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openGround } from '../bench/soak/ground.ts';
import { runLanes } from '../bench/soak/lanes.ts';
import { createTally } from '../bench/soak/tally.ts';

it('takes a promoted version back when it begins to fail, by itself, and loses no request over it', async () => {
  const ground = await openGround({ keepWarm: '10m' });
  const tally = createTally();
  const stop = new AbortController();
  const load = runLanes(ground.port, tally, stop.signal);
  const started = async () => (await ground.client.service('web')).instances.map((one) => [one.id, one.startedAt]);
  try {
    const { release, spoil } = await ground.releaseFading();
    const promoted = await ground.until(release.id, () => false);
    expect(promoted).toMatchObject({ state: 'promoted', weight: 80, watch: { version: 2, from: 1, holdBack: 20 } });
    const before = await started();
    await ground.killControl(500);
    tally.expectErrorsFrom('v2');
    spoil();
    let service = await ground.client.service('web');
    while (service.version === 2 || service.release !== null) {
      await sleep(100);
      service = await ground.client.service('web');
    }
    expect(service).toMatchObject({ version: 1, watch: null });
    for (const instance of await started()) expect(before).toContainEqual(instance);
    const [newest] = await ground.client.releases({ service: 'web', limit: 1 });
    expect(newest).toMatchObject({ version: 1, from: 2, by: 'friday', state: 'promoted' });
    expect(newest?.reason).toMatch(/^v2 of web was promoted .* ago and is taken back: Errors on v2: /);
    expect((await ground.client.release(release.id)).receipt).toMatchObject({ kind: 'fail' });
    await ground.settle();
  } finally {
    stop.abort();
    await load;
    await ground.close();
  }
  expect(tally.totals.reports).toEqual([]);
  expect(tally.totals).toMatchObject({ failed: 0, cutStreams: 0 });
  expect(tally.totals.brokenAnswers).toBeGreaterThan(0);
}, 180_000);
