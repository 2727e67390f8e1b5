// A reporter for vitest: names at the end of a run what could not run on this machine, and why.
import type { Reporter, TestModule } from 'vitest/node';
import type {} from './engines.ts';

/** One line per suite that was left out, without repeats. */
function leftOut(modules: readonly TestModule[]): string[] {
  const lines = modules.flatMap((module) =>
    [...module.children.allTests('skipped')].flatMap((test) => {
      const { notRun } = test.meta();
      const suite = test.parent.type === 'suite' ? test.parent.fullName : module.relativeModuleId;
      return notRun === undefined ? [] : [`${suite}: not run, ${notRun}`];
    }),
  );
  return [...new Set(lines)].sort();
}

export const notRun: Reporter = {
  onTestRunEnd(modules) {
    const lines = leftOut(modules);
    if (lines.length === 0) return;
    console.log(`What did not run on this machine:\n${lines.map((line) => `  ${line}`).join('\n')}\n`);
  },
};
