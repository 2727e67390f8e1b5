// The port to what must survive: documents and the journal, changed together or not at all.
import { Failure } from '../core/failure.ts';
import type { Event, NewEvent } from '../core/journal.ts';
import type { Tick, TickBatch } from '../core/ticks/tick.ts';

/** A JSON value under a kind and an id, for example `service/api`. */
export type Document = { readonly kind: string; readonly id: string; readonly value: unknown };

export type Change = {
  readonly put?: readonly Document[];
  readonly remove?: readonly { readonly kind: string; readonly id: string }[];
  readonly events?: readonly NewEvent[];
  readonly ticks?: readonly TickBatch[];
};

/** What is kept of the ticks of one release: the first `count` that it ever had. */
export type KeptTicks = {
  readonly count: number;
  /** All of them in order, as they were when they were asked for. Runs once. Failure: `invalid` (what is stored is damaged). */
  readonly batches: AsyncIterable<readonly Tick[]>;
};

/** How many ticks are kept. */
export type TickLimits = {
  /** Stored size of one release. */
  readonly bytes: number;
  /** From the first to the last tick of one release. */
  readonly seconds: number;
  /** Of each service, the releases with the highest numbers. */
  readonly releases: number;
};

export const TICK_LIMITS: TickLimits = { bytes: 16_000_000, seconds: 86_400, releases: 20 };

export type EventQuery = {
  /** Only events with a greater sequence number. */
  readonly after?: number;
  readonly service?: string;
  readonly release?: number;
  /** At most so many (1 to 1000, default 100). */
  readonly limit?: number;
  /** The newest ones, still oldest first. */
  readonly isNewestFirst?: boolean;
};

/** One Store at a time over one place: a second one is refused with `conflict` until the first is closed or its process has ended. */
export interface Store {
  /** Every document of a kind, by id. */
  read(kind: string): Promise<readonly Document[]>;
  /**
   * All of the change in one transaction, durable when it resolves; gives the events with their sequence numbers, which
   * rise by one and are never given twice. Documents are removed before others are put. Changes keep the order of the calls.
   * Failures: `unavailable` (disk full, closed), `invalid` (a value is no JSON, or what is stored is damaged); nothing is changed then.
   */
  commit(change: Change): Promise<readonly Event[]>;
  /**
   * The ticks that are kept of a release; none when it is not known. A batch of a change takes its place from its `from`
   * on, so that a change that comes twice counts once. One that begins beyond what is kept is passed over, as is what
   * exceeds `TICK_LIMITS`: what is kept is always a beginning without gaps.
   */
  ticks(release: number): Promise<KeptTicks>;
  /** Events oldest first. They are never changed or deleted. Failure: `invalid` (a limit out of range). */
  events(query: EventQuery): Promise<readonly Event[]>;
  /** Idempotent. Everything after it fails with `unavailable`. */
  close(): Promise<void>;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** How many events a query asks for. Throws `invalid` out of range. */
export function limitOf(query: EventQuery): number {
  const limit = query.limit ?? DEFAULT_LIMIT;
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new Failure('invalid', `Events can be read 1 to ${MAX_LIMIT} at a time, not ${limit}.`);
}

/** A JSON text of a value that is to be kept. Throws `invalid` when the value has none. */
export function textOf(name: string, value: unknown): string {
  try {
    const text = JSON.stringify(value);
    if (text !== undefined) return text;
  } catch (error) {
    throw new Failure('invalid', `${name} cannot be stored: its value is not JSON.`, {}, { cause: error });
  }
  throw new Failure('invalid', `${name} cannot be stored: its value is ${typeof value}, not JSON.`);
}
