// The lines that the page of logs shows: followed by a stream where this tab has a seat for one, else asked for again and again.
import { effect } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { LogLineView } from '../../../src/api/views.ts';
import { linesOf } from '../api.ts';
import { POLL_MS, seats } from '../tabs.ts';

export const FILTERS = ['service', 'version', 'instance', 'level', 'pattern', 'since', 'until'] as const;
export type Filters = Readonly<Record<(typeof FILTERS)[number], string>>;
const KEPT = 2000;
const FIRST = 300;
/** Lines are drawn at most so often. */
const DRAW_MS = 250;
const SEAT = 'logs';

export type Kept = LogLineView & { readonly key: number };

type State = { readonly lines: readonly Kept[]; readonly dropped: number; readonly lost: string };
const EMPTY: State = { lines: [], dropped: 0, lost: '' };

/** Follows while it is not paused, unless the lines of a time that is over are asked for; lines beyond what is kept fall out and are counted. */
export function useLines(filters: Filters, isPaused: boolean): State {
  const [state, setState] = useState<State>(EMPTY);
  // Without a seat for a stream it is asked again and again instead; a tab that is not seen holds none.
  const [isSeated, setSeated] = useState(true);
  const [isSeen, setSeen] = useState(!document.hidden);
  const isOver = filters.until !== '';
  const isAsking = !isPaused && (isSeen || isOver);
  useEffect(() => {
    const onSeen = () => setSeen(!document.hidden);
    document.addEventListener('visibilitychange', onSeen);
    return () => document.removeEventListener('visibilitychange', onSeen);
  }, []);
  useEffect(() => {
    if (!isAsking || isOver) return;
    seats.claim(SEAT);
    const stop = effect(() => setSeated(seats.has(SEAT)));
    return () => {
      stop();
      seats.leave(SEAT);
    };
  }, [isAsking, isOver]);
  const key = JSON.stringify(filters);
  useEffect(() => {
    if (!isAsking) return;
    const stop = new AbortController();
    if (!isSeated && !isOver) void askAgainAndAgain(filters, stop.signal, setState);
    else void tail({ ...filters, lines: isOver ? KEPT : FIRST, follow: !isOver }, stop.signal, setState);
    return () => stop.abort();
  }, [key, isAsking, isSeated]);
  return state;
}

type Set = (next: (before: State) => State) => void;
type Query = Readonly<Record<string, string | number | boolean>>;

async function tail(query: Query, signal: AbortSignal, set: Set): Promise<void> {
  let waiting: Kept[] = [];
  let count = 0;
  let isFirst = true;
  const draw = () => {
    if (waiting.length === 0 && !isFirst) return;
    const more = waiting;
    const isNew = isFirst;
    waiting = [];
    isFirst = false;
    // What was there stays until the first lines are.
    set((before) => {
      const { lines, dropped } = isNew ? EMPTY : before;
      const all = [...lines, ...more];
      return { lines: all.slice(-KEPT), dropped: dropped + Math.max(0, all.length - KEPT), lost: '' };
    });
  };
  const timer = setInterval(draw, DRAW_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  try {
    for await (const line of linesOf('/logs', query, signal)) {
      count += 1;
      waiting.push({ ...(JSON.parse(line) as LogLineView), key: count });
      if (waiting.length > KEPT) waiting = waiting.slice(-KEPT);
    }
    draw();
  } catch (error) {
    if (!signal.aborted) set((before) => ({ ...before, lost: (error as Error).message }));
  }
}

/** The newest lines, every few seconds. */
async function askAgainAndAgain(filters: Filters, signal: AbortSignal, set: Set): Promise<void> {
  while (!signal.aborted) {
    await tail({ ...filters, lines: FIRST, follow: false }, signal, set);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
