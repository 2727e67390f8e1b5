// Which single failed requests belong to a row of "Failed requests", or to a dot of the river. Pure.
import type { BlameView } from '../../../src/api/receipt-views.ts';
import type { ReleaseView } from '../../../src/api/views.ts';
import type { Dot } from './shape.ts';

export type Failed = ReleaseView['samples'][number];

/** The newest first. */
export function failedOf(samples: readonly Failed[], { route, status, failure }: BlameView): readonly Failed[] {
  return samples
    .filter((one) => one.status === status && one.failure === failure && isOn(one, route))
    .toSorted((one, other) => other.at - one.at);
}

/** `POST /items/*` covers `/items/7`, `GET /a/b/c/d/…` all below. */
function isOn({ method, path }: Failed, route: string): boolean {
  const [verb, pattern = ''] = route.split(' ');
  if (verb !== '*' && verb !== method) return false;
  if (pattern === '*') return !path.startsWith('/');
  const parts = pattern.split('/').filter(Boolean);
  const given = path.split('/').filter(Boolean);
  const isDeep = parts.at(-1) === '…';
  const named = isDeep ? parts.slice(0, -1) : parts;
  const fits = isDeep ? given.length > named.length : given.length === named.length;
  return fits && named.every((part, i) => part === '*' || part === given[i]);
}

const MOST_NEAR = 5;

/**
 * Those of a dot's version that began in the `stepMs` that it stands for, the oldest first; where none of them is kept, the
 * few that are nearest in time, and `isExact` is false.
 */
export function failedAt(
  samples: readonly Failed[],
  { at, isCandidate }: Pick<Dot, 'at' | 'isCandidate'>,
  stepMs: number,
): { readonly isExact: boolean; readonly failed: readonly Failed[] } {
  const own = samples.filter((one) => (one.arm === 'candidate') === isCandidate);
  // Counts are by whole seconds.
  const [from, to] = [Math.floor(at / 1000) * 1000, Math.ceil((at + stepMs) / 1000) * 1000];
  const exact = own.filter((one) => one.at >= from && one.at < to);
  if (exact.length > 0) return { isExact: true, failed: exact };
  const middle = at + stepMs / 2;
  const near = own.toSorted((one, other) => Math.abs(one.at - middle) - Math.abs(other.at - middle));
  return { isExact: false, failed: near.slice(0, MOST_NEAR).toSorted((one, other) => one.at - other.at) };
}

/** What its instance wrote from a little before it began until a little after it ended, as an address of the page. */
export function logsAround({ service }: Pick<ReleaseView, 'service'>, { at, ms, instance, version }: Failed): string {
  const search = new URLSearchParams({
    service,
    version: String(version),
    ...(instance === '' ? {} : { instance }),
    since: String(Math.floor(at / 1000) * 1000 - AROUND_MS),
    until: String(Math.ceil((at + ms) / 1000) * 1000 + AROUND_MS),
  });
  return `/logs?${search}`;
}

const AROUND_MS = 3000;
