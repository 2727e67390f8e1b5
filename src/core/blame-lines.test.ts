// Which log line belongs to a failed request.
import { describe, expect, it } from 'vitest';
import { sampleKey } from './blame.ts';
import { linesFor, shortOf, type WrittenLine } from './blame-lines.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const sample = {
  at: 10_400,
  version: 42,
  arm: 'candidate',
  method: 'GET',
  path: '/',
  status: 500,
  failure: 'status',
  ms: 30,
  instance: 'api-v42-1',
  traceId: TRACE,
} as const;

function line(text: string, level: WrittenLine['level'] = null, over: Partial<WrittenLine> = {}): WrittenLine {
  return { at: 10_000, instance: 'api-v42-1', level, text, ...over };
}

const found = (...written: readonly WrittenLine[]) => linesFor([sample], written)[sampleKey(sample)];

describe('the line of a failed request', () => {
  it('is the error that names its trace, before everything else', () => {
    const all = [
      line('Error: of another request', 'error'),
      line(`GET / 500 ${TRACE}`, 'info'),
      line(`Error: no currency ${TRACE}`, 'error'),
    ];
    expect(found(...all)).toBe('Error: no currency');
  });

  it('is the first error of its instance in its seconds when no line names it', () => {
    const all = [
      line('Error: too early', 'error', { at: 9000 }),
      line('Error: elsewhere', 'error', { instance: 'api-v42-2' }),
      line('said nothing'),
      line('Error: the first', 'error'),
      line('Error: the second', 'error'),
    ];
    expect(found(...all)).toBe('Error: the first');
  });

  it('is an error before a harmless line that only names the trace', () => {
    expect(found(line(`GET / ${TRACE}`, 'info'), line('Error: why', 'error'))).toBe('Error: why');
    expect(found(line(`GET / ${TRACE}`, 'info'))).toBe('GET /');
  });

  it('is the top of the stack at whose end the trace stands', () => {
    const stack = [line('listening'), line('TypeError: no currency', 'error', { at: 1000 })];
    const frames = [
      line('    at priceOf (checkout.ts:88:21)'),
      line(`    at run (node:events:1:2) trace 00-${TRACE}-f99d61d11dc10861-01`),
    ];
    expect(found(...stack, ...frames)).toBe('TypeError: no currency');
  });

  it('is nothing where nothing was written', () => {
    expect(found(line('listening'))).toBeNull();
    expect(found()).toBeNull();
  });

  it('covers every second of a slow request', () => {
    const slow = { ...sample, ms: 2700 };
    const written = [line('Error: at last', 'error', { at: 13_000 })];
    expect(linesFor([slow], written)[sampleKey(slow)]).toBe('Error: at last');
  });
});

describe('a line in short', () => {
  it.each([
    ['{"level":50,"msg":"failed","err":{"type":"TypeError","message":"no currency"}}', 'TypeError: no currency'],
    ['{"level":"error","message":"no such table: users"}', 'no such table: users'],
    ['{"level":"error","error":"ECONNREFUSED"}', 'ECONNREFUSED'],
    ['{broken', '{broken'],
    ['2026-11-20T12:04:31.120Z ERROR no currency', 'no currency'],
    [`[ERROR] no currency trace=${TRACE}`, 'no currency'],
    [`no currency traceparent: 00-${TRACE}-f99d61d11dc10861-01`, 'no currency'],
    [`no currency (trace_id="${TRACE}") for ana`, 'no currency for ana'],
    [TRACE, null],
  ])('%s', (text, short) => {
    expect(shortOf(text, TRACE)).toBe(short);
  });

  it('has at most 200 characters', () => {
    expect(shortOf('x'.repeat(5000), TRACE)).toHaveLength(200);
  });
});
