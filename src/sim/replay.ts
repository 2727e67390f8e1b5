// Replays one hostile world and tells its story: node src/sim/replay.ts <seed>
import { hostileRun } from './hostile.ts';

const run = await hostileRun({ seed: process.argv[2] ?? '0' });
process.stdout.write(`${run.report()}\n`);
process.exitCode = run.isBroken ? 1 : 0;
