// The store on SQLite: one file, one writer, a commit that survives kill -9 of the process and loss of power.
import type { DatabaseSync } from 'node:sqlite';
import type { Event, NewEvent } from '../../core/journal.ts';
import {
  type Change,
  type Document,
  type EventQuery,
  limitOf,
  type Store,
  TICK_LIMITS,
  type TickLimits,
  textOf,
} from '../../ports/store.ts';
import { failureFor, openDatabase } from './open.ts';
import { type TickTable, tickTable } from './ticks.ts';

export type SqliteOptions = {
  /** Made with mode 600 when it does not exist, its folder with mode 700. */
  readonly file: string;
  /** Hears one sentence when a document has grown too big; once per document. Default: a warning of the process. */
  readonly warn?: (sentence: string) => void;
  readonly tickLimits?: TickLimits;
};

/** Documents are rewritten whole, so a big one makes every commit slow. */
const BIG_BYTES = 1_000_000;

/**
 * Opens the file, bringing an older one up to date. Throws `conflict` (another process has it open), `invalid` (damaged,
 * not ours, or of a newer fridaymorning) or `unavailable` (cannot be made, read or written).
 */
export function sqliteStore(options: SqliteOptions): Store {
  const { file } = options;
  const warn = options.warn ?? ((sentence: string) => process.emitWarning(sentence));
  const database = openDatabase(file);
  const ticks = tickTable(database, file, options.tickLimits ?? TICK_LIMITS);
  const run = statementsOf(database, ticks);
  const warned = new Set<string>();

  const guarded = async <T>(work: () => T): Promise<T> => {
    try {
      return work();
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('rollback');
      throw failureFor(error, file);
    }
  };
  const encode = (document: Document): [kind: string, id: string, text: string] => {
    const name = `${document.kind}/${document.id}`;
    const text = textOf(`The document ${name}`, document.value);
    const bytes = Buffer.byteLength(text);
    if (bytes > BIG_BYTES && !warned.has(name)) {
      warned.add(name);
      warn(
        `The document ${name} in ${file} has ${(bytes / 1e6).toFixed(1)} MB; more than 1 MB makes every commit slow.`,
      );
    }
    return [document.kind, document.id, text];
  };

  return {
    read: (kind) => guarded(() => run.read(kind)),
    commit: (change) => guarded(() => run.commit(change, encode)),
    ticks: (release) => guarded(() => ticks.read(release)),
    events: (query) => guarded(() => run.events(query)),
    close: async () => {
      if (database.isOpen) database.close();
    },
  };
}

type Encode = (document: Document) => [kind: string, id: string, text: string];

function statementsOf(database: DatabaseSync, ticks: TickTable) {
  const readKind = database.prepare('select id, value from documents where kind = ? order by id');
  const put = database.prepare('insert or replace into documents (kind, id, value) values (?, ?, ?)');
  const remove = database.prepare('delete from documents where kind = ? and id = ?');
  const append = database.prepare('insert into events (body) values (?)');

  return {
    read: (kind: string): Document[] =>
      readKind.all(kind).map((row) => ({ kind, id: String(row.id), value: JSON.parse(String(row.value)) })),

    commit: (change: Change, encode: Encode): Event[] => {
      const documents = (change.put ?? []).map(encode);
      const bodies = (change.events ?? []).map((event) => textOf('An event', event));
      const batches = (change.ticks ?? []).map(ticks.encode);
      database.exec('begin immediate');
      for (const { kind, id } of change.remove ?? []) remove.run(kind, id);
      for (const document of documents) put.run(...document);
      const events = bodies.map((body) => eventOf(Number(append.run(body).lastInsertRowid), body));
      for (const batch of batches) ticks.append(batch);
      database.exec('commit');
      return events;
    },

    events: (query: EventQuery): Event[] => {
      const limit = limitOf(query);
      const filters = ['seq > ?'];
      const values: (string | number)[] = [query.after ?? 0];
      if (query.service !== undefined) {
        filters.push('service = ?');
        values.push(query.service);
      }
      if (query.release !== undefined) {
        filters.push('release = ?');
        values.push(query.release);
      }
      const order = query.isNewestFirst ? 'desc' : 'asc';
      const sql = `select seq, body from events where ${filters.join(' and ')} order by seq ${order} limit ?`;
      const rows = database.prepare(sql).all(...values, limit);
      const events = rows.map((row) => eventOf(Number(row.seq), String(row.body)));
      return query.isNewestFirst ? events.reverse() : events;
    },
  };
}

function eventOf(seq: number, body: string): Event {
  return { ...(JSON.parse(body) as NewEvent), seq };
}
