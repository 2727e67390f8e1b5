// A service that scales by itself, on real processes behind the real balancers: its instances follow the load, and no request is lost over it.
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { BALANCERS, type Ground, openGround } from '../bench/soak/ground.ts';
import type { ServiceView } from '../src/api/views.ts';
import { describeWith } from './engines.ts';

const LIMIT_MS = 90_000;
const CHUNKS = 20;

/** Downloads of about a second, so many at a time; more or fewer at any moment. */
function startDownloads(port: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const counts = { whole: 0, failed: 0 };
  const lanes = new Set<Promise<void>>();
  let wanted = 0;
  const lane = async () => {
    while (lanes.size <= wanted) counts[(await isWhole(port, agent)) ? 'whole' : 'failed'] += 1;
  };
  return {
    counts,
    set: async (count: number) => {
      wanted = count;
      while (lanes.size < wanted) {
        const begun = lane().finally(() => lanes.delete(begun));
        lanes.add(begun);
      }
      while (lanes.size > wanted) await Promise.race(lanes);
      if (wanted === 0) agent.destroy();
    },
  };
}

function isWhole(port: number, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path: `/download?chunks=${CHUNKS}`, agent }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('close', () => resolve(response.statusCode === 200 && bytes === CHUNKS * 1024));
    });
    asked.on('error', () => resolve(false));
    asked.end();
  });
}

async function untilService(ground: Ground, isSo: (view: ServiceView) => boolean): Promise<ServiceView> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const view = await ground.client.service('web');
    if (isSo(view)) return view;
    if (performance.now() > deadline) throw new Error(`Not within ${LIMIT_MS} ms: ${JSON.stringify(view, null, 1)}`);
    await sleep(100);
  }
}

for (const balancer of BALANCERS) {
  describeWith(balancer === 'haproxy' ? 'haproxy' : [], `a service behind ${balancer}`, () => {
    it('grows with its load, is released meanwhile, shrinks again, and fails no request', async () => {
      const ground = await openGround({
        balancer,
        scale: '{ min: 1, max: 4, target: { inflight: 5 }, down_after: 3s }',
      });
      const load = startDownloads(ground.port);
      try {
        await load.set(2);
        expect(await untilService(ground, (one) => (one.traffic?.requestsPerSecond ?? 0) > 0)).toMatchObject({
          wanted: 1,
        });
        await load.set(14);
        const grown = await untilService(ground, (one) => one.wanted >= 3 && one.ready === one.wanted);
        expect(grown.scale).toMatchObject({ min: 1, max: 4, target: { inflight: 5, rate: null, cpu: null } });
        expect(grown.scale?.sentence).toMatch(/open requests, 5 wanted for each/);
        const { id } = await ground.release(false);
        expect(await ground.until(id, (release) => release.isOver)).toMatchObject({ state: 'promoted' });
        expect((await ground.client.service('web')).ready).toBeGreaterThanOrEqual(3);
        await load.set(2);
        await untilService(ground, (one) => one.wanted === 1 && one.instances.length === 1);
        expect((await ground.settle()).services[0]).toMatchObject({ version: 2, ready: 1, wanted: 1 });
      } finally {
        await load.set(0);
        await ground.close();
      }
      expect(load.counts.failed).toBe(0);
      expect(load.counts.whole).toBeGreaterThan(50);
    }, 300_000);
  });
}
