// The store of the simulated world: in memory, deterministic, and it can be reopened and cut off like a file.
import { Failure } from '../core/failure.ts';
import type { Event } from '../core/journal.ts';
import type { Tick, TickBatch } from '../core/ticks/tick.ts';
import { type EventQuery, limitOf, type Store, TICK_LIMITS, textOf } from '../ports/store.ts';

/** `texts` in order, with the second of the first one and the length of all. */
type Ticked = { readonly service: string; readonly texts: string[]; since: number; bytes: number };

/** What survives the process: JSON texts by kind and id, the journal, the ticks by release, and who has it open. */
export type SimDisk = {
  readonly documents: Map<string, Map<string, string>>;
  readonly journal: string[];
  readonly ticks: Map<number, Ticked>;
  owner: Store | null;
};

export function simDisk(): SimDisk {
  return { documents: new Map(), journal: [], ticks: new Map(), owner: null };
}

/** What the kernel does when a process ends: its store can do nothing more, and another one may open the disk. */
export function crash(disk: SimDisk): void {
  disk.owner = null;
}

/** Opens the disk. Throws `conflict` while another store has it. */
export function simStore(disk: SimDisk = simDisk()): Store {
  if (disk.owner !== null) throw new Failure('conflict', 'Another control plane runs on the simulated disk.');

  const check = () => {
    if (disk.owner !== store) throw new Failure('unavailable', 'The simulated disk was closed.');
  };
  const store: Store = {
    read: async (kind) => {
      check();
      const texts = [...(disk.documents.get(kind) ?? [])].sort(([one], [other]) => (one < other ? -1 : 1));
      return texts.map(([id, text]) => ({ kind, id, value: JSON.parse(text) }));
    },

    commit: async (change) => {
      check();
      const documents = (change.put ?? []).map(({ kind, id, value }) => {
        return { kind, id, text: textOf(`The document ${kind}/${id}`, value) };
      });
      const events = (change.events ?? []).map((event) => textOf('An event', event));
      const batches = (change.ticks ?? []).map((batch) => {
        return { ...batch, texts: batch.ticks.map((tick) => textOf('A tick', tick)) };
      });
      for (const { kind, id } of change.remove ?? []) disk.documents.get(kind)?.delete(id);
      for (const { kind, id, text } of documents) {
        disk.documents.set(kind, (disk.documents.get(kind) ?? new Map()).set(id, text));
      }
      const first = disk.journal.length;
      disk.journal.push(...events);
      for (const batch of batches) keepTicks(disk, batch, batch.texts);
      return events.map((text, i) => eventOf(text, first + i + 1));
    },

    ticks: async (release) => {
      check();
      const texts = [...(disk.ticks.get(release)?.texts ?? [])];
      return { count: texts.length, batches: batchesOf(texts) };
    },

    events: async (query) => {
      check();
      const limit = limitOf(query);
      const after = Math.max(0, query.after ?? 0);
      const later = disk.journal.slice(after).map((text, i) => eventOf(text, after + i + 1));
      const found = later.filter((event) => isAsked(event, query));
      return query.isNewestFirst ? found.slice(-limit) : found.slice(0, limit);
    },

    close: async () => {
      if (disk.owner === store) disk.owner = null;
    },
  };
  disk.owner = store;
  return store;
}

/** A long release commits thousands of times, so what is kept already is neither read nor copied again. */
function keepTicks(disk: SimDisk, { release, service, from, ticks }: TickBatch, texts: readonly string[]): void {
  const kept = disk.ticks.get(release) ?? { service, texts: [], since: 0, bytes: 0 };
  if (from > kept.texts.length) return;
  for (const text of kept.texts.splice(from)) kept.bytes -= text.length;
  if (from === 0) kept.since = ticks[0]?.tick ?? 0;
  for (const [i, text] of texts.entries()) {
    if (isFull(kept, text, ticks[i])) break;
    kept.texts.push(text);
    kept.bytes += text.length;
  }
  if (disk.ticks.has(release)) return;
  disk.ticks.set(release, kept);
  const own = [...disk.ticks].filter(([, one]) => one.service === service).map(([id]) => id);
  for (const id of own.sort((a, b) => b - a).slice(TICK_LIMITS.releases)) disk.ticks.delete(id);
}

function isFull({ bytes, since }: Ticked, text: string, tick: Tick | undefined): boolean {
  return bytes + text.length > TICK_LIMITS.bytes || (tick?.tick ?? 0) - since >= TICK_LIMITS.seconds;
}

async function* batchesOf(texts: readonly string[]) {
  yield texts.map((text) => JSON.parse(text));
}

function eventOf(text: string, seq: number): Event {
  return { ...JSON.parse(text), seq };
}

function isAsked(event: Event, query: EventQuery): boolean {
  return (
    (query.service === undefined || event.service === query.service) &&
    (query.release === undefined || event.release === query.release)
  );
}
