// I2: no traffic to an instance that is not ready; traffic leaves an instance before it stops.
import { DRAIN_MS } from '../../core/instances.ts';
import { isOut } from '../../core/service.ts';
import { routedIds } from '../../core/table.ts';
import type { Scene } from '../scene.ts';
import type { Watcher } from '../watch.ts';

/** Whether a person keeps an instance outside of traffic, by what the store says. */
function isKept({ stored, listed }: Scene, id: string): boolean {
  const one = listed.find((each) => each.id === id);
  const service = one && stored.services.get(one.service);
  return one !== undefined && service !== undefined && isOut(service, one);
}

/** Whether another instance of its version was ready at the last look, and is not drained. */
function hasOther({ stored, listed }: Scene, id: string): boolean {
  const one = listed.find((each) => each.id === id);
  const service = one && stored.services.get(one.service);
  if (!one || !service) return false;
  const isLike = (each: typeof one) => each.service === one.service && each.version === one.version;
  return listed.some((each) => isLike(each) && each.state === 'ready' && !isOut(service, each));
}

export function watchReadiness(scene: Scene): Watcher {
  const { world, violate } = scene;
  /** When the balancer routed to an instance last. */
  const leftAt = new Map<string, number>();
  return {
    applying: (table) => {
      for (const service of table.services) {
        for (const target of [...(service.stable?.targets ?? []), ...(service.candidate?.targets ?? [])]) {
          const seen = scene.listed.find((one) => one.id === target.id);
          if (isKept(scene, target.id) && hasOther(scene, target.id)) {
            violate('I2', `a table routes to ${target.id}, which is drained, though another one is ready`);
          }
          if (seen?.state === 'ready' && seen.port === target.port) continue;
          violate('I2', `a table routes to ${target.id}, which was ${seen?.state ?? 'not there'} at the look`);
        }
      }
    },
    routing: (table, before) => {
      const now = routedIds(table);
      for (const id of routedIds(before)) if (!now.has(id)) leftAt.set(id, world.time.monotonicMs);
      for (const id of now) leftAt.delete(id);
    },
    stopping: (id) => {
      const instance = world.runtime.instances.get(id);
      if (!instance || instance.spec.spec.port === null) return;
      if (world.balancer.isUp && routedIds(world.balancer.table).has(id)) {
        violate('I2', `${id} is told to stop while the balancer routes to it`);
      }
      if (isKept(scene, id)) violate('I2', `${id} is told to stop while a person keeps it to look at`);
      if (instance.open === 0) return;
      const since = leftAt.get(id);
      const drainedMs = since === undefined ? 0 : world.time.monotonicMs - since;
      if (drainedMs >= (instance.spec.spec.drainMs ?? DRAIN_MS)) scene.overdue.add(id);
      else
        violate('I2', `${id} is told to stop with ${instance.open} open requests, ${drainedMs} ms after traffic left`);
    },
  };
}
