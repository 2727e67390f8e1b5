// I4: saved before done. What the store holds explains every act.
import type { ReleaseRecord } from '../../control/memory.ts';
import { instanceId, placeOf, replicasOf, type ServiceState } from '../../core/service.ts';
import type { InstanceSpec } from '../../ports/runtime.ts';
import type { Change } from '../../ports/store.ts';
import { isFollowed, type Scene } from '../scene.ts';
import type { Watcher } from '../watch.ts';

function isWanted(service: ServiceState | undefined, version: number, slot: number): boolean {
  if (!service || service.isDown || placeOf({ slot }) > replicasOf(service, version)) return false;
  return [service.stable, service.warm?.version, service.release?.version].includes(version);
}

/** It takes the place of one that somebody restarts or drains or that moves, or is there already and starts again. */
function isFollowing({ listed, stored }: Scene, { id, service, version, slot }: InstanceSpec): boolean {
  if (slot <= 1000 || listed.some((one) => one.id === id)) return true;
  const { restarts = [], drained = [], spreading } = stored.services.get(service) ?? {};
  const before = instanceId(service, version, slot - 1000);
  return restarts.includes(before) || drained.some((one) => one.id === before) || spreading?.moving?.id === before;
}

/** It was to stand in for one that was to move, and did not become ready. */
function isRefused({ stored }: Scene, { id, service }: InstanceSpec): boolean {
  return stored.services.get(service)?.spreading?.refused === id;
}

/** Evidence in a change whose judge was told other ticks than the change, and those before it, keep. */
function unkeptTicks({ put = [], ticks = [] }: Change, before: ReadonlyMap<number, ReleaseRecord>): readonly string[] {
  const records = put.filter((one) => one.kind === 'release').map((one) => one.value as ReleaseRecord);
  return records.flatMap(({ release: { id, service, version }, evidence }) => {
    const told = evidence?.told ?? 0;
    const known = before.get(id)?.evidence?.told ?? 0;
    const batch = ticks.find((one) => one.release === id);
    const isKept = batch ? batch.from <= known && batch.from + batch.ticks.length === told : told <= known;
    return isKept ? [] : [`the judge of v${version} of ${service} was told ${told} ticks, which are not all kept`];
  });
}

export function watchSaved(scene: Scene): Watcher {
  const { world, stored, violate } = scene;
  const byRevision = new Map<number, string>();
  return {
    committed: (change) => {
      for (const sentence of unkeptTicks(change, stored.releases)) violate('I4', sentence);
    },
    starting: (spec) => {
      const { id, service, version, slot } = spec;
      if (!isWanted(stored.services.get(service), version, slot) || !isFollowing(scene, spec)) {
        violate('I4', `${id} is started though nothing in the store wants it`);
      }
    },
    stopping: (id) => {
      const spec = world.runtime.instances.get(id)?.spec;
      if (
        spec &&
        !isFollowed(scene, spec) &&
        !isRefused(scene, spec) &&
        isWanted(stored.services.get(spec.service), spec.version, spec.slot)
      ) {
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
