// Tests of what an instance is given.
import { describe, expect, it } from 'vitest';
import { filled, ownEnvironment } from './words.ts';

const ENVIRONMENT = { PORT: '4101', FRIDAY_SERVICE: 'web', FRIDAY_VERSION: '7', HOME: '/root' };

describe('words of a command', () => {
  it.each([
    ['--port=$PORT', '--port=4101'],
    [`\${PORT}0`, '41010'],
    [`$PORT:$FRIDAY_SERVICE-v\${FRIDAY_VERSION}`, '4101:web-v7'],
    ['$FRIDAY_UNSET|', '|'],
    ['$HOME $PORTS ${PORT $$ $(date) $[x]', '$HOME $PORTS ${PORT $$ $(date) $[x]'],
    ['$FRIDAY_SERVICEs', '$FRIDAY_SERVICEs'],
    ['', ''],
  ])('%s becomes %s', (word, expected) => {
    expect(filled([word], ENVIRONMENT)).toEqual([expected]);
  });

  it('keep their boundaries whatever a variable contains', () => {
    expect(filled(['$FRIDAY_X', 'b'], { FRIDAY_X: 'a $PORT; c' })).toEqual(['a $PORT; c', 'b']);
  });
});

describe('the environment taken over from the runtime', () => {
  it('is five variables at most', () => {
    process.env.SECRET_OF_US = 'leak';
    const names = Object.keys(ownEnvironment());
    delete process.env.SECRET_OF_US;
    expect(names).toContain('PATH');
    expect(names.filter((name) => !['PATH', 'HOME', 'LANG', 'TMPDIR', 'TZ'].includes(name))).toEqual([]);
  });
});
