// Memory as documents: how it is loaded from the store, and what a turn has to write back.
import { isEqual } from '../core/equal.ts';
import type { Evidence } from '../core/evidence.ts';
import { Failure } from '../core/failure.ts';
import type { Release } from '../core/release.ts';
import type { Scaling } from '../core/scaling.ts';
import type { ServiceState } from '../core/service.ts';
import type { Cursor, Listen, Table } from '../core/traffic.ts';
import type { Memory } from '../core/turn.ts';
import type { Document, Store } from '../ports/store.ts';

/** What is kept of a release, while it is under way and for ever after. */
export type ReleaseRecord = { readonly release: Release; readonly evidence: Evidence | null };

type Main = {
  readonly layout: number;
  readonly listen: readonly Listen[];
  readonly nextRelease: number;
  readonly table: Table;
  readonly cursor: Cursor | null;
  readonly lookedAt: number | null;
  /** Traffic lately, as of the cursor; absent in what an older version wrote. */
  readonly past?: Memory['past'];
  /** Absent in what an older version wrote. */
  readonly tls?: Memory['tls'];
  readonly certificates?: Memory['certificates'];
};

/** Rises when documents change their shape; a store of another layout is refused, not misread. */
const LAYOUT = 1;

const EMPTY: Memory = {
  listen: [],
  nextRelease: 1,
  table: { revision: 0, listen: [], services: [] },
  cursor: null,
  lookedAt: null,
  services: {},
  evidence: {},
};

/** Releases that are at hand without a look into the store. */
export const KEPT_RECORDS = 500;

/** Reads back what the loop needs, and the newest releases. Failure: `conflict` (the store was written by another layout). */
export async function loadMemory(store: Store): Promise<{ memory: Memory; records: Map<number, ReleaseRecord> }> {
  const main = (await store.read('control')).find((document) => document.id === 'main')?.value as Main | undefined;
  if (main && main.layout !== LAYOUT) {
    throw new Failure('conflict', `The stored state has layout ${main.layout}, this version reads ${LAYOUT}.`, {
      hint: 'use the version of friday that wrote it, or start with an empty state folder',
    });
  }
  const states = (await store.read('service')).map((document) => document.value as ServiceState);
  const services = Object.fromEntries(states.map((service) => [service.name, service]));
  const documents = await store.read('release');
  const all = new Map(documents.map((document) => [Number(document.id), document.value as ReleaseRecord]));
  const evidence: Record<number, Evidence> = {};
  for (const { release, last } of states) {
    for (const one of [release, last]) {
      const known = one ? all.get(one.id)?.evidence : null;
      if (one && known) evidence[one.id] = known;
    }
  }
  const records = new Map([...all].sort(([one], [other]) => other - one).slice(0, KEPT_RECORDS));
  const sizes = (await store.read('scale')).filter((document) => document.value !== null);
  const scaling = Object.fromEntries(sizes.map((document) => [document.id, document.value as Scaling]));
  const { listen, nextRelease, table, cursor, lookedAt, past = {}, tls = null, certificates = {} } = main ?? EMPTY;
  const memory = { listen, tls, certificates, nextRelease, table, cursor, lookedAt, services, evidence, past, scaling };
  return { memory, records };
}

/** Releases that memory says something of now, with their evidence. */
export function recordsOf(memory: Memory): readonly ReleaseRecord[] {
  const records: ReleaseRecord[] = [];
  for (const { release, last } of Object.values(memory.services)) {
    for (const one of [release, last])
      if (one) records.push({ release: one, evidence: memory.evidence[one.id] ?? null });
  }
  return records;
}

/** Documents that differ between two memories. The cursor and the time of the look alone are no reason to write: they matter only beside something that has changed. */
export function documentsOf(before: Memory, after: Memory): readonly Document[] {
  const documents: Document[] = [];
  for (const service of Object.values(after.services)) {
    const old = before.services[service.name];
    if (!isEqual(old, service)) documents.push({ kind: 'service', id: service.name, value: service });
  }
  const old = new Map(recordsOf(before).map((record) => [record.release.id, record]));
  for (const record of recordsOf(after)) {
    const known = old.get(record.release.id);
    // The evidence of what has ended is kept in the store only; without evidence the release itself decides.
    const isKnown = record.evidence === null ? isEqual(known?.release, record.release) : isEqual(known, record);
    if (isKnown) continue;
    documents.push({ kind: 'release', id: String(record.release.id), value: record });
  }
  for (const name of Object.keys({ ...before.scaling, ...after.scaling })) {
    const value = after.scaling?.[name] ?? null;
    if (!isEqual(before.scaling?.[name] ?? null, value)) documents.push({ kind: 'scale', id: name, value });
  }
  const isMainChanged =
    before.table !== after.table ||
    before.nextRelease !== after.nextRelease ||
    before.certificates !== after.certificates ||
    !isEqual([before.listen, before.tls ?? null], [after.listen, after.tls ?? null]);
  if (documents.length > 0 || isMainChanged) {
    const { listen, tls, certificates, nextRelease, table, cursor, lookedAt, past = {} } = after;
    const main: Main = {
      layout: LAYOUT,
      listen,
      nextRelease,
      table,
      cursor,
      lookedAt,
      past,
      ...httpsOf(tls, certificates),
    };
    documents.push({ kind: 'control', id: 'main', value: main });
  }
  return documents;
}

function httpsOf(tls: Memory['tls'], certificates: Memory['certificates']): Pick<Main, 'tls' | 'certificates'> {
  return { ...(tls ? { tls } : {}), ...(Object.keys(certificates ?? {}).length > 0 ? { certificates } : {}) };
}
