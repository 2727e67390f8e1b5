// I6: a verdict latches. What failed is never promoted, and what is over never changes.

import type { ReleaseRecord } from '../../control/memory.ts';
import { isOver } from '../../core/release.ts';
import type { ServiceState } from '../../core/service.ts';
import type { Scene } from '../scene.ts';
import type { Watcher } from '../watch.ts';

export function watchVerdict(scene: Scene): Watcher {
  const { stored, violate } = scene;
  const over = new Map<number, string>();
  /** Releases that the judge has failed: `service@version/salt`. */
  const failed = new Map<number, string>();
  return {
    committed: ({ put }) => {
      for (const { kind, value } of put ?? []) {
        if (kind !== 'release') continue;
        const { release, evidence } = value as ReleaseRecord;
        const text = JSON.stringify(release);
        if (over.has(release.id) && over.get(release.id) !== text) {
          violate('I6', `release ${release.id} changes though it is over`);
        }
        if (isOver(release)) over.set(release.id, text);
        const name = `v${release.version} of ${release.service}`;
        const changed = put?.find((one) => one.kind === 'service' && one.id === release.service)?.value;
        const service = (changed as ServiceState | undefined) ?? stored.services.get(release.service);
        if (evidence?.judge?.failed && isOver(release) && service?.watch?.release === release.id) {
          violate('I6', `${name} was failed by the judge after its promotion and keeps its traffic`);
        }
        if (failed.has(release.id) && (release.weight > 0 || release.ruling?.kind !== 'fail')) {
          violate('I6', `${name} was failed by the judge and is now ${release.phase} at ${release.weight}%`);
        }
        if (release.ruling?.kind === 'fail') {
          failed.set(release.id, `${release.service}@${release.version}/${release.salt}`);
          if (!['rolling_back', 'rolled_back'].includes(release.phase)) {
            violate('I6', `${name} was failed by the judge and is ${release.phase}`);
          }
        }
      }
    },
    applying: (table) => {
      if (failed.size === 0) return;
      const all = new Set(failed.values());
      for (const { service, candidate, salt, weight } of table.services) {
        if (candidate && weight > 0 && all.has(`${service}@${candidate.version}/${salt}`)) {
          violate('I6', `v${candidate.version} of ${service} gets ${weight}% though the judge has failed it`);
        }
      }
    },
  };
}
