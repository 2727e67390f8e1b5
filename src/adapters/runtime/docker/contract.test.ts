// The Docker runtime meets the contract of every runtime, on a real engine.
import { afterAll, beforeAll } from 'vitest';
import { describeWith } from '../../../../test/engines.ts';
import { type Conduct, GRACE_MS, runtimeContract } from '../../../ports/runtime.contract.ts';
import { newTestEngine, type TestEngine } from '../engine/fixture.ts';
import { specOf, until } from '../process/fixture.ts';
import { buildOf, containerSpec, DOCKERFILE, GOOD, newWorld, SERVER } from './fixture.ts';

const CODE: Readonly<Record<Conduct, string>> = {
  serves: GOOD,
  'never-ready': `console.log('begin'); setInterval(() => 0, 1000);`,
  fails: `console.error('no'); process.exitCode = 1;`,
  stubborn: `process.on('SIGTERM', () => 0); console.log('begin'); ${SERVER}`,
};

describeWith('docker', 'the contract of runtimes', () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await newTestEngine();
  });
  afterAll(() => engine.remove());

  runtimeContract('the Docker runtime', async () => {
    const world = newWorld(engine);
    let calls = 0;
    return {
      open: () => (calls === 0 ? world.runtime : world.reopen()),
      service: async (conduct) => {
        calls += 1;
        const files = { Dockerfile: DOCKERFILE, 'server.mjs': `// ${calls}\n${CODE[conduct]}` };
        const build = buildOf(world.folder(files));
        const container = containerSpec(world, { build, image: null });
        return specOf(null, { command: [], port: 3000, stopGraceMs: GRACE_MS, container });
      },
      until,
      remove: world.close,
    };
  });
});
