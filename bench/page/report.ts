// The figures in words, beside their goals.
import { median } from '../median.ts';
import type { FirstData } from './first-data.ts';
import { type Memory, TABS } from './memory.ts';
import { WATCHERS, type Watchers } from './watchers.ts';

export type Result = {
  readonly date: string;
  readonly command: string;
  readonly machine: string;
  readonly firstData: FirstData;
  readonly watchers: Watchers;
  readonly memory: Memory;
  /** Of the machine, 0 to 1, that other work took. */
  readonly othersShare: number;
};

/** Milliseconds; share of one core, which is that of each second's turn; megabytes more than without tabs. */
const GOALS = { firstData: 300, watchers: 0.05, growth: 5 };

export function reportOf({ date, command, machine, firstData, watchers, memory, othersShare }: Result): string {
  const cost = median(watchers.with.map((share, i) => share - (watchers.without[i] ?? 0)));
  const grown = growth(memory.watched) - growth(memory.alone);
  const first = median(firstData.first);
  return `${date}, \`${command}\`.
${machine}.

| | median | least | most |
| --- | ---: | ---: | ---: |
| first data, nothing in the cache, ms | ${row(firstData.first, 1, 0)} |
| first data, opened again, ms | ${row(firstData.again, 1, 0)} |
| control plane alone, % of one core | ${row(watchers.without, 100, 2)} |
| control plane with ${WATCHERS} watchers of a release, % of one core | ${row(watchers.with, 100, 2)} |

| memory of the control plane, MB, by minute | before | ${memory.watched
    .slice(1)
    .map((_, i) => i + 1)
    .join(' | ')} |
| --- | ${memory.watched.map(() => '---:').join(' | ')} |
| ${TABS} tabs open | ${memory.watched.map(Math.round).join(' | ')} |
| nobody watches | ${memory.alone.map(Math.round).join(' | ')} |

- First data after ${first.toFixed(0)} ms; at most ${GOALS.firstData} is ${reached(first <= GOALS.firstData)}.
- ${WATCHERS} watchers, ${watchers.framesPerSecond.toFixed(1)} frames a second each, take ${(cost * 100).toFixed(2)} % of one core, and so of a turn; less than ${GOALS.watchers * 100} is ${reached(cost < GOALS.watchers)}.
- Memory from the first minute to the last: ${span(memory.watched)} with ${TABS} tabs, ${span(memory.alone)} without; growing at most ${GOALS.growth} MB more is ${reached(grown <= GOALS.growth)}.
- Other work took ${Math.round(othersShare * 100)} % of the machine during the measurements.`;
}

/** From the first minute after what came before to the last one. */
function growth(byMinute: readonly number[]): number {
  return (byMinute.at(-1) ?? 0) - (byMinute[1] ?? 0);
}

function span(byMinute: readonly number[]): string {
  return `${Math.round(byMinute[1] ?? 0)} to ${Math.round(byMinute.at(-1) ?? 0)} MB`;
}

function row(values: readonly number[], times: number, digits: number): string {
  return [median(values), Math.min(...values), Math.max(...values)]
    .map((value) => (value * times).toFixed(digits))
    .join(' | ');
}

function reached(isReached: boolean): string {
  return isReached ? 'reached' : 'missed';
}
