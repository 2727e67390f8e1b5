// The test projects by what they need: unit and sim nothing, real sockets and processes, story the whole product.
import { defineConfig } from 'vitest/config';
import { notRun } from './test/not-run.ts';

const real = ['src/adapters/**/*.test.ts', 'src/proxy/**/*.test.ts', 'examples/**/*.test.ts', 'test/cli/**/*.test.ts'];
const story = ['test/*.test.ts'];
/** Nothing but values: the files may share one loading of the modules, which takes more time than the tests. */
const pure = { isolate: false };
// On shared machines a process may get no processor for seconds. A retry is shown in the output, and never used at a desk.
const patient = { testTimeout: 60_000, hookTimeout: 60_000, retry: process.env.CI ? 2 : 0 };

export default defineConfig({
  test: {
    reporters: ['default', notRun],
    projects: [
      { test: { ...pure, name: 'unit', include: ['src/**/*.test.ts'], exclude: [...real, 'src/sim/**'] } },
      { test: { ...pure, name: 'sim', include: ['src/sim/**/*.test.ts'], testTimeout: 600_000 } },
      { test: { name: 'real', include: real, ...patient } },
      { test: { name: 'story', include: story, ...patient, fileParallelism: false } },
    ],
  },
});
