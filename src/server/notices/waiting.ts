// What waits to be sent and what became of it, in memory and in the store: it goes on after a restart.

import type { DeliveryView } from '../../api/notice-views.ts';
import type { Notice, NotifyTarget } from '../../core/notice.ts';
import type { Document, Store } from '../../ports/store.ts';

export type Waiting = {
  readonly id: string;
  readonly target: string;
  readonly notice: Notice;
  readonly tries: number;
  readonly nextAt: number;
  readonly error: string;
};
type Done = Omit<DeliveryView, 'nextAt'>;
/** What the last message about a subject gave back. */
type Message = { readonly target: string; readonly subject: string; readonly ref: string };

const KINDS = { waiting: 'notice-waiting', main: 'notice-main', log: 'notice-log' } as const;
const MOST_WAITING = 500;
const MOST_DONE = 200;
const MOST_MESSAGES = 500;

type Main = { readonly cursor: number | null; readonly targets: readonly NotifyTarget[] };
type Log = { readonly done: readonly Done[]; readonly messages: readonly Message[] };

export type Box = {
  main(): Main;
  waiting(): readonly Waiting[];
  done(): readonly Done[];
  /** What the next message about the subject needs. */
  ref(target: string, subject: string): string | null;
  save(main: Main): Promise<void>;
  /** Keeps them and the position behind their events in one commit; beyond 500 of a target the oldest are dropped. */
  add(all: readonly Waiting[], cursor: number): Promise<void>;
  change(one: Waiting): Promise<void>;
  finish(one: Waiting, state: Done['state'], now: number, ref: string | null): Promise<void>;
};

/** Failure: as of the store. */
export async function openBox(store: Pick<Store, 'read' | 'commit'>): Promise<Box> {
  const one = async <T>(kind: string): Promise<T | undefined> => (await store.read(kind))[0]?.value as T | undefined;
  let main = (await one<Main>(KINDS.main)) ?? { cursor: null, targets: [] };
  let log = (await one<Log>(KINDS.log)) ?? { done: [], messages: [] };
  const waiting = new Map((await store.read(KINDS.waiting)).map(({ id, value }) => [id, value as Waiting]));
  const put = (...documents: Document[]) => store.commit({ put: documents });
  const withDone = (item: Waiting, state: Done['state'], now: number, ref: string | null): Log => {
    const { notice, target, tries, error } = item;
    const { kind, service, release, at, subject } = notice;
    const entry: Done = { target, kind, service, release, at, state, tries, doneAt: now, error };
    const others = log.messages.filter((known) => known.target !== target || known.subject !== subject);
    const messages = ref === null ? log.messages : [...others, { target, subject, ref }].slice(-MOST_MESSAGES);
    return { done: [entry, ...log.done].slice(0, MOST_DONE), messages };
  };
  const finish = async (item: Waiting, state: Done['state'], now: number, ref: string | null) => {
    log = withDone(item, state, now, ref);
    waiting.delete(item.id);
    const remove = [{ kind: KINDS.waiting, id: item.id }];
    await store.commit({ remove, put: [{ kind: KINDS.log, id: 'main', value: log }] });
  };
  return {
    main: () => main,
    waiting: () => [...waiting.values()],
    done: () => log.done,
    ref: (target, subject) =>
      log.messages.find((known) => known.target === target && known.subject === subject)?.ref ?? null,
    save: async (next) => {
      await put({ kind: KINDS.main, id: 'main', value: next });
      main = next;
    },
    add: async (all, cursor) => {
      const next = { ...main, cursor };
      const documents = all.map((item) => ({ kind: KINDS.waiting, id: item.id, value: item }));
      await put(...documents, { kind: KINDS.main, id: 'main', value: next });
      main = next;
      for (const item of all) waiting.set(item.id, item);
      for (const target of new Set(all.map((item) => item.target))) {
        const own = [...waiting.values()].filter((item) => item.target === target);
        for (const item of own.slice(0, Math.max(0, own.length - MOST_WAITING))) {
          await finish({ ...item, error: 'too many wait' }, 'dropped', item.notice.at, null);
        }
      }
    },
    change: async (item) => {
      waiting.set(item.id, item);
      await put({ kind: KINDS.waiting, id: item.id, value: item });
    },
    finish,
  };
}
