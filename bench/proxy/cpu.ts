// CPU time of a process and everything below it, from /proc.
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second of /proc; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** `reaped`: of its children that have ended. */
type Stat = { readonly parent: number; readonly ticks: number; readonly reaped: number };

/** Milliseconds that the processes of the tree have used so far, in user and system mode. */
export function cpuMsOf(root: number): number {
  const stats = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(name) : null;
    if (stat) stats.set(Number(name), stat);
  }
  let ticks = 0;
  for (const [pid, stat] of stats) if (isBelow(pid, root, stats)) ticks += stat.ticks;
  return msOf(ticks);
}

/** Milliseconds that the whole machine has worked so far, and this process with everything it started. */
export function workedMs(): { readonly machine: number; readonly own: number } {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = (
    readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
  )
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const reaped = statOf('self')?.reaped ?? 0;
  return { machine: msOf(user + nice + system + irq + softIrq), own: cpuMsOf(process.pid) + msOf(reaped) };
}

function msOf(ticks: number): number {
  return (ticks / TICKS_PER_SECOND) * 1000;
}

function isBelow(pid: number, root: number, stats: ReadonlyMap<number, Stat>): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 0; at = stats.get(at)?.parent) {
    if (at === root) return true;
  }
  return false;
}

/** Null when the process has ended (Source: proc_pid_stat(5)). */
function statOf(pid: string): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold spaces and parentheses, so count from the last one.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const sum = (from: number) => Number(fields[from]) + Number(fields[from + 1]);
    return { parent: Number(fields[1]), ticks: sum(11), reaped: sum(13) };
  } catch {
    return null;
  }
}
