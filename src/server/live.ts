// What is now, about once a second, for everybody who watches: made once per turn of the loop, however many they are.
import type { LiveFrame, LiveQuery } from '../api/live-views.ts';
import type { Control } from '../control/api.ts';

export type Watched = Pick<Control, 'status' | 'release' | 'points' | 'events' | 'onEvents' | 'onTurn'>;

/** A frame as JSON; `id` is the place in the journal of one that tells an event. */
export type FrameText = { readonly id: number | null; readonly type: LiveFrame['type']; readonly json: string };

export type Pulse = {
  /** Frames until `signal` is aborted. A reader who is slow gets what is newest then, and every event. Failure: `not-found` (no such release). */
  open(query: LiveQuery): Promise<(signal: AbortSignal) => AsyncGenerator<FrameText>>;
};

/** Frames of one moment are at least so far apart, though the loop may turn oftener. */
const APART_MS = 450;
const PAGE = 200;

export function createPulse(control: Watched): Pulse {
  const beat = new Beat(control);
  return {
    open: async (query) => {
      const { release } = query;
      if (release !== undefined) await control.release(release);
      const newest = (await control.events({ limit: 1, isNewestFirst: true })).at(-1)?.seq ?? 0;
      const after = query.after === undefined ? newest : query.after > newest ? 0 : query.after;
      return (signal) => framesOf(control, beat, release ?? null, after, signal);
    },
  };
}

/** `lastAt`: the beginning of the last one, 0 of none; ms since 1970. */
type Points = { readonly lastAt: number; readonly json: string | null };

/** The number of the moment, and texts that were made in it. Listens to the loop only while somebody watches. */
class Beat {
  readonly #control: Watched;
  readonly #wakes = new Set<() => void>();
  #number = 0;
  #status: string | null = null;
  #releases = new Map<number, Promise<string>>();
  #points = new Map<string, Points>();
  #unsubscribe: (() => void) | null = null;
  #pause: NodeJS.Timeout | null = null;
  #isDue = false;

  constructor(control: Watched) {
    this.#control = control;
  }

  get number(): number {
    return this.#number;
  }

  /** Calls with every new moment. Gives the function that ends it. */
  join(wake: () => void): () => void {
    this.#wakes.add(wake);
    if (this.#unsubscribe === null) {
      this.#next();
      this.#unsubscribe = this.#control.onTurn(() => this.#turned());
    }
    return () => {
      this.#wakes.delete(wake);
      if (this.#wakes.size > 0) return;
      this.#unsubscribe?.();
      this.#unsubscribe = null;
      if (this.#pause) clearTimeout(this.#pause);
      this.#pause = null;
    };
  }

  #turned(): void {
    if (this.#pause) {
      this.#isDue = true;
      return;
    }
    this.#pause = setTimeout(() => {
      this.#pause = null;
      if (this.#isDue) this.#turned();
    }, APART_MS);
    this.#isDue = false;
    this.#next();
    for (const wake of this.#wakes) wake();
  }

  #next(): void {
    this.#number += 1;
    this.#status = null;
    this.#releases = new Map();
    this.#points = new Map();
  }

  status(): string {
    this.#status ??= textOf({ type: 'status', status: this.#control.status() });
    return this.#status;
  }

  release(id: number): Promise<string> {
    const known =
      this.#releases.get(id) ?? this.#control.release(id).then((release) => textOf({ type: 'release', release }));
    this.#releases.set(id, known);
    return known;
  }

  /** Closed seconds of a release after this one. Who watches for a while asks for the same as everybody. */
  points(release: number, after: number): Points {
    const key = `${release} ${after}`;
    const known = this.#points.get(key) ?? this.#pointsAfter(release, after);
    this.#points.set(key, known);
    return known;
  }

  #pointsAfter(release: number, after: number): Points {
    const points = [...this.#control.points(release, after)];
    const json = points.length === 0 ? null : textOf({ type: 'points', release, points });
    return { lastAt: points.at(-1)?.at ?? 0, json };
  }
}

function textOf(frame: LiveFrame): string {
  return JSON.stringify(frame);
}

async function* framesOf(
  control: Watched,
  beat: Beat,
  release: number | null,
  start: number,
  signal: AbortSignal,
): AsyncGenerator<FrameText> {
  let [seen, after, upTo, told] = [-1, start, 0, ''];
  let hasEvents = true;
  let wake = () => {};
  const leave = [
    beat.join(() => wake()),
    control.onEvents(() => {
      hasEvents = true;
      wake();
    }),
  ];
  signal.addEventListener('abort', () => wake(), { once: true });
  try {
    while (!signal.aborted) {
      if (hasEvents) {
        hasEvents = false;
        const events = await control.events({ after, limit: PAGE });
        hasEvents ||= events.length === PAGE;
        for (const event of events) {
          after = event.seq;
          yield {
            id: event.seq,
            type: 'event',
            json: textOf({ type: 'event', event: { ...event, data: { ...event.data } } }),
          };
        }
      }
      if (seen !== beat.number) {
        seen = beat.number;
        yield { id: null, type: 'status', json: beat.status() };
        if (release !== null) {
          const json = await beat.release(release);
          if (json !== told) yield { id: null, type: 'release', json };
          told = json;
          const points = beat.points(release, upTo);
          // Two weights can share a second, and a cell may close late: the last seconds are told again.
          upTo = Math.max(upTo, points.lastAt - LATE_MS);
          if (points.json !== null) yield { id: null, type: 'points', json: points.json };
        }
      }
      if (hasEvents || seen !== beat.number || signal.aborted) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    for (const one of leave) one();
  }
}

const LATE_MS = 3000;
