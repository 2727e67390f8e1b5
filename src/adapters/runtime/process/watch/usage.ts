// Processor and memory use of instances, measured over whole process groups.
import type { ProcessStat } from './proc.ts';

export type Usage = { readonly cpu: number | null; readonly memory: number | null };

/** Whether a process belongs to the instance whose main process is, or was, `leader`. */
export function isMember(stat: ProcessStat, leader: number): boolean {
  return stat.group === leader || stat.session === leader;
}

export type UsageMeter = {
  /** Takes the sample of a moment: every process, and the main process of each instance. */
  sample(atMs: number, processes: readonly ProcessStat[], leaders: ReadonlyMap<string, number>): void;
  of(id: string): Usage;
};

type Sample = { readonly atMs: number; readonly cpuMsByPid: ReadonlyMap<string, number> };

/** Processor use is known from the second sample of an instance on. */
export function usageMeter(): UsageMeter {
  let last = new Map<string, Sample>();
  let known = new Map<string, Usage>();
  return {
    sample: (atMs, processes, leaders) => {
      const samples = new Map<string, Sample>();
      const usages = new Map<string, Usage>();
      for (const [id, leader] of leaders) {
        const members = processes.filter((stat) => isMember(stat, leader));
        const cpuMsByPid = new Map(members.map((stat) => [`${stat.pid}@${stat.startTime}`, stat.cpuMs]));
        const before = last.get(id);
        const cpu = before === undefined ? null : cpuBetween(before, { atMs, cpuMsByPid });
        samples.set(id, { atMs, cpuMsByPid });
        usages.set(id, { cpu, memory: members.reduce((sum, stat) => sum + stat.memory, 0) });
      }
      last = samples;
      known = usages;
    },
    of: (id) => known.get(id) ?? { cpu: null, memory: null },
  };
}

/** Share of one core. Per process, so that one that ends does not make the sum fall. */
function cpuBetween(before: Sample, after: Sample): number {
  let usedMs = 0;
  for (const [pid, cpuMs] of after.cpuMsByPid) usedMs += Math.max(0, cpuMs - (before.cpuMsByPid.get(pid) ?? 0));
  return usedMs / Math.max(1, after.atMs - before.atMs);
}
