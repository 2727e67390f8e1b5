// I4: saved before done. What the store holds explains every act.
import type { ServiceState } from '../../core/service.ts';
import type { Scene } from '../scene.ts';
import type { Watcher } from '../watch.ts';

function isWanted(service: ServiceState | undefined, version: number, slot: number): boolean {
  if (!service || service.isDown || slot > service.replicas) return false;
  return [service.stable, service.warm?.version, service.release?.version].includes(version);
}

export function watchSaved(scene: Scene): Watcher {
  const { world, stored, violate } = scene;
  const byRevision = new Map<number, string>();
  return {
    starting: ({ id, service, version, slot }) => {
      if (!isWanted(stored.services.get(service), version, slot)) {
        violate('I4', `${id} is started though nothing in the store wants it`);
      }
    },
    stopping: (id) => {
      const spec = world.runtime.instances.get(id)?.spec;
      if (spec && isWanted(stored.services.get(spec.service), spec.version, spec.slot)) {
        violate('I4', `${id} is told to stop though the store wants it`);
      }
    },
    applying: (table) => {
      const text = JSON.stringify(table);
      if (text !== JSON.stringify(stored.main?.table)) {
        violate('I4', `table ${table.revision} is applied, the store holds ${stored.main?.table.revision ?? 'none'}`);
      }
      if ((byRevision.get(table.revision) ?? text) !== text) {
        violate('I4', `two tables have revision ${table.revision}`);
      }
      byRevision.set(table.revision, text);
    },
  };
}
