// I3: the candidate's weight falls only through a rollback, a promoted one's to what the file says; stable stops only after the candidate holds 100 %.

import { replicasOf, type ServiceState } from '../../core/service.ts';
import type { ServiceTraffic } from '../../core/traffic.ts';
import type { Change } from '../../ports/store.ts';
import { isFollowed, releaseOf, type Scene } from '../scene.ts';
import type { Watcher } from '../watch.ts';
import { Approvals } from './approvals.ts';

const TAKEN_BACK: readonly string[] = ['rolling_back', 'rolled_back', 'failed'];

/** The least shares of promoted versions, in percent, as the file said when they were promoted. */
class LeastShares {
  readonly #scene: Scene;
  readonly #least = new Map<string, number>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  committed({ put }: Change): void {
    for (const { kind, value } of put ?? []) {
      const last = kind === 'service' ? (value as ServiceState).last : null;
      if (last?.phase !== 'promoted' || this.#least.has(`${last.service}/${last.id}`)) continue;
      const version = (value as ServiceState).versions.find((one) => one.version === last.version);
      this.#least.set(`${last.service}/${last.id}`, 100 - (version?.spec.release.holdBack ?? 0));
    }
  }

  /** 100 for a version that was not promoted last, and once the one before is not kept warm. */
  of(service: string, version: number): number {
    const state = this.#scene.stored.services.get(service);
    const isPromoted = state?.stable === version && state.last?.version === version && state.warm !== null;
    return (isPromoted && this.#least.get(`${service}/${state.last.id}`)) || 100;
  }
}

export function watchWeight(scene: Scene): Watcher {
  const { world, stored, violate } = scene;
  const least = new LeastShares(scene);
  const approvals = new Approvals(scene);
  const applied = new Map<string, ServiceTraffic>();
  let appliedS = 0;
  /** Versions that the balancer has given all traffic of their service, as `service@version`. */
  const full = new Set<string>();

  const isTakenBack = (service: string, version: number) => {
    if (scene.ledger.has(service, appliedS, 'down')) return true;
    const release = releaseOf(stored.services.get(service), version);
    return release === null || TAKEN_BACK.includes(release.phase);
  };

  const compare = (before: ServiceTraffic, now: ServiceTraffic | undefined) => {
    const { service, candidate } = before;
    if (candidate !== null) {
      const isSame = now?.candidate?.version === candidate.version && now.salt === before.salt;
      const weight = now?.stable?.version === candidate.version ? 100 : isSame ? now.weight : 0;
      const isWatched = isSame && weight >= least.of(service, candidate.version);
      if (weight < before.weight && !isWatched && !isTakenBack(service, candidate.version)) {
        violate(
          'I3',
          `v${candidate.version} of ${service} falls from ${before.weight}% to ${weight}% without a rollback`,
        );
      }
    }
    const [old, next] = [before.stable?.version, now?.stable?.version];
    if (old === undefined || next === undefined || old === next) return;
    if (!full.has(`${service}@${next}`)) {
      violate('I3', `v${next} becomes stable of ${service} without ever having had 100%`);
    }
  };

  const checkShare = ({ service, candidate, weight }: ServiceTraffic) => {
    if (candidate === null || candidate.version !== stored.services.get(service)?.stable) return;
    const wanted = least.of(service, candidate.version);
    if (weight >= wanted) return;
    violate('I3', `v${candidate.version} of ${service} is promoted and has ${weight}%, not at least ${wanted}%`);
  };

  return {
    committed: (change) => {
      least.committed(change);
      approvals.committed(change);
    },
    applying: (table) => {
      for (const before of applied.values())
        compare(
          before,
          table.services.find((one) => one.service === before.service),
        );
      applied.clear();
      appliedS = world.time.second;
      for (const one of table.services) {
        applied.set(one.service, one);
        checkShare(one);
        if (one.candidate !== null && one.weight === 100) full.add(`${one.service}@${one.candidate.version}`);
      }
    },
    stopping: (id) => {
      const instance = world.runtime.instances.get(id);
      const service = instance && stored.services.get(instance.spec.service);
      const traffic = service && applied.get(service.name);
      if (!instance || !traffic || service.isDown || isFollowed(scene, instance.spec)) return;
      if (instance.spec.slot > replicasOf(service, instance.spec.version)) return;
      const isReplaced = traffic.candidate !== null && traffic.weight === 100;
      if (traffic.stable?.version === instance.spec.version && !isReplaced) {
        violate('I3', `${id} of stable is told to stop while no other version has all traffic`);
      }
    },
  };
}
