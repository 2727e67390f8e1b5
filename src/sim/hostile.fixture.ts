// Many hostile worlds, shared out among test files so that they run side by side.
import { expect, it } from 'vitest';
import { hostileRun } from './hostile.ts';

const SEEDS = Number(process.env.SEEDS ?? 200);

/** One test over the seeds whose number leaves `shard` when divided by `of`. A failure tells how to replay it. */
export function hostileWorlds(shard: number, of: number): void {
  it(`holds all invariants in ${SEEDS} hostile worlds, part ${shard + 1} of ${of}`, async () => {
    let worlds = 0;
    for (let seed = shard; seed < SEEDS; seed += of) {
      const run = await hostileRun({ seed: String(seed) });
      if (run.isBroken) expect.fail(`\n${run.report()}\n\nReplay: node src/sim/replay.ts ${seed}\n`);
      worlds += 1;
    }
    expect(worlds).toBeGreaterThan(0);
  });
}
