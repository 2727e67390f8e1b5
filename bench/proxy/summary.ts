// From rounds to one row per target: medians, and ratios within the same round.
import { median } from '../median.ts';
import type { Round, Sample } from './rounds.ts';
import type { Name } from './targets.ts';

export type Row = {
  readonly target: Name;
  readonly version: string;
  readonly requestsPerSecond: number;
  /** Requests per second against the target of that name: the median of the ratios of each round. Null when it was not measured. */
  readonly toHttpProxy: number | null;
  readonly toHaproxy: number | null;
  /** Of the proxy's own process tree. */
  readonly cpuUsPerRequest: number | null;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly errors: number;
  readonly non2xx: number;
};

/** One row per target, the fastest first. */
export function summarise(rounds: readonly Round[], versions: ReadonlyMap<Name, string>): Row[] {
  const rows = [...versions].map(([target, version]): Row => {
    const samples = rounds.flatMap((round) => round.get(target) ?? []);
    const cpu = samples.flatMap(({ cpuUs }) => cpuUs ?? []);
    return {
      target,
      version,
      requestsPerSecond: Math.round(median(samples.map(({ perSecond }) => perSecond))),
      toHttpProxy: ratioTo('http-proxy', target, rounds),
      toHaproxy: ratioTo('haproxy', target, rounds),
      cpuUsPerRequest: cpu.length === 0 ? null : rounded(median(cpu), 1),
      p50Us: Math.round(median(samples.map(({ p50Us }) => p50Us))),
      p99Us: Math.round(median(samples.map(({ p99Us }) => p99Us))),
      errors: sum(samples, ({ errors }) => errors),
      non2xx: sum(samples, ({ refused }) => refused),
    };
  });
  return rows.sort((one, other) => other.requestsPerSecond - one.requestsPerSecond);
}

/** Share of the machine, 0 to 1, that other work took during the measurements. */
export function othersShareOf(rounds: readonly Round[]): number {
  const samples = rounds.flatMap((round) => [...round.values()]);
  return rounded(sum(samples, ({ othersShare }) => othersShare) / samples.length, 3);
}

function ratioTo(base: Name, target: Name, rounds: readonly Round[]): number | null {
  const ratios = rounds.flatMap((round) => {
    const [above, below] = [round.get(target), round.get(base)];
    return above && below ? [above.perSecond / below.perSecond] : [];
  });
  return ratios.length === 0 ? null : rounded(median(ratios), 2);
}

function sum(samples: readonly Sample[], of: (sample: Sample) => number): number {
  return samples.reduce((total, sample) => total + of(sample), 0);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
