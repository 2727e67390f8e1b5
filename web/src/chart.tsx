// A chart over time: one line for each version or instance, marks where the weight changed, one cursor for all charts of a page, and a table on demand.
import { useState } from 'preact/hooks';
import { shortClockText } from './format.ts';
import { useWidth } from './parts/width.ts';
import { momentUnder, pointed } from './pointed.ts';

export type Line = {
  readonly label: string;
  readonly color: string;
  readonly values: readonly (number | null)[];
  readonly isDashed?: boolean;
};

export type ChartProps = {
  readonly title: string;
  /** The number of now, as text. */
  readonly now: string;
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly text: (value: number) => string;
  /** Seconds since 1970, with a word. */
  readonly marks: readonly { readonly at: number; readonly text: string }[];
  readonly limit?: number | null;
  readonly note?: string;
};

const HEIGHT = 148;
const LEFT = 56;
const RIGHT = 8;
const TOP = 14;
const BOTTOM = 24;

export function Chart(props: ChartProps) {
  const [box, width] = useWidth<HTMLDivElement>();
  const [isTable, setTable] = useState(false);
  const { title, now, lines, times, text, note } = props;
  return (
    <section class="chart" aria-label={title}>
      <h3>
        {title} <b>{now}</b>
        <button
          type="button"
          class="link"
          aria-label={`${title}: table`}
          aria-pressed={isTable}
          onClick={() => setTable(!isTable)}
        >
          table
        </button>
      </h3>
      <div ref={box} class="chart-box">
        {isTable ? <Numbers {...props} /> : width > 0 && <Plot {...props} width={width} />}
      </div>
      <ul class="legend">
        {lines.map((line) => (
          <li key={line.label}>
            <svg width="16" height="8" aria-hidden="true">
              <line
                x1="0"
                x2="16"
                y1="4"
                y2="4"
                stroke={colorOf(line.color)}
                stroke-width="2.5"
                stroke-dasharray={line.isDashed ? '4 2' : undefined}
              />
            </svg>{' '}
            {line.label}
          </li>
        ))}
        {note && <li class="mute">{note}</li>}
      </ul>
      <p class="sr">{spoken(title, times, lines, text)}</p>
    </section>
  );
}

function colorOf(color: string): string {
  return color.startsWith('--') ? `var(${color})` : color;
}

function spoken(
  title: string,
  times: readonly number[],
  lines: readonly Line[],
  text: (value: number) => string,
): string {
  const parts = lines.map((line) => {
    const known = line.values.filter((value) => value !== null);
    if (known.length === 0) return `${line.label}: nothing known`;
    return `${line.label}: now ${text(known.at(-1) ?? 0)}, at most ${text(Math.max(...known))}`;
  });
  const from = times[0] === undefined ? '' : ` since ${shortClockText(times[0] * 1000)}`;
  return `${title}${from}. ${parts.join('. ')}.`;
}

function Numbers({ title, times, lines, text }: ChartProps) {
  const every = Math.max(1, Math.ceil(times.length / 12));
  const rows = times.map((at, i) => ({ at, i })).filter(({ i }) => (times.length - 1 - i) % every === 0);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`${title} as a table`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {lines.map((line) => (
              <th key={line.label} scope="col">
                {line.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.toReversed().map(({ at, i }) => (
            <tr key={at}>
              <th scope="row">{shortClockText(at * 1000)}</th>
              {lines.map((line) => {
                const value = line.values[i] ?? null;
                return <td key={line.label}>{value === null ? '–' : text(value)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Plot(props: ChartProps & { width: number }) {
  const { title, times, lines, text, marks, limit = null, width } = props;
  const [from, to] = [times[0] ?? 0, times.at(-1) ?? 1];
  const highest = Math.max(0, limit ?? 0, ...lines.flatMap((line) => line.values.map((value) => value ?? 0)));
  const ticks = ticksOf(highest);
  const top = ticks.at(-1) ?? 1;
  const x = (at: number) => LEFT + ((at - from) / Math.max(1, to - from)) * (width - LEFT - RIGHT);
  const y = (value: number) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const point = (event: PointerEvent) => {
    pointed.value = momentUnder(event, { from: from * 1000, to: to * 1000, left: LEFT, right: width - RIGHT });
  };
  return (
    <svg
      width={width}
      height={HEIGHT}
      viewBox={`0 0 ${width} ${HEIGHT}`}
      role="img"
      aria-label={`Chart: ${title}`}
      onPointerMove={point}
      onPointerLeave={() => (pointed.value = null)}
    >
      {ticks.map((value) => (
        <g key={value}>
          <line x1={LEFT} x2={width - RIGHT} y1={y(value)} y2={y(value)} class="stroke-line" />
          <text class="m" x={LEFT - 8} y={y(value) + 4} text-anchor="end">
            {text(value)}
          </text>
        </g>
      ))}
      {hoursOf(from, to, width).map((at) => (
        <text key={at} class="m" x={x(at)} y={HEIGHT - 6} text-anchor="middle">
          {shortClockText(at * 1000)}
        </text>
      ))}
      <Marks marks={marks.filter((one) => one.at >= from && one.at <= to)} x={x} width={width} />
      {limit !== null && (
        <line x1={LEFT} x2={width - RIGHT} y1={y(limit)} y2={y(limit)} class="stroke-bad" stroke-dasharray="4 3" />
      )}
      {lines.map((line) => (
        <g key={line.label}>
          <path
            d={pathOf(line.values, (i) => x(times[i] ?? from), y)}
            fill="none"
            stroke={colorOf(line.color)}
            stroke-width="1.75"
            stroke-linejoin="round"
            stroke-dasharray={line.isDashed ? '5 3' : undefined}
          />
          {aloneIn(line.values).map((i) => (
            <circle
              key={i}
              cx={x(times[i] ?? from)}
              cy={y(line.values[i] ?? 0)}
              r="2.5"
              class="alone"
              fill={colorOf(line.color)}
            />
          ))}
        </g>
      ))}
      <Pointer {...props} x={x} y={y} />
    </svg>
  );
}

/** Indexes of values that have no neighbour: a line through them would not be seen. */
export function aloneIn(values: readonly (number | null)[]): readonly number[] {
  const isKnown = (i: number) => (values[i] ?? null) !== null;
  return values.flatMap((_, i) => (isKnown(i) && !isKnown(i - 1) && !isKnown(i + 1) ? [i] : []));
}

/** A line that ends where nothing is known. */
function pathOf(values: readonly (number | null)[], x: (i: number) => number, y: (value: number) => number): string {
  let isOpen = false;
  return values
    .map((value, i) => {
      if (value === null) {
        isOpen = false;
        return '';
      }
      const place = `${x(i).toFixed(1)},${y(value).toFixed(1)}`;
      const step = isOpen ? `L${place}` : `M${place}`;
      isOpen = true;
      return step;
    })
    .join('');
}

/** Where the weight was changed; words that would touch others or lie under the next line are left out. */
function Marks({ marks, x, width }: { marks: ChartProps['marks']; x: (at: number) => number; width: number }) {
  let free = 0;
  return (
    <>
      {marks.map(({ at, text }, i) => {
        const left = x(at);
        const wide = text.length * 6.4 + 8;
        const next = marks[i + 1];
        const isShown = left >= free && left + wide < (next ? Math.min(width, x(next.at)) : width);
        if (isShown) free = left + wide;
        return (
          <g key={`${at} ${text}`}>
            <line
              x1={left}
              x2={left}
              y1={TOP - 10}
              y2={HEIGHT - BOTTOM}
              class="stroke-mute"
              stroke-dasharray="2 3"
              opacity=".7"
            />
            {isShown && (
              <text class="m" x={left + 4} y={TOP - 3}>
                {text}
              </text>
            )}
          </g>
        );
      })}
    </>
  );
}

type Scales = { readonly x: (at: number) => number; readonly y: (value: number) => number };

/** The cursor of all charts, with the values there. */
function Pointer({ times, lines, text, width, x, y }: ChartProps & Scales & { width: number }) {
  if (pointed.value === null || times.length === 0) return null;
  const at = pointed.value / 1000;
  const step = (times[1] ?? 1) - (times[0] ?? 0) || 1;
  const i = Math.max(0, Math.min(times.length - 1, Math.round((at - (times[0] ?? 0)) / step)));
  const time = times[i] ?? 0;
  const known = lines.flatMap((line) => {
    const value = line.values[i] ?? null;
    return value === null ? [] : [{ line, value }];
  });
  const words = [
    shortClockText(time * 1000),
    ...known.slice(0, 4).map(({ line, value }) => `${line.label} ${text(value)}`),
  ].join('  ');
  const isLeft = x(time) < width / 2;
  return (
    <g class="pointer">
      <line x1={x(time)} x2={x(time)} y1={TOP - 10} y2={HEIGHT - BOTTOM} class="stroke-ink" opacity=".6" />
      {known.map(({ line, value }) => (
        <circle key={line.label} cx={x(time)} cy={y(value)} r="3" fill={colorOf(line.color)} />
      ))}
      <text
        class="told"
        x={isLeft ? width - RIGHT : LEFT + 4}
        y={HEIGHT - BOTTOM - 6}
        text-anchor={isLeft ? 'end' : 'start'}
      >
        {words}
      </text>
    </g>
  );
}

/** Round values from 0 to above the highest, three or four steps. */
export function ticksOf(highest: number): number[] {
  if (!(highest > 0)) return [0, 1];
  const raw = highest / 3;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5, 10].find((one) => one * power >= raw * 0.999) ?? 10) * power;
  const count = Math.ceil((highest / step) * 0.999);
  return Array.from({ length: Math.max(1, count) + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}

/** Whole minutes of the viewer's clock with room between them. */
function hoursOf(from: number, to: number, width: number): number[] {
  const room = (width - LEFT - RIGHT) / 78;
  const every = [60, 120, 300, 600, 900, 1800, 3600].find((one) => (to - from) / one <= room) ?? 7200;
  const first = Math.ceil(from / every) * every;
  const all = Array.from({ length: Math.max(0, Math.floor((to - first) / every) + 1) }, (_, i) => first + i * every);
  return all.filter((at) => at - from > (to - from) * 0.03 && to - at > (to - from) * 0.03);
}
