// The table of a replay: a release that passes and one that fails, at two widths, and how long ones become short.
import { describe, expect, it } from 'vitest';
import { PARAMS, tickWith } from '../../core/ticks/fixture.ts';
import { Replay } from '../../core/ticks/replay.ts';
import type { Tick, TicksHeader } from '../../core/ticks/tick.ts';
import { widthOf } from '../output/text.ts';
import { Moments } from '../watch/moments.ts';
import { replayScreen } from './replay.ts';

/** Local, so that the golden files are the same in every zone. */
const START = new Date(2026, 10, 20, 14, 2, 11).getTime() / 1000;
const HEADER: TicksHeader = { release: 12, salt: '', params: PARAMS, parameters: null, ticks: null, missing: 0 };

/** 100 requests a second at 5 %, then 25 %, then 50 %; `isBad` by the percent that the candidate fails. */
function ticks(seconds: number, badPercent: number): Tick[] {
  return Array.from({ length: seconds }, (_, i) => {
    const epoch = 1 + Math.min(2, Math.floor((3 * i) / seconds));
    const weight = [5, 25, 50][epoch - 1] ?? 50;
    const stable = [100 - weight, i % 7 === 0 ? 1 : 0] as const;
    const failures = Math.floor(((i + 1) * weight * badPercent) / 100) - Math.floor((i * weight * badPercent) / 100);
    return tickWith({ tick: START + i, epoch, weight, stable, candidate: [weight, failures] });
  });
}

function screenOf(all: readonly Tick[], width: number, everyMs: number | null = null, notes: readonly string[] = []) {
  const replay = new Replay(HEADER.params);
  const moments = new Moments(everyMs);
  let last = null;
  for (const tick of all) {
    last = replay.take(tick);
    moments.take(last);
  }
  const replayed = { header: HEADER, ...moments.shown(), last, verdict: replay.verdict(), notes };
  return replayScreen(replayed, { width, color: false });
}

describe('the screen of a replay', () => {
  it.each([60, 80])('of a release that passes, at %i columns', async (width) => {
    const notes = ['Replayed with other rules: a.', 'The release itself was judged with: b.'];
    const lines = screenOf(ticks(300, 0), width, null, notes);
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`golden/replay-passes-${width}.txt`);
  });

  it.each([60, 80])('of a release that fails, at %i columns', async (width) => {
    const lines = screenOf(ticks(60, 20), width);
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`golden/replay-fails-${width}.txt`);
  });

  it('says so when there was no traffic', () => {
    expect(screenOf([], 80)).toEqual(['', '  api v42 against v41, release 12: no traffic', '']);
  });

  it.each([30, 600, 20_000])('stays short however long the release took: %i s', (seconds) => {
    expect(screenOf(ticks(seconds, 0), 80).length).toBeLessThanOrEqual(55);
  });

  it('stays short when the word changes again and again, and says how often it did', () => {
    const flapping = Array.from({ length: 400 }, (_, i) =>
      tickWith({ tick: START + i, epoch: i, weight: 5 + (i % 2), stable: [90, 0], candidate: [10, 0] }),
    );
    const lines = screenOf(flapping, 80);
    expect(lines.length).toBeLessThanOrEqual(55);
    expect(lines.join('\n')).toContain('… 380 more changes: --json tells all');
  });

  it('keeps the order of two weights in one second', () => {
    const change = (tick: number, epoch: number, weight: number) =>
      tickWith({ tick: START + tick, epoch, weight, stable: [90, 0], candidate: [10, 0] });
    const all = [...ticks(9, 0), change(8, 8, 5), change(8, 9, 50), change(9, 9, 50)];
    const weights = screenOf(all, 80).flatMap((line) => /^ +\d+s +(\d+%)/.exec(line)?.[1] ?? []);
    expect(weights.slice(-3)).toEqual(['5%', '50%', '50%']);
  });

  it('has a line as often as is asked for', () => {
    const times = screenOf(ticks(100, 0), 80, 10_000).flatMap(
      (line) => /^ {2,7}(\d+m?\d*s) +\d+%/.exec(line)?.[1] ?? [],
    );
    for (const second of ['10s', '20s', '30s', '1m10s', '1m30s']) expect(times).toContain(second);
    expect(times).not.toContain('11s');
  });
});
