// Which failed requests are shown for a row and for a dot, and where their log lines are.
import { describe, expect, it } from 'vitest';
import { type Failed, failedAt, failedOf, logsAround } from './failed.ts';

const AT = 1_800_000_000_000;

function failed(over: Partial<Failed> = {}): Failed {
  const who = { version: 2, arm: 'candidate', instance: 'api-v2-1', traceId: 'a' } as const;
  return { at: AT, method: 'GET', path: '/', status: 500, failure: 'status', ms: 1200, ...who, ...over };
}

const group = (route: string) =>
  ({ route, status: 500, failure: 'status' }) as unknown as Parameters<typeof failedOf>[1];

describe('the requests of a row', () => {
  it.each([
    ['GET /items/*', '/items/7', true],
    ['GET /items/*', '/items', false],
    ['GET /items/*', '/items/7/edit', false],
    ['POST /items/*', '/items/7', false],
    ['GET /', '/', true],
    ['GET /a/b', '//a/b/', true],
    ['GET /a/b/c/*/…', '/a/b/c/9/e/f', true],
    ['GET /a/b/c/*/…', '/a/b/c/9', false],
    ['GET *', '*', true],
  ])('%s and %s', (route, path, is) => {
    expect(failedOf([failed({ path })], group(route))).toHaveLength(is ? 1 : 0);
  });

  it('have its status and way of failing, the newest first', () => {
    const all = [failed({ at: AT }), failed({ at: AT + 1 }), failed({ status: 502 }), failed({ failure: 'timeout' })];
    expect(failedOf(all, group('GET /')).map((one) => one.at)).toEqual([AT + 1, AT]);
  });
});

describe('the requests of a dot', () => {
  it('are those of its version in its seconds', () => {
    const all = [-500, 0, 999, 1000, 5000].map((ms) => failed({ at: AT + ms }));
    const other = failed({ arm: 'stable', version: 1 });
    const found = failedAt([other, ...all], { at: AT + 200, isCandidate: true }, 800);
    expect(found).toEqual({ isExact: true, failed: [all[1], all[2]] });
  });

  it('are the nearest where none of its seconds is kept, and that is said', () => {
    const all = Array.from({ length: 20 }, (_, i) => failed({ at: AT + i * 10_000 }));
    const { isExact, failed: near } = failedAt(all, { at: AT + 54_000, isCandidate: true }, 1000);
    expect(isExact).toBe(false);
    expect(near.map((one) => (one.at - AT) / 10_000)).toEqual([3, 4, 5, 6, 7]);
    expect(failedAt(all, { at: AT, isCandidate: false }, 1000).failed).toEqual([]);
  });
});

describe('the log lines of a failed request', () => {
  it('are those of its instance from before it began until after it ended', () => {
    const search = new URL(logsAround({ service: 'api' }, failed({ at: AT + 300 })), 'http://x').searchParams;
    expect(Object.fromEntries(search)).toEqual({
      service: 'api',
      version: '2',
      instance: 'api-v2-1',
      since: String(AT - 3000),
      until: String(AT + 2000 + 3000),
    });
  });

  it('are those of the version where the instance is not known', () => {
    expect(logsAround({ service: 'api' }, failed({ instance: '' }))).not.toContain('instance');
  });
});
