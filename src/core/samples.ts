// Single failed requests that are kept to be looked at: the newest of each cause and version, so that a flood of one hides no other. Pure.
import { routeOf } from './route.ts';
import type { FailedRequest } from './traffic.ts';

export const MOST_SAMPLES = 100;
/** Of one cause on one version. */
export const MOST_ALIKE = 20;

/** Those kept so far and the next ones, oldest first; what does not fit is the oldest of whatever there is most of. */
export function withSamples(kept: readonly FailedRequest[], more: readonly FailedRequest[]): readonly FailedRequest[] {
  if (more.length === 0) return kept;
  const all = [...kept, ...more];
  const piles = Map.groupBy(all, kindOf);
  for (const [kind, pile] of piles) piles.set(kind, pile.slice(-MOST_ALIKE));
  let count = sizeOf(piles);
  for (; count > MOST_SAMPLES; count -= 1) largestOf(piles).shift();
  const left = new Set([...piles.values()].flat());
  return all.filter((one) => left.has(one));
}

/** The same for requests of one row under "Failed requests", on one version. */
function kindOf({ arm, method, path, failure, status }: FailedRequest): string {
  return `${arm} ${routeOf(method, path)} ${failure} ${status}`;
}

function sizeOf(piles: ReadonlyMap<string, readonly FailedRequest[]>): number {
  return [...piles.values()].reduce((sum, pile) => sum + pile.length, 0);
}

/** The first of the largest, so that the same requests leave the same ones. */
function largestOf(piles: ReadonlyMap<string, FailedRequest[]>): FailedRequest[] {
  return [...piles.values()].reduce((most, pile) => (pile.length > most.length ? pile : most), []);
}
