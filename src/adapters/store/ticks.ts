// Ticks in SQLite: rows of some seconds, packed into one when they are many, bounded for each release and service.
import type { DatabaseSync } from 'node:sqlite';
import { deflateSync, inflateSync } from 'node:zlib';
import { Failure } from '../../core/failure.ts';
import type { Tick, TickBatch } from '../../core/ticks/tick.ts';
import { type KeptTicks, type TickLimits, textOf } from '../../ports/store.ts';

/** Loose rows are packed into one when they have so many bytes. They are always the last ones of a release. */
const PACKED_BYTES = 64 * 1024;
/** No packed row of ours unpacks to more. */
const MOST_UNPACKED = 64 * 1024 * 1024;

/** A batch with its JSON texts. */
type Encoded = { readonly batch: TickBatch; readonly texts: readonly string[] };

export type TickTable = {
  /** Throws `invalid` when a tick is no JSON. */
  encode(batch: TickBatch): Encoded;
  /** Within a transaction. */
  append(encoded: Encoded): void;
  read(release: number): KeptTicks;
};

type Row = { readonly first: number; readonly count: number; readonly isPacked: boolean; readonly body: Uint8Array };
type Ticked = { readonly count: number; readonly bytes: number; readonly since: number | null };

export function tickTable(database: DatabaseSync, file: string, limits: TickLimits): TickTable {
  const sql = statementsOf(database);

  /** One more row, whose first tick is number `first`. Gives its size in bytes. */
  const put = (release: number, first: number, texts: readonly string[], isPacked = false) => {
    const text = Buffer.from(texts.join('\n'));
    const body = isPacked ? deflateSync(text) : text;
    sql.put.run(release, first, texts.length, isPacked ? 1 : 0, body);
    return body.length;
  };

  /** Gives up everything from number `from` on. */
  const cut = (release: number, from: number) => {
    for (const row of sql.rows(release)) {
      if (row.first + row.count <= from) continue;
      sql.remove.run(release, row.first);
      if (row.first < from) put(release, row.first, textsOf(row, release, file).slice(0, from - row.first));
    }
  };

  /** Makes one packed row of the loose ones, once they are many. Gives how many bytes that saves. */
  const pack = (release: number) => {
    const loose = sql.loose(release);
    const [first] = loose;
    const before = sizeOf(loose);
    if (first === undefined || before < PACKED_BYTES) return 0;
    for (const row of loose) sql.remove.run(release, row.first);
    const texts = loose.flatMap((row) => textsOf(row, release, file));
    return before - put(release, first.first, texts, true);
  };

  const append = ({ batch: { release, service, from, ticks }, texts }: Encoded) => {
    let known = sql.ticked(release);
    if (known === null) {
      sql.begin.run(release, service);
      sql.forget(service, limits.releases);
      known = sql.ticked(release);
      // Of a release older than those that are kept.
      if (known === null) return;
    }
    if (from > known.count) return;
    if (from < known.count) {
      cut(release, from);
      known = { ...known, count: from, bytes: sizeOf(sql.rows(release)) };
    }
    const since = from === 0 ? (ticks[0]?.tick ?? null) : known.since;
    let { count, bytes } = known;
    let taken = 0;
    while (taken < texts.length && bytes < limits.bytes) {
      const piece = pieceOf(texts, ticks, taken, (since ?? 0) + limits.seconds);
      if (piece.length === 0) break;
      bytes += put(release, count, piece);
      bytes -= pack(release);
      count += piece.length;
      taken += piece.length;
    }
    sql.update.run(count, bytes, since, release);
  };

  return {
    encode: (batch) => ({
      batch,
      texts: batch.ticks.map((tick) => textOf(`A tick of release ${batch.release}`, tick)),
    }),
    append,
    read: (release) => {
      const rows = sql.rows(release);
      return {
        count: rows.reduce((sum, row) => sum + row.count, 0),
        batches: batchesOf(rows, release, file),
      };
    },
  };
}

async function* batchesOf(rows: readonly Row[], release: number, file: string): AsyncGenerator<readonly Tick[]> {
  for (const row of rows) yield textsOf(row, release, file).map((text) => JSON.parse(text) as Tick);
}

function sizeOf(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + row.body.length, 0);
}

/** The next texts that make one row, up to the first tick at or after `end`. */
function pieceOf(texts: readonly string[], ticks: readonly Tick[], start: number, end: number): string[] {
  const piece: string[] = [];
  let size = 0;
  for (let i = start; i < texts.length && size < PACKED_BYTES && (ticks[i]?.tick ?? end) < end; i += 1) {
    const text = texts[i] ?? '';
    piece.push(text);
    size += text.length;
  }
  return piece;
}

function textsOf({ isPacked, body }: Row, release: number, file: string): string[] {
  try {
    const text = isPacked ? inflateSync(body, { maxOutputLength: MOST_UNPACKED }) : Buffer.from(body);
    return text.toString('utf8').split('\n');
  } catch (error) {
    throw new Failure('invalid', `The ticks of release ${release} in ${file} are damaged.`, {}, { cause: error });
  }
}

function statementsOf(database: DatabaseSync) {
  const columns = 'select first, count, is_packed, body from ticks where release = ?';
  const all = database.prepare(`${columns} order by first`);
  const loose = database.prepare(`${columns} and is_packed = 0 order by first`);
  const ticked = database.prepare('select count, bytes, since from ticked where release = ?');
  const old = database.prepare('select release from ticked where service = ? order by release desc limit -1 offset ?');
  const forgetTicks = database.prepare('delete from ticks where release = ?');
  const forgetTicked = database.prepare('delete from ticked where release = ?');
  return {
    put: database.prepare('insert into ticks (release, first, count, is_packed, body) values (?, ?, ?, ?, ?)'),
    remove: database.prepare('delete from ticks where release = ? and first = ?'),
    begin: database.prepare('insert into ticked (release, service, count, bytes) values (?, ?, 0, 0)'),
    update: database.prepare('update ticked set count = ?, bytes = ?, since = ? where release = ?'),
    rows: (release: number): Row[] => all.all(release).map(rowOf),
    loose: (release: number): Row[] => loose.all(release).map(rowOf),
    ticked: (release: number): Ticked | null => {
      const row = ticked.get(release);
      if (row === undefined) return null;
      const since = row.since === null ? null : Number(row.since);
      return { count: Number(row.count), bytes: Number(row.bytes), since };
    },
    /** Deletes the ticks of all but the newest releases of a service. */
    forget: (service: string, kept: number): void => {
      for (const { release } of old.all(service, kept)) {
        forgetTicks.run(Number(release));
        forgetTicked.run(Number(release));
      }
    },
  };
}

function rowOf(row: Readonly<Record<string, unknown>>): Row {
  return {
    first: Number(row.first),
    count: Number(row.count),
    isPacked: row.is_packed === 1,
    body: row.body as Uint8Array,
  };
}
