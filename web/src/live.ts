// The one stream of this tab: what is now, as signals. Closed while the tab is hidden, resumed where the journal was, stale after 5 s of silence. Where too many tabs are seen it is asked anew every 3 s instead.
import { batch, computed, effect, signal } from '@preact/signals';
import type { LiveFrame, PointView } from '../../src/api/live-views.ts';
import type { EventView, ReleaseView, StatusView } from '../../src/api/views.ts';
import { api, linesOf, Problem, session } from './api.ts';
import { kept } from './kept.ts';
import { POLL_MS, seats } from './tabs.ts';

export const status = signal<StatusView | null>(null);
/** Newest last; those since this page was opened. */
export const events = signal<readonly EventView[]>([]);
/** The release that this tab looks at, and its closed seconds since it was opened. */
export const watched = signal<ReleaseView | null>(null);
export const fresh = signal<readonly PointView[]>([]);
/** When the last frame came, by the clock of this machine; ms since 1970. */
export const heardAt = signal<number | null>(null);
export const now = signal(Date.now());
export const lostWhy = signal('');

const STALE_MS = 5000;
const KEPT_EVENTS = 200;
const KEPT_POINTS = 1200;
/** Milliseconds; doubled after each failure. */
const FIRST_WAIT = 250;
const LONGEST_WAIT = 4000;
const SEAT = 'live';
/** After the first of them, all frames of one moment are there. */
const FRAMES_MS = 250;

/** Who asks again and again hears nothing in between. */
const patience = computed(() => STALE_MS + (seats.has(SEAT) ? 0 : POLL_MS));
export const isStale = computed(() => heardAt.value !== null && now.value - heardAt.value > patience.value);
export const staleFor = computed(() => (heardAt.value === null ? 0 : now.value - heardAt.value));

let release: number | null = null;
let after: number | undefined;
let stop: AbortController | null = null;
/** Whose stream it is; undefined = not known yet, null = nobody's. */
let listener: string | null | undefined;

/** Looks at this release from now on; null = at none. */
export function watch(id: number | null): void {
  if (id === release) return;
  release = id;
  watched.value = null;
  fresh.value = [];
  restart();
}

/** Begins to listen, as long as the tab is visible. */
export function begin(): void {
  setInterval(() => {
    now.value = Date.now();
  }, 500);
  document.addEventListener('visibilitychange', restart);
  addEventListener('pagehide', () => seats.leave(SEAT));
  addEventListener('online', restart);
  restart();
  effect(() => {
    const before = listener;
    const known = session.value;
    listener = known === null ? undefined : (known.self?.name ?? null);
    const isOpened = stop !== null && before === undefined && listener !== null;
    if (listener !== before && !isOpened) restart();
  });
}

/** Ends the stream and opens it anew when the tab is visible, unless nobody is signed in; while that is not known, it is tried. */
export function restart(): void {
  stop?.abort();
  stop = null;
  if (document.hidden || session.value?.self === null) {
    seats.leave(SEAT);
    return;
  }
  seats.claim(SEAT);
  const mine = new AbortController();
  stop = mine;
  now.value = Date.now();
  void follow(mine.signal);
}

async function follow(signal: AbortSignal): Promise<void> {
  let wait = FIRST_WAIT;
  while (!signal.aborted) {
    // Ended by ourselves, when there is no seat for a stream.
    const enough = new AbortController();
    try {
      await hear(AbortSignal.any([signal, enough.signal]), () => {
        wait = FIRST_WAIT;
        if (!seats.has(SEAT)) setTimeout(() => enough.abort(), FRAMES_MS);
      });
      lostWhy.value = 'The control plane ended the stream.';
    } catch (error) {
      if (signal.aborted) return;
      if (enough.signal.aborted) {
        await sleep(POLL_MS);
        continue;
      }
      lostWhy.value = (error as Error).message;
      if (error instanceof Problem && error.status === 401) return;
      if (error instanceof Problem && error.status === 404) {
        release = null;
        continue;
      }
    }
    await sleep(wait);
    wait = Math.min(LONGEST_WAIT, wait * 2);
  }
}

/** Takes frames until the stream ends; each status is told. */
async function hear(signal: AbortSignal, onStatus: () => void): Promise<void> {
  // Who comes again after a while must know where the journal was.
  if (!seats.has(SEAT)) after ??= (await api.events({ limit: 1 })).at(-1)?.seq ?? 0;
  for await (const line of linesOf('/live', { release, after }, signal)) {
    if (signal.aborted) return;
    const frame = JSON.parse(line) as LiveFrame;
    take(frame);
    if (frame.type === 'status') onStatus();
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function take(frame: LiveFrame): void {
  batch(() => {
    heardAt.value = Date.now();
    now.value = heardAt.value;
    lostWhy.value = '';
    if (frame.type === 'status') takeStatus(frame.status);
    if (frame.type === 'release' && frame.release.id === release) watched.value = frame.release;
    if (frame.type === 'points' && frame.release === release) fresh.value = merged(fresh.value, frame.points);
    if (frame.type === 'event') {
      after = frame.event.seq;
      events.value = [...events.value, frame.event].slice(-KEPT_EVENTS);
    }
  });
}

function takeStatus(next: StatusView): void {
  status.value = kept(status.peek(), next);
}

/** Seconds are told again until they cannot change: the newest telling counts. Ascending, one for each second and weight. */
export function merged(before: readonly PointView[], more: readonly PointView[]): readonly PointView[] {
  const [first] = more;
  if (!first) return before;
  const keys = new Set(more.map((one) => `${one.at} ${one.epoch}`));
  const kept = before.filter((one) => one.at < first.at || !keys.has(`${one.at} ${one.epoch}`));
  const all = [...kept, ...more].sort((one, other) => one.at - other.at || one.epoch - other.epoch);
  return all.slice(-KEPT_POINTS);
}
