// The plan of a release as a row of steps: which are done, which is held now, which come.
import type { ReleaseView } from '../../api/views.ts';
import { about } from '../output/moments.ts';
import { count, weightOf } from '../output/numbers.ts';
import type { Paint } from '../output/paint.ts';
import { widthOf } from '../output/text.ts';
import { isTakenBackLater, markOf } from './states.ts';

type Stop = { readonly text: string; readonly isNow: boolean };

/** The row in at most `width` columns: closer together first, then only the neighbourhood of now. */
export function stepsRow(view: ReleaseView, paint: Paint, width: number): string {
  if (view.plan === 'auto') return rampRow(view, paint, width);
  const stops = stopsOf(view, paint);
  for (const gap of [' ── ', ' ─ ', ' ']) {
    const row = stops.map((stop) => stop.text).join(gap);
    if (widthOf(row) <= width) return row;
  }
  return neighbourhood(stops, width);
}

/** `● 5% ── ◉ 15%   auto: rises with the evidence`: the weights that it had, for there are no others yet. */
function rampRow(view: ReleaseView, paint: Paint, width: number): string {
  const had = view.weights.map((one) => one.weight).filter((weight) => weight > 0);
  const stops = had.map((weight, index) => {
    const text = weightOf(weight);
    if (index < had.length - 1 || view.state === 'promoted')
      return { text: `● ${text}`, isNow: index === had.length - 1 };
    return { text: isTakenBack(view) ? paint.bad(`✕ ${text}`) : paint.candidate(`◉ ${text}`), isNow: true };
  });
  const words = view.isOver ? 'auto' : 'auto: rises with the evidence';
  const row = stops.map((stop) => stop.text).join(' ── ');
  const both = row === '' ? words : `${row}   ${paint.dim(words)}`;
  if (widthOf(both) <= width) return both;
  return widthOf(row) <= width ? row : neighbourhood(stops, width);
}

function isTakenBack({ state }: ReleaseView): boolean {
  return state === 'rolled_back' || state === 'rolling_back' || state === 'failed';
}

function stopsOf(view: ReleaseView, paint: Paint): Stop[] {
  // What is compared with itself is never promoted.
  const isItself = view.comparison !== undefined;
  const weights = [...view.steps.map((step) => step.weight), ...(isItself ? [] : [100])];
  const isBack = isTakenBack(view) && markOf(view).tone === 'bad';
  const isDone = view.state === 'promoted' || (isTakenBack(view) && !isBack);
  return weights.map((weight, index) => {
    const text = weightOf(weight);
    if (index > view.step) return { text: paint.dim(`○ ${text}`), isNow: false };
    if (index < view.step || isDone) return { text: `● ${text}`, isNow: index === view.step };
    return { text: isBack ? paint.bad(`✕ ${text}`) : paint.candidate(`◉ ${text}`), isNow: true };
  });
}

function neighbourhood(stops: readonly Stop[], width: number): string {
  const now = Math.max(
    0,
    stops.findIndex((stop) => stop.isNow),
  );
  let best = stops[now]?.text ?? '';
  for (let reach = 1; reach < stops.length; reach += 1) {
    const from = Math.max(0, now - 1);
    const to = Math.min(stops.length, now + 1 + reach);
    const parts = stops.slice(from, to).map((stop) => stop.text);
    if (from > 0) parts.unshift('…');
    if (to < stops.length) parts.push('…');
    const row = parts.join(' ─ ');
    if (widthOf(row) > width) break;
    best = row;
  }
  return best;
}

/** What comes next and when, in a few words. */
export function whatNext(view: ReleaseView): string {
  const next = view.nextWeight === null ? null : weightOf(view.nextWeight);
  switch (view.state) {
    case 'starting':
      return `waits until v${view.version} is ready`;
    case 'ramping':
      return next === null ? '' : soon(view, next);
    case 'waiting_for_traffic':
      return next === null || view.plan === 'auto' || !view.neededRequests
        ? 'needs more requests'
        : `${next} after ${count(view.neededRequests)} more requests`;
    case 'waiting_for_approval':
      return next === null ? 'needs a yes' : `${next} needs a yes`;
    case 'paused':
      return `held at ${weightOf(view.weight)}`;
    case 'promoting':
      return '';
    case 'promoted':
      if (isTakenBackLater(view)) return `v${view.from} has 100% again`;
      return `v${view.version} has ${weightOf(view.watch?.weight ?? 100)}`;
    case 'rolling_back':
    case 'rolled_back':
    case 'failed':
      return view.from === null ? 'nothing else runs' : `v${view.from} has 100%${view.step >= 0 ? ' again' : ''}`;
  }
}

function soon(view: ReleaseView, next: string): string {
  if (view.plan === 'auto') return `next ${next}`;
  if (view.nextInMs !== null && view.nextInMs > 0) return `${next} in ${about(view.nextInMs)}`;
  return view.neededRequests ? `${next} after ${count(view.neededRequests)} more requests` : `next ${next}`;
}
