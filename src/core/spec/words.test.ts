// Command lines as words: quotes and backslashes as a shell reads them, and nothing else of a shell.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shellWord, splitWords } from './words.ts';

describe('splitWords', () => {
  it.each([
    ['node server.js', ['node', 'server.js']],
    ['  a \t b\n c ', ['a', 'b', 'c']],
    [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
    [`--name='a b'c`, ['--name=a bc']],
    [`'' ""`, ['', '']],
    [`a\\ b \\"`, ['a b', '"']],
    [`"a\\"b\\n$X"`, ['a"b\\n$X']],
    [`'a\\b'`, ['a\\b']],
    ['a \\\n b', ['a', 'b']],
    ['$PORT * ~ #x', ['$PORT', '*', '~', '#x']],
    ['', []],
  ])('reads %j', (line, words) => {
    expect(splitWords(line)).toEqual({ words });
  });

  it('gives back any words that were quoted', () => {
    const quoted = (word: string) => `'${word.replaceAll("'", () => `'"'"'`)}'`;
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 8 }), (words) => {
        expect(splitWords(words.map(quoted).join(' '))).toEqual({ words });
      }),
    );
  });

  it('says where a quote opens that never closes', () => {
    expect(splitWords(`a "b`)).toEqual({ error: 'the quote " is not closed', at: 2 });
    expect(splitWords(`a 'b`)).toEqual({ error: "the quote ' is not closed", at: 2 });
    expect(splitWords('a \\')).toEqual({ error: 'a backslash at the end keeps nothing', at: 2 });
  });
});

describe('shellWord', () => {
  it('finds what only a shell understands', () => {
    expect(shellWord(['a', '&&', 'b'])).toBe('&&');
    expect(shellWord(['A=1', 'node'])).toBe('A=1');
    expect(shellWord(['node', 'A=1', '--b=2'])).toBeNull();
  });
});
