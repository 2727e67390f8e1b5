// Who did what, when and why: versions of a service, and events.
import type { EventView, ReleaseView, VersionView } from '../../api/views.ts';
import { type Cell, type Column, table } from '../output/columns.ts';
import { agoOf, clockOf, dayOf } from '../output/moments.ts';
import { paintOf } from '../output/paint.ts';
import { cleaned, cut, padEnd, widthOf, wrap } from '../output/text.ts';
import { markOf } from './states.ts';

export type HistoryOptions = { readonly width: number; readonly color: boolean; readonly now: number };

const WIDEST = 120;

const VERSION_COLUMNS: readonly Column[] = [
  { title: '', align: 'left', gap: 1 },
  { title: 'VERSION', align: 'left' },
  { title: 'RELEASE', align: 'right', leave: 1 },
  { title: 'STATE', align: 'left' },
  { title: 'CODE', align: 'left', least: 8, leave: 2 },
  { title: 'WHEN', align: 'left' },
  { title: 'WHO', align: 'left', least: 6 },
  { title: 'WHY', align: 'left', least: 10, leave: 3 },
];

const STATES: Readonly<Record<VersionView['state'], readonly [glyph: string, word: string]>> = {
  stable: ['✓', 'stable'],
  candidate: ['◉', 'releasing'],
  warm: ['○', 'kept warm'],
  old: [' ', 'old'],
  rolled_back: ['✕', 'rolled back'],
  failed: ['✕', 'failed'],
};

/** The newest release of each version, for `friday history NUMBER`. */
type Newest = ReadonlyMap<number, ReleaseView>;

/** The versions of a service, newest first. */
function versionLines(versions: readonly VersionView[], releases: Newest, options: HistoryOptions): string[] {
  const paint = paintOf(options.color);
  const hasReasons = versions.some((one) => one.reason !== '');
  const columns = hasReasons ? VERSION_COLUMNS : VERSION_COLUMNS.slice(0, -1);
  const rows = versions.map((one): Cell[] => {
    const release = releases.get(one.version);
    const isItself = one.state === 'rolled_back' && release !== undefined && markOf(release).word === 'compared';
    const [glyph, word] = isItself ? [' ', 'compared'] : STATES[one.state];
    const tone = one.state === 'stable' ? paint.good : one.state === 'candidate' ? paint.strong : paint.dim;
    return [
      { text: glyph, paint: tone },
      { text: `v${one.version}` },
      { text: String(release?.id ?? '') },
      { text: word, paint: tone },
      { text: cleaned(one.label) },
      { text: agoOf(one.createdAt, options.now) },
      { text: cleaned(one.by) },
      { text: cleaned(one.reason) },
    ];
  });
  return table(columns, rows, Math.min(options.width, WIDEST) - 2);
}

/** Events, newest first; sentences continue under themselves. A day stands on a line of its own when it changes. */
function eventLines(events: readonly EventView[], options: HistoryOptions): string[] {
  const paint = paintOf(options.color);
  const width = Math.min(options.width, WIDEST) - 2;
  const names = Math.min(16, Math.max(0, ...events.map((event) => widthOf(event.service ?? ''))));
  const lines: string[] = [];
  let day = dayOf(options.now);
  for (const event of withoutRepeats(events)) {
    if (dayOf(event.at) !== day) {
      day = dayOf(event.at);
      if (lines.length > 0) lines.push('');
      lines.push(paint.strong(day));
    }
    const name = names === 0 ? '' : `  ${padEnd(cut(event.service ?? '', names), names)}`;
    const margin = 8 + widthOf(name) + 2;
    const who = cleaned(event.by);
    const sentence = cleaned(event.sentence);
    const isSaid = who === 'friday' || who === '' || sentence.includes(who);
    const parts = wrap(isSaid ? sentence : `${sentence} (${who})`, width - margin);
    const rest = parts.slice(1).map((part) => ' '.repeat(margin) + part);
    lines.push(`${paint.dim(clockOf(event.at))}${name}  ${parts[0] ?? ''}`, ...rest);
  }
  return lines;
}

/** Newest first; a verdict and the states that follow from it say the same, and the first of them is enough. */
export function withoutRepeats(events: readonly EventView[]): readonly EventView[] {
  return events.filter((event, index) => !isRepeat(event, events[index + 1]));
}
function isRepeat(event: EventView, earlier: EventView | undefined): boolean {
  return earlier !== undefined && earlier.service === event.service && earlier.sentence === event.sentence;
}

/** The whole answer of `friday history SERVICE`. */
export function historyScreen(
  versions: readonly VersionView[] | null,
  events: readonly EventView[],
  options: HistoryOptions,
  releases: readonly ReleaseView[] = [],
): string[] {
  const newest = new Map(releases.toSorted((a, b) => a.id - b.id).map((one) => [one.version, one]));
  const nothing = 'Nothing has happened yet.';
  const blocks = [
    versions === null || versions.length === 0 ? [] : versionLines(versions, newest, options),
    events.length === 0 ? [nothing] : eventLines(events, options),
  ].filter((block) => block.length > 0);
  return ['', ...blocks.flatMap((block) => [...block.map((line) => (line === '' ? '' : `  ${line}`)), ''])];
}
