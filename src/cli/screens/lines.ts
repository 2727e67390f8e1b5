// A release told line by line, one per change, for pipes, CI and logs.
import type { ReleaseView } from '../../api/views.ts';
import { clockOf } from '../output/moments.ts';
import { latency, share, weightOf } from '../output/numbers.ts';
import { type Paint, paintOf } from '../output/paint.ts';
import { cleaned } from '../output/text.ts';
import { blameLines, lastWords } from './blame.ts';
import { isCompared, RELEASE_MARKS } from './states.ts';
import { whatNext } from './steps.ts';

/** Something that changed: a new weight, or a new state. */
export type ReleaseChange = {
  readonly at: number;
  readonly state: ReleaseView['state'];
  readonly weight: number;
  readonly isWeight: boolean;
  readonly text: string;
};

/** What changed between two views, in order; with `before` null all that has happened so far. Every weight is told, also those between two looks. */
export function changesBetween(before: ReleaseView | null, after: ReleaseView, now: number): ReleaseChange[] {
  const changes: ReleaseChange[] = [];
  if (before === null) changes.push(beginning(after));
  const weights = after.weights.slice(before?.weights.length ?? 0).filter(({ weight }) => weight > 0);
  weights.forEach(({ at, weight }, index) => {
    const isLast = index === weights.length - 1;
    const state = weight >= 100 ? 'promoting' : 'ramping';
    changes.push({ at, state, weight, isWeight: true, text: isLast && !after.isOver ? measured(after) : '' });
  });
  const isTold = after.state === 'starting' || (weights.length > 0 && isWeightState(after.state));
  if ((before === null || before.state !== after.state) && !isTold) {
    changes.push(stateChange(after, after.endedAt ?? now));
  }
  return changes;
}

function isWeightState(state: ReleaseView['state']): boolean {
  return state === 'ramping' || state === 'promoting';
}

function beginning(view: ReleaseView): ReleaseChange {
  const beside = view.from === null ? '' : `beside v${view.from}, `;
  const why = view.reason === '' ? '' : `: ${cleaned(view.reason)}`;
  const text = `${beside}by ${cleaned(view.by)}${why}`;
  return { at: view.requestedAt, state: 'starting', weight: 0, isWeight: false, text };
}

function stateChange(view: ReleaseView, at: number): ReleaseChange {
  return { at, state: view.state, weight: view.weight, isWeight: false, text: cleaned(view.sentence) };
}

/** `errors 0.20% vs 0.21%, p95 85ms vs 84ms; 25% in about 2 min`. */
export function measured(view: ReleaseView): string {
  const parts: string[] = [];
  const { stable, candidate } = view;
  if (isCompared(view) && stable && candidate.errorShare !== null) {
    parts.push(`errors ${share(candidate.errorShare)} vs ${share(stable.errorShare)}`);
    const [mine, theirs] = [candidate.traffic?.latencyP95Ms ?? null, stable.traffic?.latencyP95Ms ?? null];
    if (mine !== null && theirs !== null) parts.push(`p95 ${latency(mine)} vs ${latency(theirs)}`);
  }
  const next = view.isOver ? '' : whatNext(view);
  return [parts.join(', '), next].filter((part) => part !== '').join('; ');
}

const WORD = 11;

/** `12:02:50 api v42 5%          errors 0.20% vs 0.21%`. */
export function changeLine(view: ReleaseView, change: ReleaseChange, paint: Paint = paintOf(false)): string {
  const mark = RELEASE_MARKS[change.state];
  const word = change.isWeight ? weightOf(change.weight) : mark.word;
  const padding = ' '.repeat(Math.max(0, WORD - word.length));
  const shown = change.isWeight ? word : paint[mark.tone](word);
  return `${clockOf(change.at)} ${view.service} v${view.version} ${shown}${padding} ${change.text}`.trimEnd();
}

/** The line that says after a quiet minute that all goes on. */
export function heartbeatLine(view: ReleaseView, now: number): string {
  const word = view.weight > 0 ? weightOf(view.weight) : RELEASE_MARKS[view.state].word;
  return `${clockOf(now)} ${view.service} v${view.version} ${word.padEnd(WORD)} ${measured(view)}`.trimEnd();
}

/** Under the last line of a release that was not promoted: what failed, and the last words. */
export function evidenceLines(view: ReleaseView, paint: Paint = paintOf(false)): string[] {
  if (view.state === 'promoted') return [];
  return [...blameLines(view, paint, 200, { most: 5 }), ...lastWords(view, 400)].map((line) => `  ${line}`);
}
