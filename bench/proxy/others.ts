// Other work on the machine: how much of it there is, and waiting until there is little.
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { workedMs } from './cpu.ts';

/** Share of the machine, 0 to 1, below which it is quiet. */
const QUIET_SHARE = 0.15;
const LOOK_MS = 500;
/** Of one run; after that it measures however busy the machine is. */
const PATIENCE_MS = 30 * 60_000;

/** Share of the machine, 0 to 1, that work other than the bench has taken since now. */
export function watchOthers(): () => number {
  const startedAt = performance.now();
  const before = workedMs();
  return () => {
    const now = workedMs();
    const others = now.machine - before.machine - (now.own - before.own);
    return Math.max(0, others) / ((performance.now() - startedAt) * availableParallelism());
  };
}

/** A function that waits for a quiet moment. All its waits together are bounded; the signal ends them. */
export function quietness(signal: AbortSignal): () => Promise<void> {
  let waitedMs = 0;
  return async () => {
    for (; waitedMs < PATIENCE_MS; waitedMs += LOOK_MS) {
      const othersSince = watchOthers();
      await sleep(LOOK_MS, undefined, { signal });
      if (othersSince() < QUIET_SHARE) return;
    }
  };
}
