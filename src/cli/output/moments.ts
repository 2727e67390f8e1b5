// Moments as people read them: the local clock, the date when it is another day, and how long ago.
import { formatDuration } from '../../core/time.ts';

const two = (value: number) => String(value).padStart(2, '0');

/** `12:04:31` in the local zone. */
export function clockOf(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `2026-11-21` in the local zone. */
export function dayOf(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** `12:04:31` today, `2026-11-20 12:04:31` on any other day. */
export function momentOf(at: number, now: number): string {
  return dayOf(at) === dayOf(now) ? clockOf(at) : `${dayOf(at)} ${clockOf(at)}`;
}

/** `now`, `40s ago`, `12m ago`, `3h ago`; the date and minute when it is a day or more. */
export function agoOf(at: number, now: number): string {
  const ms = now - at;
  if (ms < 1000) return 'now';
  if (ms < 60_000) return `${Math.floor(ms / 1000)}s ago`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)}m ago`;
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)}h ago`;
  return `${dayOf(at)} ${clockOf(at).slice(0, 5)}`;
}

/** A wait that nobody can know to the second: `a moment`, `about 40s`, `about 4 min`, `about 2h05m`. */
export function about(ms: number): string {
  if (ms < 1500) return 'a moment';
  if (ms < 90_000) return `about ${Math.round(ms / 1000)}s`;
  if (ms < 5_400_000) return `about ${Math.round(ms / 60_000)} min`;
  return `about ${formatDuration(ms)}`;
}

/** The same wait where room is short: `40s`, `4m`, `2h05m`. */
export function briefly(ms: number): string {
  if (ms < 90_000) return `${Math.max(1, Math.round(ms / 1000))}s`;
  return ms < 5_400_000 ? `${Math.round(ms / 60_000)}m` : formatDuration(ms);
}
