// The table of roles, written out once more: a change of it is a change here.
import { describe, expect, it } from 'vitest';
import { type Act, isName, mayDo, ROLES, rolesFor } from './access.ts';

const EXPECTED: readonly (readonly [Act, string])[] = [
  ['look', 'viewer releaser approver admin'],
  ['release', 'releaser approver admin'],
  ['approve', 'approver admin'],
  ['stop', 'admin'],
  ['manage', 'admin'],
];

describe('roles', () => {
  it.each(EXPECTED)('%s is for %s', (act, who) => {
    expect(ROLES.filter((role) => mayDo(role, act)).join(' ')).toBe(who);
  });

  it('may do all that the role before may do', () => {
    for (const [act] of EXPECTED) {
      const first = ROLES.findIndex((role) => mayDo(role, act));
      expect(ROLES.slice(first).every((role) => mayDo(role, act))).toBe(true);
    }
  });

  it('are named for people', () => {
    expect([rolesFor('approve'), rolesFor('manage'), rolesFor('release')]).toEqual([
      'approver or admin',
      'admin',
      'releaser, approver or admin',
    ]);
  });
});

describe('a name', () => {
  it.each(['ana', 'Ana.Müller'.replace('ü', 'u'), 'ci-1', 'ana@example.com', 'a'.repeat(64)])('may be %s', (name) => {
    expect(isName(name)).toBe(true);
  });
  it.each(['', '-ana', 'a b', 'ana\n', 'Ana Müller', '<b>', 'a'.repeat(65)])('may not be "%s"', (name) => {
    expect(isName(name)).toBe(false);
  });
});
