// Ticks: what the judge of a release was told, second by second, kept so that its verdict can be worked out again. Pure.
import type { JudgeParams } from '../judge/judge.ts';
import type { Cell } from '../traffic.ts';

/** What the judge reads of a cell. */
export type Tick = Pick<Cell, 'tick' | 'epoch' | 'weight' | 'stable' | 'candidate'>;

/** The next ticks of one release. */
export type TickBatch = {
  readonly release: number;
  readonly service: string;
  /** How many ticks the evidence held before these. */
  readonly from: number;
  readonly ticks: readonly Tick[];
};

/** Names the format and its version; a change that an older reader would misread makes it 2. */
export const FORMAT = 'fridaymorning ticks 1';

/** What stands before the ticks of a release. */
export type TicksHeader = {
  readonly release: number;
  readonly salt: string;
  readonly params: JudgeParams;
  /** Hash of the parameters and rules that the release was judged by; null when not told. */
  readonly parameters: string | null;
  /** How many seconds follow; null when not told. */
  readonly ticks: number | null;
  /** How many more the judge was told that were not kept, all of them later than those that follow. */
  readonly missing: number;
};

export function tickOf({ tick, epoch, weight, stable, candidate }: Cell): Tick {
  return { tick, epoch, weight, stable, candidate };
}

/** A cell that the judge cannot tell from the one that the tick was taken of. */
export function cellOf(tick: Tick, service: string): Cell {
  const none = { requests: 0, failures: 0 };
  return { ...tick, seq: 0, service, outside: none, seen: { answers: 0, failures: 0, refused: 0 }, samples: [] };
}
