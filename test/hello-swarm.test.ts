// The tutorial of examples/hello, on a Swarm of three nodes: the commands of its README, in their order, under load, and a node that is lost.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newTestSwarm, type TestSwarm } from '../src/adapters/runtime/swarm/fixture.ts';
import { describeWith } from './engines.ts';
import { serviceOf, settled, tellStory } from './hello/story.contract.ts';
import { openTutorial, type Tutorial, until } from './hello/tutorial.ts';

/** Nothing may fail because of a lost node but what was under way on it: the eight clients have a request each at most, and so has the terminal. */
const IN_FLIGHT = 9;
/** A quiet half minute, and a start; under load that takes its time. */
const SPREAD_MS = 180_000;

describeWith(['swarm', 'curl'], 'hello on Docker Swarm', () => {
  let swarm: TestSwarm;
  let tutorial: Tutorial;
  beforeAll(async () => {
    swarm = await newTestSwarm(3);
    const images = { BUILD_IMAGE: 'node-base:local', RUN_IMAGE: 'node-base:local' };
    const [, second, third] = swarm.machines;
    const nodes = { NODE_2: second?.host ?? '', NODE_3: third?.host ?? '' };
    tutorial = await openTutorial({ DOCKER_HOST: swarm.manager.host, ...images, ...nodes });
  }, 180_000);
  afterAll(async () => {
    await tutorial?.close();
    await swarm?.remove();
  }, 180_000);

  const nodesOf = async () => (await serviceOf(tutorial)).instances.map(({ handle }) => handle.split(' on ')[1] ?? '');

  tellStory(() => tutorial, {
    deploy: 'On Docker Swarm',
    kill: async () => {
      const [hostname] = await nodesOf();
      const host = swarm.machines.find((one) => one.hostname === hostname)?.host ?? '';
      await tutorial.run('Kill a task', { DOCKER_HOST: host });
    },
    runs: async () => {
      expect(new Set(await nodesOf()).size).toBe(2);
      expect((await tutorial.shell('friday node ls')).out).toMatch(/n1[\s\S]*n2[\s\S]*n3/);
    },
    more: (load) => {
      it('leaves a node that is emptied without a failed request', async () => {
        const before = load().failures.length;
        await tutorial.run('Empty a node');
        await settled(tutorial, 2);
        expect(load().failures.slice(before)).toEqual([]);
      });

      it('loses a node: what was in flight may fail, others stand in, and capacity comes back elsewhere', async () => {
        // Instances that have met on one node, whose loss would be that of all, part by themselves.
        await until(
          async () => new Set(await nodesOf()).size === 2,
          async () => JSON.stringify(await nodesOf()),
          SPREAD_MS,
        );
        await settled(tutorial, 2);
        const before = load().failures.length;
        const hostname = (await nodesOf()).find((one) => one !== 'n1') ?? '';
        const node = swarm.machines.find((one) => one.hostname === hostname);
        const asked = Date.now();
        await node?.killAll();
        await until(
          async () => !(await nodesOf()).includes(hostname) && (await serviceOf(tutorial)).ready === 2,
          async () => JSON.stringify(await serviceOf(tutorial), null, 1),
        );
        console.log(`capacity was back ${Math.round((Date.now() - asked) / 1000)} s after ${hostname} was lost`);
        expect(load().failures.length - before).toBeLessThanOrEqual(IN_FLIGHT);
        await tutorial.run('Lose a node');
        const [later, sent] = [load().failures.length, load().sent()];
        await until(
          async () => load().sent() > sent + 200,
          async () => `${load().sent() - sent} requests`,
        );
        expect(load().failures.slice(later)).toEqual([]);
      }, 400_000);
    },
  });
});
