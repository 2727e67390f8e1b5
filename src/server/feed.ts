// The journal as one sequence: what is stored, then what happens, without a gap or a repetition between the two.
import type { EventsQuery } from '../api/orders.ts';
import type { Control } from '../control/api.ts';
import type { Event } from '../core/journal.ts';

export type Journal = Pick<Control, 'events' | 'onEvents'>;

export type Feed = {
  /** The position before the first event that it gives: who asks again with it misses nothing. */
  readonly after: number;
  /** Ends by itself when it does not follow, else when `signal` is aborted. Runs once. */
  events(signal: AbortSignal): AsyncIterable<Event>;
};

type Filter = { readonly service?: string; readonly release?: number };

const PAGE = 100;
/** Events that wait for a slow reader; with more, it reads from the store again. */
const MOST_WAITING = 1000;

/**
 * Opens the journal as `query` says. A position that the journal has not reached yet belongs to another journal (the
 * state folder was emptied), so everything is given.
 */
export async function openFeed(journal: Journal, query: EventsQuery): Promise<Feed> {
  const filter = {
    ...(query.service === undefined ? {} : { service: query.service }),
    ...(query.release === undefined ? {} : { release: query.release }),
  };
  const head = (await journal.events({ limit: 1, isNewestFirst: true })).at(-1)?.seq ?? 0;
  const asked = query.after === undefined ? null : query.after > head ? 0 : query.after;
  if (query.follow === false) return openStored(journal, filter, asked, query.limit ?? 100, head);
  if (asked !== null) return { after: asked, events: (signal) => follow(journal, filter, asked, signal) };
  const after = await positionBefore(journal, filter, query.limit ?? 0, head);
  return { after, events: (signal) => follow(journal, filter, after, signal) };
}

async function openStored(
  journal: Journal,
  filter: Filter,
  asked: number | null,
  limit: number,
  head: number,
): Promise<Feed> {
  const newest = { ...filter, limit, isNewestFirst: true };
  const events = limit === 0 ? [] : await journal.events(asked === null ? newest : { ...filter, limit, after: asked });
  const after = asked ?? (events[0] ? events[0].seq - 1 : head);
  return {
    after,
    async *events(signal) {
      for (const event of events) if (!signal.aborted) yield event;
    },
  };
}

/** Where the newest `limit` events of the filter begin. */
async function positionBefore(journal: Journal, filter: Filter, limit: number, head: number): Promise<number> {
  if (limit === 0) return head;
  const first = (await journal.events({ ...filter, limit, isNewestFirst: true }))[0];
  return first ? Math.min(first.seq - 1, head) : head;
}

/** Pushed events are given as they are while the reader keeps up; who falls behind reads pages from the store. */
async function* follow(journal: Journal, filter: Filter, start: number, signal: AbortSignal): AsyncGenerator<Event> {
  let position = start;
  let isBehind = true;
  let waiting: Event[] = [];
  let wake = () => {};
  const unsubscribe = journal.onEvents((events) => {
    if (waiting.length + events.length <= MOST_WAITING) waiting.push(...events);
    else {
      waiting = [];
      isBehind = true;
    }
    wake();
  });
  signal.addEventListener('abort', () => wake(), { once: true });
  try {
    while (!signal.aborted) {
      let taken: readonly Event[];
      if (isBehind) {
        isBehind = false;
        waiting = [];
        taken = await journal.events({ ...filter, after: position, limit: PAGE });
        isBehind ||= taken.length === PAGE;
      } else {
        taken = waiting.filter((event) => event.seq > position && matches(event, filter));
        waiting = [];
      }
      for (const event of taken) {
        position = event.seq;
        yield event;
        if (signal.aborted) return;
      }
      if (isBehind || waiting.length > 0 || signal.aborted) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    unsubscribe();
  }
}

function matches(event: Event, filter: Filter): boolean {
  if (filter.service !== undefined && event.service !== filter.service) return false;
  return filter.release === undefined || event.release === filter.release;
}
