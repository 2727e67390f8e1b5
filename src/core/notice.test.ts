// Which events are worth a message, and its words.
import { describe, expect, it } from 'vitest';
import type { Event, EventType } from './journal.ts';
import {
  createLoops,
  headOf,
  isFor,
  kindOf,
  NOTICE_KINDS,
  type Notice,
  type NotifyTarget,
  nextStepOf,
  textOf,
} from './notice.ts';

const event = (type: EventType, data: Event['data'] = {}, more: Partial<Event> = {}): Event => ({
  seq: 1,
  at: 0,
  type,
  service: 'api',
  version: 42,
  release: 7,
  by: 'friday',
  sentence: 'Because.',
  data,
  ...more,
});

describe('an event', () => {
  it.each([
    ['release_requested', {}, 'started'],
    ['release_requested', { isDirect: true }, null],
    ['release_state', { phase: 'waiting_for_approval' }, 'approval'],
    ['release_state', { phase: 'paused' }, 'held'],
    ['release_held', {}, 'held'],
    ['release_state', { phase: 'promoted' }, 'promoted'],
    ['release_state', { phase: 'promoted', from: null }, null],
    ['release_requested', { from: null }, null],
    ['release_state', { phase: 'failed', from: null }, 'failed'],
    ['release_state', { phase: 'rolled_back' }, 'rolled_back'],
    ['release_state', { phase: 'rolling_back' }, null],
    ['command', { phase: 'failed' }, 'failed'],
    ['command', { phase: 'ramping' }, null],
    ['release_watch', { watch: null, isTakenBack: true }, 'taken_back'],
    ['release_watch', { watch: null }, null],
    ['release_weight', { phase: 'ramping' }, null],
    ['instance_started', {}, null],
  ] as const)('%s %j is %s', (type, data, kind) => {
    expect(kindOf(event(type, data))).toBe(kind);
  });

  it('without a release is none', () => {
    expect(kindOf(event('release_state', { phase: 'promoted' }, { release: null }))).toBeNull();
  });
});

describe('a crash loop', () => {
  const exit = (at: number, version = 42) => event('instance_exited', {}, { at, version });

  it('is told at the third end within five minutes, then not for half an hour', () => {
    const isLoop = createLoops();
    const told = [0, 1, 2, 3, 4].map((minute) => isLoop(exit(minute * 60_000)));
    expect(told).toEqual([false, false, true, false, false]);
    expect([31, 32, 33].map((minute) => isLoop(exit(minute * 60_000)))).toEqual([false, false, true]);
  });

  it('is none of slow ends, nor of two versions together', () => {
    const isLoop = createLoops();
    expect([0, 6, 12, 18].some((minute) => isLoop(exit(minute * 60_000)))).toBe(false);
    expect([40, 41, 40].some((version, index) => isLoop(exit(index, version)))).toBe(false);
  });
});

describe('a target', () => {
  const target: NotifyTarget = {
    type: 'webhook',
    name: 'x',
    url: 'http://x',
    secret: null,
    events: ['promoted'],
    services: ['api'],
  };
  it('gets what it asked for', () => {
    expect([
      isFor(target, 'promoted', 'api'),
      isFor(target, 'failed', 'api'),
      isFor(target, 'promoted', 'web'),
    ]).toEqual([true, false, false]);
    expect(isFor({ ...target, services: [] }, 'promoted', 'web')).toBe(true);
  });
});

describe('a message', () => {
  const notice: Notice = {
    id: 'shop-9-rolled_back',
    kind: 'rolled_back',
    subject: 'release/7',
    project: 'shop',
    service: 'api',
    version: 42,
    release: 7,
    at: 0,
    by: 'ana',
    sentence: 'Errors 3.38% against 0.21%.',
    lines: ['2400 requests saw it, 81 failed.'],
    url: 'https://friday.example.com/releases/7',
  };
  it('says what, why, the numbers, who, and the next step', () => {
    expect(textOf(notice).split('\n')).toEqual([
      '✕ api v42 was rolled back (shop)',
      'Errors 3.38% against 0.21%.',
      '2400 requests saw it, 81 failed.',
      'By ana.',
      'friday history api',
      'https://friday.example.com/releases/7',
    ]);
  });
  it('has a head for every kind, and a next step where a person is needed', () => {
    for (const kind of NOTICE_KINDS) expect(headOf({ ...notice, kind })).toMatch(/^. api v42 \w/);
    expect(nextStepOf({ ...notice, kind: 'approval' })).toContain('friday promote api');
  });
});
