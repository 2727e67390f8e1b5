// One glyph, one word and one tone per state, the same as in the terminal. Pure.
import type { EventView, ReleaseView, ServiceView } from '../../src/api/views.ts';

export type Tone = 'run' | 'ok' | 'warn' | 'bad' | 'mute';
export type Mark = { readonly glyph: string; readonly word: string; readonly tone: Tone };

const RELEASE: Readonly<Record<ReleaseView['state'], Mark>> = {
  starting: { glyph: '◌', word: 'Starting', tone: 'run' },
  ramping: { glyph: '◔', word: 'Ramping', tone: 'run' },
  waiting_for_traffic: { glyph: '▲', word: 'Waiting for traffic', tone: 'warn' },
  waiting_for_approval: { glyph: '▲', word: 'Waiting for approval', tone: 'warn' },
  paused: { glyph: '‖', word: 'Paused', tone: 'warn' },
  promoting: { glyph: '◕', word: 'Promoting', tone: 'ok' },
  promoted: { glyph: '✓', word: 'Promoted', tone: 'ok' },
  rolling_back: { glyph: '✕', word: 'Rolling back', tone: 'bad' },
  rolled_back: { glyph: '✕', word: 'Rolled back', tone: 'bad' },
  failed: { glyph: '✕', word: 'Failed', tone: 'bad' },
};

/** A version that was compared with itself until its time was over did nothing wrong. */
export function releaseMark(view: ReleaseView): Mark {
  const { state, comparison, receipt } = view;
  if (isTakenBackLater(view)) return { glyph: '✕', word: 'Taken back', tone: 'bad' };
  const isOverInTime = comparison !== undefined && state === 'rolled_back' && receipt?.kind !== 'fail';
  return isOverInTime ? { glyph: '✓', word: 'Compared', tone: 'ok' } : RELEASE[state];
}

/** Promoted, and the judge said `fail` while it was watched. */
export function isTakenBackLater({ state, receipt }: ReleaseView): boolean {
  return state === 'promoted' && receipt?.kind === 'fail';
}

const SERVICE: Readonly<Record<ServiceView['state'], Mark>> = {
  healthy: { glyph: '✓', word: 'healthy', tone: 'ok' },
  degraded: { glyph: '▲', word: 'degraded', tone: 'warn' },
  down: { glyph: '✕', word: 'down', tone: 'bad' },
  releasing: { glyph: '◉', word: 'releasing', tone: 'run' },
  completed: { glyph: '✓', word: 'completed', tone: 'mute' },
  stopped: { glyph: '○', word: 'stopped', tone: 'mute' },
};

export function serviceMark({ state }: Pick<ServiceView, 'state'>): Mark {
  return SERVICE[state];
}

/** What stands before a line of the journal. */
export function eventMark({ type, data, sentence }: EventView): Mark {
  const bad = { glyph: '✕', word: 'bad', tone: 'bad' } as const;
  const good = { glyph: '✓', word: 'good', tone: 'ok' } as const;
  const state = typeof data.state === 'string' ? data.state : typeof data.phase === 'string' ? data.phase : '';
  if (/rolled_back|rolling_back|failed/.test(state) || data.kind === 'fail') return bad;
  if (/promoted/.test(state) || data.kind === 'pass') return good;
  if (/rolled back|rolls back|taken back|failed|gave up/.test(sentence) && type.startsWith('release')) return bad;
  if (type === 'instance_exited') return { glyph: '▲', word: 'ended', tone: 'warn' };
  if (type === 'release_held') return { glyph: '▲', word: 'held', tone: 'warn' };
  if (type === 'release_requested' || type === 'service_added') return { glyph: '+', word: 'new', tone: 'mute' };
  if (type === 'instance_ready') return { glyph: '✓', word: 'ready', tone: 'mute' };
  return { glyph: '▸', word: '', tone: 'mute' };
}
