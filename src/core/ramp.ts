// The ramp of `plan: auto`: how much traffic the candidate may get next, so that a fault costs no more than its budget. Pure.
import type { Verdict } from './judge/receipt.ts';
import { formatDuration } from './time.ts';

export type RampRule = {
  /** Extra failed requests that may happen between the moment the evidence suffices and the moment the routing follows. */
  readonly budget: number;
  /** Seconds between these moments. */
  readonly reactionSeconds: number;
  /** A weight holds at least so long after the balancer confirmed it: faults that come with load show only then. */
  readonly dwellMs: number;
  /** One step multiplies the weight by at most so much. */
  readonly factor: number;
  /** Highest weight before promotion, in percent. */
  readonly maxWeight: number;
  readonly minBakeMs: number;
  readonly maxBakeMs: number;
  /** What happens at the end of the longest bake to a calm candidate without every certificate. */
  readonly atEnd: 'hold' | 'promote';
};

export const DEFAULT_RAMP: RampRule = {
  budget: 10,
  reactionSeconds: 3,
  dwellMs: 15_000,
  factor: 3,
  maxWeight: 50,
  minBakeMs: 120_000,
  maxBakeMs: 1_800_000,
  atEnd: 'hold',
};

export type RampSeen = {
  /** The candidate's share now, in percent; 0 before the first step. */
  readonly weight: number;
  /** How long the balancer has routed this weight, and any weight above 0, ms; null until it confirmed that. */
  readonly atWeightMs: number | null;
  readonly bakedMs: number;
  /** Requests per second of the whole service, smoothed. */
  readonly rate: number;
  /** Null before the candidate was judged for the first time. */
  readonly verdict: Pick<Verdict, 'kind' | 'isCalm' | 'harmBound' | 'isWeightJudged'> | null;
};

export type RampMove =
  | { readonly type: 'rise'; readonly weight: number; readonly sentence: string }
  | { readonly type: 'promote'; readonly sentence: string }
  /** `person`: only a person can go on. The others end by themselves. */
  | {
      readonly type: 'hold';
      readonly until: 'dwell' | 'calm' | 'traffic' | 'evidence' | 'person';
      readonly sentence: string;
    }
  | { readonly type: 'rollback' };

const UNJUDGED = 'Nothing was judged at this weight yet.';
const LOWEST = 1;
const HIGHEST_START = 5;
/** With little traffic a small share says nothing for hours, and few people meet it. */
const HIGHEST_START_WHEN_QUIET = 20;
const QUIET_RATE = 20;
/** A step that is smaller than this factor is not worth the evidence that a change of weight drops. */
const LEAST_FACTOR = 1.3;

/** What to do now. The weight never falls here, and rises only while the candidate is calm; a rollback is the judge's alone. */
export function nextMove(seen: RampSeen, rule: RampRule = DEFAULT_RAMP): RampMove {
  const { weight, verdict, bakedMs } = seen;
  if (verdict?.kind === 'fail') return { type: 'rollback' };
  if (weight === 0) return rise(firstWeight(seen.rate, rule));
  if (verdict !== null && !verdict.isCalm) return hold('calm', 'A suspicion is not settled, so the weight holds.');
  const isHighest = weight >= rule.maxWeight;
  if (verdict?.kind === 'pass' && isHighest && bakedMs >= rule.minBakeMs) {
    return { type: 'promote', sentence: 'It is not worse in any metric.' };
  }
  if (bakedMs >= rule.maxBakeMs) return atEnd(rule, verdict);
  if (seen.atWeightMs === null || seen.atWeightMs < rule.dwellMs) {
    return hold('dwell', `Each weight holds for at least ${formatDuration(rule.dwellMs)}.`);
  }
  if (isHighest) return hold('evidence', 'Not every metric is safe yet.');
  if (verdict?.isWeightJudged === false) return hold('traffic', UNJUDGED);
  const to = affordableWeight(seen, rule);
  if (to >= weight * LEAST_FACTOR || to >= rule.maxWeight) return rise(to);
  const bound = percentText(100 * (verdict?.harmBound ?? 1));
  return hold(
    'evidence',
    `Up to ${bound} more failures are still possible, so more traffic would risk more than ${rule.budget} requests.`,
  );
}

/** Silence is no reason to promote: where nothing was judged at this weight, nothing could have spoken against it. */
function atEnd(rule: RampRule, verdict: RampSeen['verdict']): RampMove {
  if (rule.atEnd === 'promote' && verdict?.isWeightJudged === false) return hold('traffic', UNJUDGED);
  const sentence = `After ${formatDuration(rule.maxBakeMs)} nothing speaks against it, but not every metric is safe.`;
  return rule.atEnd === 'promote' ? { type: 'promote', sentence } : hold('person', sentence);
}

/** The first weight, 1 to 20 %: even if every request fails, the budget covers the reaction time, except at the lowest weight. */
export function firstWeight(rate: number, rule: RampRule = DEFAULT_RAMP): number {
  const highest = rate < QUIET_RATE ? HIGHEST_START_WHEN_QUIET : HIGHEST_START;
  const affordable = rate > 0 ? (100 * rule.budget) / (rate * rule.reactionSeconds) : highest;
  return roundDown(Math.min(rule.maxWeight, highest, Math.max(LOWEST, affordable)));
}

/** The highest weight that may come after this one, in percent; 100 = promotion. */
export function followingWeight(weight: number, rule: RampRule): number {
  if (weight === 0) return firstWeight(0, rule);
  return weight >= rule.maxWeight ? 100 : roundDown(Math.min(rule.maxWeight, rule.factor * weight));
}

/** The most that the budget affords if the truth sits at the harm bound, at most `factor` times the weight now. */
function affordableWeight({ weight, rate, verdict }: RampSeen, rule: RampRule): number {
  const perWeight = (rate * rule.reactionSeconds * (verdict?.harmBound ?? 1)) / 100;
  const affordable = perWeight > 0 ? rule.budget / perWeight : rule.maxWeight;
  return roundDown(Math.min(rule.maxWeight, rule.factor * weight, affordable));
}

/** Weights that people can read: tenths below 10 %, whole percents from there on. */
function roundDown(weight: number): number {
  return weight < 10 ? Math.floor(weight * 10 + 1e-9) / 10 : Math.floor(weight + 1e-9);
}

function rise(weight: number): RampMove {
  return { type: 'rise', weight, sentence: `It gets ${percentText(weight)} of traffic.` };
}

function hold(until: 'dwell' | 'calm' | 'traffic' | 'evidence' | 'person', sentence: string): RampMove {
  return { type: 'hold', until, sentence };
}

function percentText(percent: number): string {
  return `${Number(percent.toFixed(2))}%`;
}

const RATE_HALF_LIFE_SECONDS = 15;

/** The smoothed rate after `seconds` more with so many requests, per second; old seconds count half after 15 s. */
export function smoothRate(before: number | null, requests: number, seconds: number): number {
  if (!(seconds > 0)) return before ?? 0;
  const now = requests / seconds;
  return before === null ? now : now + (before - now) * 2 ** (-seconds / RATE_HALF_LIFE_SECONDS);
}
