// The folder of one proxy: control socket, last table, lock, process id and log. The only place that knows its file names.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Failure, sentenceOf } from '../core/failure.ts';
import type { Listen, Table } from '../core/traffic.ts';
import { checkTable } from './check-table.ts';

/** What the kernel takes as the path of a unix socket, without the final zero. */
const SOCKET_BYTES = process.platform === 'linux' ? 107 : 103;

/** Exit status of a proxy whose folder another one has. */
export const EXIT_TAKEN = 4;

export type Folder = {
  readonly socket: string;
  readonly log: string;
  readonly pid: string;
  readonly table: string;
  readonly lock: string;
};

/** Paths in `dir`. Failure: `invalid` when the socket's path is longer than the system allows. */
export function folderAt(dir: string): Folder {
  const root = resolve(dir);
  const socket = join(root, 'proxy.sock');
  const bytes = Buffer.byteLength(socket);
  if (bytes > SOCKET_BYTES) {
    throw new Failure(
      'invalid',
      `The path ${socket} has ${bytes} bytes; a unix socket can have at most ${SOCKET_BYTES}.`,
      {
        hint: 'Keep the state in a folder with a shorter path.',
      },
    );
  }
  return {
    socket,
    log: join(root, 'proxy.log'),
    pid: join(root, 'proxy.pid'),
    table: join(root, 'table.json'),
    lock: join(root, 'proxy.lock'),
  };
}

/** Makes the folder, for its owner only. */
export function makeFolder(dir: string): Folder {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return folderAt(dir);
}

/**
 * Keeps every other proxy out of the folder until this process ends, however it ends: a file lock of the system.
 * Failure: `conflict` when another proxy has it.
 */
export function lockFolder({ lock, pid }: Folder): void {
  const database = new DatabaseSync(lock);
  try {
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    throw new Failure('conflict', `Another proxy runs in this folder: ${lock} is locked (${sentenceOf(error)}).`);
  }
  held.push(database);
  writeFileSync(pid, `${process.pid}\n`, { mode: 0o600 });
}

/** Locks last as long as their objects. */
const held: DatabaseSync[] = [];

export type SavedTable = {
  readonly table: Table;
  /** The public addresses that it had, so that a port that was given once stays. */
  readonly listening: readonly Listen[];
  readonly listeningTls?: readonly Listen[];
};

/** The last table that was confirmed; null when there is none. Failure: `invalid` when it is damaged. */
export function loadTable(folder: Folder): SavedTable | null {
  let text: string;
  try {
    text = readFileSync(folder.table, 'utf8');
  } catch {
    return null;
  }
  const { table, listening, listeningTls } = parse(text, folder.table);
  const listOf = (value: unknown): Listen[] => (Array.isArray(value) ? value : []);
  return { table: checkTable(table), listening: listOf(listening), listeningTls: listOf(listeningTls) };
}

function parse(text: string, path: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure('invalid', `${path} is not JSON: ${sentenceOf(error)}.`);
  }
}

/** Replaces the saved table in one step. */
export async function saveTable({ table: path }: Folder, saved: SavedTable): Promise<void> {
  try {
    await writeFile(`${path}.new`, JSON.stringify(saved), { mode: 0o600 });
    await rename(`${path}.new`, path);
  } catch (error) {
    throw new Failure('unavailable', `The table could not be saved as ${path}: ${sentenceOf(error)}.`, {
      hint: 'The old table goes on. See whether the disk is full.',
    });
  }
}

/** After an ordered stop nothing is to be routed by the next start. */
export function forgetTable({ table }: Folder): void {
  rmSync(table, { force: true });
}

/** Whether the folder is still the one that this process locked: not removed, not another proxy's by now. */
export function isOwn({ pid }: Folder): boolean {
  try {
    return Number(readFileSync(pid, 'utf8')) === process.pid;
  } catch {
    return false;
  }
}

/** Removes what would make others believe that a proxy runs here. */
export function clearFolder(folder: Folder): void {
  if (!isOwn(folder)) return;
  rmSync(folder.socket, { force: true });
  rmSync(folder.pid, { force: true });
}
