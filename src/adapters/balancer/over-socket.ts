// What every balancer does whose process is told over a unix socket what to do.
import { Failure } from '../../core/failure.ts';
import type { BalancerSeen, Cursor, Observations, Table } from '../../core/traffic.ts';
import type { Balancer } from '../../ports/balancer.ts';
import { ask } from './embedded/control-client.ts';
import { isUp } from './embedded/process.ts';

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
