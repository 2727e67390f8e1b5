// Tests of what is told of two versions' settings: what changed, in words, and never a secret.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changesBetween, differencesOf } from './difference.ts';
import { specFor, versionFor } from './service.fixture.ts';
import type { ServiceSpec } from './spec/project.ts';

const words = (before: Partial<ServiceSpec>, after: Partial<ServiceSpec>) =>
  differencesOf(specFor(before), specFor(after)).map((one) => one.words);

describe('the difference of two versions', () => {
  it('is nothing between equals', () => {
    expect(words({}, {})).toEqual([]);
  });

  it('names variables that changed, came and went', () => {
    const before = { environment: { LOG_LEVEL: 'info', OLD: '1', SAME: 'x' } };
    expect(words(before, { environment: { LOG_LEVEL: 'debug', SAME: 'x', NEW: '' } })).toEqual([
      'environment LOG_LEVEL: info → debug',
      'environment OLD: 1 → not set',
      'environment NEW: not set → ""',
    ]);
  });

  it('says settings in the words of people', () => {
    const after = specFor({ replicas: 3, isSticky: true, command: ['node', 'main.ts'], stopGraceMs: 90_000 });
    const steps = [{ weight: 10, bakeMs: 60_000, needsApproval: true }];
    const changed = { ...after, release: { ...after.release, steps, keepWarmMs: 500 } };
    expect(differencesOf(specFor(), changed).map((one) => one.words)).toEqual([
      'command: node server.ts → node main.ts',
      'replicas: 2 → 3',
      'stop grace: 10s → 1m30s',
      'sticky: no → yes',
      'release steps: 5% bake 10s, 50% bake 10s → 10% bake 1m00s approval',
      'release keep warm: 1m00s → 500ms',
    ]);
  });

  it.each([
    ['a variable that is named like one', { environment: { API_TOKEN: 'one' } }, { environment: { API_TOKEN: 'two' } }],
    ['a password in an address', { environment: { DB: 'pg://me:one@db/x' } }, { environment: { DB: 'pg://db/two' } }],
    ['a word of a command', { command: ['run', '--api-key=one'] }, { command: ['run', '--api-key=two'] }],
    ['a flag that is followed by it', { command: ['run', '--token', 'one'] }, { command: ['run', '--token', 'two'] }],
  ])('does not show %s', (_name, before, after) => {
    const [only, ...more] = differencesOf(specFor(before), specFor(after));
    expect(more).toEqual([]);
    expect(only).toMatchObject({ from: null, to: null, isHidden: true });
    expect(only?.words).toMatch(/: changed, not shown$/);
  });

  it('tells that a secret came or went', () => {
    expect(words({}, { environment: { PASSWORD: 'x' } })).toEqual(['environment PASSWORD: set, not shown']);
    expect(words({ environment: { PASSWORD: 'x' } }, {})).toEqual(['environment PASSWORD: removed, not shown']);
  });

  it('never has the value of a variable that is named like a secret', () => {
    const name = fc.constantFrom('TOKEN', 'db_password', 'AWS_SECRET_ACCESS', 'ApiKey', 'SENTRY_DSN', 'AUTH');
    const value = fc.string({ minLength: 1 }).map((text) => `<<${text}>>`);
    fc.assert(
      fc.property(name, value, value, (key, one, two) => {
        const all = differencesOf(specFor({ environment: { [key]: one } }), specFor({ environment: { [key]: two } }));
        expect(all.length).toBe(one === two ? 0 : 1);
        expect(JSON.stringify(all)).not.toContain('<<');
      }),
    );
  });

  it('is not known where a version is kept no more', () => {
    expect(changesBetween(null, versionFor(1))).toBeNull();
    expect(changesBetween(versionFor(1), versionFor(2))).toEqual([]);
  });
});
