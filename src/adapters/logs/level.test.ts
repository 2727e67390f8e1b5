// Tests of guessing how bad a line is.
import { describe, expect, it } from 'vitest';
import { isAtLeast, levelOf } from './level.ts';

describe('the level of a line', () => {
  it.each([
    ['{"level":"error","msg":"x"}', 'error'],
    ['{"level":30,"msg":"ERROR in the text"}', 'info'],
    ['{"level":60}', 'error'],
    ['{"level":40}', 'warn'],
    ['{"level":20}', 'debug'],
    ['{"severity":"WARNING"}', 'warn'],
    ['{"msg":"no level"}', null],
    ['{"level":"ERROR" broken', 'error'],
    ['{"level":null}', null],
    ['2026-01-01T00:00:00Z ERROR it broke', 'error'],
    ['WARN disk', 'warn'],
    ['ts=1 level=warning msg=x', 'warn'],
    ['[info] listening', 'info'],
    ['[2026-01-01] [Fatal] gone', 'error'],
    ['[web] DEBUG x', 'debug'],
    ['TypeError: Cannot read properties of undefined', 'error'],
    ['Uncaught Error: no', 'error'],
    ['there was an error in the words', null],
    ['INFORMATION is no level', null],
    ['GET /errors 200', null],
    ['    at run (file.js:1:1)', null],
    [`${'x'.repeat(300)} ERROR far behind`, null],
    ['', null],
  ])('%s', (text, level) => {
    expect(levelOf(text)).toBe(level);
  });

  it('is compared by how bad it is', () => {
    expect(isAtLeast('error', 'warn')).toBe(true);
    expect(isAtLeast('warn', 'warn')).toBe(true);
    expect(isAtLeast('info', 'warn')).toBe(false);
    expect(isAtLeast(null, 'debug')).toBe(false);
  });
});
