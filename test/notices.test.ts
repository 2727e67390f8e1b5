// The licences of what we build on: compatible with ours, and told.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dependencies, isAllowed, NOTICE, noticeOf } from './notices.ts';

describe('the work of others in the package', () => {
  const all = dependencies();

  it('is told in NOTICE with its licences (npm run notices writes it)', () => {
    expect(readFileSync(NOTICE, 'utf8')).toBe(noticeOf(all));
    for (const name of ['preact', 'hono', 'zod']) expect(all.map((one) => one.name)).toContain(name);
  });

  it('is under licences that fit the MIT licence', () => {
    expect(all.filter(({ licence }) => !isAllowed(licence))).toEqual([]);
    expect(isAllowed('GPL-3.0')).toBe(false);
    expect(isAllowed('(BSD-3-Clause OR GPL-2.0)')).toBe(true);
  });
});
