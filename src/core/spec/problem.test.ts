// The form in which problems are read by a person.
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { formatProblems, type Problem } from './problem.ts';

const unknown: Problem = {
  severity: 'error',
  path: 'services.api.x-friday.release.error',
  message: 'unknown key "error"',
  hint: 'did you mean "errors"?',
  position: { file: '/shop/compose.yaml', line: 11, column: 11, source: '          error: 0.5%', width: 5 },
};
const duration: Problem = {
  severity: 'error',
  path: 'services.api.x-friday.release.bake',
  message: 'expected a duration, like 20m',
  hint: null,
  position: { file: '/shop/compose.yaml', line: 113, column: 19, source: '            bake: 20min', width: 5 },
};
const ports: Problem = { ...unknown, severity: 'warning', path: 'services.api.ports', message: 'ignored', hint: null };

describe('formatProblems', () => {
  it('shows what, where, the line itself and what was meant', () => {
    expect(formatProblems([unknown, duration], { folder: '/shop' })).toBe(`\
error: services.api.x-friday.release.error: unknown key "error"
  --> compose.yaml:11:11
  11 |           error: 0.5%
     |           ^^^^^ did you mean "errors"?

error: services.api.x-friday.release.bake: expected a duration, like 20m
  --> compose.yaml:113:19
  113 |             bake: 20min
      |                   ^^^^^

2 problems in compose.yaml, nothing was changed
`);
  });

  it('puts warnings last, and says that nothing was changed only for errors', () => {
    const both = formatProblems([ports, unknown]);
    expect(both.indexOf('error:')).toBeLessThan(both.indexOf('warning:'));
    expect(both).toMatch(/\n1 problem, 1 warning in \/shop\/compose\.yaml, nothing was changed\n$/);
    expect(formatProblems([ports], { folder: '/shop' })).toMatch(/\n1 warning in compose\.yaml\n$/);
    expect(formatProblems([])).toBe('');
  });

  it('names every file, and shows a problem without a place', () => {
    const other: Problem = { ...unknown, position: { file: '/shop/b.yaml', line: 1, column: 1, source: 'x' } };
    const nowhere: Problem = {
      severity: 'error',
      path: '',
      message: 'there is no file',
      hint: 'friday init',
      position: null,
    };
    const text = formatProblems([unknown, other, nowhere], { folder: '/shop' });
    expect(text).toContain('error: there is no file\n  friday init\n');
    expect(text).toMatch(/3 problems in compose\.yaml and b\.yaml, nothing was changed\n$/);
  });

  it('says the same with colours', () => {
    const colored = formatProblems([unknown, ports], { color: true });
    expect(colored).toContain('\u001b[1;31merror:\u001b[0m');
    expect(stripVTControlCharacters(colored)).toBe(formatProblems([unknown, ports]));
  });

  it('shows a piece of a very long line, with the carets in the right place', () => {
    const source = `${'a'.repeat(5000)}HERE${'b'.repeat(5000)}`;
    const position = { file: 'c.yaml', line: 1, column: 5001, source, width: 4 };
    const lines = formatProblems([{ ...unknown, position }]).split('\n');
    expect(lines[2]?.length).toBeLessThan(200);
    expect(lines[3]?.indexOf('^^^^')).toBe(lines[2]?.indexOf('HERE'));
  });

  it('lets no file move the cursor of a terminal', () => {
    const position = { file: 'c.yaml', line: 1, column: 2, source: '\ta: \u001b[2J\u009b', width: 1 };
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come out
    expect(formatProblems([{ ...unknown, message: 'got "\u001b[2J"', position }])).not.toMatch(/[\u001b\u009b\t]/);
  });
});
