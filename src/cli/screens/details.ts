// One release in full, while it goes on and ever after: who, why, the weights over time, the evidence and the blame.
import type { DifferencesView } from '../../api/difference-views.ts';
import type { ReceiptView } from '../../api/receipt-views.ts';
import type { ReleaseView } from '../../api/views.ts';
import { formatDuration } from '../../core/time.ts';
import { commands } from '../output/commands.ts';
import { clockOf, dayOf, momentOf } from '../output/moments.ts';
import { count, weightOf } from '../output/numbers.ts';
import { type Paint, paintOf } from '../output/paint.ts';
import { cleaned, clip, cut, ends, wrap } from '../output/text.ts';
import { blameLines, lastWords } from './blame.ts';
import { nextCommands, titleLine, waitingCommands } from './frame.ts';
import { signalRows } from './signals.ts';
import { isCompared, sentenceOf } from './states.ts';
import { stepsRow, whatNext } from './steps.ts';

export type DetailsOptions = { readonly width: number; readonly color: boolean; readonly now: number };

const WIDEST = 110;
const MOST_GROUPS = 20;
const MOST_WEIGHTS = 20;
const MOST_SETTINGS = 20;
const LEAST_HELD_MS = 1000;

/** The answer of `friday history 12`, in lines of at most `width` columns. */
export function detailsScreen(
  view: ReleaseView,
  options: DetailsOptions,
  changes: DifferencesView | null = null,
): string[] {
  const paint = paintOf(options.color);
  const width = Math.min(options.width, WIDEST) - 2;
  const isMeasured = view.candidate.requests + (view.stable?.requests ?? 0) > 0;
  const blocks = [
    [titleLine(view, options.now, paint, width)],
    wrap(cleaned(sentenceOf(view)), width).map(paint.strong),
    whoLines(view, options.now, width),
    settingLines(changes, paint, width),
    isCompared(view) ? [planLine(view, paint, width)] : [],
    weightLines(view, options.now, paint),
    isCompared(view) && isMeasured ? signalRows(view, paint, width, { isWhole: true }) : [],
    view.receipt === null ? [] : verdictLines(view, view.receipt, paint, width),
    blameLines(view, paint, width, { most: MOST_GROUPS, withStable: true }),
    lastWords(view, width),
  ].map((block) => block.map((line) => clip(line, width)));
  blocks.push(commands(view.isOver ? nextCommands(view) : waitingCommands(view), width));
  const lines = blocks.filter((block) => block.length > 0).flatMap((block) => [...block, '']);
  return ['', ...lines.map((line) => (line === '' ? '' : ` ${line}`.trimEnd()))];
}

function planLine(view: ReleaseView, paint: Paint, width: number): string {
  const row = stepsRow(view, paint, width);
  return ends(row, whatNext(view), width) ?? row;
}

function whoLines(view: ReleaseView, now: number, width: number): string[] {
  const why = view.reason === '' ? '' : `: ${cleaned(view.reason)}`;
  const who = `Release ${view.id} by ${cleaned(view.by)} at ${momentOf(view.requestedAt, now)}${why}`;
  const labels = [view.stable?.label ?? '', view.candidate.label].map(cleaned).filter((one) => one !== '');
  return [...wrap(who, width), ...(labels.length > 0 ? [cut(`Code ${labels.join(' → ')}`, width)] : [])];
}

/** What changed in the settings; nothing where nothing did, unless the code is the same too. */
function settingLines(changes: DifferencesView | null, paint: Paint, width: number): string[] {
  if (changes === null || !changes.isKnown) return [];
  const { settings, isSameCode, from } = changes;
  if (settings.length === 0) return isSameCode ? [paint.dim(`The code and the settings are those of v${from}.`)] : [];
  const lines = settings.slice(0, MOST_SETTINGS).map(({ words }) => cut(`  ${cleaned(words)}`, width));
  const left = settings.length - MOST_SETTINGS;
  const title = isSameCode ? `Settings, the code is that of v${from}` : 'Settings';
  return [title, ...lines, ...(left > 0 ? [paint.dim(`  and ${left} more`)] : [])];
}

function weightLines(view: ReleaseView, now: number, paint: Paint): string[] {
  if (view.weights.length === 0) return [];
  const end = view.endedAt ?? now;
  const isOneDay = view.weights.every(({ at }) => dayOf(at) === dayOf(end)) && dayOf(end) === dayOf(now);
  const lines = view.weights.map(({ at, weight }, index) => {
    const until = view.weights[index + 1]?.at ?? end;
    const held = until - at >= LEAST_HELD_MS ? paint.dim(`  for ${formatDuration(until - at)}`) : '';
    const moment = isOneDay ? clockOf(at) : momentOf(at, now);
    return `  ${moment}  ${weightOf(weight).padStart(5)}${held}`;
  });
  const left = lines.length - MOST_WEIGHTS;
  return ['Weights', ...(left > 0 ? [paint.dim(`  ${left} before`)] : []), ...lines.slice(-MOST_WEIGHTS)];
}

/** The verdict in its own words and the rules behind it. */
function verdictLines(view: ReleaseView, receipt: ReceiptView, paint: Paint, width: number): string[] {
  const { rules, strata, parameters, salt, candidate, stable, alpha } = receipt;
  const said = cleaned(receipt.sentence);
  const sentence = said === cleaned(view.sentence) ? [] : wrap(said, width);
  const facts = [
    `${count(strata)} comparisons of ${count(stable.total.requests)} and ${count(candidate.total.requests)} requests`,
    `at least ${count(rules.minRequests)} requests a step`,
    `fails at ${rules.failAt}, safe at ${rules.safeAt}`,
    `at most ${Number((100 * alpha).toFixed(2))}% of good releases are rolled back`,
    `rules ${parameters}`,
    `salt ${cleaned(salt)}`,
  ].join('; ');
  return [...sentence, ...wrap(`Judged by ${facts}.`, width).map(paint.dim)];
}
