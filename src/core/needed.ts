// What a release still lacks before it may go on, in one sentence with a number and a time. Pure.
import { percent, type Release, type ReleaseSeen } from './release.ts';
import { formatDuration } from './time.ts';

/** Requests of the candidate, or clients, each of whom counts once. */
export type Needed = { readonly unit: 'request' | 'client'; readonly count: number };

/** The more of what this weight lacks and of what a certificate takes, which sticky services count in clients. */
export function neededOf({ ruling, isSticky }: Release, { stand }: ReleaseSeen): Needed {
  const missing = stand?.missing ?? 0;
  const wanted = ruling?.neededRequests ?? 0;
  return wanted > missing
    ? { unit: isSticky ? 'client' : 'request', count: wanted }
    : { unit: 'request', count: missing };
}

/** `v42 of api needs 300 more requests at 5% to be safe, about 2m00s at today's traffic.`; `why` begins with a blank. */
export function neededSentence(release: Release, seen: ReleaseSeen, needed: Needed, why = ''): string {
  const { version, service, weight } = release;
  const { unit, count } = needed;
  return `v${version} of ${service} needs ${count} more ${unit}${count === 1 ? '' : 's'} at ${percent(weight)}${why}, ${whenText(release, seen, needed)}.`;
}

function whenText(release: Release, seen: ReleaseSeen, needed: Needed): string {
  const etaMs = etaOf(release, seen, needed.count);
  if (etaMs === null) return 'no request reaches it now. A person can promote it without';
  // No request brings more than one new client.
  const about = needed.unit === 'client' ? 'at least' : 'about';
  return `${about} ${formatDuration(etaMs)} at today's traffic`;
}

/** Until so many more requests have reached the candidate, ms; null when hardly any come. */
export function etaOf({ weight }: Release, { rate }: ReleaseSeen, requests: number): number | null {
  const perSecond = (rate * weight) / 100;
  return perSecond > LEAST_RATE ? (1000 * requests) / perSecond : null;
}

/** Requests per second below which it is as if there were none: one in three hours. */
const LEAST_RATE = 1e-4;
