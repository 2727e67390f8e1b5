// The values of flags, checked before anything is done.
import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../core/time.ts';

/** Milliseconds of `30m`; for --timeout and --bake. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new InvalidArgumentError('expected a duration, like 90s or 30m');
  return ms;
}

/** Rising weights in percent, `1,5,25`; 100 at the end may be left out. */
export function steps(text: string): number[] {
  const weights = text.split(',').map((part) => Number(part.trim().replace(/%$/, '')));
  const isRising = weights.every((weight, index) => weight > (weights[index - 1] ?? 0) && weight <= 100);
  if (!isRising || text.trim() === '') throw new InvalidArgumentError('expected rising percents, like 1,5,25,50');
  return weights.filter((weight) => weight < 100);
}

export function percent(text: string): number {
  const weight = Number(text.replace(/%$/, ''));
  if (!(weight > 0 && weight <= 100)) throw new InvalidArgumentError('expected a percent above 0, up to 100');
  return weight;
}

/** Percentage points from 0 to 100: `0.5%`, `0.5`. */
export function margin(text: string): number {
  if (!/^\d{1,3}(\.\d+)?%?$/.test(text) || Number.parseFloat(text) > 100) {
    throw new InvalidArgumentError('expected a percent from 0 to 100, like 0.5%');
  }
  return Number.parseFloat(text);
}

const QUANTILES = ['p50', 'p90', 'p95', 'p99'] as const;
type LatencyMargin = { readonly quantile: (typeof QUANTILES)[number]; readonly percent: number };

/** `p95=15%`, several of them with commas or by giving the flag again; the last one of a quantile holds. */
export function latencyMargins(text: string, before: readonly LatencyMargin[] = []): LatencyMargin[] {
  const margins = new Map(before.map((one) => [one.quantile, one]));
  for (const part of text.split(',')) {
    const [, name, percent] = /^\s*(p\d\d)=(\d{1,4}(?:\.\d+)?)%?\s*$/.exec(part) ?? [];
    const quantile = QUANTILES.find((one) => one === name);
    if (quantile === undefined || percent === undefined) {
      throw new InvalidArgumentError('expected p50, p90, p95 or p99 with a percent, like p95=15%');
    }
    margins.set(quantile, { quantile, percent: Number(percent) });
  }
  return [...margins.values()];
}

/** A whole number from 0 to 1 000 000 000. */
export function requests(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a whole number of requests');
  return Number(text);
}

/** A whole number from 1 to 10 000; for -n. */
export function lines(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 10_000) {
    throw new InvalidArgumentError('expected a number from 1 to 10000');
  }
  return Number(text);
}

/** A moment before now: `10m` (ago), `14:30`, `2026-11-20`, `2026-11-20T14:30`. Gives a function of now, ms since 1970. */
export function moment(text: string): (now: number) => number {
  const ago = parseDuration(text);
  if (ago !== null) return (now) => Math.max(0, now - ago);
  const time = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (time) {
    return (now) => {
      const at = new Date(now).setHours(Number(time[1]), Number(time[2]), Number(time[3] ?? 0), 0);
      return at > now ? at - 86_400_000 : at;
    };
  }
  const isDate = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:?\d{2})?)?$/.test(text);
  // A date alone means local midnight here; Date.parse would take it for UTC.
  const at = isDate ? Date.parse(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(at)) throw new InvalidArgumentError('expected 10m, 14:30 or 2026-11-20T14:30');
  return () => at;
}

/** Adds one more value of a flag that may be given several times. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** A TCP port; 0 = a free one. */
export function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError('expected a port, 0 to 65535');
  return Number(text);
}

/** An amount above 0, up to 100 000. */
export function rate(text: string): number {
  const amount = Number(text);
  if (!(amount > 0 && amount <= 100_000)) throw new InvalidArgumentError('expected a number above 0');
  return amount;
}

/** A whole number from 0 to 10 million. */
export function amount(text: string): number {
  if (!/^\d{1,8}$/.test(text) || Number(text) > 10_000_000) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}

/** A share from 0 to below 1, written in percent: `0.1%` or `0.1`. */
export function share(text: string): number {
  const percents = Number(text.replace(/%$/, ''));
  if (text.trim() === '' || !(percents >= 0 && percents < 100)) {
    throw new InvalidArgumentError('expected a percent from 0 to below 100, like 0.1%');
  }
  return percents / 100;
}

/** `auto`, or rising weights in percent. */
export function planOf(text: string): 'auto' | number[] {
  if (text === 'auto') return 'auto';
  try {
    return steps(text);
  } catch {
    throw new InvalidArgumentError('expected auto, or rising percents, like 1,5,25,50');
  }
}
