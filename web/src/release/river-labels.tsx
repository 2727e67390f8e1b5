// The words in the arms of the river: whose it is, its share, its requests.
import type { ReleaseView } from '../../../src/api/views.ts';
import { rateText, weightText } from '../format.ts';
import { HEIGHT } from './ahead.tsx';
import { placesOf } from './labels.ts';
import { cursor } from './model.ts';
import type { Column, River as Shape } from './shape.ts';

/** Above the arms are the weights, below them is the time. */
const ROOM = { top: 42, bottom: HEIGHT - 7 };

/** The shares as they were measured lately, in the arms, where there is room; beside them where there is not. */
export function Labels({
  view,
  shape,
  nowX,
  isNarrow,
}: {
  view: ReleaseView;
  shape: Shape;
  nowX: number;
  isNarrow: boolean;
}) {
  if (view.isOver && cursor.value === null) return null;
  const column = shape.columns.findLast((one) => one.x <= nowX + 0.5);
  if (!column || nowX < 190) return null;
  const total = column.stable + column.candidate;
  if (total === 0) return null;
  const share = measuredShare(view, column);
  const asked =
    Math.abs(share - view.weight) > 1.5 && cursor.value === null ? ` (asked ${weightText(view.weight)})` : '';
  const stableText = `v${view.from ?? ''} stable · ${rateText(column.stable)} req/s`;
  const candidateText = `v${view.version} ${isNarrow ? '' : 'candidate '}· ${rateText(column.candidate)} req/s${isNarrow ? '' : asked}`;
  // The words end before the line of now, whatever they say.
  const x = nowX - 66 - Math.max(stableText.length, candidateText.length) * 6.5;
  const under = shape.columns.filter((one) => one.x >= x - 8 && one.x <= nowX + 0.5);
  const places = placesOf(under, ROOM);
  return (
    <>
      {places.stable !== null && <ArmLabel x={x} y={places.stable} share={100 - share} text={stableText} />}
      {places.candidate !== null && <ArmLabel x={x} y={places.candidate} share={share} text={candidateText} />}
    </>
  );
}

/** Of the last 15 s at this weight, as the proxy counted; while replaying, of the column. */
function measuredShare(view: ReleaseView, column: Column): number {
  if (cursor.value === null && view.measuredWeight !== null) return view.measuredWeight;
  return (100 * column.candidate) / (column.stable + column.candidate);
}

function ArmLabel({ x, y, share, text }: { x: number; y: number; share: number; text: string }) {
  return (
    <g transform={`translate(${x.toFixed(0)},${y.toFixed(0)})`} class="arm-label">
      <text>
        <tspan class="share">{weightText(share)}</tspan>
        <tspan class="m on-arm" dx="8">
          {text}
        </tspan>
      </text>
    </g>
  );
}
