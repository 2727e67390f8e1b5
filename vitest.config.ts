// The test projects by what they need: unit and sim nothing, real sockets, processes and engines, story the whole product.
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { notRun } from './test/not-run.ts';

const real = ['src/adapters/**/*.test.ts', 'src/proxy/**/*.test.ts', 'examples/**/*.test.ts', 'test/cli/**/*.test.ts'];
const story = ['test/*.test.ts'];
/** They say how many seconds something took: nothing else runs beside them. */
const alone = ['test/demo.test.ts'];
/** The page in the system's Chromium, in front of a real control plane. */
const browser = ['test/browser/*.test.ts'];
/** Nothing but values: the files may share one loading of the modules, which takes more time than the tests. */
const pure = { isolate: false, testTimeout: 30_000 };
// On shared machines a process may get no processor for seconds. A retry is shown in the output, and never used at a desk.
const patient = { testTimeout: 60_000, hookTimeout: 60_000, retry: process.env.CI ? 2 : 0 };
/** Tests that mostly wait: two files at a time whatever the machine has. Groups run one after the other. */
const inPairs = (groupOrder: number) => ({ ...patient, maxWorkers: 2, sequence: { groupOrder } });

const LONG =
  /\b(verdict[-\w]*|contract|hello-\w+|loss|registry|swarm|recovery|scale|plan|docker|cli|package)\.test\.ts$/;

/** What takes minutes begins first, so that nothing is left to wait for at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = (file: TestSpecification) => LONG.test(file.moduleId);
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    reporters: ['default', notRun],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...pure,
          name: 'unit',
          include: ['src/**/*.test.ts', 'web/src/**/*.test.ts'],
          exclude: [...real, 'src/sim/**'],
        },
      },
      { test: { ...pure, name: 'sim', include: ['src/sim/**/*.test.ts'], testTimeout: 600_000 } },
      { test: { ...inPairs(1), name: 'real', include: real } },
      { test: { ...inPairs(2), name: 'story', include: story, exclude: alone } },
      { test: { ...inPairs(3), name: 'alone', include: alone, maxWorkers: 1 } },
      { test: { ...inPairs(4), name: 'browser', include: browser, globalSetup: ['test/browser/build.ts'] } },
    ],
  },
});
