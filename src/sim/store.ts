// The store of the simulated world: in memory, deterministic, and it can be reopened and cut off like a file.
import { Failure } from '../core/failure.ts';
import type { Event } from '../core/journal.ts';
import { type EventQuery, limitOf, type Store, textOf } from '../ports/store.ts';

/** What survives the process: JSON texts by kind and id, the journal, and who has it open. */
export type SimDisk = {
  readonly documents: Map<string, Map<string, string>>;
  readonly journal: string[];
  owner: Store | null;
};

export function simDisk(): SimDisk {
  return { documents: new Map(), journal: [], owner: null };
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
      for (const { kind, id } of change.remove ?? []) disk.documents.get(kind)?.delete(id);
      for (const { kind, id, text } of documents) {
        disk.documents.set(kind, (disk.documents.get(kind) ?? new Map()).set(id, text));
      }
      const first = disk.journal.length;
      disk.journal.push(...events);
      return events.map((text, i) => eventOf(text, first + i + 1));
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

function eventOf(text: string, seq: number): Event {
  return { ...JSON.parse(text), seq };
}

function isAsked(event: Event, query: EventQuery): boolean {
  return (
    (query.service === undefined || event.service === query.service) &&
    (query.release === undefined || event.release === query.release)
  );
}
