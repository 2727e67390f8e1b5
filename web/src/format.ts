// Numbers, times and spans as people read them; the same words as in the terminal. Pure.

const SPACE = ' ';

/** `0.21%`, `3.4%`, `25%`, `less than 0.01%`; `–` when not known. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return '–';
  const value = share * 100;
  if (value > 0 && value < 0.01) return '<0.01%';
  return `${Number(value.toFixed(value < 10 ? 2 : 1))}%`;
}

/** A weight in percent, at most two digits behind the point. */
export function weightText(weight: number): string {
  return `${Number(weight.toFixed(weight < 10 ? 1 : 0))}%`;
}

/** `0.4 ms`, `24 ms`, `1.98 s`. */
export function latencyText(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  if (ms < 1) return `${Number(ms.toFixed(2))}${SPACE}ms`;
  if (ms < 10) return `${Number(ms.toFixed(1))}${SPACE}ms`;
  if (ms < 1000) return `${Math.round(ms)}${SPACE}ms`;
  return `${Number((ms / 1000).toFixed(ms < 10_000 ? 2 : 1))}${SPACE}s`;
}

/** Requests per second: `0.4`, `12`, `1 204`. */
export function rateText(perSecond: number | null | undefined): string {
  if (perSecond === null || perSecond === undefined) return '–';
  return perSecond < 10 ? `${Number(perSecond.toFixed(1))}` : countText(Math.round(perSecond));
}

/** Thousands parted by a thin space. */
export function countText(count: number): string {
  return `${count}`.replaceAll(/\B(?=(\d{3})+$)/g, ' ');
}

/** Share of one core as percent: `41%`, `230%`. */
export function coresText(cores: number | null | undefined): string {
  return cores === null || cores === undefined ? '–' : `${Math.round(cores * 100)}%`;
}

/** `58 MB`, `1.2 GB`. */
export function bytesText(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return '–';
  const mega = bytes / 1e6;
  return mega < 1000 ? `${Math.round(mega)}${SPACE}MB` : `${Number((mega / 1000).toFixed(1))}${SPACE}GB`;
}

/** `9 s`, `4 min 12 s`, `2 h 5 min`, `3 d 4 h`. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return `0${SPACE}s`;
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count}${SPACE}${unit}`).join(' ');
}

/** Rounded for a person who waits: `about 4 min`. */
export function aboutText(ms: number): string {
  if (ms < 90_000) return `about ${Math.max(1, Math.round(ms / 1000))}${SPACE}s`;
  if (ms < 5_400_000) return `about ${Math.round(ms / 60_000)}${SPACE}min`;
  return `about ${Math.round(ms / 3_600_000)}${SPACE}h`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const SHORT = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

/** In the zone of the viewer: `12:04:20`. */
export function clockText(at: number): string {
  return CLOCK.format(at);
}

export function shortClockText(at: number): string {
  return SHORT.format(at);
}

/** The time of today, else the day with it. */
export function momentText(at: number, now: number): string {
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  return isToday ? SHORT.format(at) : `${DAY.format(at)} ${SHORT.format(at)}`;
}

/** `2026-11-21 12:04:20 UTC`, shown on hover. */
export function utcText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `1 request`, `12 requests`. */
export function many(count: number, one: string): string {
  return `${countText(count)} ${one}${count === 1 ? '' : 's'}`;
}

/** The first that fits: the others also name it, for old servers. */
const BROWSERS = [
  [/\bEdg\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bFirefox\//, 'Firefox'],
  [/\bHeadlessChrome\//, 'Chrome without a window'],
  [/\bChrome\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
  [/^curl\//, 'curl'],
] as const;
const SYSTEMS = [
  [/\bAndroid\b/, 'Android'],
  [/\b(iPhone|iPad)\b/, 'iOS'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
] as const;
const AGENT_MAX = 40;

/** `Firefox on Linux`: what a person knows of a User-Agent header; its beginning when it is none of the usual ones. */
export function agentText(agent: string): string {
  const browser = BROWSERS.find(([pattern]) => pattern.test(agent))?.[1];
  const system = SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1];
  if (browser === undefined) return agent.length > AGENT_MAX ? `${agent.slice(0, AGENT_MAX)}…` : agent || 'not said';
  return system === undefined ? browser : `${browser} on ${system}`;
}

/** `create link` of `createLink`. */
export function wordsOf(operation: string): string {
  return operation.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
