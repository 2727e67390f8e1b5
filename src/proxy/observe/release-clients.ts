// What the sticky clients of one release of one service have met already, so that each counts once.
import { copyOf } from '../copy.ts';

/** Kinds of what a client meets, to be added up. */
export const REQUEST = 1;
export const FAILURE = 2;
export const CLIENT_ERROR = 4;

/** A request beyond the limit at this place, 0 to 15. */
export function slowKind(place: number): number {
  return 8 << place;
}

/**
 * At most `limit` clients, about 100 bytes each: the first that came in the release. Later ones of both arms alike go
 * uncounted. Who belongs to the first is settled when a client comes, before its answer and whatever its arm, so those
 * who are counted stay parted by chance alone and the comparison valid; it only learns nothing more from newcomers.
 */
export class ReleaseClients {
  private readonly met = new Map<string, number>();
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Notes that the client met these kinds; gives those among them that are new to it. */
  mark(id: string, kinds: number): number {
    const before = this.met.get(id);
    if (before === undefined) {
      if (this.met.size >= this.limit) return 0;
      this.met.set(copyOf(id), kinds);
      return kinds;
    }
    const fresh = kinds & ~before;
    if (fresh !== 0) this.met.set(id, before | kinds);
    return fresh;
  }
}
