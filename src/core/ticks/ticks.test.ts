// Ticks as text and back: nothing is lost for the judge, and whatever is not as expected is refused with its line.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { absorb, startJudge, verdictOf } from '../judge/judge.ts';
import { anyTick, header, PARAMS, tickWith } from './fixture.ts';
import { LONGEST_LINE, TicksReader } from './read.ts';
import { Replay } from './replay.ts';
import { cellOf, type Tick, type TicksHeader, tickOf } from './tick.ts';
import { headerLine, tickLines } from './write.ts';

function textOf(ticks: readonly Tick[], head: TicksHeader = header()): string[] {
  return [headerLine(head), ...ticks.flatMap(tickLines(head.params.service))];
}

function read(lines: readonly string[]): { head: TicksHeader | null; ticks: readonly Tick[] } {
  const reader = new TicksReader('api.ticks');
  const ticks = lines.flatMap((line) => reader.line(line));
  return { head: reader.header, ticks: [...ticks, ...reader.end()] };
}

function complaintOf(lines: readonly string[]): string {
  try {
    read(lines);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing';
}

describe('ticks as text', () => {
  it('are the same ticks when they are read back, whatever their order and whichever arms they have', () => {
    fc.assert(
      fc.property(fc.array(anyTick, { maxLength: 12 }), (ticks) => {
        expect(read(textOf(ticks)).ticks).toEqual(ticks);
      }),
      { numRuns: 300 },
    );
  });

  it('tell the judge the same as the cells that they were taken of', () => {
    fc.assert(
      fc.property(fc.array(anyTick, { maxLength: 20 }), (ticks) => {
        const sample = { at: 1, version: 42, arm: 'candidate', method: 'GET', path: '/', status: 500 } as const;
        const cells = ticks.map((tick, i) => ({
          ...cellOf(tick, 'api'),
          seq: i + 7,
          outside: { requests: 3, failures: 1 },
          samples: [{ ...sample, failure: 'status', ms: 1, instance: 'api-v42-1', traceId: '' } as const],
        }));
        const judge = absorb(startJudge(PARAMS), cells);
        const replay = new Replay(PARAMS);
        for (const tick of read(textOf(cells.map(tickOf))).ticks) replay.take(tick);
        expect(replay.judge).toEqual(judge);
        expect(replay.verdict()).toEqual(verdictOf(judge));
      }),
      { numRuns: 100 },
    );
  });

  it('have the parameters of the judge before them, so that its hash comes out the same', () => {
    const params = { ...PARAMS, passRule: 'certified', isSticky: true } as const;
    const { head } = read(textOf([], header({ params, parameters: 'abc', ticks: 0, missing: 3 })));
    expect(head).toEqual(header({ params, parameters: 'abc', ticks: 0, missing: 3 }));
    expect(startJudge(head!.params).hash).toBe(startJudge(params).hash);
  });

  it('have one line for each arm, as docs/reference/ticks.md shows', () => {
    const [, ...lines] = textOf([tickWith({ tick: 9, stable: [10, 1], candidate: [1, 0] })]);
    expect(lines).toEqual([
      '{"tick":9,"service":"api","version":41,"arm":"stable","epoch":1,"weight":5,"requests":10,"failures":{"status":1,"timeout":0,"connection":0,"deadline":0},"firstFailures":0,"latency":[[600,10]]}',
      '{"tick":9,"service":"api","version":42,"arm":"candidate","epoch":1,"weight":5,"requests":1,"failures":{"status":0,"timeout":0,"connection":0,"deadline":0},"firstFailures":0,"latency":[[600,1]]}',
    ]);
  });
});

it('the example of docs/reference/ticks.md can be read', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../../docs/reference/ticks.md'), 'utf8');
  const [, example = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  const { head, ticks } = read(example.split('\n'));
  expect(head?.params).toEqual({ ...PARAMS, passRule: 'requests' });
  expect(ticks).toHaveLength(1);
});

describe('a reader of ticks', () => {
  const good = textOf([tickWith({ tick: 5, stable: [9, 0] }), tickWith({ tick: 6 })]);
  const changed = (line: number, change: (value: Record<string, unknown>) => object) =>
    good.map((text, i) => (i === line - 1 ? JSON.stringify(change(JSON.parse(text))) : text));

  it('passes empty lines over, and joins the arms of a second in either order', () => {
    const [head = '', stable = '', candidate = '', ...rest] = good;
    const { ticks } = read(['', head, '', candidate, '  ', stable, ...rest, '']);
    expect(ticks).toEqual([tickWith({ tick: 5, stable: [9, 0] }), tickWith({ tick: 6 })]);
  });

  it.each([
    [
      'what is no JSON',
      [...good.slice(0, 2), '{"tick":'],
      /^Line 3 of api.ticks: no JSON \(.*expected one JSON object a line\.$/,
    ],
    [
      'another format',
      changed(1, (head) => ({ ...head, format: 'fridaymorning ticks 2' })),
      'Line 1 of api.ticks: "format" is "fridaymorning ticks 2"; expected "fridaymorning ticks 1".',
    ],
    [
      'a file without a header',
      good.slice(1),
      'Line 1 of api.ticks: "format" is missing; expected "fridaymorning ticks 1".',
    ],
    [
      'a field that is missing',
      changed(2, ({ requests: _, ...line }) => line),
      'Line 2 of api.ticks: "requests" is missing; expected a whole number from 0 on.',
    ],
    [
      'a field that is mistyped',
      changed(2, (line) => ({ ...line, wieght: 5 })),
      'Line 2 of api.ticks: "wieght" is not known; did you mean "weight"?.',
    ],
    [
      'a parameter that is mistyped',
      changed(1, (head) => ({ ...head, judge: { ...(head.judge as object), minRequest: 5 } })),
      'Line 1 of api.ticks: "judge.minRequest" is not known; did you mean "minRequests"?.',
    ],
    [
      'a negative count',
      changed(3, (line) => ({ ...line, requests: -1 })),
      'Line 3 of api.ticks: "requests" is -1; expected a whole number from 0 on.',
    ],
    [
      'a count that is not whole',
      changed(3, (line) => ({ ...line, failures: { ...(line.failures as object), status: 0.5 } })),
      'Line 3 of api.ticks: "failures.status" is 0.5; expected a whole number from 0 on.',
    ],
    [
      'a weight beyond all',
      changed(3, (line) => ({ ...line, weight: 101 })),
      'Line 3 of api.ticks: "weight" is 101; expected a number from 0 to 100.',
    ],
    [
      'arms of one second with two weights',
      changed(3, (line) => ({ ...line, weight: 6 })),
      'Line 3 of api.ticks: "weight" is 6; expected 5, as of the other arm in this second.',
    ],
    [
      'another service',
      changed(2, (line) => ({ ...line, service: 'web' })),
      'Line 2 of api.ticks: "service" is "web"; expected "api", as in the first line.',
    ],
    [
      'another version',
      changed(3, (line) => ({ ...line, version: 43 })),
      'Line 3 of api.ticks: "version" is 43; expected 42, the candidate of the first line.',
    ],
    [
      'a bucket that is none',
      changed(2, (line) => ({ ...line, latency: [[1440, 1]] })),
      'Line 2 of api.ticks: "latency[0][0]" is 1440; expected a whole number from 0 to 1439.',
    ],
    [
      'buckets that fall',
      changed(2, (line) => ({
        ...line,
        latency: [
          [7, 1],
          [7, 1],
        ],
      })),
      'Line 2 of api.ticks: "latency[1][0]" is 7; expected a bucket above 7, for buckets rise.',
    ],
    [
      'more latencies than requests',
      changed(2, (line) => ({ ...line, latency: [[7, 10]] })),
      'Line 2 of api.ticks: "latency" is [[7,10]]; expected at most 9 requests in all, as "requests" says.',
    ],
    [
      'seconds that go back',
      [...good, ...good.slice(1)],
      /^Line 6 of api.ticks: tick 5 of epoch 1 comes after tick 6 of epoch 1; expected lines in the order/,
    ],
    [
      'an arm twice',
      [...good.slice(0, 2), ...good.slice(1)],
      /^Line 3 of api.ticks: tick 5 of epoch 1 comes after tick 5 of epoch 1/,
    ],
    ['a list', [...good, '[]'], 'Line 6 of api.ticks: the line is []; expected an object.'],
    ['no line at all', [], 'api.ticks is empty; expected ticks of a release, their header first.'],
    [
      'a file that was cut off',
      [headerLine(header({ ticks: 3 })), ...good.slice(1)],
      'api.ticks has 2 ticks, but its first line says 3: it was cut off.',
    ],
    [
      'a line without end',
      [...good, 'x'.repeat(LONGEST_LINE + 1)],
      'Line 6 of api.ticks: more than 1000000 characters; expected at most so many.',
    ],
  ] as const)('refuses %s, and says where and what it expected', (_, lines, message) => {
    if (typeof message === 'string') expect(complaintOf(lines)).toBe(message);
    else expect(complaintOf(lines)).toMatch(message);
  });

  it('refuses any line with a field of another kind', () => {
    const strange = fc.constantFrom<unknown>(null, 'x', -1, true, {}, [[1, 1, 1]]);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5 }), fc.nat(), strange, (line, at, value) => {
        const lines = changed(line, (object) => {
          const keys = Object.keys(object);
          return { ...object, [keys[at % keys.length] ?? '']: value };
        });
        expect(complaintOf(lines)).toMatch(new RegExp(`^Line ${line} of api.ticks: `));
      }),
    );
  });
});

describe('a replay', () => {
  it('tells each moment at which the word, the weight or what is known of a metric changed', () => {
    const replay = new Replay({ ...PARAMS, minRequests: 20 });
    const ticks = Array.from({ length: 40 }, (_, i) =>
      tickWith({ tick: 100 + i, epoch: i < 20 ? 1 : 2, weight: i < 20 ? 10 : 50, stable: [90, 0], candidate: [10, 0] }),
    );
    const moments = ticks.map((tick) => replay.take(tick));
    const changes = moments.filter((one) => one.isChange);
    expect(changes.map((one) => [one.seconds, one.weight, one.verdict.kind])).toEqual([
      [0, 10, 'inconclusive'],
      [1, 10, 'pass'],
      [20, 50, 'inconclusive'],
      [21, 50, 'pass'],
    ]);
  });

  it('takes a candidate back that fails, and keeps the receipt of that moment', () => {
    const replay = new Replay(PARAMS);
    const bad = (tick: number) => replay.take(tickWith({ tick, weight: 50, stable: [50, 0], candidate: [50, 25] }));
    const failed = bad(1).verdict;
    expect(failed.kind).toBe('fail');
    expect(bad(2).verdict.receipt).toEqual(failed.receipt);
  });
});
