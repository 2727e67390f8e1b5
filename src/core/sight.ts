// What a release sees of the world in one look: instances, balancer, verdict and the other rules. Pure.
import { selfSentence } from './aa.ts';
import { type Evidence, rulingOf, standIn, warningsIn } from './evidence.ts';
import { crashLoopOf } from './instances.ts';
import { oddsText } from './judge/receipt.ts';
import type { Loads } from './load.ts';
import type { Release, ReleaseSeen } from './release.ts';
import { neededAt } from './scaling.ts';
import { type ServiceState, wantedIds } from './service.ts';
import { routingOf } from './table.ts';
import { troubleOf, unmetDependencies } from './trouble.ts';
import type { InstanceSeenNow, Memory, World } from './turn.ts';

/** What a release sees of the world in one look. */
export function releaseSeen(
  service: ServiceState,
  release: Release,
  evidence: Evidence,
  memory: Memory,
  world: World,
): ReleaseSeen {
  const instances = world.instances.filter((one) => one.service === service.name);
  const ids = wantedIds(service, release.version, instances);
  const own = instances.filter((one) => ids.has(one.id));
  const unmet = unmetDependencies(service, memory.services, world.instances);
  const { reason, lastWords } = troubleOf({
    ids,
    instances: own,
    lastLines: world.lastLines,
    troubles: world.troubles,
    unmet,
  });
  const stableReady = instances.filter((one) => one.version === service.stable && one.state === 'ready').length;
  const loop = crashLoopOf(service, release.version, own);
  return {
    now: world.now,
    candidate: {
      ready: own.filter((one) => one.state === 'ready').length,
      wanted: ids.size,
      neededAt: (weight) => neededAt(service, release, weight),
    },
    stableReady: service.stable === null ? null : stableReady,
    notReady: [reason, lastWords].filter(Boolean).join('. '),
    crashLoop: loop && [loop, lastWords].filter(Boolean).join('. '),
    isConfirmed: isConfirmed(service, release, world, stableReady),
    hasSuccessor: service.queued !== null,
    ruling: rulingOf(evidence, service.routing),
    stand: standIn(evidence, release, service.routing),
    warnings: warningsIn(evidence, release, memory.past?.[service.name]?.upTo ?? null),
    rate: memory.past?.[service.name]?.rate ?? 0,
    ...(release.purpose === 'aa'
      ? { comparison: selfSentence(release, evidence, oddsText(evidence.self?.peaks.all ?? 0)) }
      : {}),
  };
}

/** The balancer says that it routes what this release asks for, and that is what was asked of it last. */
function isConfirmed(service: ServiceState, release: Release, world: World, readyOfStable: number): boolean {
  const wanted = routingOf({ ...service, release }, readyOfStable);
  const actual = world.balancer?.services.find((one) => one.service === service.name);
  return wanted.epoch === service.routing.epoch && actual?.epoch === wanted.epoch && actual.weight === wanted.weight;
}

/** What the instances of both versions use; null while the runtime does not know it of one that is ready. */
export function loadsOf(release: Release, instances: readonly InstanceSeenNow[]): Loads | null {
  const useOf = (version: number | null) => {
    const ready = instances.filter((one) => one.version === version && one.state === 'ready');
    const known = ready.filter((one) => one.cpu != null && one.memory != null);
    if (known.length === 0 || known.length < ready.length) return null;
    const cores = known.reduce((sum, one) => sum + (one.cpu ?? 0), 0);
    return { cores, memory: known.reduce((sum, one) => sum + (one.memory ?? 0), 0) / known.length };
  };
  const [stable, candidate] = [useOf(release.from), useOf(release.version)];
  return stable && candidate && { stable, candidate };
}
