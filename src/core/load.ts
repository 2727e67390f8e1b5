// Whether a new version needs more of the machine than the one before it, for the same work. Pure.
import { type Doubt, percent, type Release } from './release.ts';
import type { Cell } from './traffic.ts';

/** What the running instances of one version use: cores, and bytes per instance. */
type Use = { readonly cores: number; readonly memory: number };

/** Of both versions, in one look; null where the runtime does not know. */
export type Loads = { readonly stable: Use; readonly candidate: Use };

type Sum = { readonly requests: number; readonly coreSeconds: number; readonly memorySeconds: number };

/** Sums of one minute, by the balancer's clock; `seconds` are those in which something was measured. */
type Minute = { readonly minute: number; readonly seconds: number; readonly stable: Sum; readonly candidate: Sum };

export type Load = {
  /** The newest five that are over, oldest first, and the one that is not. */
  readonly minutes: readonly Minute[];
  readonly open: Minute | null;
  /** The second that was measured last. */
  readonly measuredAt: number | null;
  /** Means of five minutes in a row that were too high, the last of them, in times of stable's. */
  readonly cpu: Strikes;
  readonly memory: Strikes;
};

type Strikes = { readonly count: number; readonly times: number };

const NONE: Sum = { requests: 0, coreSeconds: 0, memorySeconds: 0 };
const NO_STRIKES: Strikes = { count: 0, times: 1 };
export const NO_LOAD: Load = { minutes: [], open: null, measuredAt: null, cpu: NO_STRIKES, memory: NO_STRIKES };

const MINUTES = 5;
const MOST_TIMES = 1.25;
const STRIKES = 3;
/** Below this, what an idle process uses counts for more than the work. */
const LEAST_CORES = 0.05;
const LEAST_SHARE = 0.1;

/** Takes in cells of the two versions, in order, and one measurement. */
export function absorbLoad(load: Load, cells: readonly Cell[], loads: Loads | null): Load {
  const next = cells.reduce(absorbCell, load);
  const tick = cells.at(-1)?.tick;
  if (loads === null || tick === undefined || next.open === null || tick === next.measuredAt) return next;
  const { open } = next;
  const used = (sum: Sum, { cores, memory }: Use): Sum => ({
    ...sum,
    coreSeconds: sum.coreSeconds + cores,
    memorySeconds: sum.memorySeconds + memory,
  });
  return {
    ...next,
    measuredAt: tick,
    open: {
      ...open,
      seconds: open.seconds + 1,
      stable: used(open.stable, loads.stable),
      candidate: used(open.candidate, loads.candidate),
    },
  };
}

function absorbCell(load: Load, { tick, stable, candidate }: Cell): Load {
  const minute = Math.floor(tick / 60);
  const { open } = load;
  const turned = open !== null && open.minute !== minute ? closed(load, open) : load;
  const now = turned.open ?? { minute, seconds: 0, stable: NONE, candidate: NONE };
  const counted = (sum: Sum, requests: number): Sum => ({ ...sum, requests: sum.requests + requests });
  return {
    ...turned,
    open: {
      ...now,
      stable: counted(now.stable, stable?.requests ?? 0),
      candidate: counted(now.candidate, candidate?.requests ?? 0),
    },
  };
}

function closed(load: Load, minute: Minute): Load {
  const minutes = [...load.minutes, minute].slice(-MINUTES);
  const rest = { ...load, minutes, open: null };
  if (minutes.length < MINUTES) return rest;
  const [stable, candidate] = [total(minutes, 'stable'), total(minutes, 'candidate')];
  const seconds = minutes.reduce((sum, one) => sum + one.seconds, 0);
  const isWorking =
    candidate.requests >= LEAST_SHARE * (stable.requests + candidate.requests) &&
    Math.min(stable.coreSeconds, candidate.coreSeconds) >= LEAST_CORES * seconds;
  const perRequest = (sum: Sum) => sum.coreSeconds / sum.requests;
  const isKnown = isWorking && stable.requests > 0 && candidate.requests > 0 && seconds > 0;
  return {
    ...rest,
    cpu: struck(load.cpu, isKnown ? perRequest(candidate) / perRequest(stable) : 1),
    memory: struck(load.memory, stable.memorySeconds > 0 ? candidate.memorySeconds / stable.memorySeconds : 1),
  };
}

function total(minutes: readonly Minute[], arm: 'stable' | 'candidate'): Sum {
  return minutes.reduce(
    (sum, { [arm]: one }) => ({
      requests: sum.requests + one.requests,
      coreSeconds: sum.coreSeconds + one.coreSeconds,
      memorySeconds: sum.memorySeconds + one.memorySeconds,
    }),
    NONE,
  );
}

function struck({ count }: Strikes, times: number): Strikes {
  return times > MOST_TIMES ? { count: count + 1, times } : NO_STRIKES;
}

/** What a person should weigh; `holds` says what happens meanwhile. */
export function loadDoubts(
  { cpu, memory }: Load,
  { version, from }: Release,
  holds: string,
): { readonly [doubt in Doubt]?: string | null } {
  const more = ({ count, times }: Strikes, what: string) =>
    count < STRIKES
      ? null
      : `v${version} uses ${percent(Math.round(100 * (times - 1)))} more ${what} than v${from}, three means of five minutes in a row, ${holds}.`;
  return { cpu: more(cpu, 'processor time per request'), memory: more(memory, 'memory per instance') };
}
