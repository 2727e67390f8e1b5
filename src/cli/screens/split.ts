// How the traffic is divided right now, as measured at the balancer.
import type { ReleaseView } from '../../api/views.ts';
import { rate, weightOf } from '../output/numbers.ts';
import type { Paint } from '../output/paint.ts';
import { widthOf } from '../output/text.ts';

const BAR = 34;

/** One line: both versions, a bar between them, the measured share; the asked one only when it differs by more than a point. */
export function splitLine(view: ReleaseView, paint: Paint, width: number): string {
  const share = view.measuredWeight ?? view.weight;
  const left = `v${view.version}`;
  const right = `v${view.from ?? ''}`;
  const words = splitWords(view);
  const room = width - widthOf(`${left}  ${right}   ${words}`) - 1;
  const bar = Math.max(8, Math.min(BAR, room));
  const filled = share <= 0 ? 0 : Math.min(bar, Math.max(1, Math.round((bar * share) / 100)));
  const drawn = paint.candidate('█'.repeat(filled)) + paint.stable('░'.repeat(bar - filled));
  return `${paint.candidate(left)} ${drawn} ${paint.stable(right)}   ${words}`;
}

/** `25% of 412 req/s`, `22.4% of 412 req/s (asked 25%)`, `no requests (asked 25%)`. */
export function splitWords(view: ReleaseView): string {
  const asked = `(asked ${weightOf(view.weight)})`;
  const total = rateOf(view);
  if (view.measuredWeight === null) return total ? `not measured yet ${asked}` : `no requests ${asked}`;
  const measured = weightOf(view.measuredWeight);
  const words = total === null ? measured : `${measured} of ${rate(total)} req/s`;
  return Math.abs(view.measuredWeight - view.weight) > 1 ? `${words} ${asked}` : words;
}

/** Requests per second of both versions. */
function rateOf(view: ReleaseView): number | null {
  const rates = [view.stable?.traffic, view.candidate.traffic].flatMap((one) => (one ? [one.requestsPerSecond] : []));
  return rates.length === 0 ? null : rates.reduce((sum, one) => sum + one, 0);
}
