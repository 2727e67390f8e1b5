// A service on a three-node Swarm, behind the balancer, while people use it: released, taken back, scaled, moved, and a node lost.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../src/adapters/runtime/swarm/fixture-place.ts';
import { describeWith } from './engines.ts';
import { openSwarmGround, type SwarmGround, startUsers, type Users } from './swarm/ground.ts';

const TIME_MS = 300_000;

describeWith('swarm', 'a service on a Swarm of three nodes', () => {
  let ground: SwarmGround;
  let users: Users;
  beforeAll(async () => {
    ground = await openSwarmGround();
    users = startUsers(ground.port);
  }, TIME_MS);
  afterAll(async () => {
    await users?.stop();
    await ground?.close();
  }, TIME_MS);

  const here = () => performance.now();
  const web = () => ground.client.service('web');
  /** Somebody was answered by each of these since then. */
  const untilAnswered = async (ids: readonly string[], since: number) => {
    const by = (id: string) => users.all.some(({ from, answer }) => from >= since && answer.startsWith(`${id} `));
    await until(() => ids.every(by));
  };

  it('runs on all of them, and is shown there', async () => {
    const shown = await ground.friday('node', 'ls');
    expect(shown).toMatch(/NODE\s+STATE\s+ROLE\s+INSTANCES/);
    const nodes = await ground.client.nodes();
    expect(nodes.map(({ name, state, instances }) => [name, state, instances.length])).toEqual([
      ['n1', 'ready', 1],
      ['n2', 'ready', 1],
      ['n3', 'ready', 1],
    ]);
    await untilAnswered(['web-v1-1', 'web-v1-2', 'web-v1-3'], 0);
    expect(await ground.friday('logs', 'web', '--lines', '3')).toContain('listens');
  });

  it(
    'is released, and a broken version is taken back, and no request fails that a good version answers',
    async () => {
      const before = here();
      expect(await ground.release(false)).toMatchObject({ state: 'promoted' });
      expect(users.failedSince(before)).toEqual([]);
      expect(await ground.release(true)).toMatchObject({ state: 'rolled_back' });
      await ground.settle();
      const since = here();
      await untilAnswered(['web-v2-1', 'web-v2-2', 'web-v2-3'], since);
      expect(users.failedSince(since)).toEqual([]);
    },
    TIME_MS,
  );

  it(
    'grows and shrinks without a failed request',
    async () => {
      const before = here();
      await ground.scale(5);
      await untilAnswered(['web-v2-4', 'web-v2-5'], before);
      await ground.scale(3);
      expect((await web()).instances.length).toBe(3);
      expect(users.failedSince(before)).toEqual([]);
    },
    TIME_MS,
  );

  it(
    'leaves a node that is emptied without a failed request, and the node comes back',
    async () => {
      const before = here();
      const [moved = ''] = (await ground.node('n2')).instances;
      expect(await ground.friday('node', 'drain', 'n2', '--reason', 'a new kernel')).toContain('n2 is empty');
      expect(await ground.node('n2')).toMatchObject({ availability: 'drained', instances: [] });
      await ground.settle();
      const ids = (await web()).instances.map(({ id }) => id);
      expect(ids).toHaveLength(3);
      expect(ids).not.toContain(moved);
      expect(users.failedSince(before)).toEqual([]);
      await ground.friday('node', 'activate', 'n2');
      expect(await ground.friday('history', '--lines', '50')).toContain('The node n2 is being emptied: a new kernel');
      await ground.scale(4);
      expect((await ground.node('n2')).instances).toHaveLength(1);
      expect(users.failedSince(before)).toEqual([]);
    },
    TIME_MS,
  );

  it(
    'loses a node: only what was in flight there fails, and the capacity comes back elsewhere',
    async () => {
      await ground.settle();
      const lost = ground.swarm.machines[2];
      const victims = (await ground.node('n3')).instances;
      expect(victims.length).toBeGreaterThan(0);
      const at = here();
      await lost?.killAll();
      const isReady = async (id: string) =>
        (await web()).instances.some((one) => one.id === id && one.state === 'ready');
      await until(async () => (await Promise.all(victims.map(isReady))).every((one) => !one));
      const left = here();
      await until(async () => (await Promise.all(victims.map(isReady))).every((one) => one));
      const back = here();
      await untilAnswered(victims, back);
      await sleep(500);
      const failed = users.failedSince(at);
      console.log(
        `lost: out of the traffic after ${Math.round(left - at)} ms, back after ${Math.round(back - at)} ms, ${failed.length} failed: ${failed.map(({ from, to, failure }) => `${Math.round(from - at)}..${Math.round(to - at)} ${failure}`).join('; ')}`,
      );
      // Whoever asks has one request at a time; what was sent to the node before anybody could know is in flight there.
      expect(failed.length).toBeLessThanOrEqual(8);
      expect(failed.filter(({ from }) => from > left)).toEqual([]);
      expect(await ground.friday('history', '--lines', '50')).toMatch(/ended: its node n3 is lost|ended with/);
      await lost?.start();
      await ground.swarm.untilReady();
    },
    TIME_MS,
  );

  it(
    'spreads its instances again by itself when the node is back, without a failed request',
    async () => {
      const before = here();
      const counts = async () => (await ground.client.nodes()).map(({ instances }) => instances.length).sort();
      expect(await counts()).toEqual([0, 2, 2]);
      await until(async () => (await counts()).join() === '1,1,2');
      await ground.settle();
      const told = await ground.friday('history', '--lines', '10');
      expect(told).toMatch(/web-v2-\d+ moves to another node: n\d has 2 instances of web, n3 none\./);
      expect(told).toMatch(/web-v2-\d+ has moved: web-v2-\d+ has taken its place\./);
      const [moved = ''] = (await ground.node('n3')).instances;
      await untilAnswered([moved], before);
      expect(users.failedSince(before)).toEqual([]);
    },
    TIME_MS,
  );

  it(
    'grows by the processor use of instances on all nodes',
    async () => {
      const before = here();
      await ground.scale(4, 'scale: { min: 4, max: 5, target: { cpu: 1% } }');
      const ready = async () =>
        (await web()).instances.filter(({ state, role }) => state === 'ready' && role === 'stable');
      await until(async () => (await ready()).length === 5);
      const told = await ground.friday('history', '--lines', '20');
      expect(told).toMatch(/web grows from 4 to 5 instances: \d+% of a core in use, 1% wanted for each/);
      expect(users.failedSince(before)).toEqual([]);
    },
    TIME_MS,
  );
});
