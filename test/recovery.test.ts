// kill -9 of the control plane in the middle of a ramp, under load: nothing fails, and the release goes on with its evidence.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type GroundOptions, openGround } from '../bench/soak/ground.ts';
import { runLanes } from '../bench/soak/lanes.ts';
import { createTally } from '../bench/soak/tally.ts';
import { describeWith, type Engine } from './engines.ts';

const GROUNDS: readonly (readonly [name: string, needs: readonly Engine[], options: GroundOptions])[] = [
  ['the embedded proxy', [], {}],
  ['HAProxy', ['haproxy'], { balancer: 'haproxy' }],
  ['HAProxy, with containers,', ['haproxy', 'docker'], { balancer: 'haproxy', runtime: 'docker', mayBeSlow: true }],
];

for (const [name, needs, options] of GROUNDS) {
  describeWith(needs, `a release behind ${name}`, () => {
    it('goes on with the release from where it was after kill -9, with the evidence kept and no request failed', async () => {
      const ground = await openGround(options);
      const tally = createTally();
      const stop = new AbortController();
      const load = runLanes(ground.port, tally, stop.signal);
      try {
        const { id } = await ground.release(false);
        const ramping = await ground.until(id, (view) => view.weight > 0 && view.candidate.requests > 20);
        const sentBefore = tally.totals.requests;
        await ground.killControl(1000);
        const resumed = await ground.until(id, (view) => view.candidate.requests > ramping.candidate.requests);
        expect(resumed.isOver).toBe(false);
        expect(resumed.weight).toBeGreaterThanOrEqual(ramping.weight);
        expect(resumed.weights.slice(0, ramping.weights.length)).toEqual(ramping.weights);
        expect(tally.totals.requests).toBeGreaterThan(sentBefore);

        const promoted = await ground.until(id, () => false);
        await sleep(3000);
        const counted = await ground.client.release(id);
        expect(promoted.state, promoted.sentence).toBe('promoted');
        // Each request counts at most once, whoever read the counts; those that clients ended after the release are not in it.
        const sum = counted.candidate.requests + (counted.stable?.requests ?? 0);
        expect(sum).toBeGreaterThan(ramping.candidate.requests + (ramping.stable?.requests ?? 0));
        expect(sum).toBeLessThanOrEqual(tally.totals.requests);
      } finally {
        stop.abort();
        await load;
        await ground.close();
      }
      expect(tally.totals.reports).toEqual([]);
      expect(tally.totals).toMatchObject({ failed: 0, cutStreams: 0 });
    }, 300_000);
  });
}
