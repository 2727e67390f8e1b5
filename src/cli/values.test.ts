// Values of flags and subjects: what is taken, and what is refused before anything is done.
import { describe, expect, it } from 'vitest';
import { Failure } from '../core/failure.ts';
import { parseSubject, parseVersion } from './subject.ts';
import { duration, lines, moment, percent, port, steps } from './values.ts';

describe('steps', () => {
  it.each([
    ['1,5,25', [1, 5, 25]],
    ['5%, 50%', [5, 50]],
    ['1,50,100', [1, 50]],
    ['0.5', [0.5]],
    ['100', []],
  ])('%s', (text, expected) => {
    expect(steps(text)).toEqual(expected);
  });

  it.each(['', '5,1', '0,5', '5,101', 'x', '5,5'])('refuse %j', (text) => {
    expect(() => steps(text)).toThrow('expected rising percents');
  });
});

describe('moments', () => {
  const now = new Date(2026, 10, 20, 12, 0, 0).getTime();
  it.each([
    ['10m', now - 600_000],
    ['2h', now - 7_200_000],
    ['09:30', new Date(2026, 10, 20, 9, 30).getTime()],
    ['14:30', new Date(2026, 10, 19, 14, 30).getTime()],
    ['2026-11-19', new Date(2026, 10, 19).getTime()],
    ['2026-11-19T08:00', new Date(2026, 10, 19, 8).getTime()],
    ['2026-11-19 08:00:30Z', Date.UTC(2026, 10, 19, 8, 0, 30)],
  ])('%s', (text, expected) => {
    expect(moment(text)(now)).toBe(expected);
  });

  it.each(['yesterday', '10', '2026-13-45', '19/11/2026'])('refuse %j', (text) => {
    expect(() => moment(text)).toThrow('expected 10m, 14:30 or 2026-11-20T14:30');
  });
});

describe('other values', () => {
  it('are numbers within their limits', () => {
    expect([duration('1m30s'), percent('50%'), lines('100'), port('0')]).toEqual([90_000, 50, 100, 0]);
    for (const wrong of [
      () => duration('5'),
      () => percent('0'),
      () => lines('0'),
      () => lines('1e3'),
      () => port('70000'),
    ]) {
      expect(wrong).toThrow('expected');
    }
  });
});

describe('subjects', () => {
  it('are a service, or a version of one', () => {
    expect(parseSubject('api')).toEqual({ service: 'api', version: null });
    expect(parseSubject('api@v42')).toEqual({ service: 'api', version: 42 });
    expect(parseSubject('api@42')).toEqual({ service: 'api', version: 42 });
    expect(parseVersion('v7')).toBe(7);
  });

  it.each(['', '@v1', 'api@', 'api@latest', 'a@b@c'])('are not %j', (text) => {
    expect(() => parseSubject(text)).toThrow(Failure);
  });
});
