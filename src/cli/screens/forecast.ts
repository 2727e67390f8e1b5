// What a release plan finds at the usual traffic, and what it does not: the answer of `friday plan`.
import type { BadVersion, Forecast } from '../../core/forecast/forecast.ts';
import type { Basis, Usual } from '../../core/forecast/usual.ts';
import {
  basisWords,
  goodWords,
  helpWords,
  missLines,
  missTitle,
  NEVER,
  oftenWords,
} from '../../core/forecast/words.ts';
import { formatDuration } from '../../core/time.ts';
import { type Cell, type Column, table } from '../output/columns.ts';
import { count, latency, NONE, rate, share, weightOf } from '../output/numbers.ts';
import { type Paint, paintOf } from '../output/paint.ts';
import { cleaned, wrap } from '../output/text.ts';

export type ForecastShown = {
  /** Null for numbers by hand. */
  readonly service: string | null;
  readonly usual: Pick<Usual, 'rate' | 'errorShare'>;
  readonly basis: Basis;
  readonly forecast: Forecast;
};

const WIDEST = 100;

export function forecastScreen(
  shown: ForecastShown,
  options: { readonly width: number; readonly color: boolean },
): string[] {
  const paint = paintOf(options.color);
  const width = Math.min(options.width, WIDEST) - 2;
  const text = (sentence: string, margin = 2) =>
    wrap(cleaned(sentence), width - margin + 2).map((line) => ' '.repeat(margin) + line);
  const { forecast } = shown;
  const title = shown.service === null ? 'What this plan finds' : `What the release plan of ${shown.service} finds`;
  return [
    '',
    ...text(title).map(paint.strong),
    '',
    ...trafficLines(shown, text, paint),
    '',
    ...text('A good version', 2).map(paint.strong),
    ...text(scheduleText(forecast), 4),
    ...goodWords(forecast).flatMap((sentence) => text(sentence, 4)),
    '',
    ...badLines(forecast.bad, width, paint).map((line) => `  ${line}`),
    ...(forecast.bad.some((one) => one.miss !== null)
      ? text('+ by the time it has all traffic', 4).map(paint.dim)
      : []),
    '',
    ...text(missTitle(forecast), 2).map(paint.strong),
    ...missTable(forecast, width).map((line) => `    ${line}`),
    ...[...helpWords(forecast), NEVER].flatMap((sentence) => text(sentence, 4)),
    '',
    ...text(basisWords(forecast)).map(paint.dim),
    '',
  ];
}

function trafficLines(
  { usual, basis }: ForecastShown,
  text: (sentence: string, margin?: number) => string[],
  paint: Paint,
): string[] {
  const numbers = `${rate(usual.rate)} req/s   errors ${share(usual.errorShare)}   p50 ${latency(basis.p50Ms)}   p99 ${latency(basis.p99Ms)}`;
  const spread =
    basis.quietRate === null || basis.busyRate === null
      ? ''
      : `, mostly ${rate(basis.quietRate)} to ${rate(basis.busyRate)} req/s`;
  const from =
    basis.knownSeconds === null
      ? 'Traffic as given'
      : `Traffic of the last ${formatDuration(1000 * basis.knownSeconds)}${spread}`;
  return [
    ...text(`${from}, taken as steady:`),
    ...text(numbers, 4),
    ...(basis.assumed.length > 0
      ? text(`Assumed: ${basis.assumed.map((one) => one.replace(/\.$/, '')).join('; ')}.`, 4).map(paint.dim)
      : []),
  ];
}

/** `5% at once, 25% after 30s, 100% after 1m30s.` */
function scheduleText({ good }: Forecast): string {
  const parts = good.weights.map(({ weight, seconds }) => {
    const when = seconds === 0 ? 'at once' : `after ${formatDuration(1000 * seconds)}`;
    return `${weightOf(weight)} ${when}`;
  });
  return parts.length === 0 ? 'It gets no traffic.' : `Gets ${parts.join(', ')}.`;
}

const COLUMNS: readonly Column[] = [
  { title: '', align: 'left', gap: 1 },
  { title: 'A BAD VERSION', align: 'left', least: 20 },
  { title: 'FOUND', align: 'left' },
  { title: 'AFTER', align: 'right' },
  { title: 'BAD REQUESTS', align: 'right' },
];

/** What is hardly found, with the time of comparing that would find it. */
function missTable(forecast: Forecast, width: number): string[] {
  const columns: Column[] = [
    { title: '', align: 'left', least: 20 },
    { title: '', align: 'left', least: 10 },
  ];
  const rows = missLines(forecast).map(({ name, needed }): Cell[] => [{ text: name }, { text: needed }]);
  return rows.length === 0 ? [] : table(columns, rows, width - 2);
}

const MOSTLY = 0.9;

function badLines(bad: readonly BadVersion[], width: number, paint: Paint): string[] {
  const rows = bad.map((one): Cell[] => {
    const { found, regression, medianSeconds, medianBad, medianBadUnfound, miss } = one;
    const often = found.runs === 0 ? 0 : found.of / found.runs;
    const [glyph, tone] =
      often >= MOSTLY
        ? (['✓', paint.good] as const)
        : miss === null
          ? (['▲', paint.warn] as const)
          : (['✕', paint.bad] as const);
    const amount = miss === null ? countText(medianBad, '') : countText(medianBadUnfound, '+');
    return [
      { text: glyph, paint: tone },
      { text: regression.name },
      { text: oftenWords(found), paint: tone },
      { text: miss !== null || medianSeconds === null ? NONE : formatDuration(1000 * medianSeconds) },
      { text: amount },
    ];
  });
  return table(COLUMNS, rows, width);
}

function countText(value: number | null, after: string): string {
  return value === null ? NONE : `${count(value)}${after}`;
}
