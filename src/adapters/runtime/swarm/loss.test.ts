// What happens to instances when a node of a real Swarm is lost or emptied, and when an instance ends by itself.
import { get } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { describeWith } from '../../../../test/engines.ts';
import type { InstanceSeen, InstanceSpec } from '../../../ports/runtime.ts';
import { Labels } from '../engine/objects.ts';
import { newTestSwarm, type TestSwarm } from './fixture.ts';
import { type SwarmPlace, swarmPlace, until } from './fixture-place.ts';
import { SwarmNode } from './objects.ts';
import type { SwarmRuntime } from './runtime.ts';

const LABELLED = z.array(z.object({ Spec: z.object({ Labels }) }));

const answerOf = ({ host, port }: InstanceSeen) =>
  new Promise<string>((resolve, reject) => {
    get({ host, port, path: '/', agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });

// Three engines build, carry and start images: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

describeWith('swarm', 'instances on the nodes of a Swarm', () => {
  let swarm: TestSwarm;
  let place: SwarmPlace;
  let runtime: SwarmRuntime;
  beforeAll(async () => {
    swarm = await newTestSwarm();
  });
  afterAll(() => swarm?.remove());
  beforeEach(() => {
    place = swarmPlace(swarm);
    runtime = place.open();
  });
  afterEach(() => place.remove());

  const seenOf = async (id: string) => {
    const found = (await runtime.list()).find((one) => one.id === id);
    if (found === undefined) throw new Error(`${id} is not there.`);
    return found;
  };
  const nodeOf = async (id: string) =>
    (await runtime.nodes.list()).find(({ instances }) => instances.includes(id))?.name;
  /** In the words of Swarm. */
  const stateOf = async (name: string) =>
    (await swarm.manager.engine.get('/nodes', z.array(SwarmNode))).find((one) => one.Description.Hostname === name)
      ?.Status.State;
  const start = async (replicas: number): Promise<readonly InstanceSpec[]> => {
    const spec = await place.service('serves');
    const revision = await runtime.prepare(spec);
    const all = Array.from({ length: replicas }, (_, index): InstanceSpec => {
      const id = `web-v1-${index + 1}`;
      const environment = { FRIDAY_INSTANCE: id };
      return { id, service: 'web', version: 1, slot: index + 1, revision, spec, environment, port: null };
    });
    for (const instance of all) await runtime.start(instance);
    await until(async () => (await runtime.list()).filter(({ state }) => state === 'ready').length === replicas);
    return all;
  };

  it('spreads the instances of a version, each answers at an address of its own', async () => {
    const all = await start(3);
    const names = await Promise.all(all.map(({ id }) => nodeOf(id)));
    expect(names.sort()).toEqual(['n1', 'n2', 'n3']);
    const seen = await runtime.list();
    expect(await Promise.all(seen.map(answerOf))).toEqual(all.map(({ id }) => id));
    const stacks = await swarm.manager.engine.get('/services', LABELLED, {});
    expect(stacks.map(({ Spec }) => Spec.Labels['com.docker.stack.namespace'])).toEqual(all.map(() => place.project));
  });

  it.each(['killEngine', 'killAll', 'unplug'] as const)(
    'takes the traffic from a node that is lost (%s) within 2 s, and has its instance elsewhere within 30 s',
    async (how) => {
      const all = await start(3);
      await until(async () => (await runtime.nodes.list()).every(({ state }) => state === 'ready'));
      const lost = swarm.machines[2];
      onTestFinished(async () => {
        await (how === 'unplug' ? lost?.plug() : lost?.start());
        await swarm.untilReady();
      });
      const victim = (await Promise.all(all.map(async ({ id }) => ({ id, node: await nodeOf(id) })))).find(
        ({ node }) => node === lost?.hostname,
      );
      const id = victim?.id ?? '';
      const asked = performance.now();
      await lost?.[how]();
      await until(async () => (await seenOf(id)).state !== 'ready');
      const gone = performance.now() - asked;
      expect((await seenOf(id)).reason).not.toBe('');
      await until(async () => (await seenOf(id)).state === 'ready');
      const back = performance.now() - asked;
      console.log(`${how}: not ready after ${Math.round(gone)} ms, ready elsewhere after ${Math.round(back)} ms`);
      const now = await seenOf(id);
      expect(now.former).toMatchObject({ code: null, why: 'its node n3 is lost' });
      expect(await answerOf(now)).toBe(id);
      expect(await nodeOf(id)).not.toBe('n3');
    },
  );

  it('starts an instance again that ended by itself, and tells how it ended', async () => {
    const [instance] = await start(1);
    const id = instance?.id ?? '';
    const before = await seenOf(id);
    await swarm.machines
      .find(({ hostname }) => before.handle.endsWith(hostname))
      ?.engine.order('POST', `/containers/${before.handle.split(' ')[0]}/kill`);
    await until(async () => (await seenOf(id)).startedAt > before.startedAt && (await seenOf(id)).state === 'ready');
    expect((await seenOf(id)).former).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  it('says which instances have to leave a node that is emptied, drains it when they did, and lets it in again', async () => {
    const all = await start(3);
    const id = (await runtime.nodes.list()).find(({ name }) => name === 'n2')?.instances[0] ?? '';
    expect(await runtime.nodes.drain('n2')).toMatchObject({ name: 'n2', availability: 'emptying' });
    expect(await runtime.nodes.drain('n2')).toMatchObject({ availability: 'emptying' });
    expect(await seenOf(id)).toMatchObject({ state: 'ready', leaving: 'its node n2 is being emptied' });
    const instance = all.find((one) => one.id === id) as InstanceSpec;
    const follower = { ...instance, id: `web-v1-${instance.slot + 1000}`, slot: instance.slot + 1000 };
    await runtime.start(follower);
    await until(async () => (await seenOf(follower.id)).state === 'ready');
    expect(await nodeOf(follower.id)).not.toBe('n2');
    await runtime.stop(id);
    const node = async () => (await runtime.nodes.list()).find(({ name }) => name === 'n2');
    await until(async () => (await node())?.availability === 'drained');
    expect(await runtime.nodes.activate('n2')).toMatchObject({ availability: 'active', state: 'ready' });
    expect((await seenOf(follower.id)).leaving).toBeUndefined();
  });

  it('says which instance would be better on a node that has come back, once the image of a later version is there', async () => {
    const [, second, third] = swarm.machines;
    await Promise.all([second?.killAll(), third?.killAll()]);
    onTestFinished(async () => {
      await third?.start();
      await swarm.untilReady();
    });
    const isDown = async (name: string) => (await stateOf(name)) === 'down';
    await until(async () => (await isDown('n2')) && (await isDown('n3')));
    const [instance] = await start(2);
    expect((await runtime.list()).map(({ crowded }) => crowded)).toEqual([undefined, undefined]);
    await second?.start();
    await until(async () => (await runtime.list()).some(({ crowded }) => crowded !== undefined));
    const crowded = (await runtime.list()).flatMap((one) => one.crowded ?? []);
    expect(crowded).toEqual([{ why: 'n1 has 2 instances of web, n2 none', unevenness: 4 }]);
    const follower = { ...(instance as InstanceSpec), id: 'web-v1-1001', slot: 1001 };
    await runtime.start(follower);
    await until(async () => (await seenOf(follower.id)).state === 'ready');
    expect(await nodeOf(follower.id)).toBe('n2');
  });

  it('does not empty the last node that could take something, nor one that is not there', async () => {
    await expect(runtime.nodes.drain('n9')).rejects.toMatchObject({ code: 'not-found' });
    for (const name of ['n2', 'n3']) await runtime.nodes.drain(name);
    await expect(runtime.nodes.drain('n1')).rejects.toMatchObject({ code: 'conflict' });
    for (const name of ['n2', 'n3']) await runtime.nodes.activate(name);
  });
});
