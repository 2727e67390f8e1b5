// The clock of the simulated world.
import type { Clock } from '../ports/clock.ts';
import type { Random } from './random.ts';
import type { SimTime } from './time.ts';

/** `pass` lets simulated time go by; it is what a sleep is. */
export function simClock(time: SimTime, random: Random, pass: (ms: number) => Promise<void>): Clock {
  return {
    now: () => time.wallMs,
    monotonic: () => time.monotonicMs,
    sleep: async (ms, signal) => {
      if (!signal?.aborted) await pass(ms);
    },
    token: () => random.hex(),
  };
}
