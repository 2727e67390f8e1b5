// The screens of a terminal from what real control planes said: every frame of every recording, at three widths.
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { NAMES, type Name, readRecording } from '../../../test/recordings/format.ts';
import type { ReleaseView } from '../../api/views.ts';
import { count } from '../output/numbers.ts';
import { widthOf } from '../output/text.ts';
import { detailsScreen } from './details.ts';
import { frame } from './frame.ts';
import { statusScreen } from './status.ts';

const WIDTHS = [60, 80, 120];
const SILENCE_MS = 6000;

/** What a person has to read when it is over, with single spaces. */
const READ: Readonly<Record<Name, readonly RegExp[]>> = {
  good: [/✓ promoted/, /v2 has 100%/, /friday rollback maths back to v1/],
  broken: [/✕ rolled back/, /Errors on v2: 100% against 0%; odds more than 1000:1/, /only on v2/, /v1 has 100% again/],
  slow: [/✕ rolled back/, /Requests slower than the p\d\d of v1: 100% on v2/, /v1 has 100% again/],
  waiting: [/▲ waiting for traffic/, /Not enough data: v2 of maths needs \d+ more requests at 25%/],
  lost: [/◉ ramping/, /▲ No news for 6s, showing \d\d:\d\d:\d\d\. Trying again\./],
};

describe.each(NAMES)('the recorded release "%s" on a terminal', (name) => {
  const { about, frames } = readRecording(name);
  const releases = frames.flatMap(({ at, frame: one }) =>
    one.type === 'release' ? [{ view: one.release, now: about.from + at }] : [],
  );
  const statuses = frames.flatMap(({ frame: one }) => (one.type === 'status' ? [one.status] : []));
  const last = releases.at(-1) as { view: ReleaseView; now: number };

  it.each(WIDTHS)('fits into %i columns at every moment', (width) => {
    const screens = [
      ...releases.flatMap(({ view, now }) => [
        frame(view, { width, now, color: true, hasKeys: true }),
        frame(view, { width, now: now + SILENCE_MS, color: false, lostSince: now }),
        detailsScreen(view, { width, now, color: false }),
      ]),
      ...statuses.map((status) => statusScreen(status, { width, color: false })),
    ];
    // Commands to copy are never cut.
    const cuttable = screens.flat().filter((line) => !/^ +friday /.test(stripVTControlCharacters(line)));
    expect(cuttable.filter((line) => widthOf(line) > width)).toEqual([]);
  });

  it.each(WIDTHS)('says what became of it at %i columns, with the requests that were counted', (width) => {
    const { view, now } = last;
    const silence = name === 'lost' ? { now: now + SILENCE_MS, lostSince: now } : { now };
    const text = frame(view, { width, color: false, ...silence })
      .join(' ')
      .replaceAll(/\s+/g, ' ');
    for (const words of READ[name]) expect(text).toMatch(words);
    expect(text).toContain(`requests ${count(view.stable?.requests ?? 0)} ${count(view.candidate.requests)} `);
  });

  it('never names a weight that was not given, nor goes on after its end', () => {
    const given = new Set(last.view.weights.map((one) => one.weight));
    const end = releases.findIndex(({ view }) => view.isOver);
    const asked = releases.map(({ view }) => view.weight).filter((weight) => weight > 0);
    expect(asked.filter((weight) => !given.has(weight))).toEqual([]);
    expect(releases.slice(end < 0 ? releases.length : end).filter(({ view }) => !view.isOver)).toEqual([]);
  });
});
