// What a look shows of a service whose promoted version is watched, and the step that follows from it. Pure.
import { decided, type Evidence, rulingOf } from './evidence.ts';
import { crashLoopOf } from './instances.ts';
import { replicasOf, type ServiceState, wantedIds } from './service.ts';
import { troubleOf } from './trouble.ts';
import type { World } from './turn.ts';
import { turnWatch, type Watched, type WatchSeen } from './watch.ts';

export function readyOf(service: ServiceState, version: number | null, instances: World['instances']): number {
  const isReady = (one: World['instances'][number]) => one.service === service.name && one.state === 'ready';
  return instances.filter((one) => isReady(one) && one.version === version).length;
}

/** The judge of a promoted version goes on while the one before it keeps a share. */
export function keepWatch(
  service: ServiceState,
  evidences: Readonly<Record<number, Evidence>>,
  nextRelease: number,
  world: World,
): Watched & { readonly evidence: Readonly<Record<number, Evidence>> } {
  const { watch, name } = service;
  if (!watch) return { service, events: [], evidence: evidences };
  const own = world.instances.filter((one) => one.service === name && one.version === watch.version);
  const ids = wantedIds(service, watch.version, own);
  const instances = own.filter((one) => ids.has(one.id));
  const { lastLines, troubles, now } = world;
  const { reason, lastWords } = troubleOf({ ids, instances, lastLines, troubles, unmet: [] });
  const loop = crashLoopOf(service, watch.version, instances);
  const evidence = evidences[watch.release];
  const seen: WatchSeen = {
    now,
    oldReady: replicasOf(service, watch.from) === 0 ? 0 : readyOf(service, watch.from, world.instances),
    newReady: readyOf(service, watch.version, world.instances),
    ruling: evidence ? rulingOf(evidence, service.routing) : null,
    crashLoop: loop && [loop, lastWords].filter(Boolean).join('. '),
    notReady: [reason, lastWords].filter(Boolean).join('. '),
  };
  const watched = turnWatch(service, seen, nextRelease);
  const isTakenBack = evidence !== undefined && watched.service.release?.id === nextRelease;
  const receipts = isTakenBack ? { [watch.release]: decided(evidence, true, service.routing, now) } : {};
  return { ...watched, evidence: { ...evidences, ...receipts } };
}
