// The token that TCP clients show: drawn once per state folder, readable by its owner only.
import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../core/failure.ts';

/** 256 bits as 43 letters, digits, - and _. */
const SHAPE = /^[A-Za-z0-9_-]{43,200}$/;

export function tokenFile(stateDir: string): string {
  return join(stateDir, 'token');
}

/** The token of the state folder, drawn when there is none. Failure: `invalid` (the file holds something else). */
export function ownToken(stateDir: string): string {
  const file = tokenFile(stateDir);
  try {
    writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  const token = readFileSync(file, 'utf8').trim();
  if (SHAPE.test(token)) return token;
  throw new Failure('invalid', `The file ${file} holds no token: expected at least 43 letters, digits, - and _.`, {
    hint: `Delete it; a new one is drawn: rm ${file}`,
  });
}
