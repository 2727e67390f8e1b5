// The river as coordinates: how wide each arm is at each column, where failed requests are, what the plan would be. Pure.
import type { ReleaseView } from '../../../src/api/views.ts';
import type { Moment } from './model.ts';

export type Column = {
  /** Beginning, ms since 1970. */
  readonly at: number;
  readonly x: number;
  /** Top and bottom of stable, then of the candidate, in pixels. */
  readonly top: number;
  readonly cut1: number;
  readonly cut2: number;
  readonly bottom: number;
  /** Measured, requests per second, smoothed. */
  readonly stable: number;
  readonly candidate: number;
};

export type Dot = { readonly x: number; readonly y: number; readonly isCandidate: boolean; readonly at: number };

export type River = {
  readonly columns: readonly Column[];
  readonly dots: readonly Dot[];
  /** Failed requests that one dot stands for, the same in both arms. */
  readonly perDot: number;
  readonly from: number;
  readonly to: number;
  /** Pixels per request and second. */
  readonly scale: number;
};

export type Box = { readonly width: number; readonly height: number };

const TOP = 40;
const BOTTOM = 26;
const GAP = 12;
/** An arm with any traffic is never thinner, so that it can be seen. */
const THINNEST = 2.5;
const MOST_DOTS = 160;
/** Half the width of the smoothing, in milliseconds. */
const SMOOTH_MS = 2500;
const PIXELS = 4;

type Sums = {
  /** Some moment lies in it. */
  isKnown: boolean;
  stable: number;
  candidate: number;
  stableBad: number;
  candidateBad: number;
  epoch: number;
  weight: number;
  seconds: number;
};

/** Moments ascend. `from` to `to` is what is drawn over the width. */
export function riverOf(moments: readonly Moment[], from: number, to: number, { width, height }: Box): River {
  const count = Math.max(2, Math.min(Math.floor(width / PIXELS), Math.ceil((to - from) / 1000)));
  const stepMs = (to - from) / count;
  const sums = sumsOf(moments, from, stepMs, count);
  const rates = smoothed(sums, Math.max(1, Math.round(SMOOTH_MS / stepMs)));
  const most = Math.max(0.001, ...rates.map((one) => one.stable + one.candidate));
  const room = height - TOP - BOTTOM - GAP;
  const scale = room / most;
  const middle = TOP + (height - TOP - BOTTOM) / 2;
  const x = (i: number) => (i / (count - 1)) * width;
  const all = rates.map((one, i) => columnOf(one, { at: from + i * stepMs, x: x(i), middle, scale }));
  // Before the first moment nothing is known, which is not the same as no traffic.
  const columns = all.slice(
    Math.max(
      0,
      sums.findIndex((one) => one.isKnown),
    ),
  );
  return { columns, ...dotsOf(sums, all), from, to, scale };
}

type Rate = { readonly stable: number; readonly candidate: number };

function columnOf(
  { stable, candidate }: Rate,
  { at, x, middle, scale }: { at: number; x: number; middle: number; scale: number },
): Column {
  const upper = stable * scale;
  const lower = candidate > 0 ? Math.max(THINNEST, candidate * scale) : 0;
  // The gap opens with the first requests of the candidate, and closes where nothing is left of an arm.
  const share = candidate / Math.max(0.001, stable + candidate);
  const gap = GAP * Math.min(1, share * 24) * Math.min(1, (1 - share) * 24);
  const top = middle - (upper + gap + lower) / 2;
  return {
    at,
    x,
    top,
    cut1: top + upper,
    cut2: top + upper + gap,
    bottom: top + upper + gap + lower,
    stable,
    candidate,
  };
}

function sumsOf(moments: readonly Moment[], from: number, stepMs: number, count: number): Sums[] {
  const sums = Array.from(
    { length: count },
    (): Sums => ({
      isKnown: false,
      stable: 0,
      candidate: 0,
      stableBad: 0,
      candidateBad: 0,
      epoch: 0,
      weight: 0,
      seconds: stepMs / 1000,
    }),
  );
  for (const moment of moments) {
    const first = (moment.at - from) / stepMs;
    const last = (moment.at + moment.seconds * 1000 - from) / stepMs;
    // A long moment is spread evenly over its columns.
    for (let i = Math.max(0, Math.floor(first)); i < Math.min(count, last); i += 1) {
      const sum = sums[i];
      if (!sum) continue;
      const part = (Math.min(i + 1, last) - Math.max(i, first)) / (last - first);
      sum.stable += part * (moment.stable?.requests ?? 0);
      sum.candidate += part * (moment.candidate?.requests ?? 0);
      sum.stableBad += part * (moment.stable?.failures ?? 0);
      sum.candidateBad += part * (moment.candidate?.failures ?? 0);
      sum.isKnown = true;
      sum.epoch = moment.epoch;
      sum.weight = moment.weight;
    }
  }
  // What is known may begin within its column.
  const begin = sums.find((one) => one.isKnown);
  if (begin && moments[0]) begin.seconds *= 1 - Math.max(0, ((moments[0].at - from) / stepMs) % 1);
  return sums;
}

/** Means over neighbours, never across a change of the weight: where the candidate loses its traffic the arm snaps shut. */
function smoothed(sums: readonly Sums[], half: number): Rate[] {
  const parts = partsOf(sums);
  return sums.map((sum, i) => {
    let [stable, candidate, seconds] = [0, 0, 0];
    for (let j = Math.max(0, i - half); j <= Math.min(sums.length - 1, i + half); j += 1) {
      const other = sums[j];
      if (!other || parts[j] !== parts[i]) continue;
      stable += other.stable;
      candidate += other.candidate;
      seconds += other.seconds;
    }
    return seconds === 0
      ? { stable: sum.stable, candidate: sum.candidate }
      : { stable: stable / seconds, candidate: candidate / seconds };
  });
}

/** Columns by number of part: a new one begins with what is known, with every weight, and where the candidate has no traffic (any more). */
function partsOf(sums: readonly Sums[]): number[] {
  let part = 0;
  let last: { readonly epoch: number; readonly has: boolean } | null = null;
  return sums.map((sum) => {
    if (!sum.isKnown && last === null) return -1;
    if (sum.stable + sum.candidate === 0) return part;
    const has = sum.candidate > 0 || (last?.has === true && sum.weight > 0 && sum.epoch === last.epoch);
    if (last !== null && (last.epoch !== sum.epoch || last.has !== has)) part += 1;
    last = { epoch: sum.epoch, has };
    return part;
  });
}

/** Every so-manyth failed request of each arm, at the same rate in both: the density of dots is the share of errors. */
function dotsOf(sums: readonly Sums[], columns: readonly Column[]): Pick<River, 'dots' | 'perDot'> {
  const bad = sums.reduce((all, one) => all + one.stableBad + one.candidateBad, 0);
  const perDot = Math.max(1, Math.ceil(bad / MOST_DOTS));
  const dots: Dot[] = [];
  for (const isCandidate of [false, true]) {
    let carried = perDot / 2;
    sums.forEach((sum, i) => {
      carried += isCandidate ? sum.candidateBad : sum.stableBad;
      while (carried >= perDot && columns[i]) {
        carried -= perDot;
        const seed = i * 2 + (isCandidate ? 1 : 0) + dots.length * 7;
        dots.push(dotAt(columns, i, isCandidate, { aside: noise(seed + 0.5) - 0.5, along: noise(seed) }));
      }
    });
  }
  return { dots, perDot };
}

/** Somewhere in the arm, within the time of its column: where many fail at once they are still seen one by one. */
function dotAt(
  columns: readonly Column[],
  i: number,
  isCandidate: boolean,
  { aside, along }: { aside: number; along: number },
): Dot {
  const column = columns[i] as Column;
  const other = columns[aside < 0 ? i - 1 : i + 1] ?? column;
  const far = Math.abs(aside);
  // The edges of an arm are soft between two columns.
  const soft = far * far * (3 - 2 * far);
  const mixed = (of: (one: Column) => number) => of(column) + (of(other) - of(column)) * soft;
  const low = mixed((one) => (isCandidate ? one.cut2 : one.top));
  const high = mixed((one) => (isCandidate ? one.bottom : one.cut1));
  const inset = Math.min(4, (high - low) / 3);
  const y = low + inset + along * Math.max(0, high - low - 2 * inset);
  return { x: column.x + (other.x - column.x) * far, y, isCandidate, at: column.at };
}

/** 0 to 1, the same for the same number: dots stay where they are. */
function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898 + 4.1414) * 43_758.5453;
  return value - Math.floor(value);
}

type Edge = 'top' | 'cut1' | 'cut2' | 'bottom';

/** An SVG path around a band, its edges soft. */
export function bandPath(columns: readonly Column[], upper: Edge, lower: Edge): string {
  if (columns.length < 2) return '';
  return `M${edgePath(columns, upper)}L${edgePath(columns.toReversed(), lower)}Z`;
}

/** Level at every column and soft between them: no value is ever exceeded. */
function edgePath(columns: readonly Column[], edge: Edge): string {
  return columns
    .map((column, i) => {
      const y = column[edge].toFixed(1);
      const before = columns[i - 1];
      if (!before) return `${column.x.toFixed(1)},${y}`;
      const middle = ((before.x + column.x) / 2).toFixed(1);
      return `C${middle},${before[edge].toFixed(1)} ${middle},${y} ${column.x.toFixed(1)},${y}`;
    })
    .join('');
}

/** The candidate's arm in pieces, only where it has traffic: each leaves stable's edge and comes back to it. */
export function candidatePieces(columns: readonly Column[]): Column[][] {
  const pieces: Column[][] = [];
  let piece: Column[] = [];
  columns.forEach((column, i) => {
    const before = columns[i - 1];
    if (column.candidate > 0) {
      if (piece.length === 0 && before) piece.push({ ...before, cut2: before.cut1, bottom: before.cut1 });
      piece.push(column);
    } else if (piece.length > 0) {
      pieces.push([...piece, { ...column, cut2: column.cut1, bottom: column.cut1 }]);
      piece = [];
    }
  });
  return piece.length > 0 ? [...pieces, piece] : pieces;
}

/** What still is to come, as weights with the time at the earliest; null = not known. The last one is 100. */
export function planOf(view: ReleaseView): readonly { readonly weight: number; readonly inMs: number | null }[] {
  if (view.isOver || view.state === 'rolling_back' || view.comparison !== undefined) return [];
  if (view.plan === 'none') return [];
  if (view.plan === 'auto') {
    const next =
      view.nextWeight !== null && view.nextWeight < 100 ? [{ weight: view.nextWeight, inMs: view.nextInMs }] : [];
    return [...next, { weight: 100, inMs: null }];
  }
  const ahead = view.steps.slice(view.step + 1).map((step) => ({ weight: step.weight, bakeMs: step.bakeMs }));
  let at: number | null = view.nextInMs;
  const steps = ahead.map(({ weight, bakeMs }) => {
    const inMs = at;
    at = at === null ? null : at + bakeMs;
    return { weight, inMs };
  });
  return steps.at(-1)?.weight === 100 ? steps : [...steps, { weight: 100, inMs: at }];
}
