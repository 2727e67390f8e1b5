// Tests of .dockerignore patterns against what Docker does with them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dockerPatterns } from './patterns.ts';

const CASES: readonly [pattern: string, out: readonly string[], rest: readonly string[]][] = [
  ['*.md', ['README.md'], ['docs/a.md', 'README.mdx']],
  ['**/*.md', ['README.md', 'docs/a.md', 'a/b/c.md'], ['a.txt']],
  ['foo', ['foo', 'foo/bar', 'foo/bar/baz'], ['a/foo', 'foobar']],
  ['/foo', ['foo', 'foo/bar'], ['a/foo']],
  ['foo/', ['foo', 'foo/bar'], ['a/foo']],
  ['./foo/../bar', ['bar'], ['foo']],
  ['*/temp*', ['a/temp', 'a/temporary.txt', 'a/temp/x'], ['temp', 'a/b/temp']],
  ['*/*/temp*', ['a/b/temp1'], ['a/temp1']],
  ['temp?', ['tempa', 'temp1/x'], ['temp', 'tempab', 'temp/']],
  ['docs/**', ['docs/a', 'docs/a/b'], ['docs', 'docsy/a']],
  ['**', ['a', 'a/b', '.hidden'], []],
  ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b/c'], ['b', 'ab', 'x/a/b']],
  ['**/node_modules', ['node_modules/x', 'a/node_modules', 'a/b/node_modules/c'], ['node_modules.txt']],
  ['[a-c].txt', ['a.txt', 'c.txt'], ['d.txt', 'ab.txt']],
  ['[^a].txt', ['b.txt'], ['a.txt', '/.txt']],
  ['a[.]b', ['a.b'], ['axb']],
  ['\\*.txt', ['*.txt'], ['a.txt']],
  ['a+b(c).txt', ['a+b(c).txt'], ['aab(c).txt']],
  ['with space.txt', ['with space.txt'], ['with']],
];

describe('patterns of a .dockerignore', () => {
  it.each(CASES)('%s leaves out what Docker leaves out', (pattern, out, rest) => {
    const patterns = dockerPatterns(pattern);
    expect(out.filter((path) => patterns.verdict(path) !== 'out')).toEqual([]);
    expect(rest.filter((path) => patterns.verdict(path) !== null)).toEqual([]);
  });

  it('lets the last matching pattern decide', () => {
    const patterns = dockerPatterns('*.md\n!README*.md\nREADME-secret.md\n');
    expect(patterns.verdict('a.md')).toBe('out');
    expect(patterns.verdict('README.md')).toBe('in');
    expect(patterns.verdict('README-secret.md')).toBe('out');
    expect(dockerPatterns('!README.md\n*.md').verdict('README.md')).toBe('out');
  });

  it('takes a file back out of a folder that is left out', () => {
    const patterns = dockerPatterns('build\n!build/keep/*.js');
    expect(patterns.verdict('build/other.js')).toBe('out');
    expect(patterns.verdict('build/keep/a.js')).toBe('in');
    expect(['build', 'build/keep'].map(patterns.reachesInto)).toEqual([true, true]);
    expect(['other', 'build/other'].map(patterns.reachesInto)).toEqual([false, false]);
    expect(dockerPatterns('**\n!**/a.js').reachesInto('any/where')).toBe(true);
  });

  it('skips comments, blank lines, a byte order mark and lines that make no pattern', () => {
    const patterns = dockerPatterns('\uFEFF# all\r\n\r\n   \n!\n/\n.\n[\nsecret  \r\n');
    expect(patterns.verdict('secret')).toBe('out');
    expect(patterns.verdict('# all')).toBeNull();
    expect(patterns.verdict('anything')).toBeNull();
  });

  it('never fails, and a plain path always leaves out itself and what is below', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, path) => {
        dockerPatterns(text).verdict(path);
        dockerPatterns(text).reachesInto(path);
      }),
    );
    const plain = fc.array(fc.stringMatching(/^[a-z0-9_-]{1,8}$/), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(plain, plain, (folder, below) => {
        const patterns = dockerPatterns(folder.join('/'));
        expect(patterns.verdict(folder.join('/'))).toBe('out');
        expect(patterns.verdict([...folder, ...below].join('/'))).toBe('out');
      }),
    );
  });
});
