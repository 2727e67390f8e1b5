// An instance is drained on real processes under load, on both balancers: nothing fails, and the same process comes back.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { BALANCERS, type Ground, openGround } from '../bench/soak/ground.ts';
import { runLanes } from '../bench/soak/lanes.ts';
import { createTally } from '../bench/soak/tally.ts';
import type { InstanceView, ServiceView } from '../src/api/views.ts';
import { describeWith } from './engines.ts';

const LIMIT_MS = 60_000;

async function seen(ground: Ground, isSo: (view: ServiceView) => boolean): Promise<ServiceView> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const view = await ground.client.service('web');
    if (isSo(view)) return view;
    if (performance.now() > deadline) throw new Error(`Waited in vain: ${JSON.stringify(view.instances)}`);
    await sleep(200);
  }
}

const found = ({ instances }: ServiceView, id: string) => instances.find((one) => one.id === id);
const isOut = (one: InstanceView | undefined) => (one?.drained?.outSince ?? null) !== null;

async function untilOut(ground: Ground, instance: string): Promise<InstanceView> {
  await ground.client.drain('web', { instance });
  const one = found(await seen(ground, (view) => isOut(found(view, instance))), instance);
  if (!one) throw new Error(`${instance} is gone.`);
  return one;
}

describeWith('haproxy', 'a drained instance', () => {
  it.each(BALANCERS)(
    'runs on over kill -9 of the control plane, comes back and stops, behind %s',
    async (balancer) => {
      const ground = await openGround({ balancer });
      const tally = createTally();
      const stop = new AbortController();
      const load = runLanes(ground.port, tally, stop.signal);
      try {
        // The first version is compared with none, so nothing is under way.
        const { instances } = await seen(ground, (view) => view.state === 'healthy');
        const id = instances[0]?.id ?? '';
        const { handle } = await untilOut(ground, id);

        await ground.killControl(1000);
        const again = await seen(ground, (view) => view.ready === 2 && view.instances.length === 3);
        expect(found(again, id)).toMatchObject({ handle, role: 'drained', state: 'ready' });

        await ground.client.drain('web', { instance: id, act: 'back' });
        const back = await seen(ground, (view) => view.instances.length === 2 && found(view, id)?.role === 'stable');
        expect(found(back, id)?.handle).toBe(handle);

        await untilOut(ground, id);
        await ground.client.drain('web', { instance: id, act: 'stop' });
        const left = await seen(ground, (view) => found(view, id) === undefined);
        expect([left.state, left.ready]).toEqual(['healthy', 2]);
      } finally {
        stop.abort();
        await load;
        await ground.close();
      }
      expect(tally.totals.reports).toEqual([]);
      expect(tally.totals).toMatchObject({ failed: 0, cutStreams: 0 });
    },
    240_000,
  );
});
