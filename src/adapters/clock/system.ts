// The clock of the machine: real time, real waiting, real chance.
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../ports/clock.ts';

/** The only place where the control plane's time and chance come from. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: async (ms, signal) => {
      try {
        await wait(ms, undefined, { signal });
      } catch (error) {
        if (signal?.aborted !== true) throw error;
      }
    },
    token: () => randomBytes(8).toString('hex'),
  };
}
