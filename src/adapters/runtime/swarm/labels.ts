// What a Swarm service of ours says about itself: read back by every later control plane, there is no other memory.
import type { InstanceSpec } from '../../../ports/runtime.ts';
import type { SwarmService } from './objects.ts';

export const LABELS = {
  /** So that `docker stack services <project>` shows them. */
  stack: 'com.docker.stack.namespace',
  project: 'dev.fridaymorning.project',
  id: 'dev.fridaymorning.instance',
  service: 'dev.fridaymorning.service',
  version: 'dev.fridaymorning.version',
  slot: 'dev.fridaymorning.slot',
  digest: 'dev.fridaymorning.revision',
  /** Where the file allows it, as JSON: what is left when it is no longer held on one node. */
  constraints: 'dev.fridaymorning.constraints',
  /** What else the file says of where it may be, as JSON: labels to spread over, and how many may be on one node. */
  rules: 'dev.fridaymorning.placement',
  /** Since when it is held on the node that was chosen for it, ms since 1970; absent = Swarm may move it. */
  pinnedAt: 'dev.fridaymorning.pinned-at',
  /** That node, by its id. */
  pinnedTo: 'dev.fridaymorning.pinned-to',
  /** How it says that it is ready, as JSON. */
  readiness: 'dev.fridaymorning.readiness',
  port: 'dev.fridaymorning.port',
  /** `yes` behind a balancer; absent where another one cannot stand in before it stops. */
  balanced: 'dev.fridaymorning.balanced',
  /** When it was asked to stop, ms since 1970; absent = it is to run. */
  stoppedAt: 'dev.fridaymorning.stopped-at',
} as const;

/** The ones that never change over the life of an instance. */
export function labelsOf(project: string, instance: InstanceSpec): Readonly<Record<string, string>> {
  const { id, service, version, slot, revision, spec } = instance;
  const { spreads = [], maxPerNode = null } = spec.container?.placement ?? {};
  return {
    [LABELS.stack]: project,
    [LABELS.project]: project,
    [LABELS.id]: id,
    [LABELS.service]: service,
    [LABELS.version]: String(version),
    [LABELS.slot]: String(slot),
    [LABELS.digest]: revision.digest,
    [LABELS.readiness]: JSON.stringify(spec.readiness),
    [LABELS.rules]: JSON.stringify({ spreads, maxPerNode }),
    [LABELS.port]: String(spec.port ?? ''),
    ...(spec.port === null ? {} : { [LABELS.balanced]: 'yes' }),
  };
}

export function labelOf(service: SwarmService, name: keyof typeof LABELS): string {
  return service.Spec.Labels[LABELS[name]] ?? '';
}

/** Swarm allows 63 characters: of a long name the end counts, which tells instances apart. */
export function serviceName(project: string, id: string): string {
  const name = `${project}_${id}`;
  return name.length <= 63 ? name : name.slice(-63).replace(/^[^a-zA-Z0-9]+/, '');
}
