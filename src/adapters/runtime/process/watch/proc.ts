// What Linux tells about processes under /proc.
import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { Failure } from '../../../../core/failure.ts';
import { TOKEN } from '../launch/spawn.ts';

export type ProcessStat = {
  readonly pid: number;
  readonly group: number;
  readonly session: number;
  /** Ended, and only waits for its parent to take note. */
  readonly isZombie: boolean;
  /** Clock ticks since boot, as written there. */
  readonly startTime: string;
  /** Processor time used so far, in ms, without children that have ended. */
  readonly cpuMs: number;
  readonly memory: number;
};

export type Proc = {
  /** Of the machine's present boot. */
  readonly bootId: string;
  stat(pid: number): ProcessStat | null;
  /** Every process. Gives way to other work in between. */
  scan(): Promise<ProcessStat[]>;
  /** The token of the launch that the process belongs to; null when it has none or belongs to another user. */
  tokenOf(pid: number): string | null;
};

/** Failure: `unavailable` (no such file system: not Linux, or not mounted). */
export function procAt(root: string): Proc {
  const units = unitsAt(root);
  const stat = (pid: number) => {
    const text = read(`${root}/${pid}/stat`);
    return text === null ? null : parseStat(text, units);
  };
  return {
    bootId: units.bootId,
    stat,
    scan: async () => {
      const pids = readdirSync(root).filter((name) => /^\d+$/.test(name));
      const found: ProcessStat[] = [];
      for (const [index, pid] of pids.entries()) {
        if (index % 100 === 99) await breathe();
        const one = stat(Number(pid));
        if (one !== null) found.push(one);
      }
      return found;
    },
    tokenOf: (pid) => {
      const variables = read(`${root}/${pid}/environ`)?.split('\0') ?? [];
      return variables.find((variable) => variable.startsWith(`${TOKEN}=`))?.slice(TOKEN.length + 1) ?? null;
    },
  };
}

type Units = { readonly bootId: string; readonly tickMs: number; readonly pageBytes: number };

/** Source: proc(5), getauxval(3): AT_PAGESZ is 6, AT_CLKTCK is 17. */
function unitsAt(root: string): Units {
  const bootId = read(`${root}/sys/kernel/random/boot_id`)?.trim();
  if (bootId === undefined || read(`${root}/self/stat`) === null) {
    throw new Failure('unavailable', 'The process runtime needs /proc (Linux), and there is none here.', {
      hint: 'Set x-friday.runtime to docker, or run friday on Linux.',
    });
  }
  const found = new Map<bigint, number>();
  const vector = readFileSync(`${root}/self/auxv`);
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    found.set(vector.readBigUInt64LE(at), Number(vector.readBigUInt64LE(at + 8)));
  }
  return { bootId, tickMs: 1000 / (found.get(17n) ?? 100), pageBytes: found.get(6n) ?? 4096 };
}

/** Fields of /proc/PID/stat; the name in parentheses may contain anything, so that counting starts behind the last one. */
export function parseStat(text: string, { tickMs, pageBytes }: Omit<Units, 'bootId'>): ProcessStat | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => fields[number - 3] ?? '';
  if (field(24) === '') return null;
  return {
    pid: Number.parseInt(text, 10),
    group: Number(field(5)),
    session: Number(field(6)),
    isZombie: field(3) === 'Z' || field(3) === 'X',
    startTime: field(22),
    cpuMs: (Number(field(14)) + Number(field(15))) * tickMs,
    memory: Number(field(24)) * pageBytes,
  };
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
