// What people see of the instances of a service: what each is kept for, and until when. Pure.
import type { InstanceView } from '../api/views.ts';
import { drainOf, type ServiceState, wantedIds, wantedVersions } from '../core/service.ts';
import type { InstanceSeen } from '../ports/runtime.ts';

/** `mine` are all instances of the service. */
export function instanceViews(service: ServiceState, mine: readonly InstanceSeen[]): InstanceView[] {
  return mine.map((one) => instanceView(one, service, roleOf(one, service, mine)));
}

function instanceView(one: InstanceSeen, service: ServiceState, role: InstanceView['role']): InstanceView {
  const { id, version, handle, state, startedAt, reason, cpu, memory } = one;
  const address = `${one.host}:${one.port}`;
  return {
    id,
    version,
    handle,
    state,
    role,
    address,
    startedAt,
    reason,
    cpu,
    memory,
    restarts: service.slots[id]?.exits ?? 0,
    ...drainedOf(one, service),
  };
}

function roleOf(one: InstanceSeen, service: ServiceState, all: readonly InstanceSeen[]): InstanceView['role'] {
  const drain = drainOf(service, one);
  // Until another one has its place it serves.
  if (drain && !drain.isReturning) return drain.outSince === null ? 'stable' : 'drained';
  if (!wantedVersions(service).includes(one.version)) return 'leaving';
  if (!wantedIds(service, one.version, all).has(one.id)) return 'leaving';
  if (one.version === service.stable) return 'stable';
  return one.version === service.release?.version ? 'candidate' : 'warm';
}

/** One that returns is told like any other that serves. */
function drainedOf(one: InstanceSeen, service: ServiceState): Pick<InstanceView, 'drained'> {
  const drain = drainOf(service, one);
  if (!drain || drain.isReturning) return {};
  const { by, until, outSince } = drain;
  return { drained: { by, until, outSince } };
}
