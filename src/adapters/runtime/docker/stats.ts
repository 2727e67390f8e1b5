// Processor and memory use of containers, as the engine measures it.
import { z } from 'zod';
import type { Usage } from '../process/watch/usage.ts';

/** Source: Docker Engine API, ContainerStats. `read` is the moment of the sample. */
export const Stats = z.object({
  read: z.string(),
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: z.number().default(0) }) }),
  memory_stats: z.object({
    usage: z.number().optional(),
    stats: z.record(z.string(), z.number()).nullish(),
  }),
});
export type Stats = z.infer<typeof Stats>;

export type Meter = {
  /** Takes a sample of a container. */
  add(id: string, stats: Stats): void;
  of(id: string): Usage;
  /** Forgets the others. */
  keep(ids: ReadonlySet<string>): void;
};

/** Processor use is known from the second sample of a container on. */
export function statsMeter(): Meter {
  const known = new Map<string, { readonly stats: Stats; readonly usage: Usage }>();
  return {
    add: (id, stats) => {
      const before = known.get(id);
      const cpu = before === undefined ? null : (cpuBetween(before.stats, stats) ?? before.usage.cpu);
      known.set(id, { stats, usage: { cpu, memory: memoryIn(stats) } });
    },
    of: (id) => known.get(id)?.usage ?? { cpu: null, memory: null },
    keep: (ids) => {
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
    },
  };
}

/** Share of one core; null when no time lies between. The engine counts nanoseconds. */
function cpuBetween(before: Stats, after: Stats): number | null {
  const ms = Date.parse(after.read) - Date.parse(before.read);
  if (!(ms > 0)) return null;
  const used = after.cpu_stats.cpu_usage.total_usage - before.cpu_stats.cpu_usage.total_usage;
  return Math.max(0, used / 1e6 / ms);
}

/** Without the cache of files, as `docker stats` shows it. Its name differs between the versions of cgroups. */
function memoryIn({ memory_stats: { usage, stats } }: Stats): number | null {
  if (usage === undefined) return null;
  const cache = stats?.total_inactive_file ?? stats?.inactive_file ?? 0;
  return cache < usage ? usage - cache : usage;
}
