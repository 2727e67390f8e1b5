// What tasks use of processor and memory, read from the engines of their nodes, also over ssh, and not known of those that are away.
import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeWith } from '../../../../test/engines.ts';
import type { InstanceSpec } from '../../../ports/runtime.ts';
import { clusterOf } from './cluster.ts';
import { engineOfNode, sshWords } from './dial.ts';
import { newTestSwarm, type TestSwarm } from './fixture.ts';
import { type SwarmPlace, swarmPlace, until } from './fixture-place.ts';
import type { SwarmRuntime } from './runtime.ts';
import { standings } from './standing.ts';
import { type UsageWatch, watchUsage } from './usage.ts';

// Engines build, carry and start images: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

it('asks ssh for one connection to the engine, and no question', () => {
  const plain = sshWords(new URL('ssh://10.0.0.2'));
  expect(plain.slice(plain.indexOf('--'))).toEqual(['--', '10.0.0.2', 'docker', 'system', 'dial-stdio']);
  expect(plain).toContain('BatchMode=yes');
  const full = sshWords(new URL('ssh://deploy@n2:2222/run/docker.sock')).join(' ');
  expect(full).toContain("-l deploy -p 2222 -- n2 docker --host 'unix:///run/docker.sock' system dial-stdio");
  expect(engineOfNode('carrier-pigeon://n2')).toBeNull();
});

describeWith('swarm', 'processor and memory use on a Swarm', () => {
  let swarm: TestSwarm;
  let place: SwarmPlace;
  let runtime: SwarmRuntime;
  const watches: UsageWatch[] = [];
  beforeAll(async () => {
    swarm = await newTestSwarm(2);
    place = swarmPlace(swarm);
    runtime = place.open();
    const spec = await place.service('serves');
    const revision = await runtime.prepare(spec);
    for (const slot of [1, 2]) {
      const id = `web-v1-${slot}`;
      const instance: InstanceSpec = {
        id,
        service: 'web',
        version: 1,
        slot,
        revision,
        spec,
        environment: {},
        port: null,
      };
      await runtime.start(instance);
    }
  });
  afterAll(async () => {
    for (const watch of watches) watch.close();
    await place?.remove();
    await swarm?.remove();
  });

  const cluster = () => clusterOf(swarm.manager.engine, place.project);
  /** What is known of both instances, the one on n1 first, when it is read in this way. */
  const usages = async (watch: UsageWatch) => {
    const look = await cluster().look();
    const all = [...standings(look)].sort((one, other) => one.hostname.localeCompare(other.hostname));
    watch.follow(all, look.nodes, await swarm.idOf('n1'));
    return all.map((one) => watch.of(one));
  };

  it('is known of instances on every node whose engine the file names', async () => {
    await until(async () => {
      const all = await runtime.list();
      return all.length === 2 && all.every(({ cpu, memory }) => cpu !== null && (memory ?? 0) > 5_000_000);
    });
    expect((await runtime.list()).map(({ cpu }) => (cpu ?? 9) < 2)).toEqual([true, true]);
  });

  it('is read over ssh as the docker command does, and not known where nobody says how', async () => {
    const script = '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nsocket="$FRIDAY_SWARM/$2/docker.sock"; shift 3\n';
    writeFileSync(join(swarm.dir, 'ssh'), `${script}exec docker --host "unix://$socket" "$@"\n`);
    chmodSync(join(swarm.dir, 'ssh'), 0o755);
    vi.stubEnv('FRIDAY_SWARM', swarm.dir);
    vi.stubEnv('PATH', `${swarm.dir}${delimiter}${process.env.PATH}`);
    try {
      const told = { learn: () => undefined, recall: () => undefined };
      const overSsh = watchUsage(swarm.manager.engine, { ...told, of: () => 'ssh://deploy@n2' });
      const untold = watchUsage(swarm.manager.engine, { ...told, of: () => null });
      watches.push(overSsh, untold);
      await until(async () => (await usages(overSsh)).every(({ memory }) => (memory ?? 0) > 5_000_000));
      await until(async () => ((await usages(untold))[0]?.memory ?? 0) > 5_000_000);
      expect((await usages(untold))[1]).toEqual({ cpu: null, memory: null });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('is not known any more when the engine of the node is away, and the look does not wait for it', async () => {
    await swarm.machines[1]?.killEngine();
    const at = performance.now();
    await runtime.list();
    console.log(`a look took ${Math.round(performance.now() - at)} ms with an engine that is away`);
    await until(async () => (await runtime.list()).some(({ memory }) => memory === null));
    expect((await runtime.list()).filter(({ memory }) => memory !== null).length).toBeLessThanOrEqual(1);
    await swarm.machines[1]?.start();
    await swarm.untilReady();
  });
});
