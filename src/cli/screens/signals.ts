// What is compared between the two versions, and for each signal how sure the judge is: towards a rollback, and towards safe.
import type { MetricReceiptView } from '../../api/receipt-views.ts';
import type { ArmView, ReleaseView, TrafficView } from '../../api/views.ts';
import { count, latency, NONE, share } from '../output/numbers.ts';
import type { Paint } from '../output/paint.ts';
import { cleaned, cut, padEnd, padStart, widthOf, wrap } from '../output/text.ts';

/** One line of the table; rows without a metric are shown and not judged. */
type Row = {
  readonly label: string;
  readonly stable: string;
  readonly candidate: string;
  readonly metric: MetricReceiptView | null;
};

const LABEL = 13;
/** Columns of one side of a bar. */
const MOST_HALF = 13;
const LEAST_HALF = 2;
const WORDS = 16;
/** So many metrics are always shown; of the rest those with the most evidence. */
const FIRST_METRICS = 5;
const OTHER_METRICS = 3;
const SUSPICIOUS = Math.log(3);
const SAFE = Math.log(20);

/** The table: errors and what else is judged since the release began, latencies of the last seconds. Its height depends on what is judged only; `isWhole` shows every metric; `isStaged`: no command would find the rest. */
export function signalRows(
  view: ReleaseView,
  paint: Paint,
  width: number,
  { isWhole = false, isStaged = false }: { readonly isWhole?: boolean; readonly isStaged?: boolean } = {},
): string[] {
  const { stable, candidate } = view;
  const { rows, hidden } = rowsOf(view, isWhole);
  const label = labelWidth(rows, width);
  const number = width < 70 ? 8 : 9;
  const half = halfOf(width - label - 2 * number - WORDS - 5);
  const pair = (row: Pick<Row, 'label' | 'stable' | 'candidate'>) =>
    padEnd(cutInside(row.label, label - 1), label) + padStart(row.stable, number) + padStart(row.candidate, number);
  const names = {
    stable: stable ? paint.stable(`v${stable.version}`) : '',
    candidate: paint.candidate(`v${candidate.version}`),
  };
  const hasBars = rows.some((row) => row.metric !== null);
  const ends = hasBars && half > 0 ? `   ${padEnd('roll back', half * 2 + 1)}safe` : '';
  const head = `${pair({ label: '', ...names })}${half >= 5 ? paint.dim(ends) : ''}`;
  const limit = Math.log(oddsOf(view.limit) ?? 100);
  const lines = rows.map((row) => {
    if (row.metric === null) return pair(row);
    const bar = half > 0 ? `${barOf(row.metric, half, limit, paint)}  ` : '';
    return `${pair(row)}   ${bar}${wordsOf(row.metric, paint)}`;
  });
  const more = hidden > 0 ? [paint.dim(`and ${hidden} more${isStaged ? '' : `: friday history ${view.id}`}`)] : [];
  return [head, ...lines, ...more, ...oddsLine(view, width)];
}

/** Long names often differ at their end: both ends stay. */
function cutInside(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  const tail = [...text].slice(-Math.floor((width - 1) / 2)).join('');
  return `${cut(text, width - widthOf(tail))}${tail}`;
}

function halfOf(room: number): number {
  const half = Math.min(MOST_HALF, Math.floor((room - 5) / 2));
  return half < LEAST_HALF ? 0 : half;
}

function labelWidth(rows: readonly Row[], width: number): number {
  const most = width >= 96 ? 36 : width >= 76 ? 21 : LABEL;
  return Math.min(most, Math.max(LABEL, ...rows.map((row) => widthOf(row.label) + 1)));
}

function rowsOf(view: ReleaseView, isWhole: boolean): { rows: Row[]; hidden: number } {
  const { stable, candidate } = view;
  const metrics = view.receipt?.metrics ?? [];
  const shown = isWhole ? metrics : chosen(metrics);
  const of = (name: string) => shown.find((one) => one.metric === name) ?? null;
  const pair = (label: string, text: (arm: ArmView) => string, metric: MetricReceiptView | null): Row => {
    return { label, stable: stable ? text(stable) : NONE, candidate: text(candidate), metric };
  };
  const timed = !view.isOver || [stable, candidate].some((arm) => arm?.traffic?.latencyP95Ms != null);
  const times = LATENCIES.filter(([name]) => timed && (name !== 'p99' || of(name) !== null));
  const isTimed = (name: string) => times.some(([one]) => one === name);
  const rows = [
    pair('requests', (arm) => count(arm.requests), null),
    pair('errors', (arm) => share(arm.errorShare), of('errors')),
    ...times.map(([name, read]) =>
      pair(`latency ${name}`, (arm) => latency(arm.traffic && read(arm.traffic)), of(name)),
    ),
    ...shown.filter((one) => one.metric !== 'errors' && !isTimed(one.metric)).map(countedRow),
  ];
  return { rows, hidden: metrics.length - shown.length };
}

const LATENCIES: readonly (readonly [name: string, read: (traffic: TrafficView) => number | null])[] = [
  ['p50', (traffic) => traffic.latencyP50Ms],
  ['p95', (traffic) => traffic.latencyP95Ms],
  ['p99', (traffic) => traffic.latencyP99Ms],
];

/** All when they are few; else the first ones and the most suspicious of the rest. Routes by name, whatever they weigh now. */
function chosen(metrics: readonly MetricReceiptView[]): readonly MetricReceiptView[] {
  const rest = metrics.slice(FIRST_METRICS).toSorted((a, b) => b.lnE - a.lnE);
  const others = metrics.length <= FIRST_METRICS + OTHER_METRICS ? rest : rest.slice(0, OTHER_METRICS);
  return [...metrics.slice(0, FIRST_METRICS), ...others.toSorted((a, b) => (labelOf(a) < labelOf(b) ? -1 : 1))];
}

function labelOf({ metric, route }: MetricReceiptView): string {
  if (/^p\d+$/.test(metric)) return `beyond ${metric}`;
  if (metric === 'client_errors') return '4xx answers';
  return cleaned(typeof route === 'string' ? route : metric);
}

/** A metric by what was counted: its share of requests, or clients where they keep their version. */
function countedRow(metric: MetricReceiptView): Row {
  const text = ({ requests, failures }: MetricReceiptView['stable']) => {
    if (requests > 0) return share(failures / requests);
    return failures > 0 ? count(failures) : NONE;
  };
  return { label: labelOf(metric), stable: text(metric.stable), candidate: text(metric.candidate), metric };
}

/** `✕▕░░░░██│░░░░░░▏✓`: to the left the evidence for a rollback, to the right for safe, each full where it is enough. */
function barOf(metric: MetricReceiptView, half: number, limit: number, paint: Paint): string {
  // What is not there yet is never drawn full.
  const part = (ln: number, full: number) => Math.max(0, Math.min(half - 1, Math.round((half * ln) / full)));
  const harm = metric.isHarmful ? half : part(metric.lnE + Math.log(metric.share), limit);
  const safety = metric.isSafe ? half : part(metric.lnSafety ?? 0, SAFE);
  const left = paint.dim('░'.repeat(half - harm)) + paint.bad('█'.repeat(harm));
  const right = paint.good('█'.repeat(safety)) + paint.dim('░'.repeat(half - safety));
  // Where nothing is certified there is no way to safe.
  return metric.lnSafety === null ? `✕▕${left}│${' '.repeat(half + 2)}` : `✕▕${left}│${right}▏✓`;
}

/** `safe`, `13:1 of 20:1`, `not enough data`, `24:1 worse`, `harmful, 240:1`. */
function wordsOf(metric: MetricReceiptView, paint: Paint): string {
  if (metric.isHarmful) return paint.bad(`harmful, ${briefOdds(metric.odds)}`);
  if (metric.lnE >= SUSPICIOUS) return paint.warn(`${briefOdds(metric.odds)} worse`);
  if (metric.isSafe) return paint.good('safe');
  return cleaned(metric.sentence.slice(metric.sentence.lastIndexOf(': ') + 2).replace(/\.$/, ''));
}

function briefOdds(text: string): string {
  return text.replace(/^more than /, '>').replace(/^less than /, '<');
}

/** What all signals say together, in one line. */
function oddsLine(view: ReleaseView, width: number): string[] {
  if (view.odds === null || view.limit === null) return [];
  if (view.watch !== null) {
    const text = `Odds now: ${briefOdds(view.odds)} of ${view.limit}. The bars are those of the promotion; friday replay ${view.id} has what came since.`;
    return wrap(text, width);
  }
  const isReached = (oddsOf(view.odds) ?? 0) >= (oddsOf(view.limit) ?? Number.POSITIVE_INFINITY);
  const of = isReached ? `, limit ${view.limit}` : ` of ${view.limit} for a rollback`;
  const all = `Odds that v${view.version} is worse: ${view.odds}${of}.`;
  return [widthOf(all) <= width ? all : `Odds: ${briefOdds(view.odds)} of ${view.limit}.`];
}

/** The first number of `13:1` or `more than 1000:1`; null when the text is something else. */
function oddsOf(text: string | null): number | null {
  const match = /([\d.]+):1$/.exec(text ?? '');
  return match ? Number(match[1]) : null;
}
