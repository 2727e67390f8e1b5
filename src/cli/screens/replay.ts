// The verdict of a release over time, as a table, and its receipt.
import type { MetricReceipt, Receipt, Verdict } from '../../core/judge/judge.ts';
import type { Moment } from '../../core/ticks/replay.ts';
import type { TicksHeader } from '../../core/ticks/tick.ts';
import { formatDuration } from '../../core/time.ts';
import { type Cell, type Column, table } from '../output/columns.ts';
import { clockOf, dayOf } from '../output/moments.ts';
import { count, NONE, weightOf } from '../output/numbers.ts';
import { type Paint, paintOf } from '../output/paint.ts';
import { cleaned, wrap } from '../output/text.ts';

export type ReplayOptions = { readonly width: number; readonly color: boolean };

/** What there is to show. */
export type Replayed = {
  readonly header: TicksHeader;
  readonly moments: readonly Moment[];
  /** Changes that are not among the moments, and where: after so many of these. */
  readonly left: { readonly changes: number; readonly after: number };
  /** The last of all ticks; null without any. */
  readonly last: Moment | null;
  readonly verdict: Verdict;
  /** What to know before the verdict is believed, in sentences. */
  readonly notes: readonly string[];
};

const WIDEST = 120;
/** Where people have a shorter word. */
const NAMES: Readonly<Record<string, string>> = { client_errors: '4xx' };
const GLYPHS = { pass: ['✓', 'good'], fail: ['✕', 'bad'], inconclusive: ['·', 'warn'] } as const;

/** Title, table, receipt. */
export function replayScreen(replayed: Replayed, options: ReplayOptions): string[] {
  const paint = paintOf(options.color);
  const width = Math.min(options.width, WIDEST) - 2;
  const blocks = [
    titleLines(replayed, width, paint),
    momentLines(replayed, width, paint),
    receiptLines(replayed, width, paint),
  ];
  return ['', ...blocks.filter((block) => block.length > 0).flatMap((block) => [...block.map(indented), ''])];
}

function indented(line: string): string {
  return line === '' ? '' : `  ${line}`;
}

function titleLines({ header, last, notes }: Replayed, width: number, paint: Paint): string[] {
  const { service, stable, candidate } = header.params;
  const from = last === null ? null : (last.tick - last.seconds) * 1000;
  const when =
    from === null
      ? 'no traffic'
      : `${formatDuration((last?.seconds ?? 0) * 1000)} of traffic from ${dayOf(from)} ${clockOf(from)}`;
  const title = `${cleaned(service)} v${candidate} against v${stable}, release ${header.release}: ${when}`;
  return [...wrap(title, width), ...notes.flatMap((note) => wrap(note, width)).map(paint.warn)];
}

function columnsOf({ stable, candidate, metrics }: Receipt): Column[] {
  const right = (title: string): Column => ({ title, align: 'right' });
  return [
    right('TIME'),
    right('WEIGHT'),
    right(`V${stable.version}`),
    right(`V${candidate.version}`),
    right('ODDS'),
    { ...right('HARM'), leave: 1 },
    ...metrics
      .filter(isCertified)
      .map(({ metric }, i): Column => ({ title: metric.toUpperCase(), align: 'right', leave: 2 + i })),
  ];
}

function cellsOf({ seconds, weight, verdict }: Moment, paint: Paint): Cell[] {
  const { receipt } = verdict;
  const metrics = receipt.metrics.filter(isCertified).map((metric): Cell => {
    const tone = metric.isHarmful ? paint.bad : metric.isSafe ? paint.good : paint.dim;
    return { text: wordOf(metric), paint: tone };
  });
  return [
    { text: formatDuration(seconds * 1000) },
    { text: weightOf(weight) },
    { text: count(receipt.stable.total.requests), paint: paint.stable },
    { text: count(receipt.candidate.total.requests), paint: paint.candidate },
    { text: shortOdds(receipt.odds) },
    { text: harmOf(verdict.harmBound) },
    ...metrics,
  ];
}

function momentLines({ moments, left }: Replayed, width: number, paint: Paint): string[] {
  const first = moments[0];
  if (!first) return [];
  const [titles = '', ...rows] = table(
    columnsOf(first.verdict.receipt),
    moments.map((moment) => cellsOf(moment, paint)),
    width,
  );
  const lines = moments.flatMap((moment, i) => [
    ...(left.changes > 0 && i === left.after
      ? [paint.dim(`… ${count(left.changes)} more changes: --json tells all`)]
      : []),
    rows[i] ?? '',
    ...(moment.isChange ? sentenceLines(moment.verdict, width, paint) : []),
  ]);
  return [paint.dim(titles), ...lines];
}

function sentenceLines({ kind, receipt }: Verdict, width: number, paint: Paint): string[] {
  const [glyph, tone] = GLYPHS[kind];
  const [first = '', ...rest] = wrap(cleaned(receipt.sentence), width - 10);
  return [`        ${paint[tone](glyph)} ${first}`, ...rest.map((line) => `          ${line}`)];
}

function receiptLines({ verdict, last }: Replayed, width: number, paint: Paint): string[] {
  if (last === null) return [];
  const { receipt, kind } = verdict;
  const [glyph, tone] = GLYPHS[kind];
  const rows: (readonly [string, string])[] = [
    ['odds', `${receipt.odds}, limit ${receipt.limit}`],
    [
      'harm',
      receipt.harmBound >= 1 ? 'nothing excluded yet' : `at most ${harmOf(receipt.harmBound)} more failures, 95% sure`,
    ],
    ...receipt.metrics.map((metric) => [NAMES[metric.metric] ?? metric.metric, metricText(metric, receipt)] as const),
    ['split', receipt.splitOdds === null ? 'as asked for' : `not as asked for, odds ${receipt.splitOdds}`],
    [
      'judged',
      `${count(receipt.strata)} ${receipt.strata === 1 ? 'stratum' : 'strata'}, parameters ${receipt.parameters}`,
    ],
  ];
  const words = rows.flatMap(([name, text]) => {
    const [first = '', ...rest] = wrap(text, width - 10);
    return [`  ${paint.dim(name.padEnd(6))}  ${first}`, ...rest.map((line) => `          ${line}`)];
  });
  const sentence = wrap(`${kind}: ${cleaned(receipt.sentence)}`, width - 2);
  return [...sentence.map((line, i) => `${i === 0 ? paint[tone](glyph) : ' '} ${line}`), ...words];
}

function metricText(metric: MetricReceipt, { stable, candidate, unit }: Receipt): string {
  const word = metric.sentence.slice(metric.sentence.lastIndexOf(': ') + 2, -1);
  const what = metric.route ?? (metric.metric.startsWith('p') ? 'slow' : metric.metric === 'errors' ? 'failed' : '4xx');
  const of = (tally: MetricReceipt['stable'], version: number) => {
    const all = unit === 'client' ? ' clients' : ` of ${count(tally.requests)}`;
    return `${count(tally.failures)}${all} on v${version}`;
  };
  return `${word}; ${cleaned(what)}: ${of(metric.candidate, candidate.version)}, ${of(metric.stable, stable.version)}`;
}

/** What may be called safe has a column; answers of 4xx and routes may not. */
function isCertified({ isSafe }: MetricReceipt): boolean {
  return isSafe !== null;
}

/** `safe`, `harmful`, the odds that it is safe once they say something, else nothing. */
function wordOf({ isHarmful, isSafe, lnSafety, safetyOdds }: MetricReceipt): string {
  if (isHarmful) return 'harmful';
  if (isSafe) return 'safe';
  return lnSafety !== null && lnSafety >= Math.log(2) ? (safetyOdds ?? NONE) : NONE;
}

function shortOdds(odds: string): string {
  return odds.replace(/^less than /, '<').replace(/^more than /, '>');
}

function harmOf(bound: number): string {
  return bound >= 1 ? NONE : `${Number((100 * bound).toFixed(2))}%`;
}
