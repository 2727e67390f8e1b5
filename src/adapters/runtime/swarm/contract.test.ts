// The Swarm runtime meets the contract of every runtime, on three nodes.
import { afterAll, beforeAll, vi } from 'vitest';
import { describeWith } from '../../../../test/engines.ts';
import { runtimeContract } from '../../../ports/runtime.contract.ts';
import { newTestSwarm, type TestSwarm } from './fixture.ts';
import { swarmPlace } from './fixture-place.ts';

// Three engines build, carry and start images: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

describeWith('swarm', 'the contract of runtimes', () => {
  let swarm: TestSwarm;
  beforeAll(async () => {
    swarm = await newTestSwarm();
  });
  afterAll(() => swarm?.remove());

  runtimeContract('the Swarm runtime', async () => swarmPlace(swarm));
});
