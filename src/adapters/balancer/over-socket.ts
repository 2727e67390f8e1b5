// What every balancer does whose process is told over a unix socket what to do.
import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../../core/failure.ts';
import type { BalancerSeen, Cursor, Observations, Table } from '../../core/traffic.ts';
import type { Balancer } from '../../ports/balancer.ts';
import { ask } from './embedded/control-client.ts';
import { isUp } from './start.ts';

/** `start` starts the process when none answers, and returns once one does. */
export function overSocket(socket: string, start: () => Promise<void>): Pick<Balancer, 'apply' | 'look' | 'observe'> {
  return {
    async apply(table: Table): Promise<void> {
      const body = JSON.stringify(table);
      try {
        await ask(socket, 'PUT', '/table', body);
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'unavailable' || (await isUp(socket))) throw error;
        await start();
        await ask(socket, 'PUT', '/table', body);
      }
    },

    async look(): Promise<BalancerSeen> {
      return (await ask(socket, 'GET', '/status')) as BalancerSeen;
    },

    async observe(after: Cursor | null): Promise<Observations> {
      const query = after === null ? '' : `?boot=${encodeURIComponent(after.boot)}&after=${after.seq}`;
      return (await ask(socket, 'GET', `/observations${query}`)) as Observations;
    },
  };
}

const LOOK_MS = 20;

/** Whether the process is gone within so long. */
export async function hasEnded(pid: number, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (performance.now() < until) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await wait(LOOK_MS);
  }
  return false;
}
