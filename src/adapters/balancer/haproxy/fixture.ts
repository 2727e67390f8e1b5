// A folder with HAProxy and its keeper, and instances behind it, for tests.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BalancerPlace } from '../../../ports/balancer.contract.ts';
import { placeOf } from '../fixture.ts';
import { haproxyBalancer } from './balancer.ts';

export type HaproxyPlace = BalancerPlace & {
  readonly dir: string;
  /** Process ids of the keeper and of HAProxy's master. */
  readonly pids: () => Promise<{ readonly keeper: number; readonly haproxy: number }>;
};

export async function haproxyPlace(): Promise<HaproxyPlace> {
  const place = await placeOf('haproxy', (dir) => haproxyBalancer({ dir }));
  const numberIn = async (file: string) => Number(await readFile(join(place.dir, file), 'utf8'));
  return {
    ...place,
    pids: async () => ({ keeper: await numberIn('proxy.pid'), haproxy: await numberIn('haproxy.pid') }),
  };
}
