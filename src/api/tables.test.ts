// What failures become outside and back again: problem bodies, HTTP statuses, exit codes.
import { describe, expect, it } from 'vitest';
import { Failure } from '../core/failure.ts';
import { failureOf, problemOf } from './problem.ts';
import { EXIT_CODES, exitCodeOf, exitCodeOfRelease, HTTP, Unreachable } from './tables.ts';
import { ProblemView } from './views.ts';

describe('a failure', () => {
  const codes = Object.keys(HTTP) as (keyof typeof HTTP)[];

  it.each(codes)('%s goes through a problem body and comes back the same', (code) => {
    const position = { file: 'compose.yaml', line: 3, column: 5, source: '  api: x', width: 3 };
    const failure = new Failure(code, 'It is so.', { hint: 'do this', evidence: ['last line'], position });
    const problem = problemOf(failure);
    expect(ProblemView.safeParse(problem).error).toBeUndefined();
    const back = failureOf(problem.status, JSON.stringify(problem));
    expect([back.code, back.message, back.detail]).toEqual([code, 'It is so.', failure.detail]);
  });

  it.each([
    [502, '<html>Bad Gateway</html>', 'unavailable'],
    [401, '', 'refused'],
    [404, 'null', 'not-found'],
    [400, '"x"', 'invalid'],
    [409, '{"code":"toString"}', 'conflict'],
    [504, '[]', 'timeout'],
  ])('is made of any answer: %i %s is %s', (status, body, code) => {
    const failure = failureOf(status, body);
    expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(String(status))]);
  });
});

describe('the exit codes', () => {
  it('are these, each with its meaning', () => {
    expect(EXIT_CODES.map((one) => one.code)).toEqual([0, 1, 2, 3, 4, 5, 10, 130]);
  });

  it.each([
    [new Failure('invalid', ''), 2],
    [new Failure('not-found', ''), 2],
    [new Failure('conflict', ''), 1],
    [new Failure('refused', ''), 4],
    [new Failure('unavailable', ''), 1],
    [new Failure('timeout', ''), 3],
    [new Unreachable('', ''), 5],
    [new TypeError('a bug'), 1],
  ] as const)('%o ends with %i', (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });

  it.each([
    ['promoted', 0],
    ['rolled_back', 10],
    ['failed', 10],
    ['ramping', null],
  ])('a release that is %s ends with %s', (state, code) => {
    expect(exitCodeOfRelease(state)).toBe(code);
  });
});
