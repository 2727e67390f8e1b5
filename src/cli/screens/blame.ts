// What failed in a release, by cause and with whose fault it is, and the last words of its instances.
import type { BlameView } from '../../api/receipt-views.ts';
import type { ReleaseView } from '../../api/views.ts';
import { count } from '../output/numbers.ts';
import type { Paint } from '../output/paint.ts';
import { cleaned, cut, padEnd, widthOf, wrap } from '../output/text.ts';

const WORDS: Readonly<Record<BlameView['failure'], (group: BlameView) => string>> = {
  status: (group) => String(group.status),
  timeout: () => 'timed out',
  connection: () => 'connection cut',
  deadline: () => 'no answer',
};

/** A route that is cut shorter says nothing. */
const LEAST_ROUTE = 16;
const MOST_LAST = 20;
const MOST_LAST_AFTER_BLAME = 5;

export type BlameOptions = {
  /** Groups shown at most. */
  readonly most: number;
  /** Also what only stable failed. */
  readonly withStable?: boolean;
  /** No command would find the rest. */
  readonly isStaged?: boolean;
};

/** Up to `most` kinds of failures under a headline, each with what was written about it; nothing when there are none. */
export function blameLines(view: ReleaseView, paint: Paint, width: number, options: BlameOptions): string[] {
  const groups = view.blame.filter((one) => one.candidate > 0 || options.withStable);
  if (groups.length === 0) return [];
  const shown = groups.slice(0, options.most);
  const more = groups.length - shown.length;
  const rest = `  and ${more} more kind${more === 1 ? '' : 's'}${options.isStaged ? '' : `: friday history ${view.id}`}`;
  return [headline(view), ...rowsOf(shown, paint, width), ...(more > 0 ? [paint.dim(rest)] : [])];
}

function headline(view: ReleaseView): string {
  const sampled = view.blame.reduce((sum, group) => sum + group.candidate, 0);
  const total = Math.max(sampled, view.candidate.failures);
  return `Failed requests on v${view.version}: ${count(total)}${total > sampled ? `, of these ${count(sampled)} sampled` : ''}`;
}

function rowsOf(groups: readonly BlameView[], paint: Paint, width: number): string[] {
  const texts = groups.map((group) => ({
    route: cleaned(group.route),
    what: WORDS[group.failure](group),
    words: cleaned(group.words),
    line: group.line === null ? null : cleaned(group.line),
    tone: group.mark === 'seen' ? paint.dim : paint.bad,
  }));
  const widest = (of: (one: (typeof texts)[number]) => string) => Math.max(...texts.map((one) => widthOf(of(one))));
  const [routes, whats, words] = [widest((one) => one.route), widest((one) => one.what), widest((one) => one.words)];
  const room = width - 2 - 2 - whats;
  const beside = room - 2 - words;
  const isStacked = beside < Math.min(routes, LEAST_ROUTE);
  const fit = Math.min(routes, Math.max(6, isStacked ? room : beside));
  return texts.flatMap(({ route, what, words: said, line, tone }) => {
    const head = `  ${padEnd(cut(route, fit), fit)}  ${padEnd(what, whats)}`;
    const under = line === null ? [] : [`    ${paint.dim(cut(line, width - 4))}`];
    if (!isStacked) return [`${head}  ${tone(said)}`, ...under];
    return [head.trimEnd(), ...wrap(said, width - 4).map((part) => `    ${tone(part)}`), ...under];
  });
}

/** The last lines that the candidate wrote, cut to the width; few where its failures have their own lines already. */
export function lastWords(view: ReleaseView, width: number): string[] {
  if (view.lastLines.length === 0) return [];
  const isExplained = view.blame.some((group) => group.candidate > 0 && group.line !== null);
  const kept = view.lastLines.slice(-(isExplained ? MOST_LAST_AFTER_BLAME : MOST_LAST));
  return [`Last lines of v${view.version}:`, ...kept.map((line) => `  ${cut(cleaned(line).trimEnd(), width - 2)}`)];
}
