// How long requests took, every one of the last minutes: the old version above the line, the new one below.
import type { ReleaseView } from '../../../src/api/views.ts';
import { countText, latencyText } from '../format.ts';
import { useWidth } from '../parts/width.ts';
import { type Counts, edgeMs, quantileMs } from './interval.ts';
import { latencies, shown } from './model.ts';

const FIVE_MINUTES = 300_000;
const HEIGHT = 214;
const MIDDLE = 106;
const HALF = 70;
const QUANTILES = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
] as const;

export function Latency({ view }: { view: ReleaseView }) {
  const [box, width] = useWidth<HTMLDivElement>();
  const { stable, candidate } = latencies(shown.value, FIVE_MINUTES);
  const isEmpty = stable.total + candidate.total === 0;
  return (
    <section class="panel" aria-labelledby="latency-title">
      <h2 id="latency-title">
        Latency, every request {view.isOver ? 'of the last 5 min of it' : 'in the last 5 min'} <small>log scale</small>
      </h2>
      <div ref={box}>
        {isEmpty && <p class="empty">No request to show yet.</p>}
        {!isEmpty && width > 0 && <Mirror view={view} stable={stable} candidate={candidate} width={width} />}
      </div>
      {!isEmpty && <Quantities view={view} stable={stable} candidate={candidate} />}
    </section>
  );
}

function Mirror({
  view,
  stable,
  candidate,
  width,
}: {
  view: ReleaseView;
  stable: Counts;
  candidate: Counts;
  width: number;
}) {
  const [low, high] = rangeOf(stable, candidate);
  const x = (bucket: number) => 4 + ((bucket - low) / (high - low)) * (width - 8);
  const xOf = (ms: number) => x(Math.log(ms / edgeMs(0)) / (2 * Math.log(1.01)));
  const [above, below] = [densityOf(stable, low, high), densityOf(candidate, low, high)];
  // Each arm fills its half: shapes are compared, not how many requests there were.
  const area = (density: readonly number[], sign: number) => {
    const most = Math.max(...density, 1e-9);
    const points = density.map(
      (value, i) => `${x(low + i).toFixed(1)},${(MIDDLE - (sign * value * HALF) / most).toFixed(1)}`,
    );
    return `M${x(low).toFixed(1)},${MIDDLE}L${points.join('L')}L${x(high).toFixed(1)},${MIDDLE}Z`;
  };
  const values = QUANTILES.map(([name, share]) => {
    return { name, stable: quantileMs(stable, share), candidate: quantileMs(candidate, share) };
  });
  const spoken = values
    .map((one) => `${one.name} ${latencyText(one.stable)} and ${latencyText(one.candidate)}`)
    .join(', ');
  const summary = `Latency histograms, v${view.from} above the line, v${view.version} below: ${spoken}.`;
  return (
    <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={summary}>
      <path d={area(above, 1)} class="area-stable" />
      <path d={area(below, -1)} class="area-candidate" />
      <Quantiles values={values} x={xOf} width={width} />
      <text x={4} y={46} class="strong v-s">
        v{view.from}
      </text>
      <text x={4} y={172} class="strong v-c">
        v{view.version}
      </text>
      {apart(ticksOf(low, high).map((ms) => markAt(latencyText(ms), xOf(ms), width))).map(({ text, x, anchor }) => (
        <text key={text} class="m" x={x} y={HEIGHT - 2} text-anchor={anchor}>
          {text}
        </text>
      ))}
      <title>{`${countText(stable.total)} requests to v${view.from}, ${countText(candidate.total)} to v${view.version}`}</title>
    </svg>
  );
}

type Mark = {
  readonly text: string;
  readonly x: number;
  readonly anchor: 'start' | 'middle' | 'end';
  readonly left: number;
};

/** So wide is a letter of an axis, in pixels, and so far words stay apart. */
const [LETTER, ROOM] = [6, 8];
const EDGE = 30;

function markAt(text: string, x: number, width: number): Mark {
  const anchor = x < EDGE ? 'start' : x > width - EDGE ? 'end' : 'middle';
  const part = anchor === 'start' ? 0 : anchor === 'end' ? 1 : 0.5;
  return { text, x, anchor, left: x - part * text.length * LETTER };
}

/** Without those that would touch the one before. */
function apart(marks: readonly Mark[]): readonly Mark[] {
  let free = Number.NEGATIVE_INFINITY;
  return marks.filter(({ text, left }) => {
    if (left < free) return false;
    free = left + text.length * LETTER + ROOM;
    return true;
  });
}

/** The picture in numbers. */
function Quantities({ view, stable, candidate }: { view: ReleaseView; stable: Counts; candidate: Counts }) {
  const arms = [
    { version: view.from, counts: stable, look: 'v-s' },
    { version: view.version, counts: candidate, look: 'v-c' },
  ].filter((arm) => arm.version !== null);
  return (
    <table class="quantities">
      <caption class="sr">Latency by version</caption>
      <thead>
        <tr>
          <th scope="col">Version</th>
          {QUANTILES.map(([name]) => (
            <th key={name} scope="col" class="r">
              {name}
            </th>
          ))}
          <th scope="col" class="r">
            Requests
          </th>
        </tr>
      </thead>
      <tbody>
        {arms.map(({ version, counts, look }) => (
          <tr key={version}>
            <th scope="row" class={look}>
              v{version}
            </th>
            {QUANTILES.map(([name, share]) => (
              <td key={name} class="n r">
                {latencyText(quantileMs(counts, share))}
              </td>
            ))}
            <td class="n r">{countText(counts.total)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type Value = { readonly name: string; readonly stable: number | null; readonly candidate: number | null };

/** Labels side by side, pushed apart where the quantiles are close. */
function Quantiles({ values, x, width }: { values: readonly Value[]; x: (ms: number) => number; width: number }) {
  const place = (arm: 'stable' | 'candidate', wide: number) => {
    let free = 0;
    const lefts = values.map((one) => {
      const ms = one[arm];
      const left = ms === null ? free : Math.max(free, x(ms) + 4);
      free = left + wide;
      return left;
    });
    // What does not fit at the right edge pushes its neighbours to the left.
    let limit = width;
    return lefts
      .toReversed()
      .map((left) => {
        limit = Math.min(left, limit - wide);
        return limit;
      })
      .toReversed();
  };
  const above = place('stable', 76);
  const below = place('candidate', 56);
  return (
    <>
      {values.map((one, i) => (
        <g key={one.name}>
          {one.stable !== null && (
            <>
              <line
                x1={x(one.stable)}
                x2={x(one.stable)}
                y1={28}
                y2={MIDDLE}
                class="stroke-mute"
                stroke-dasharray="2 3"
              />
              <text class="m" x={above[i]} y={22}>
                {one.name} {latencyText(one.stable)}
              </text>
            </>
          )}
          {one.candidate !== null && (
            <>
              <line
                x1={x(one.candidate)}
                x2={x(one.candidate)}
                y1={MIDDLE}
                y2={182}
                class="stroke-cand"
                stroke-dasharray="2 3"
              />
              <text class="m" x={below[i]} y={194}>
                {latencyText(one.candidate)}
              </text>
            </>
          )}
        </g>
      ))}
    </>
  );
}

/** Merged buckets that hold 99.95 % of both, with some room, and at least a factor of 6. */
function rangeOf(stable: Counts, candidate: Counts): [number, number] {
  const found = [stable, candidate].filter((one) => one.total > 0);
  const bucket = (ms: number | null) => Math.log((ms ?? 1) / edgeMs(0)) / (2 * Math.log(1.01));
  let low = Math.min(...found.map((one) => bucket(quantileMs(one, 0.001)))) - 12;
  let high = Math.max(...found.map((one) => bucket(quantileMs(one, 0.9995)))) + 12;
  if (high - low < 90) [low, high] = [(low + high) / 2 - 45, (low + high) / 2 + 45];
  return [Math.floor(low), Math.ceil(high)];
}

/** The share of requests in each bucket, smoothed over neighbours (a triangle), the same for both arms. */
function densityOf({ total, buckets }: Counts, low: number, high: number): number[] {
  // Few requests are drawn as hills, not as teeth.
  const half = Math.max(4, Math.round((high - low) / (total < 100 ? 16 : total < 1000 ? 24 : 40)));
  return Array.from({ length: high - low + 1 }, (_, i) => {
    let sum = 0;
    for (let j = -half; j <= half; j += 1) sum += (buckets[low + i + j] ?? 0) * (1 - Math.abs(j) / (half + 1));
    return total === 0 ? 0 : sum / total;
  });
}

function ticksOf(low: number, high: number): number[] {
  const [from, to] = [edgeMs(low), edgeMs(high)];
  const all = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000];
  const inside = all.filter((ms) => ms >= from && ms <= to);
  const every = Math.ceil(inside.length / 6);
  return inside.filter((_, i) => i % every === 0);
}
