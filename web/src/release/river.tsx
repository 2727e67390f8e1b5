// The picture of a release: measured traffic as a river that forks, failed requests in it, and the plan to the right of now.

import { useState } from 'preact/hooks';
import type { ReleaseView } from '../../../src/api/views.ts';
import { clockText, countText, rateText, weightText } from '../format.ts';
import { useWidth } from '../parts/width.ts';
import { momentUnder, pointed } from '../pointed.ts';
import { HEIGHT, Outcome, Plan } from './ahead.tsx';
import { lookAtDot } from './looked.ts';
import { cursor, moments, shown } from './model.ts';
import { Labels } from './river-labels.tsx';
import { RiverNumbers } from './river-numbers.tsx';
import { bandPath, candidatePieces, type Dot, planOf, riverOf, type River as Shape } from './shape.ts';
import { Particles } from './specks.tsx';

/** What is drawn at least: of a release under way, and of one that is over. */
const SHORTEST_MS = { live: 60_000, over: 20_000 };

export function River({ view }: { view: ReleaseView }) {
  const [box, width] = useWidth<HTMLDivElement>();
  const all = moments.value;
  const isNarrow = width < 560;
  const hasPlan = planOf(view).length > 0 && cursor.value === null;
  const ahead = Math.round(width * (isNarrow ? 0.26 : hasPlan ? 0.27 : 0.19));
  const to = (all.at(-1)?.at ?? view.requestedAt) + (all.at(-1)?.seconds ?? 1) * 1000;
  const from = Math.min(all[0]?.at ?? to, to - SHORTEST_MS[view.isOver ? 'over' : 'live']);
  const past = Math.max(40, width - ahead);
  const shape = riverOf(all, from, to, { width: past, height: HEIGHT });
  const at = cursor.value;
  const nowX = at === null ? past : Math.min(past, ((at + 1000 - from) / (to - from)) * past);
  const [isTable, setTable] = useState(false);
  const [isHot, setHot] = useState(false);
  const onMove = (event: PointerEvent) => {
    pointed.value = momentUnder(event, { from, to, left: 0, right: past });
    setHot(dotUnder(event, shape.dots, nowX) !== null);
  };
  const onLeave = () => {
    pointed.value = null;
    setHot(false);
  };
  const onClick = (event: MouseEvent) => {
    const dot = dotUnder(event, shape.dots, nowX);
    if (dot) lookAtDot(view, dot, (to - from) / shape.columns.length);
  };
  return (
    <section class="panel river" aria-labelledby="river-title">
      <h2 id="river-title">
        Traffic <small>{headline(shape, hasPlan)}</small>
        {all.length > 0 && (
          <button
            type="button"
            class="link table-switch"
            aria-label="Traffic: table"
            aria-pressed={isTable}
            onClick={() => setTable(!isTable)}
          >
            table
          </button>
        )}
      </h2>
      <div ref={box} class="river-box">
        {isTable && <RiverNumbers view={view} moments={shown.value} />}
        {!isTable && width > 0 && (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the rows under "Failed requests" are the way for keys
          <svg
            width={width}
            height={HEIGHT}
            viewBox={`0 0 ${width} ${HEIGHT}`}
            role="img"
            aria-label={spoken(view, shape)}
            class={isHot ? 'hot' : ''}
            onPointerMove={onMove}
            onPointerLeave={onLeave}
            onClick={onClick}
          >
            <Gradients />
            <Bands shape={shape} nowX={nowX} />
            <WeightMarks view={view} shape={shape} past={past} isNarrow={isNarrow} />
            <Dots shape={shape} nowX={nowX} />
            <Particles shape={shape} isOn={at === null && !view.isOver} />
            {all.length === 0 && (
              <text class="m" x={24} y={HEIGHT / 2}>
                {view.isOver
                  ? 'No traffic was compared, or it is not kept any more.'
                  : 'No request has been counted yet.'}
              </text>
            )}
            <NowLine x={nowX} width={width} label={at === null ? (view.isOver ? 'end' : 'now') : clockText(at)} />
            {all.length > 0 && <Labels view={view} shape={shape} nowX={nowX} isNarrow={isNarrow} />}
            {hasPlan ? (
              <Plan view={view} shape={shape} x={past} width={ahead} isNarrow={isNarrow} />
            ) : (
              at === null && <Outcome view={view} x={past} isNarrow={isNarrow} />
            )}
            {all.length > 0 && <Cursor view={view} shape={shape} past={past} />}
          </svg>
        )}
      </div>
    </section>
  );
}

/** A finger and an eye miss by so many pixels. */
const REACH = 12;

function dotUnder(event: MouseEvent, dots: readonly Dot[], nowX: number): Dot | null {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  const far = (dot: Dot) => Math.hypot(dot.x - x, dot.y - y);
  const near = dots.filter((dot) => dot.x <= nowX && far(dot) <= REACH);
  return near.toSorted((one, other) => far(one) - far(other))[0] ?? null;
}

/** The moment that is pointed at, here or elsewhere on the page, with what was measured then. */
function Cursor({ view, shape, past }: { view: ReleaseView; shape: Shape; past: number }) {
  const at = pointed.value;
  if (at === null || at < shape.from || at > shape.to) return null;
  const x = ((at - shape.from) / (shape.to - shape.from)) * past;
  const column = shape.columns.findLast((one) => one.at <= at) ?? shape.columns[0];
  if (!column) return null;
  const arm = (version: number | null, rate: number) => `v${version ?? ''} ${rateText(rate)} req/s`;
  const words = [clockText(at), arm(view.from, column.stable), arm(view.version, column.candidate)].join('  ');
  const isLeft = x < past / 2;
  return (
    <g class="pointer">
      <line x1={x} x2={x} y1={28} y2={HEIGHT - 24} class="stroke-ink" opacity=".6" />
      <text class="told" x={isLeft ? x + 8 : x - 8} y={HEIGHT - 8} text-anchor={isLeft ? 'start' : 'end'}>
        {words}
      </text>
    </g>
  );
}

function headline(shape: Shape, hasPlan: boolean): string {
  const last = shape.columns.at(-1);
  const total = (last?.stable ?? 0) + (last?.candidate ?? 0);
  const parts = [`${rateText(total)} requests/s in total`];
  if (shape.dots.length > 0) {
    parts.push(
      shape.perDot === 1
        ? 'each dot is a failed request, a click shows it'
        : `each dot stands for ${countText(shape.perDot)} failed requests, a click shows some`,
    );
  }
  if (hasPlan) parts.push('to the right of “now” is the plan');
  return parts.join(' · ');
}

function spoken(view: ReleaseView, shape: Shape): string {
  const minutes = Math.max(1, Math.round((shape.to - shape.from) / 60_000));
  const weights = view.weights.map((one) => weightText(one.weight)).join(', then ');
  const over = view.isOver ? ` It ended ${view.state.replaceAll('_', ' ')}.` : '';
  return `Traffic to ${view.service} over ${minutes} min. v${view.version} was given ${weights || 'nothing yet'}.${over}`;
}

function Gradients() {
  return (
    <defs>
      <linearGradient id="stable-fill" x1="0" x2="1">
        <stop offset="0" class="stop-stable" stop-opacity=".3" />
        <stop offset="1" class="stop-stable" />
      </linearGradient>
      <linearGradient id="candidate-fill" x1="0" x2="1">
        <stop offset="0" class="stop-soft" stop-opacity=".75" />
        <stop offset="1" class="stop-candidate" stop-opacity=".8" />
      </linearGradient>
    </defs>
  );
}

function Bands({ shape, nowX }: { shape: Shape; nowX: number }) {
  const columns = shape.columns.filter((one) => one.x <= nowX + 0.5);
  const later = shape.columns.filter((one) => one.x >= nowX - 0.5);
  return (
    <>
      {later.length > 1 && nowX < (shape.columns.at(-1)?.x ?? 0) - 1 && (
        <g opacity=".25">
          <path d={bandPath(later, 'top', 'cut1')} class="fill-stable" />
          {candidatePieces(later).map((piece) => (
            <path key={piece[0]?.at} d={bandPath(piece, 'cut2', 'bottom')} class="fill-candidate" />
          ))}
        </g>
      )}
      <path d={bandPath(columns, 'top', 'cut1')} fill="url(#stable-fill)" />
      {candidatePieces(columns).map((piece) => (
        <path key={piece[0]?.at} d={bandPath(piece, 'cut2', 'bottom')} fill="url(#candidate-fill)" />
      ))}
    </>
  );
}

/** Lines where the weight was changed; labels that would touch are left out, the newest wins. */
function WeightMarks({
  view,
  shape,
  past,
  isNarrow,
}: {
  view: ReleaseView;
  shape: Shape;
  past: number;
  isNarrow: boolean;
}) {
  const x = (at: number) => ((at - shape.from) / (shape.to - shape.from)) * past;
  const marks = view.weights.filter((one) => one.at >= shape.from - 1000 && one.at <= shape.to + 1000);
  let limit = past - (isNarrow ? 8 : 4);
  const labelled = marks.toReversed().flatMap(({ at, weight }) => {
    const isBack = weight === 0;
    const text = isBack ? (isNarrow ? '0%' : 'rolled back → 0%') : weightText(weight);
    const wide = text.length * 6.6 + 12;
    const left = Math.max(0, x(at));
    if (left + wide > limit) return [{ at, left, text: '', isBefore: isBack && limit >= past - 8 }];
    limit = left;
    return [{ at, left, text, isBefore: false }];
  });
  return (
    <>
      {labelled.map(({ at, left, text, isBefore }) => (
        <g key={at}>
          <line x1={left} x2={left} y1={12} y2={HEIGHT - 14} class="stroke-line" />
          {text !== '' && (
            <text class="m" x={left + 6} y={22}>
              {text}
            </text>
          )}
          {isBefore && (
            <text class="m" x={left - 6} y={22} text-anchor="end">
              → 0%
            </text>
          )}
        </g>
      ))}
    </>
  );
}

function Dots({ shape, nowX }: { shape: Shape; nowX: number }) {
  return (
    <g>
      {shape.dots
        .filter((dot) => dot.x <= nowX)
        .map((dot, i) => (
          <circle key={i} cx={dot.x.toFixed(1)} cy={dot.y.toFixed(1)} r={dot.isCandidate ? 3 : 2.3} class="dot" />
        ))}
    </g>
  );
}

function NowLine({ x, width, label }: { x: number; width: number; label: string }) {
  const isRight = x + 70 < width;
  return (
    <>
      <line x1={x} x2={x} y1={10} y2={HEIGHT - 10} class="stroke-ink" stroke-width={1.5} />
      <text x={isRight ? x + 6 : x - 6} y={HEIGHT - 8} text-anchor={isRight ? 'start' : 'end'} class="strong">
        {label}
      </text>
    </>
  );
}

/** The slider of a finished release reaches over these. */
export function timesShown(): { readonly from: number; readonly to: number } | null {
  const all = moments.value;
  const [first, last] = [all[0], all.at(-1)];
  return first && last && last.at > first.at ? { from: first.at, to: last.at } : null;
}

export function lastShown(): number | null {
  return shown.value.at(-1)?.at ?? null;
}
