// What is kept about people, on SQLite in a file of its own, so that a copy of the journal gives nobody's secrets away.
import type { DatabaseSync } from 'node:sqlite';
import { Failure } from '../../core/failure.ts';
import {
  type AccessChange,
  type AccessStore,
  AUDIT_LIMIT,
  type AuditEntry,
  idOf,
  type Kept,
  type KeptKind,
  type NewAudit,
} from '../../ports/access.ts';
import { failureFor, openDatabase } from '../store/open.ts';

/** The n-th entry leads from format n to n + 1. Entries never change. */
const MIGRATIONS: readonly string[] = [
  `create table kept (
     kind text not null,
     id text not null,
     value text not null,
     primary key (kind, id)
   ) strict, without rowid;
   create table audit (
     seq integer primary key autoincrement,
     body text not null
   ) strict;`,
];

/** "frip": says that a file is ours, and which. */
const APPLICATION_ID = 0x66726970;

/**
 * Opens the file, made with mode 600 when it does not exist. Throws `conflict` (another process has it open), `invalid`
 * (damaged, not ours, or of a newer fridaymorning) or `unavailable`.
 */
export function sqliteAccess(file: string): AccessStore {
  const database = openDatabase(file, { migrations: MIGRATIONS, applicationId: APPLICATION_ID });
  const run = statementsOf(database);
  const guarded = async <T>(work: () => T): Promise<T> => {
    try {
      return work();
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('rollback');
      throw failureFor(error, file);
    }
  };
  return {
    read: (kind) => guarded(() => run.read(kind)),
    commit: (change) => guarded(() => run.commit(change)),
    audit: (query) => guarded(() => run.audit(query)),
    close: async () => {
      if (database.isOpen) database.close();
    },
  };
}

function statementsOf(database: DatabaseSync) {
  const readKind = database.prepare('select value from kept where kind = ? order by id');
  const put = database.prepare('insert or replace into kept (kind, id, value) values (?, ?, ?)');
  const remove = database.prepare('delete from kept where kind = ? and id = ?');
  const append = database.prepare('insert into audit (body) values (?)');
  const forget = database.prepare('delete from audit where seq <= (select max(seq) from audit) - ?');
  const page = database.prepare('select seq, body from audit where seq < ? order by seq desc limit ?');
  return {
    read: <Kind extends KeptKind>(kind: Kind): Kept[Kind][] =>
      readKind.all(kind).map((row) => JSON.parse(String(row.value)) as Kept[Kind]),

    commit: (change: AccessChange): void => {
      database.exec('begin immediate');
      for (const [kind, ids] of Object.entries(change.remove ?? {})) for (const id of ids) remove.run(kind, id);
      for (const [kind, all] of Object.entries(change.put ?? {})) {
        for (const one of all) put.run(kind, idOf(one), JSON.stringify(one));
      }
      for (const entry of change.audit ?? []) append.run(JSON.stringify(entry));
      if (change.audit && change.audit.length > 0) forget.run(AUDIT_LIMIT);
      database.exec('commit');
    },

    audit: ({ limit, before }: { limit: number; before?: number | undefined }): AuditEntry[] => {
      if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
        throw new Failure('invalid', `The audit can be read 1 to 1000 entries at a time, not ${limit}.`);
      }
      const rows = page.all(before ?? Number.MAX_SAFE_INTEGER, limit);
      return rows.map((row) => ({ ...(JSON.parse(String(row.body)) as NewAudit), seq: Number(row.seq) }));
    },
  };
}
