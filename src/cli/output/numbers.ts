// Numbers as people read them on a terminal: shares, rates, latencies, sizes and counts.

export const NONE = '–';

/** A share from 0 to 1: `0%`, `<0.01%`, `0.21%`, `31%`. */
export function share(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  if (value <= 0) return '0%';
  if (value < 0.0001) return '<0.01%';
  if (value < 0.0995) return `${(value * 100).toFixed(2)}%`;
  if (value > 0.995 && value < 1) return '>99%';
  return `${Math.round(value * 100)}%`;
}

/** A weight in percent: `5%`, `0.5%`, `0.25%`. */
export function weightOf(percent: number): string {
  return `${Number(percent.toFixed(percent < 1 ? 2 : 1))}%`;
}

/** Requests per second: `0`, `3.2`, `412`, `1 240`. */
export function rate(value: number | null): string {
  if (value === null) return NONE;
  if (value > 0 && value < 0.1) return '<0.1';
  return value < 9.95 ? String(Number(value.toFixed(1))) : count(Math.round(value));
}

/** Milliseconds: `0.6ms`, `84ms`, `2.1s`, `48s`. */
export function latency(ms: number | null): string {
  if (ms === null) return NONE;
  if (ms < 9.95) return `${Number(ms.toFixed(1))}ms`;
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  return ms < 9950 ? `${(ms / 1000).toFixed(1)}s` : `${Math.round(ms / 1000)}s`;
}

/** A share of one core: `18%`, `240%`. */
export function cpu(value: number | null): string {
  return value === null ? NONE : `${Math.round(value * 100)}%`;
}

/** Bytes: `940kB`, `61MB`, `1.2GB`. */
export function bytes(value: number | null): string {
  if (value === null) return NONE;
  const units = ['kB', 'MB', 'GB', 'TB'] as const;
  let amount = value / 1000;
  for (const unit of units) {
    if (amount < 999.5 || unit === 'TB')
      return `${amount < 9.95 ? Number(amount.toFixed(1)) : Math.round(amount)}${unit}`;
    amount /= 1000;
  }
  return NONE;
}

/** Whole numbers in groups of three: `12 400`. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' ');
}
