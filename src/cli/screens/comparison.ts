// What an A/A comparison has shown: how far luck moved the odds, and how far apart instances of the same code are.
import type { ComparisonView } from '../../api/plan-views.ts';
import type { ReleaseView } from '../../api/views.ts';
import { FAIL_LN_E } from '../../core/judge/rules.ts';
import { type Cell, table } from '../output/columns.ts';
import { count, latency, NONE, share } from '../output/numbers.ts';
import { paintOf } from '../output/paint.ts';
import { cleaned, wrap } from '../output/text.ts';

const WIDEST = 100;
const SUSPICION_LN_E = Math.log(3);

/** The report at its end; while it lasts, or where nothing was seen, what there is. */
export function comparisonScreen(
  view: ReleaseView,
  options: { readonly width: number; readonly color: boolean },
): string[] {
  const paint = paintOf(options.color);
  const width = Math.min(options.width, WIDEST) - 2;
  const { comparison } = view;
  const text = (sentence: string) => wrap(cleaned(sentence), width).map((line) => `  ${line}`);
  const title = text(`${view.service}  v${view.from} compared with itself, as v${view.version}`).map(paint.strong);
  if (!comparison || comparison.requests.candidate === 0) {
    return ['', ...title, '', ...text('No requests were compared: the first 10 s do not count.'), ''];
  }
  const rows = [errorsRow(comparison), ...quantileRows(comparison)].map((cells) => {
    const odds = comparison.peaks.find((one) => one.metric === cells[0]);
    return [...cells, odds?.odds ?? NONE].map((one): Cell => ({ text: one }));
  });
  const columns = ['', `v${view.from}`, `v${view.version}`, 'APART', 'HIGHEST ODDS'].map((name, index) => ({
    title: name,
    align: index === 0 ? ('left' as const) : ('right' as const),
  }));
  return [
    '',
    ...title,
    '',
    ...table(columns, rows, width).map((line) => `  ${line}`),
    '',
    ...findingWords(view, comparison).flatMap(text),
    '',
  ];
}

function errorsRow({ errors }: ComparisonView): string[] {
  const { stable, candidate } = errors;
  const apart =
    stable === null || candidate === null ? NONE : `${(100 * Math.abs(stable - candidate)).toFixed(2)} points`;
  return ['errors', share(stable), share(candidate), apart];
}

function quantileRows({ quantiles }: ComparisonView): string[][] {
  return quantiles.map(({ quantile, stableMs, candidateMs, percent }) => [
    quantile,
    latency(stableMs),
    latency(candidateMs),
    percent === null ? NONE : `${percent.toFixed(1)}%`,
  ]);
}

/** What to make of it, in sentences. */
export function findingWords(view: ReleaseView, comparison: ComparisonView): readonly string[] {
  const all = comparison.peaks.find((one) => one.metric === 'all');
  const lnE = all?.lnE ?? 0;
  const odds = all?.odds ?? '1:1';
  const { stable, candidate } = comparison.requests;
  return [
    luckWords(view, lnE, odds),
    instanceWords(comparison),
    `Compared: ${count(stable)} and ${count(candidate)} requests.`,
  ];
}

function luckWords(view: ReleaseView, lnE: number, odds: string): string {
  if (lnE >= FAIL_LN_E)
    return `The judge took it back, at ${odds}, though the code is the same: ${view.sentence} Either that was the 1 in 100 of luck, or the instances are not alike.`;
  if (lnE >= SUSPICION_LN_E)
    return `Odds up to ${odds}: a release would have held its weight for a while (from 3:1 on), and would not have been taken back (100:1).`;
  return `Odds up to ${odds}: neither 3:1, where a release holds its weight, nor 100:1, where it is taken back.`;
}

function instanceWords({ quantiles, tolerancePercent, toleranceMs }: ComparisonView): string {
  const known = quantiles.filter((one) => one.percent !== null);
  const worst = known.toSorted((one, other) => (other.percent ?? 0) - (one.percent ?? 0))[0];
  if (!worst) return 'No latency was measured.';
  const beyond = known.filter((one) => !one.isTolerated).map((one) => one.quantile);
  const by = `${(worst.percent ?? 0).toFixed(1)}%`;
  const says = `This machine's instances differ by ${by} at ${worst.quantile}; the tolerance is ${tolerancePercent}%, or ${toleranceMs} ms.`;
  if (beyond.length === 0)
    return (worst.percent ?? 0) > tolerancePercent
      ? `${says} That is within them: it is less than ${toleranceMs} ms.`
      : says;
  return `${says} Beyond it: ${beyond.join(', ')}. A good version that is started here may look slower than it is.`;
}
