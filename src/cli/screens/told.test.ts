// The other screens: the plan of up, lines of a release, logs, history, findings, errors.
import { describe, expect, it } from 'vitest';
import { MINUTE, NOON, neverReady, promoted, ramping, rolledBack } from '../../../test/cli/views.ts';
import type { ChangeView, EventView, LogLineView, ReleaseView, VersionView } from '../../api/views.ts';
import { Failure } from '../../core/failure.ts';
import { bad, off, ok, warn } from '../doctor/check.ts';
import { widthOf } from '../output/text.ts';
import { doctorScreen, totals } from './doctor.ts';
import { historyScreen } from './history.ts';
import { changeLine, changesBetween, evidenceLines, heartbeatLine } from './lines.ts';
import { Fold, logLines } from './log.ts';
import { countsOf, outcomeLine, planScreen } from './plan.ts';
import { errorBody, errorLines, inLine, wrongOf } from './problem.ts';

const text = (lines: readonly string[]) => `${lines.join('\n')}\n`;
const widest = (lines: readonly string[]) => Math.max(...lines.map(widthOf));

function change(service: string, action: ChangeView['action'], words: string): ChangeView {
  return { service, action, text: words, version: null, release: null };
}

describe('the plan', () => {
  const changes = [
    change('api', 'change', 'c1856f3 → 7f5669d   release: 5, 25, 50, 100%'),
    change('worker', 'add', 'new, 1 replica'),
    change('web', 'same', 'no change'),
    change('old', 'orphan', 'is not in the file, runs on (--remove-orphans stops it)'),
    change('gone', 'remove', 'is not in the file any more, stops'),
    change('a-name-that-is-far-too-long-for-this', 'scale', '2 → 3 replicas'),
  ];

  it.each([60, 80])('at %i columns', async (width) => {
    const outcomes = [
      { service: 'worker', kind: 'done', text: 'v1 healthy', ms: 2100 },
      { service: 'api', kind: 'waiting', text: 'v42 starting', ms: 3800 },
      { service: 'gone', kind: 'failed', text: 'v3 is not healthy', ms: 61_000 },
    ] as const;
    const names = outcomes.map((one) => one.service);
    const listen = { from: ['127.0.0.1:8080'], to: ['127.0.0.1:8080', '0.0.0.0:80'] };
    const lines = [
      ...planScreen({ isDryRun: false, changes, listen }, 'compose.yaml', { width, color: false }),
      ...outcomes.map((one) => outcomeLine(one, names, { width, color: false })),
    ];
    expect(widest(lines)).toBeLessThanOrEqual(width);
    await expect(text(lines)).toMatchFileSnapshot(`golden/plan-${width}.txt`);
  });

  it('counts what changes, removals first', () => {
    const same = [change('web', 'same', 'no change')];
    const listen = { from: ['127.0.0.1:8080'], to: [] };
    expect(countsOf({ isDryRun: true, changes, listen: null })).toBe('1 removal, 2 changes and 1 addition');
    expect(countsOf({ isDryRun: true, changes: same, listen: null })).toBe('nothing to do');
    expect(countsOf({ isDryRun: true, changes: same, listen })).toBe('1 change');
  });
});

describe('a release in lines', () => {
  const all = [ramping({ state: 'starting', weight: 0, weights: [], step: -1 }), ramping(), rolledBack()];

  it('tells each change once, with the evidence at the end', async () => {
    const lines = all.flatMap((view, index) => {
      const before = all[index - 1] ?? null;
      return changesBetween(before, view, NOON + 5 * MINUTE).map((one) => changeLine(view, one));
    });
    const last = rolledBack();
    await expect(text([...lines, ...evidenceLines(last)])).toMatchFileSnapshot('golden/release-lines.txt');
  });

  it('tells nothing twice', () => {
    expect(changesBetween(ramping(), ramping(), NOON)).toEqual([]);
    expect(changesBetween(rolledBack(), rolledBack(), NOON)).toEqual([]);
  });

  it('tells weights that came and went between two looks', () => {
    const before = ramping({ weights: ramping().weights.slice(0, 1), weight: 1, step: 0 });
    expect(changesBetween(before, ramping(), NOON).map((one) => one.weight)).toEqual([5, 25]);
  });

  it('tells how a promotion and a failed start ended', () => {
    const ends = [promoted(), neverReady()].map((view) =>
      changesBetween(ramping({ weights: view.weights }), view, NOON).at(-1),
    );
    expect(ends.map((one) => [one?.state, one?.at])).toEqual([
      ['promoted', NOON + 9 * MINUTE],
      ['failed', NOON + 30_000],
    ]);
  });

  it('says in a quiet minute that it goes on', () => {
    expect(heartbeatLine(ramping(), NOON)).toBe(
      '12:00:00 api v42 25%         errors 0.24% vs 0.21%, p95 86ms vs 84ms; 50% in about 4 min',
    );
  });
});

describe('logs', () => {
  const line = (seconds: number, words: string, over: Partial<LogLineView> = {}): LogLineView => ({
    at: NOON + seconds * 1000,
    service: 'api',
    version: 42,
    instance: 'api-v42-2',
    level: 'error',
    text: words,
    ...over,
  });
  const options = { color: false, now: NOON + MINUTE, pattern: null, width: 80 };

  it('say when and who, and continue long lines under the text', () => {
    const long = "POST /checkout TypeError: Cannot read properties of undefined (reading 'currency') trace 4bf92f35";
    expect(logLines(line(1, long), options)).toEqual([
      '12:00:01 api@v42 #2 ERROR POST /checkout TypeError: Cannot read properties of',
      "                          undefined (reading 'currency') trace 4bf92f35",
    ]);
    expect(logLines(line(1, `    at ${'x'.repeat(80)}`), options).every((one) => widthOf(one) <= 80)).toBe(true);
  });

  it('keep one line in one line where there is no terminal, without escape codes', () => {
    const evil = `\u001b[31m${'x'.repeat(200)}\u001b[0m\u0007`;
    expect(logLines(line(1, evil), { ...options, width: null })).toEqual([
      `12:00:01 api@v42 #2 ERROR ${'x'.repeat(200)}`,
    ]);
  });

  it('give the date of another day', () => {
    expect(logLines(line(-86_400, 'x'), options)[0]).toBe('2026-11-19 12:00:00 api@v42 #2 ERROR x');
  });

  it('mark what was searched, in either case', () => {
    const [shown] = logLines(line(1, 'Currency and currency', { level: null }), {
      ...options,
      color: true,
      pattern: 'currency',
    });
    expect(shown?.split('\u001b[1m\u001b[4m').length).toBe(3);
  });

  it('fold repeats, whatever their numbers, and tell how many there were', () => {
    const fold = new Fold(options);
    const lines = [1, 2, 3, 4].flatMap((second) => fold.push(line(second, `GET /item/${second} failed`)));
    expect([...lines, ...fold.push(line(5, 'other')), ...fold.flush()]).toEqual([
      '12:00:01 api@v42 #2 ERROR GET /item/1 failed',
      '         ⋮ 3 more like this, 12:00:02 to 12:00:04',
      '12:00:05 api@v42 #2 ERROR other',
    ]);
  });

  it('show a single repeat as it is', () => {
    const fold = new Fold(options);
    const lines = [1, 2].flatMap((second) => fold.push(line(second, 'same')));
    expect([...lines, ...fold.flush(), ...fold.flush()]).toEqual([
      '12:00:01 api@v42 #2 ERROR same',
      '12:00:02 api@v42 #2 ERROR same',
    ]);
  });
});

describe('the history', () => {
  const version = (number: number, state: VersionView['state'], over: Partial<VersionView> = {}): VersionView => ({
    version: number,
    label: `c0ffee${number}`,
    digest: 'x',
    createdAt: NOON - number * 3_600_000,
    by: 'ana',
    reason: '',
    state,
    ...over,
  });
  const event = (seq: number, sentence: string, over: Partial<EventView> = {}): EventView => ({
    seq,
    at: NOON - (100 - seq) * MINUTE,
    type: 'release_state',
    service: 'api',
    version: 42,
    release: 7,
    by: 'friday',
    sentence,
    data: {},
    ...over,
  });
  const events = [
    event(9, 'Errors on v42: 3.38% against 0.21% on v41; odds more than 1000:1, limit 100:1, which is long.'),
    event(8, 'Errors on v42: 3.38% against 0.21% on v41; odds more than 1000:1, limit 100:1, which is long.'),
    event(7, 'v42 of api gets 25% of traffic.'),
    event(6, 'Something changed.', { by: 'bob', service: null }),
    event(5, 'ana released v42 of api (c0ffee42).', { by: 'ana', at: NOON - 26 * 3_600_000 }),
  ];

  it.each([60, 80])('at %i columns', async (width) => {
    const versions = [version(1, 'candidate', { reason: 'prices in euro' }), version(2, 'stable'), version(30, 'old')];
    const lines = historyScreen(versions, events, { width, color: false, now: NOON });
    expect(widest(lines)).toBeLessThanOrEqual(width);
    await expect(text(lines)).toMatchFileSnapshot(`golden/history-${width}.txt`);
  });

  it('calls a version that was compared with itself by that, not taken back', () => {
    const own = {
      version: 9,
      state: 'rolled_back',
      isOver: true,
      reason: 'A/A',
      comparison: {},
    } as Partial<ReleaseView>;
    const lines = historyScreen([version(9, 'rolled_back')], [], { width: 80, color: false, now: NOON }, [
      ramping(own),
    ]);
    expect(text(lines)).toMatch(/v9 .* compared /);
    expect(text(lines)).not.toContain('✕');
  });

  it('says when there is none', () => {
    expect(historyScreen(null, [], { width: 80, color: false, now: NOON })).toEqual([
      '',
      '  Nothing has happened yet.',
      '',
    ]);
  });
});

describe('the findings of the doctor', () => {
  it('each have their remedy, and are counted', async () => {
    const findings = [
      ok('friday 0.1.0, node 24.0.0'),
      bad('port 80 is taken by nginx (pid 812)', 'stop it, or set x-friday.listen to another port'),
      warn(
        'api has no readiness check, so it counts as ready when its port opens',
        'add one: services.api.x-friday.ready: /health',
      ),
      off('the control plane is not running', 'friday up starts it'),
    ];
    await expect(text(doctorScreen(findings, { width: 60, color: false }))).toMatchFileSnapshot('golden/doctor-60.txt');
    expect(totals([ok('x')])).toBe('No problems.');
  });
});

describe('errors', () => {
  it.each([
    [
      'hint',
      new Failure('unavailable', 'No control plane answers at /run/friday/shop.sock.', { hint: 'Start it: friday up' }),
    ],
    [
      'command',
      new Failure('conflict', 'web has only ever run v17, so there is nothing to go back to.', {
        hint: 'friday history web',
      }),
    ],
    [
      'evidence',
      new Failure('invalid', 'The preparation of api failed: npm ci ended with exit status 1.', {
        evidence: ['npm error code E404', '\u001b[31mnpm error 404\u001b[0m'],
      }),
    ],
    [
      'position',
      new Failure('invalid', 'Something is wrong.', {
        position: { file: 'compose.yaml', line: 3, column: 5, source: 'x' },
      }),
    ],
    ['bug', new TypeError('x is not a function')],
  ])('with a %s', async (name, error) => {
    await expect(text(errorLines(wrongOf(error, false), false))).toMatchFileSnapshot(`golden/error-${name}.txt`);
  });

  it('start in lower case, but leave names alone', () => {
    expect(inLine('No release of api is under way.')).toBe('no release of api is under way');
    expect(inLine('GET http://127.0.0.1/up answered 503.')).toBe('GET http://127.0.0.1/up answered 503');
    expect(inLine('A stream broke.')).toBe('a stream broke');
    expect(inLine('FRIDAY_TOKEN_FILE cannot be read: ENOENT.')).toBe('FRIDAY_TOKEN_FILE cannot be read: ENOENT');
  });

  it('are one object for programs', () => {
    const position = { file: 'compose.yaml', line: 3, column: 5, source: 'x' };
    const wrong = wrongOf(new Failure('invalid', 'No.', { position, hint: 'yes', evidence: ['last'] }), false);
    expect(errorBody(wrong)).toEqual({
      error: {
        code: 'invalid',
        message: 'No.',
        file: 'compose.yaml',
        line: 3,
        column: 5,
        hint: 'yes',
        evidence: ['last'],
      },
    });
  });
});
