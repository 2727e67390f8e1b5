// The process runtime meets the contract of every runtime.
import { type Conduct, GRACE_MS, runtimeContract } from '../../../ports/runtime.contract.ts';
import { newWorld, SERVER, specOf, until } from './fixture.ts';
import type { ProcessRuntime } from './runtime.ts';

const CODE: Readonly<Record<Conduct, string>> = {
  serves: `console.log('begin'); ${SERVER}`,
  'never-ready': `console.log('begin'); setInterval(() => 0, 1000);`,
  fails: `console.error('no'); process.exitCode = 1;`,
  stubborn: `process.on('SIGTERM', () => 0); console.log('begin'); ${SERVER}`,
};

runtimeContract('the process runtime', async () => {
  const world = newWorld();
  let current: ProcessRuntime | null = null;
  let calls = 0;
  return {
    open: () => {
      current = current === null ? world.runtime : world.reopen();
      return current;
    },
    service: async (conduct) => {
      calls += 1;
      return specOf(world.folder({ 'server.mjs': `// ${calls}\n${CODE[conduct]}` }), { stopGraceMs: GRACE_MS });
    },
    until,
    remove: world.close,
  };
});
