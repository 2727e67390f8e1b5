// What the keeper must know again after it was killed: the table and what HAProxy has of it.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Failure, sentenceOf } from '../../../../core/failure.ts';
import { checkTable } from '../../../../proxy/check-table.ts';
import type { Folder } from '../../../../proxy/folder.ts';
import type { Wanted } from './config.ts';

export type Saved = Wanted & { readonly next: number };

export const NOTHING: Saved = {
  table: { revision: 0, listen: [], services: [] },
  listening: [],
  places: {},
  servers: [],
  next: 1,
};

/** Null when there is nothing. Failure: `invalid` when it is damaged. */
export function load({ table: path }: Folder): Saved | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  try {
    const saved = JSON.parse(text) as Saved;
    return { ...NOTHING, ...saved, table: checkTable(saved.table) };
  } catch (error) {
    throw new Failure('invalid', `${path} is damaged: ${sentenceOf(error)}.`);
  }
}

/** Replaces what was saved in one step. */
export function save({ table: path }: Folder, saved: Saved): void {
  try {
    writeFileSync(`${path}.new`, JSON.stringify(saved), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch (error) {
    throw new Failure('unavailable', `The table could not be saved as ${path}: ${sentenceOf(error)}.`, {
      hint: 'The old table goes on. See whether the disk is full.',
    });
  }
}

/** What a service may be called and a route may hold, so that it means the same in HAProxy's language. */
const IS_NAME = /^[A-Za-z0-9._-]+$/;
const IS_SALT = /^[A-Za-z0-9._-]*$/;
const IS_ROUTE = /^[^\s;\\"'#|]+$/;

/** Failure: `invalid`, for words that cannot be said to HAProxy. */
export function checkWords({ table: { services } }: Pick<Saved, 'table'>): void {
  for (const { service, salt, routes } of services) {
    if (!IS_NAME.test(service)) refuse('service name', service);
    if (!IS_SALT.test(salt)) refuse('salt', salt);
    for (const { host, path } of routes) if (!IS_ROUTE.test(host + path)) refuse('route', host + path);
  }
}

function refuse(what: string, got: string): never {
  throw new Failure('invalid', `HAProxy cannot be told the ${what} "${got.slice(0, 80)}".`, {
    hint: 'Use letters, digits, ".", "_" and "-", or the embedded balancer.',
  });
}
