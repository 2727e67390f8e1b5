// Where state and socket of a project are, for root, for users and with an override.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeOf } from './paths.ts';

const user = { project: 'shop', uid: 1000 };
const home = { HOME: '/home/ana' };

describe('the place of a project', () => {
  it.each([
    ['root', { project: 'shop', uid: 0, environment: home }, '/var/lib/friday/shop', '/run/friday/shop.sock'],
    [
      'a user with a session',
      { ...user, environment: { ...home, XDG_RUNTIME_DIR: '/run/user/1000' } },
      '/home/ana/.local/state/friday/shop',
      '/run/user/1000/friday/shop.sock',
    ],
    [
      'a user without one',
      { ...user, environment: { ...home, XDG_STATE_HOME: '/data/ana' } },
      '/data/ana/friday/shop',
      '/data/ana/friday/shop/friday.sock',
    ],
    [
      'one who says where',
      { ...user, environment: { ...home, XDG_RUNTIME_DIR: '/run/user/1000', FRIDAY_STATE_DIR: '/srv/f' } },
      '/srv/f/shop',
      '/srv/f/shop/friday.sock',
    ],
    [
      'relative folders, which are ignored',
      { ...user, environment: { ...home, XDG_STATE_HOME: 'a', XDG_RUNTIME_DIR: 'b', FRIDAY_STATE_DIR: 'c' } },
      '/home/ana/.local/state/friday/shop',
      '/home/ana/.local/state/friday/shop/friday.sock',
    ],
  ])('for %s', (_, input, stateDir, socketPath) => {
    expect(placeOf(input)).toEqual({ stateDir, socketPath });
  });

  it('has a short socket path when the natural one is too long, another one for another folder', () => {
    const long = (letter: string) => placeOf({ ...user, environment: { FRIDAY_STATE_DIR: `/${letter.repeat(100)}` } });
    expect(long('a').stateDir).toBe(`/${'a'.repeat(100)}/shop`);
    expect(long('a').socketPath).toMatch(/^\/tmp\/friday-1000\/[0-9a-f]{16}\.sock$/);
    expect(long('a').socketPath).not.toBe(long('b').socketPath);
  });

  it('never has a socket path that the kernel refuses', () => {
    const path = fc.string({ unit: fc.constantFrom('a', 'ü', '/', '.'), maxLength: 150 }).map((text) => `/${text}`);
    const paths = fc.record({ FRIDAY_STATE_DIR: path, XDG_RUNTIME_DIR: path, TMPDIR: path }, { requiredKeys: [] });
    fc.assert(
      fc.property(paths, fc.constantFrom(0, 1000), (environment, uid) => {
        const place = placeOf({ project: 'shop', uid, environment: { ...home, ...environment } });
        expect(Buffer.byteLength(place.socketPath)).toBeLessThanOrEqual(100);
      }),
    );
  });

  it.each(['', 'Shop', '../etc', 'a/b', '-a', 'a'.repeat(64)])('there is none for a project named "%s"', (project) => {
    expect(() => placeOf({ project, uid: 0, environment: {} })).toThrow('The project name is');
  });

  it('there is none without a home folder', () => {
    expect(() => placeOf({ ...user, environment: {} })).toThrow('HOME is not set');
  });
});
