// `.env` texts: quotes, comments, variables, and what is said about lines that are none of them.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the braces belong to Compose
import { describe, expect, it } from 'vitest';
import { readEnvFile } from './env-file.ts';

const outer = (name: string) => ({ SHELL: 'sh', OVER: 'outer' })[name];

function valuesOf(text: string, isRaw = false): Record<string, string> {
  const { values, problems } = readEnvFile('/p/.env', text, outer, isRaw);
  expect(problems).toEqual([]);
  return Object.fromEntries(values);
}

describe('readEnvFile', () => {
  it('reads names, quotes and comments', () => {
    const text = `\ufeff# comment
A=1
export B = two words   # comment
C='$A # kept'
D="a\\nb \\"c\\" $A"   # comment
E=#fff
F= # nothing
G: colon
H=a#b
I="two
lines"
J=

SHELL
UNKNOWN
`;
    expect(valuesOf(text)).toEqual({
      A: '1',
      B: 'two words',
      C: '$A # kept',
      D: 'a\nb "c" 1',
      E: '#fff',
      F: '',
      G: 'colon',
      H: 'a#b',
      I: 'two\nlines',
      J: '',
      SHELL: 'sh',
    });
  });

  it('takes variables from the shell before the lines above', () => {
    expect(valuesOf('OVER=here\nX=$OVER ${MISSING:-default} \\$A $$A\r\n')).toEqual({
      OVER: 'here',
      X: 'outer default $A $A',
    });
  });

  it('takes raw values as they are', () => {
    expect(valuesOf('A="$B" # c\n', true)).toEqual({ A: '"$B" # c' });
  });

  it('reports every wrong line and keeps the others', () => {
    const { values, problems } = readEnvFile('/p/.env', 'A=1\n  =x\nB="x\nC=$X\n', outer);
    expect(Object.fromEntries(values)).toEqual({ A: '1', C: '' });
    expect(problems).toMatchObject([
      { severity: 'error', position: { line: 2, column: 3 }, message: 'expected NAME=value' },
      { severity: 'error', position: { line: 3, column: 3 }, message: 'the quote " is not closed' },
      { severity: 'warning', position: { line: 4, column: 3, width: 2 } },
    ]);
  });
});
