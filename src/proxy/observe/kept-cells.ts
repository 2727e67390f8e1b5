// The cells that were given out, kept for readers as long as there is room.
import type { Cell, Cursor } from '../../core/traffic.ts';

type Kept = { readonly tick: number; readonly json: string };

/** Cells in one answer. */
const PAGE = 10_000;
const DROPPED: Kept = { tick: 0, json: '' };

export class KeptCells {
  /** Sequence number of the newest cell; 0 before the first. */
  lastSeq = 0;
  private kept: Kept[] = [];
  /** Index of the oldest cell still kept; what is before it is dropped in bulk. */
  private head = 0;
  private bytes = 0;
  private readonly maxCells: number;
  private readonly maxBytes: number;

  constructor(maxCells: number, maxBytes: number) {
    this.maxCells = maxCells;
    this.maxBytes = maxBytes;
  }

  /** Sequence number of the oldest cell still kept. */
  get firstSeq(): number {
    return this.lastSeq - (this.kept.length - this.head) + 1;
  }

  /** Takes the cell with sequence number `lastSeq + 1`. */
  add(cell: Cell): void {
    const json = JSON.stringify(cell);
    this.lastSeq = cell.seq;
    this.kept.push({ tick: cell.tick, json });
    this.bytes += json.length;
    while (this.kept.length - this.head > this.maxCells || (this.bytes > this.maxBytes && this.firstSeq < cell.seq)) {
      this.bytes -= this.kept[this.head]?.json.length ?? 0;
      this.kept[this.head] = DROPPED;
      this.head += 1;
    }
    if (this.head > this.maxCells) {
      this.kept = this.kept.slice(this.head);
      this.head = 0;
    }
  }

  /**
   * `Observations` after `cursor` as JSON; cells are stored as JSON, so nothing is parsed and built again. `boot` names the
   * life of which these are the cells; all up to the second `closedUpTo` were added.
   */
  read(boot: string, cursor: Cursor | null, closedUpTo: number): string {
    const isKnown = cursor !== null && cursor.boot === boot && cursor.seq <= this.lastSeq;
    const after = isKnown ? cursor.seq : 0;
    const start = Math.max(after, this.firstSeq - 1);
    const { cells, oldestLeft } = this.after(start, PAGE);
    const head = JSON.stringify({
      cursor: { boot, seq: start + cells.length },
      lost: start - after,
      closedUpTo: oldestLeft === null ? closedUpTo : Math.min(closedUpTo, oldestLeft - 1),
    });
    return `${head.slice(0, -1)},"cells":[${cells.join(',')}]}`;
  }

  /** JSON of the cells after `seq` in order, at most `limit`, and the smallest second among those left for later. */
  after(seq: number, limit: number): { readonly cells: readonly string[]; readonly oldestLeft: number | null } {
    const from = this.head + Math.max(0, seq + 1 - this.firstSeq);
    const cells = this.kept.slice(from, from + limit).map((one) => one.json);
    const left = this.kept.slice(from + limit);
    return { cells, oldestLeft: left.length > 0 ? Math.min(...left.map((one) => one.tick)) : null };
  }
}
