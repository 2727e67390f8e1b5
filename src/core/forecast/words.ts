// A forecast in words: how often, and what is not found and why. Pure.
import { LATENCY_FLOOR_MS, TOLERANCE_PERCENT } from '../judge/rules.ts';
import { formatDuration } from '../time.ts';
import type { Forecast, Share } from './forecast.ts';
import type { Miss } from './misses.ts';

/** `all`, `nearly all`, `about 9 in 10`, `hardly any`, `none`; `unknown` without runs. */
export function oftenWords({ of, runs }: Pick<Share, 'of' | 'runs'>): string {
  if (runs === 0) return 'unknown';
  if (of === 0) return 'none';
  if (of === runs) return 'all';
  const tenths = Math.round((10 * of) / runs);
  if (tenths === 0) return 'hardly any';
  return tenths === 10 ? 'nearly all' : `about ${tenths} in 10`;
}

/** What the numbers rest on. */
export function basisWords({ good, bad }: Forecast): string {
  const runs = [good.promoted.runs, ...bad.map((one) => one.found.runs)];
  const [least, most] = [Math.min(...runs), Math.max(...runs)];
  const doubt = Math.max(
    ...bad.map(({ found }) => Math.max(found.high - found.of / found.runs, found.of / found.runs - found.low)),
  );
  const off = Math.max(1, Math.round(10 * doubt));
  const amount = least === most ? `${most}` : `${least} to ${most}`;
  return `Each line rests on ${amount} simulated releases; how often may be off by ${off} in 10.`;
}

/** Whether a good version comes through. */
export function goodWords({ good, falseAlarmLimit }: Forecast): readonly string[] {
  const { promoted, undecided, takenBack, medianSeconds, seconds90 } = good;
  const words: string[] = [];
  if (medianSeconds === null) {
    const often = oftenWords(promoted);
    const some = often === 'none' ? 'None is' : `${often[0]?.toUpperCase()}${often.slice(1)} are`;
    words.push(`${some} promoted within 2 hours; the others wait for traffic or a person.`);
  } else {
    const late =
      seconds90 === null ? `${oftenWords(undecided)} after 2 hours still wait` : `9 of 10 within ${time(seconds90)}`;
    words.push(`Half of them are promoted within ${time(medianSeconds)}, ${late}.`);
  }
  const limit = Math.round(1 / falseAlarmLimit);
  words.push(`At most 1 in ${limit} is ever taken back by mistake; here ${takenBack.of} of ${takenBack.runs}.`);
  return words;
}

/** One thing that a plan hardly finds, and how long it would have to compare: `about 28m`. */
export type MissLine = { readonly name: string; readonly needed: string };

/** What this plan hardly finds. */
export function missLines({ bad }: Forecast): readonly MissLine[] {
  return bad.flatMap(({ regression, miss }) =>
    miss === null ? [] : [{ name: regression.name, needed: neededText(miss) }],
  );
}

/** What the plan does now, and what would help. */
export function helpWords({ bad, isAuto }: Forecast): readonly string[] {
  const misses = bad.flatMap((one) => one.miss ?? []);
  const first = misses[0];
  if (first === undefined) return [];
  const at = `${Number(first.weight.toFixed(2))}%`;
  const compares = `This plan compares for ${time(first.comparedSeconds)} at ${at}.`;
  const can = misses.some(({ neededSeconds }) => neededSeconds !== null && neededSeconds <= TOO_LONG_SECONDS);
  const help = can
    ? `${isAuto ? 'A longer bake' : 'A last step with a longer bake'} gives it more time, or friday pause at ${at}: the judge still watches.`
    : 'Only more traffic, or a much longer bake, would help.';
  return [compares, help];
}

/** The heading of what is not found. */
export function missTitle({ bad }: Forecast): string {
  const timed = bad.find(({ miss }) => miss?.reason === 'evidence')?.miss;
  if (!timed) return 'What it cannot find';
  return `What it cannot find, and the time at ${Number(timed.weight.toFixed(2))}% that would find it`;
}

/** What no comparison finds. */
export const NEVER =
  'No plan finds what hits both versions alike (a slow database), what begins later, or a wrong answer with status 200.';

const TOO_LONG_SECONDS = 4 * 3600;

function neededText({ reason, neededSeconds }: Miss): string {
  if (reason === 'unjudged') return 'latency is not judged in this version';
  if (reason === 'tolerated') return `within ${TOLERANCE_PERCENT}% or ${LATENCY_FLOOR_MS} ms, which are tolerated`;
  if (reason === 'clients') return 'each client counts once: more clients';
  return neededSeconds === null ? 'more than a week' : `about ${about(neededSeconds)}`;
}

function time(seconds: number): string {
  return formatDuration(1000 * seconds);
}

/** `50s`, `28m`, `3h`, `2d`: as much as such a number knows. */
function about(seconds: number): string {
  if (seconds < 100) return `${Math.ceil(seconds / 10) * 10}s`;
  if (seconds < 5400) return `${Math.ceil(seconds / 60)}m`;
  return seconds < 129_600 ? `${Math.ceil(seconds / 3600)}h` : `${Math.ceil(seconds / 86_400)}d`;
}
