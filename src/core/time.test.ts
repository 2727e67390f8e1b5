// Tests of durations in both directions.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatDuration, parseDuration } from './time.ts';

it.each([
  ['0', 0],
  ['1m30s', 90_000],
  ['250ms', 250],
  ['1.5h', 5_400_000],
  ['2d', 172_800_000],
  [' 20s ', 20_000],
  ['1500us', 2],
])('reads %s', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each(['', 's', '5', '5 s', '-5s', '5x', '1m 30s', '1e3s', '5S', '.5s'])('does not read %j', (text) => {
  expect(parseDuration(text)).toBeNull();
});

it.each([
  [0, '0s'],
  [300, '0.3s'],
  [9000, '9s'],
  [9949, '9.9s'],
  [9950, '10s'],
  [59_499, '59s'],
  [59_500, '1m00s'],
  [252_000, '4m12s'],
  [7_500_000, '2h05m'],
  [273_600_000, '3d4h'],
  [-5, '0s'],
])('says %i ms as people do', (ms, words) => {
  expect(formatDuration(ms)).toBe(words);
});

it('says every duration in words that it reads again as nearly the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e10 }), (ms) => {
      const again = parseDuration(formatDuration(ms)) ?? Number.NaN;
      const coarse = ms < 3_600_000 ? 500 : ms < 86_400_000 ? 60_000 : 3_600_000;
      expect(Math.abs(again - ms)).toBeLessThanOrEqual(coarse);
    }),
  );
});
