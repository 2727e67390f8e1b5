// What the sticky clients of one release of one service have met already, so that each counts once.

/** Kinds of what a client meets, to be added up. */
export const FAILURE = 1;
export const CLIENT_ERROR = 2;

/**
 * At most `limit` clients, about 100 bytes each: the first that met anything. What the others meet is not counted, in
 * neither arm; as who they are was settled before, without a look at the arm, what is counted stays a fair comparison.
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

/** An id cut out of a header would keep the whole header in memory. */
function copyOf(id: string): string {
  return Buffer.from(id, 'latin1').toString('latin1');
}
