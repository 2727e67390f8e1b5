// Right of now: what the plan would be, or what came of the release.
import type { ReleaseView } from '../../../src/api/views.ts';
import { aboutText, countText, percent, shortClockText, weightText } from '../format.ts';
import { planOf, type River as Shape } from './shape.ts';

/** Height of the whole picture in pixels. */
export const HEIGHT = 250;

export function Plan({
  view,
  shape,
  x,
  width,
  isNarrow,
}: {
  view: ReleaseView;
  shape: Shape;
  x: number;
  width: number;
  isNarrow: boolean;
}) {
  const plan = planOf(view);
  const last = shape.columns.at(-1);
  const total = last ? last.stable + last.candidate : 0;
  if (!last || total === 0) return null;
  const room = width - (isNarrow ? 18 : 94);
  const weights = [view.weight, ...plan.map((one) => one.weight)];
  const start = x + 12;
  const each = room / weights.length;
  const middle = 40 + (HEIGHT - 66) / 2;
  const high = total * shape.scale;
  const edges = (weight: number) => {
    const gap = weight > 0 && weight < 100 ? 12 : 0;
    const top = middle - (high + gap) / 2;
    const cut = top + high * (1 - weight / 100);
    return { top, cut, cut2: cut + gap, bottom: top + high + gap };
  };
  const bend = Math.min(26, each * 0.4);
  const line = (edge: 'top' | 'cut' | 'cut2' | 'bottom') =>
    weights.flatMap((weight, i) => {
      const y = edges(weight)[edge].toFixed(1);
      const left = start + i * each + (i === 0 ? 0 : bend);
      return [`${left.toFixed(1)},${y}`, `${(start + (i + 1) * each).toFixed(1)},${y}`];
    });
  const area = (upper: 'top' | 'cut2', lower: 'cut' | 'bottom') =>
    `M${line(upper).join('L')}L${line(lower).toReversed().join('L')}Z`;
  const end = plan.at(-1);
  // On a phone the last one stands at the right edge, and those that would touch it are left out.
  const isLeftOut = (i: number) => isNarrow && i < plan.length - 1 && (plan.length - 1 - i) * each < 44 + 30;
  return (
    <g>
      <path d={area('top', 'cut')} class="fill-stable" opacity=".28" />
      <path d={area('cut2', 'bottom')} class="fill-candidate" opacity=".2" />
      {plan.map(({ weight, inMs }, i) => {
        if (isLeftOut(i)) return null;
        const text = `${weightText(weight)}${inMs !== null && !isNarrow && each > 96 ? ` in ${aboutText(inMs).replace('about ', '~')}` : ''}`;
        const left = start + (i + 1) * each + bend;
        return (
          <text
            key={weight}
            class="m"
            x={left}
            y={22}
            text-anchor={isNarrow && i === plan.length - 1 ? 'end' : 'start'}
            dx={isNarrow && i === plan.length - 1 ? each - bend : 0}
          >
            {text}
          </text>
        );
      })}
      {!isNarrow && (
        <>
          <text class="strong small" x={start + room + 8} y={middle}>
            promote
          </text>
          <text class="m" x={start + room + 8} y={middle + 16}>
            {end?.inMs === null || end === undefined ? whenText(view) : `≈ ${shortClockText(Date.now() + end.inMs)}`}
          </text>
        </>
      )}
    </g>
  );
}

function whenText(view: ReleaseView): string {
  if (view.state === 'paused') return 'paused';
  if (view.state === 'waiting_for_approval') return 'with a yes';
  return 'by evidence';
}

/** What came of it, to the right of the end. */
export function Outcome({ view, x, isNarrow }: { view: ReleaseView; x: number; isNarrow: boolean }) {
  const isBack =
    view.state === 'rolled_back' ||
    view.state === 'failed' ||
    view.state === 'rolling_back' ||
    view.receipt?.kind === 'fail';
  const left = x + (isNarrow ? 8 : 14);
  const rows = [
    view.stable && {
      version: view.stable.version,
      share: view.watch ? weightText(view.watch.holdBack) : isBack ? '100%' : '0%',
      arm: view.stable,
      tone: '',
    },
    {
      version: view.version,
      share: view.watch ? weightText(view.watch.weight) : isBack ? '0%' : '100%',
      arm: view.candidate,
      tone: isBack ? 'tone-bad' : 'tone-cand',
    },
  ].filter((row) => row !== null);
  return (
    <>
      {rows.map((row, i) => (
        <g key={row.version} transform={`translate(${left},${104 + i * 60})`}>
          <text class={`outcome ${row.tone}`}>
            v{row.version} · {row.share}
          </text>
          <text class="m" y={18}>
            {isNarrow ? '' : `${countText(row.arm.requests)} requests`}
          </text>
          <text class="m" y={isNarrow ? 18 : 34}>
            {`${percent(row.arm.errorShare)} errors`}
          </text>
        </g>
      ))}
    </>
  );
}
