// What the access store keeps, in memory: looked up at every request, changed only after the store has it.
import type { AccessChange, AccessStore, Kept, KeptKind, NewAudit } from '../../ports/access.ts';
import { idOf } from '../../ports/access.ts';

export type Rows = { readonly [Kind in KeptKind]: Map<string, Kept[Kind]> };

export type Tables = {
  get<Kind extends KeptKind>(kind: Kind, id: string): Kept[Kind] | null;
  all<Kind extends KeptKind>(kind: Kind): readonly Kept[Kind][];
  /** Stores, then shows it. Changes happen one after the other. */
  commit(change: AccessChange): Promise<void>;
  /** One piece of work at a time, so that what it looked at is still so when it commits. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** Takes it out at once, and out of the store; true for the first who asks. */
  take(kind: 'links', id: string): Promise<boolean>;
  /** Shows it at once and stores it soon; for what may be lost, as when something was last used. */
  note<Kind extends 'tokens' | 'sessions'>(kind: Kind, value: Kept[Kind]): void;
  /** Called with the ids of sessions and tokens that are gone. */
  onGone(listener: (ids: readonly string[]) => void): void;
  audit: AccessStore['audit'];
  record(entry: NewAudit): Promise<void>;
};

/** Reads what is kept. Failure: `unavailable`. */
export async function openTables(store: AccessStore, onError: (error: unknown) => void): Promise<Tables> {
  const rows = noRows();
  const load = async <Kind extends KeptKind>(kind: Kind) => {
    for (const one of await store.read(kind)) (rows[kind] as Map<string, Kept[Kind]>).set(idOf(one), one);
  };
  for (const kind of ['people', 'tokens', 'sessions', 'links', 'settings'] as const) await load(kind);
  return tablesOver(store, rows, onError);
}

export function noRows(): Rows {
  return { people: new Map(), tokens: new Map(), sessions: new Map(), links: new Map(), settings: new Map() };
}

/** Over what was read already. */
export function tablesOver(store: AccessStore, rows: Rows, onError: (error: unknown) => void): Tables {
  const listeners: ((ids: readonly string[]) => void)[] = [];
  let last: Promise<unknown> = Promise.resolve();
  const show = (change: AccessChange) => {
    for (const [kind, ids] of Object.entries(change.remove ?? {})) {
      for (const id of ids) rows[kind as KeptKind].delete(id);
    }
    for (const [kind, values] of Object.entries(change.put ?? {})) {
      for (const one of values) (rows[kind as KeptKind] as Map<string, Kept[KeptKind]>).set(idOf(one), one);
    }
    const gone = [...(change.remove?.sessions ?? []), ...(change.remove?.tokens ?? [])];
    if (gone.length > 0) for (const listener of listeners) listener(gone);
  };
  const tables: Tables = {
    get: (kind, id) => rows[kind].get(id) ?? null,
    all: <Kind extends KeptKind>(kind: Kind) => [...rows[kind].values()] as Kept[Kind][],
    commit: async (change) => {
      await store.commit(change);
      show(change);
    },
    alone: (work) => {
      const next = last.then(work);
      last = next.catch(() => {});
      return next;
    },
    take: async (kind, id) => {
      if (!rows[kind].delete(id)) return false;
      await store.commit({ remove: { [kind]: [id] } });
      return true;
    },
    note: (kind, value) => {
      if (!rows[kind].has(value.id)) return;
      (rows[kind] as Map<string, Kept[typeof kind]>).set(value.id, value);
      void tables
        .alone(async () => {
          if (rows[kind].has(value.id)) await store.commit({ put: { [kind]: [value] } });
        })
        .catch(onError);
    },
    onGone: (listener) => void listeners.push(listener),
    audit: (query) => store.audit(query),
    record: (entry) => store.commit({ audit: [entry] }).catch(onError),
  };
  return tables;
}
