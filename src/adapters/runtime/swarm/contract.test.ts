// The Swarm runtime meets the contract of every runtime, on three nodes.
import { afterAll, beforeAll } from 'vitest';
import { describeWith } from '../../../../test/engines.ts';
import { runtimeContract } from '../../../ports/runtime.contract.ts';
import { newTestSwarm, type TestSwarm } from './fixture.ts';
import { swarmPlace } from './fixture-place.ts';

describeWith('swarm', 'the contract of runtimes', () => {
  let swarm: TestSwarm;
  beforeAll(async () => {
    swarm = await newTestSwarm();
  });
  afterAll(() => swarm?.remove());

  runtimeContract('the Swarm runtime', async () => swarmPlace(swarm));
});
