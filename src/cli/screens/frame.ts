// The live picture of one release: a pure function of what the API shows, drawn again and again in place.
import type { ReleaseView } from '../../api/views.ts';
import { formatDuration } from '../../core/time.ts';
import { type Command, commands } from '../output/commands.ts';
import { clockOf } from '../output/moments.ts';
import { weightOf } from '../output/numbers.ts';
import { type Paint, paintOf } from '../output/paint.ts';
import { cleaned, clip, cut, ends, wrap } from '../output/text.ts';
import { blameLines, lastWords } from './blame.ts';
import { signalRows } from './signals.ts';
import { splitLine } from './split.ts';
import { isCompared, isTakenBackLater, markOf, sentenceOf, versionsOf } from './states.ts';
import { stepsRow, whatNext } from './steps.ts';

export type FrameOptions = {
  /** Columns of the terminal. */
  readonly width: number;
  readonly color: boolean;
  /** Lines of the terminal: what failed gives way to the keys; left out, everything is shown. */
  readonly rows?: number | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Keys are read: the last line names them. */
  readonly hasKeys?: boolean;
  /** What is shown ends with the picture: commands would find nothing. */
  readonly isStaged?: boolean;
  /** A question that waits for y or n. */
  readonly question?: string | null;
  /** What came of the last key. */
  readonly note?: string | null;
  /** When the view was last heard of, when that is too long ago. */
  readonly lostSince?: number | null;
};

const WIDEST = 100;

const MOST_GROUPS = 3;
const MOST_GROUPS_AT_END = 5;

/** Lines of at most `width` columns. */
export function frame(view: ReleaseView, options: FrameOptions): string[] {
  const { rows = Number.POSITIVE_INFINITY } = options;
  // A picture that is redrawn has to fit, the cursor's line included; the last one stays in the scrollback.
  if (view.isOver) return frameWith(view, options, MOST_GROUPS_AT_END);
  for (let most = MOST_GROUPS; most > 0; most -= 1) {
    const lines = frameWith(view, options, most);
    if (lines.length < rows) return lines;
  }
  return frameWith(view, options, 0);
}

function frameWith(view: ReleaseView, options: FrameOptions, groups: number): string[] {
  const paint = paintOf(options.color);
  const width = Math.min(options.width, WIDEST) - 2;
  const { isStaged = false } = options;
  const blocks: string[][] = [
    [titleLine(view, options.now, paint, width)],
    sentenceLines(view, paint, width),
    planLines(view, paint, width),
    view.isOver || view.weight <= 0 || !isCompared(view) ? [] : [splitLine(view, paint, width)],
    hasEvidence(view) ? signalRows(view, paint, width, { isStaged }) : [],
    verdictLine(view, width),
    groups === 0 ? [] : blameLines(view, paint, width, { most: groups, isStaged }),
    lastWords(view, width),
  ].map((block) => block.map((line) => clip(line, width)));
  // Commands are there to be copied, so they are never clipped.
  if (!isStaged) blocks.push(commands(view.isOver ? nextCommands(view) : waitingCommands(view), width));
  blocks.push(footer(view, options, paint, width).map((line) => clip(line, width)));
  const lines = blocks.filter((block) => block.length > 0).flatMap((block) => [...block, '']);
  return ['', ...lines.map((line) => (line === '' ? '' : ` ${line}`.trimEnd()))];
}

export function titleLine(view: ReleaseView, now: number, paint: Paint, width: number): string {
  const mark = markOf(view);
  const age = formatDuration(Math.max(0, (view.endedAt ?? now) - view.requestedAt));
  const state = paint[mark.tone](`${mark.glyph} ${mark.word}`);
  const rest = `  ${versionsOf(view)}   `;
  const room = width - rest.length - mark.word.length - age.length - 4;
  const left = `${paint.strong(cut(view.service, Math.max(4, room)))}${rest}${state}`;
  return ends(left, paint.dim(age), width) ?? left;
}

/** While it goes on two lines at least, so that what is below keeps its place when the words change. */
function sentenceLines(view: ReleaseView, paint: Paint, width: number): string[] {
  const lines = wrap(cleaned(sentenceOf(view)), width).map(paint.strong);
  return view.isOver || lines.length > 1 || !isCompared(view) ? lines : [...lines, ''];
}

/** Why it was promoted, in the judge's words; those of a rollback stand on top. */
function verdictLine(view: ReleaseView, width: number): string[] {
  const { receipt } = view;
  if (!view.isOver || receipt === null || receipt.sentence === view.sentence) return [];
  return wrap(cleaned(receipt.sentence), width);
}

function planLines(view: ReleaseView, paint: Paint, width: number): string[] {
  if (!isCompared(view)) return [];
  const next = whatNext(view);
  const full = stepsRow(view, paint, width);
  const beside = ends(full, next, width);
  if (beside !== null) return [beside];
  return next === '' ? [full] : [full, cut(next, width)];
}

export function hasEvidence(view: ReleaseView): boolean {
  return isCompared(view) && view.candidate.requests + (view.stable?.requests ?? 0) > 0;
}

/** What a person can do about a release that waits. */
export function waitingCommands(view: ReleaseView): Command[] {
  const name = view.service;
  if (view.state === 'waiting_for_traffic') {
    if (view.plan === 'auto' || view.nextWeight === null) {
      return [[`friday promote ${name} --full`, 'give it everything without more evidence']];
    }
    return [[`friday promote ${name} --to ${view.nextWeight}`, 'send it more of the traffic now']];
  }
  if (view.state === 'waiting_for_approval') {
    const weight = view.nextWeight === null ? '' : ` to ${weightOf(view.nextWeight)}`;
    return [
      [`friday promote ${name}`, `say yes${weight}`],
      [`friday rollback ${name}`, 'say no'],
    ];
  }
  if (view.state === 'paused') return [[`friday promote ${name}`, 'go on']];
  return [];
}

/** What to do after the end, at most two lines. */
export function nextCommands(view: ReleaseView): Command[] {
  const name = view.service;
  if (view.state === 'promoted' && !isTakenBackLater(view)) {
    // What friday itself put back replaced a version that was worse.
    return view.from === null || view.by === 'friday' ? [] : [[`friday rollback ${name}`, `back to v${view.from}`]];
  }
  if (view.comparison !== undefined) return [[`friday plan --aa ${name}`, 'compare again']];
  const wrote: Command = [`friday logs ${name}@v${view.version}`, 'what it wrote'];
  const again: Command = [`friday release ${name}`, 'try again'];
  return view.candidate.failures > 0 || view.lastLines.length > 0 ? [wrote, again] : [again];
}

function footer(view: ReleaseView, options: FrameOptions, paint: Paint, width: number): string[] {
  const lines: string[] = [];
  if (options.lostSince != null) {
    const ago = formatDuration(Math.round((options.now - options.lostSince) / 1000) * 1000);
    lines.push(paint.warn(cut(`▲ No news for ${ago}, showing ${clockOf(options.lostSince)}. Trying again.`, width)));
  }
  if (options.note) lines.push(...wrap(cleaned(options.note), width).map(paint.warn));
  if (view.isOver || !options.hasKeys) return lines;
  if (options.question) return [...lines, `${paint.strong(cut(options.question, width - 14))}  y yes   n no`];
  const go = view.state === 'paused' ? 'p go on' : view.state === 'waiting_for_approval' ? 'p say yes' : 'p promote';
  const keys = [
    ...(view.weight > 0 && view.weight < 100 ? [go] : []),
    ...(view.weight > 0 && view.state !== 'paused' ? ['space pause'] : []),
    'r roll back',
    'q stop watching',
  ];
  return [...lines, paint.dim(cut(keys.join('   '), width))];
}
