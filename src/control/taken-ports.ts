// Another internal port for a service whose own was taken by another process, when the balancer refuses a table over it.
import { Failure } from '../core/failure.ts';
import { moveInternalPorts } from '../core/internal-ports.ts';
import type { Table } from '../core/traffic.ts';
import type { Memory } from '../core/turn.ts';
import type { Balancer } from '../ports/balancer.ts';
import type { InstanceSeen } from '../ports/runtime.ts';
import type { ControlOptions } from './options.ts';

type Means = Pick<ControlOptions, 'freePort' | 'refusedAddress'> & { readonly balancer: Pick<Balancer, 'look'> };

/**
 * What is to be remembered instead of `memory` when the balancer refused a table over internal ports that others have;
 * null when it did not, or that cannot be known.
 */
export async function movePorts(
  means: Means,
  memory: Memory,
  refused: Table | null,
  instances: readonly InstanceSeen[],
  now: number,
): Promise<ReturnType<typeof moveInternalPorts> | null> {
  const ports = refused === null ? {} : await portsInstead(means, refused);
  if (Object.keys(ports).length === 0) return null;
  const running = instances.filter((one) => one.state !== 'exited').map((one) => one.service);
  return moveInternalPorts(memory, ports, running, now);
}

/**
 * Free ports for those services of a refused table that the balancer does not listen for, and on whose port nobody can
 * listen. None when the balancer cannot be asked: the ports might be its own.
 */
async function portsInstead(means: Means, refused: Table): Promise<Readonly<Record<string, number>>> {
  const instead: Record<string, number> = {};
  try {
    const own = new Set((await means.balancer.look()).services.map(({ service }) => service));
    const used = new Set(refused.services.map(({ internalPort }) => internalPort));
    for (const { service, internalPort: port } of refused.services) {
      if (own.has(service) || !(await means.refusedAddress?.({ host: '127.0.0.1', port }))) continue;
      const other = await means.freePort();
      if (used.has(other)) continue;
      used.add(other);
      instead[service] = other;
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
  return instead;
}
