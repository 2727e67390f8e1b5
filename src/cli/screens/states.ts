// One glyph, one word and one tone per state of a release and of a service, the same on every screen.
import type { ReleaseView, ServiceView } from '../../api/views.ts';
import type { Tone } from '../output/paint.ts';

export type Mark = { readonly glyph: string; readonly word: string; readonly tone: Tone };

export const RELEASE_MARKS: Readonly<Record<ReleaseView['state'], Mark>> = {
  starting: { glyph: '◌', word: 'starting', tone: 'strong' },
  ramping: { glyph: '◉', word: 'ramping', tone: 'strong' },
  waiting_for_traffic: { glyph: '▲', word: 'waiting for traffic', tone: 'warn' },
  waiting_for_approval: { glyph: '▲', word: 'waiting for approval', tone: 'warn' },
  paused: { glyph: '‖', word: 'paused', tone: 'warn' },
  promoting: { glyph: '◉', word: 'promoting', tone: 'good' },
  promoted: { glyph: '✓', word: 'promoted', tone: 'good' },
  rolling_back: { glyph: '✕', word: 'rolling back', tone: 'bad' },
  rolled_back: { glyph: '✕', word: 'rolled back', tone: 'bad' },
  failed: { glyph: '✕', word: 'failed', tone: 'bad' },
};

/** The mark of a release; a version that was compared with itself until its time was over did nothing wrong. */
export function markOf(view: ReleaseView): Mark {
  const { state, comparison, receipt } = view;
  if (isTakenBackLater(view)) return { glyph: '✕', word: 'taken back', tone: 'bad' };
  const isOverInTime = comparison !== undefined && state === 'rolled_back' && receipt?.kind !== 'fail';
  return isOverInTime ? { glyph: '✓', word: 'compared', tone: 'good' } : RELEASE_MARKS[state];
}

/** Promoted, and the judge said `fail` while it was watched: the service went back to the version before. */
export function isTakenBackLater({ state, receipt }: ReleaseView): boolean {
  return state === 'promoted' && receipt?.kind === 'fail';
}

/** What the screen of a release says first. */
export function sentenceOf(view: ReleaseView): string {
  if (!isTakenBackLater(view)) return view.sentence;
  return `v${view.version} of ${view.service} was promoted and taken back later.`;
}

export const SERVICE_MARKS: Readonly<Record<ServiceView['state'], Mark>> = {
  healthy: { glyph: '✓', word: 'healthy', tone: 'good' },
  degraded: { glyph: '▲', word: 'degraded', tone: 'warn' },
  down: { glyph: '✕', word: 'down', tone: 'bad' },
  releasing: { glyph: '◉', word: 'releasing', tone: 'strong' },
  completed: { glyph: '✓', word: 'completed', tone: 'good' },
  stopped: { glyph: '○', word: 'stopped', tone: 'dim' },
};

/** `v41 → v42`; `v42` when nothing is replaced. */
export function versionsOf(view: { readonly version: number; readonly from: number | null }): string {
  return view.from === null ? `v${view.version}` : `v${view.from} → v${view.version}`;
}

/** Going back to a version that people used before, or a first start: nothing is compared. */
export function isCompared(view: ReleaseView): boolean {
  return view.plan !== 'none';
}
