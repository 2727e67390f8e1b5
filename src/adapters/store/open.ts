// Opening the SQLite file: permissions, the lock that keeps a second writer out, migrations, and errors in our words.
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Failure, sentenceOf } from '../../core/failure.ts';

/** "frid": says that a file is ours. Source: SQLite file format, section 1.2.17. */
const APPLICATION_ID = 0x66726964;

/** How long to wait for a control plane that is about to end, in ms. Blocks the process. */
const LOCK_WAIT_MS = 1000;

/** The n-th entry leads from format n to n + 1. Entries never change; a new format is a new entry. */
const MIGRATIONS: readonly string[] = [
  `create table documents (
     kind text not null,
     id text not null,
     value text not null,
     primary key (kind, id)
   ) strict, without rowid;

   create table events (
     seq integer primary key autoincrement,
     body text not null,
     service text generated always as (body ->> '$.service'),
     release integer generated always as (body ->> '$.release')
   ) strict;
   create index events_of_service on events (service, seq);
   create index events_of_release on events (release, seq);

   create trigger events_never_change before update on events
     begin select raise(abort, 'the journal is append-only'); end;
   create trigger events_never_go before delete on events
     begin select raise(abort, 'the journal is append-only'); end;`,

  `create table ticked (
     release integer primary key,
     service text not null,
     count integer not null,
     bytes integer not null,
     since integer
   ) strict;
   create index ticked_of_service on ticked (service, release);

   create table ticks (
     release integer not null,
     first integer not null,
     count integer not null,
     is_packed integer not null,
     body blob not null,
     primary key (release, first)
   ) strict;`,
];

/** What a file is for, and how it came to its newest format. */
export type Format = { readonly migrations: readonly string[]; readonly applicationId: number };

const STATE: Format = { migrations: MIGRATIONS, applicationId: APPLICATION_ID };

/** An open database of the newest format that no other process can open until this one closes it or ends. */
export function openDatabase(file: string, kind: Format = STATE): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
    database = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
    // The lock is taken by the first transaction and kept for life; the kernel frees it when the process ends, however it ends.
    database.exec('pragma locking_mode = exclusive');
    database.exec('pragma journal_mode = wal');
    // Every commit is on the disk before it returns: it survives a power cut, too. NORMAL would only survive a crash of the process.
    database.exec('pragma synchronous = full');
    database.exec('pragma fullfsync = on');
    migrate(database, file, kind);
    return database;
  } catch (error) {
    if (database?.isOpen) database.close();
    throw failureFor(error, file);
  }
}

function migrate(database: DatabaseSync, file: string, { migrations, applicationId }: Format): void {
  database.exec('begin immediate');
  const format = numberOf(database, 'pragma user_version', 'user_version');
  const isOurs = numberOf(database, 'pragma application_id', 'application_id') === applicationId;
  const isEmpty = numberOf(database, 'select count(*) as tables from sqlite_schema', 'tables') === 0;
  if (!isOurs && !isEmpty) {
    throw new Failure('invalid', `${file} is a database of another program.`, {
      hint: 'Name another file, or move this one away.',
    });
  }
  if (format > migrations.length) {
    throw new Failure(
      'invalid',
      `${file} was written by a newer fridaymorning: it has format ${format}, this one knows formats up to ${migrations.length}.`,
      { hint: 'Install the newer fridaymorning again, or put a backup from before the update in its place.' },
    );
  }
  for (const migration of migrations.slice(format)) database.exec(migration);
  if (format < migrations.length) {
    database.exec(`pragma application_id = ${applicationId}`);
    database.exec(`pragma user_version = ${migrations.length}`);
  }
  database.exec('commit');
}

function numberOf(database: DatabaseSync, sql: string, column: string): number {
  return Number(database.prepare(sql).get()?.[column] ?? 0);
}

/** Primary result codes. Source: SQLite, result and error codes. */
const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;

/** Any error of this adapter as a `Failure` that names the file. */
export function failureFor(error: unknown, file: string): Failure {
  if (error instanceof Failure) return error;
  const cause = { cause: error };
  switch (resultCodeOf(error)) {
    case BUSY:
    case LOCKED:
      return new Failure(
        'conflict',
        `Another control plane runs on ${file}.`,
        { hint: `Stop it first, or start this one with another state folder. Who it is: fuser ${file}` },
        cause,
      );
    case CORRUPT:
    case NOT_A_DATABASE:
      return new Failure(
        'invalid',
        `${file} is damaged or not a SQLite database: ${sentenceOf(error)}.`,
        { hint: 'Put a backup in its place, or move it away to start with an empty state.' },
        cause,
      );
    case FULL:
      return new Failure('unavailable', `The disk is full: ${file} cannot grow.`, { hint: 'Free some space.' }, cause);
    default:
      return new Failure('unavailable', `${file} cannot be used: ${sentenceOf(error)}.`, {}, cause);
  }
}

function resultCodeOf(error: unknown): number | null {
  const isSqlite = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
  return isSqlite ? Number(error.errcode) & 0xff : null;
}
