// The SQLite file of people against the contract, and what a file has over it: its mode.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeAccessStore } from '../../ports/access.contract.ts';
import { sqliteStore } from '../store/sqlite.ts';
import { sqliteAccess } from './sqlite.ts';

describeAccessStore('SQLite', () => {
  const dir = mkdtempSync(join(tmpdir(), 'friday-access-'));
  return {
    open: () => sqliteAccess(join(dir, 'access.db')),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
});

it('the file is for its owner only, and no store', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'friday-access-'));
  const file = join(dir, 'access.db');
  await sqliteAccess(file).close();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(() => sqliteStore({ file })).toThrow('database of another program');
  rmSync(dir, { recursive: true });
});
