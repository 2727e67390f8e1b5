// A folder with a proxy process, and instances behind it, for tests of the embedded balancer.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BalancerPlace } from '../../../ports/balancer.contract.ts';
import type { ProxyLimits } from '../../../proxy/limits.ts';
import { placeOf } from '../fixture.ts';
import { embeddedBalancer } from './balancer.ts';

export type EmbeddedPlace = BalancerPlace & {
  readonly dir: string;
  /** Process id of the proxy. */
  readonly pid: () => Promise<number>;
};

export async function embeddedPlace(limits: Partial<ProxyLimits> = {}): Promise<EmbeddedPlace> {
  const place = await placeOf('proxy', (dir) => embeddedBalancer({ dir, limits }));
  return { ...place, pid: async () => Number(await readFile(join(place.dir, 'proxy.pid'), 'utf8')) };
}
