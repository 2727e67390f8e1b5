// Doing what a turn decided. Every act can be repeated; one that fails is decided again at the next turn.
import { Failure, sentenceOf } from '../core/failure.ts';
import { instanceId, isBalanced, versionOf } from '../core/service.ts';
import type { Table } from '../core/traffic.ts';
import type { Act, Memory } from '../core/turn.ts';
import type { Balancer } from '../ports/balancer.ts';
import type { Runtime } from '../ports/runtime.ts';
import { environmentOf } from './environment.ts';

export type Acted = {
  /** What failed, by instance id or `balancer`. */
  readonly troubles: Readonly<Record<string, string>>;
  readonly hasApplied: boolean;
  /** The table that the balancer refused as it was: it is old, or an address in it cannot be had. */
  readonly refused: Table | null;
};

/** In order, the table first: traffic leaves an instance before it stops. */
export async function perform(
  acts: readonly Act[],
  memory: Memory,
  runtime: Runtime,
  balancer: Balancer,
): Promise<Acted> {
  const troubles: Record<string, string> = {};
  let hasApplied = false;
  let refused: Table | null = null;
  for (const act of acts) {
    try {
      await performOne(act, memory, runtime, balancer);
      hasApplied ||= act.type === 'apply';
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      troubles[subjectOf(act)] = sentenceOf(error);
      if (act.type === 'apply' && error.code === 'conflict') refused = act.table;
    }
  }
  return { troubles, hasApplied, refused };
}

function subjectOf(act: Act): string {
  if (act.type === 'apply') return 'balancer';
  return act.type === 'start' ? instanceId(act.service, act.version, act.slot) : act.id;
}

async function performOne(act: Act, memory: Memory, runtime: Runtime, balancer: Balancer): Promise<void> {
  switch (act.type) {
    case 'apply':
      return balancer.apply(act.table);
    case 'stop':
      return runtime.stop(act.id);
    case 'remove':
      return runtime.remove(act.id);
    case 'start':
      return start(act, memory, runtime);
  }
}

async function start(act: Act & { type: 'start' }, memory: Memory, runtime: Runtime): Promise<void> {
  const service = memory.services[act.service];
  const version = service && versionOf(service, act.version);
  if (!service || !version) return;
  const id = instanceId(service.name, act.version, act.slot);
  const reach = await runtime.reach?.(version.spec);
  await runtime.start({
    id,
    service: service.name,
    version: act.version,
    slot: act.slot,
    revision: version.revision,
    spec: version.spec,
    environment: environmentOf(version.spec, act.version, id, Object.values(memory.services), reach),
    port: !isBalanced(service) && service.replicas === 1 ? service.internalPort : null,
  });
}
