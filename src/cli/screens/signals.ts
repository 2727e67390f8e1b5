// What is compared between the two versions, and how sure the judge is that the new one is worse.
import type { ArmView, ReleaseView } from '../../api/views.ts';
import { count, latency, NONE, share } from '../output/numbers.ts';
import type { Paint } from '../output/paint.ts';
import { padEnd, padStart } from '../output/text.ts';

const LABEL = 13;
const NUMBER = 9;

/** The table: requests and errors since the release began, latencies of the last seconds. The gauge is of errors and latency together. */
export function signalRows(view: ReleaseView, paint: Paint, width: number): string[] {
  const { stable, candidate } = view;
  const pair = (label: string, of: (arm: ArmView) => string) =>
    padEnd(label, LABEL) + padStart(stable ? of(stable) : NONE, NUMBER) + padStart(of(candidate), NUMBER);
  const head =
    padEnd('', LABEL) +
    padStart(stable ? paint.stable(`v${stable.version}`) : '', NUMBER) +
    padStart(paint.candidate(`v${candidate.version}`), NUMBER);
  const gauge = gaugeOf(view, paint, width - LABEL - 2 * NUMBER - 3);
  const rows = [
    gauge === '' ? head : `${head}   ${paint.dim(`odds that v${candidate.version} is worse`)}`,
    pair('requests', (arm) => count(arm.requests)),
    `${pair('errors', (arm) => share(arm.errorShare))}${gauge === '' ? '' : `   ${gauge}`}`,
  ];
  const timed = [stable, candidate].some((arm) => arm?.traffic?.latencyP95Ms != null);
  if (timed) {
    rows.push(pair('latency p50', (arm) => latency(arm.traffic?.latencyP50Ms ?? null)));
    rows.push(pair('latency p95', (arm) => latency(arm.traffic?.latencyP95Ms ?? null)));
  }
  return rows;
}

/** The first number of `13:1` or `more than 1000:1`; null when the text is something else. */
function oddsOf(text: string | null): number | null {
  const match = /([\d.]+):1$/.exec(text ?? '');
  return match ? Number(match[1]) : null;
}

/** A bar that is full where the release is rolled back; logarithmic, so that each cell is the same amount of evidence. */
function gaugeOf(view: ReleaseView, paint: Paint, width: number): string {
  if (view.odds === null || view.limit === null) return '';
  const [odds, limit] = [oddsOf(view.odds), oddsOf(view.limit)];
  const isBad = view.state === 'rolled_back' || view.state === 'rolling_back';
  const shown = view.odds.replace(/^more than /, '>').replace(/^less than /, '<');
  const words = isBad ? `${shown}, limit ${view.limit}` : `${shown} of ${view.limit}`;
  if (odds === null || limit === null || limit <= 1) return words;
  const bar = Math.max(4, Math.min(20, width - words.length - 4));
  const filled = Math.max(0, Math.min(bar, Math.round((bar * Math.log(Math.max(1, odds))) / Math.log(limit))));
  const tone = odds >= limit ? paint.bad : filled > bar / 2 ? paint.warn : paint.good;
  return `▕${tone('█'.repeat(filled))}${paint.dim('░'.repeat(bar - filled))}▏ ${words}`;
}
