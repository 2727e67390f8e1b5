// Tells people: takes what the journal says, keeps it until it was sent, tries again, and remembers how it went.
import { setTimeout as sleep } from 'node:timers/promises';
import type { NotificationsView, TestView } from '../../api/notice-views.ts';
import { sentenceOf } from '../../core/failure.ts';
import type { Event } from '../../core/journal.ts';
import { isFor, type Notice, type NotifyTarget } from '../../core/notice.ts';
import { type Notifier, TryLater } from '../../ports/notifier.ts';
import type { Store } from '../../ports/store.ts';
import type { Log } from '../refusal.ts';
import type { NoticeMaker } from './notices.ts';
import { type Box, openBox, type Waiting } from './waiting.ts';

export type OutboxOptions = {
  readonly store: Pick<Store, 'read' | 'commit' | 'events'>;
  readonly onEvents: (listener: (events: readonly Event[]) => void) => () => void;
  readonly noticeOf: NoticeMaker;
  readonly create: (target: NotifyTarget) => Notifier;
  readonly project: string;
  readonly now: () => number;
  readonly log: Log;
};

export type Outbox = {
  /** From now on these are told; what waits for others is forgotten. Nobody is told what happened before. */
  configure(targets: readonly NotifyTarget[]): Promise<void>;
  view(): NotificationsView;
  /** One sentence for each target that does not get its messages. */
  problems(): readonly string[];
  test(): Promise<TestView>;
  /** Waits for the messages under way, at most a moment. */
  close(): Promise<void>;
};

const FIRST_WAIT_MS = 5000;
const LEAST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 10 * 60_000;
/** After so long nobody wants to know any more. */
const OLDEST_MS = 24 * 3_600_000;
const PAGE = 500;
const CLOSE_MS = 2000;

/** Failure: as of the store. */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const box = await openBox(options.store);
  const ending = new AbortController();
  const work = new Worker(options, box, ending.signal);
  if (box.main().cursor === null) await box.save({ ...box.main(), cursor: await headOf(options.store) });
  const unsubscribe = options.onEvents(() => work.wake());
  const running = work.run();
  return {
    configure: (targets) => work.configure(targets),
    view: () => viewOf(box, work.failing),
    problems: () =>
      [...work.failing].map(([name, error]) => `${name} gets no messages: ${error}. See friday notifications.`),
    test: () => work.test(),
    close: async () => {
      unsubscribe();
      ending.abort();
      work.wake();
      await Promise.race([running.catch(() => {}), sleep(CLOSE_MS, undefined, { ref: false })]);
    },
  };
}

async function headOf(store: Pick<Store, 'events'>): Promise<number> {
  return (await store.events({ limit: 1, isNewestFirst: true })).at(-1)?.seq ?? 0;
}

class Worker {
  /** Name of a target, and why its last try failed. */
  readonly failing = new Map<string, string>();
  readonly #options: OutboxOptions;
  readonly #box: Box;
  readonly #signal: AbortSignal;
  #position: number | null = null;
  #wake = () => {};
  #isWoken = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: OutboxOptions, box: Box, signal: AbortSignal) {
    this.#options = options;
    this.#box = box;
    this.#signal = signal;
  }

  wake(): void {
    this.#isWoken = true;
    this.#wake();
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      this.#isWoken = false;
      await this.#alone(() => this.#takeIn()).catch((error: unknown) => this.#complain(error));
      await this.#sendDue().catch((error: unknown) => this.#complain(error));
      if (!this.#isWoken && !this.#signal.aborted) await this.#rest();
    }
    if (this.#position !== null) await this.#box.save({ ...this.#box.main(), cursor: this.#position });
  }

  configure(targets: readonly NotifyTarget[]): Promise<void> {
    return this.#alone(async () => {
      await this.#takeIn();
      const names = new Set(targets.map((one) => one.name));
      for (const one of this.#box.waiting()) {
        if (!names.has(one.target)) await this.#box.finish(one, 'dropped', this.#options.now(), null);
      }
      await this.#box.save({ targets, cursor: this.#position });
      for (const name of this.failing.keys()) if (!names.has(name)) this.failing.delete(name);
      this.wake();
    });
  }

  async test(): Promise<TestView> {
    const { now, project } = this.#options;
    const at = now();
    const words = 'If you read this, messages about releases come here.';
    const about = { service: project, version: null, release: null, by: '', lines: [], url: null };
    const notice: Notice = {
      ...about,
      id: `${project}-test-${at}`,
      kind: 'test',
      subject: 'test',
      project,
      at,
      sentence: words,
    };
    const sent = this.#box.main().targets.map(async (target) => {
      try {
        await this.#options.create(target).send(notice, null, this.#signal);
        this.failing.delete(target.name);
        return { target: target.name, isSent: true, error: '' };
      } catch (error) {
        return { target: target.name, isSent: false, error: sentenceOf(error) };
      }
    });
    return Promise.all(sent);
  }

  /** New events become messages that wait, together with the position behind them. */
  async #takeIn(): Promise<void> {
    this.#position ??= this.#box.main().cursor ?? 0;
    while (true) {
      const events = await this.#options.store.events({ after: this.#position, limit: PAGE });
      const waiting: Waiting[] = [];
      for (const event of events) waiting.push(...(await this.#messagesOf(event)));
      const last: number = events.at(-1)?.seq ?? this.#position;
      if (waiting.length > 0) await this.#box.add(waiting, last);
      this.#position = last;
      if (events.length < PAGE) return;
    }
  }

  async #messagesOf(event: Event): Promise<Waiting[]> {
    const { targets } = this.#box.main();
    if (targets.length === 0) return [];
    const notice = await this.#options.noticeOf(event);
    if (notice === null) return [];
    const wanted = targets.filter((target) => isFor(target, notice.kind, notice.service));
    return wanted.map(({ name }) => {
      // Rising, so that they are read back in their order.
      const id = `${String(event.seq).padStart(12, '0')}:${name}`;
      return { id, target: name, notice, tries: 0, nextAt: notice.at, error: '' };
    });
  }

  /** Targets side by side, the messages of one in their order. */
  async #sendDue(): Promise<void> {
    await Promise.all(this.#box.main().targets.map((target) => this.#sendTo(target)));
  }

  async #sendTo(target: NotifyTarget): Promise<void> {
    const notifier = this.#options.create(target);
    const own = this.#box.waiting().filter((one) => one.target === target.name);
    for (const [index, one] of own.entries()) {
      const now = this.#options.now();
      if (this.#signal.aborted) return;
      if (notifier.updates && own.slice(index + 1).some((later) => later.notice.subject === one.notice.subject)) {
        await this.#box.finish(one, 'superseded', now, null);
      } else if (one.nextAt > now || !(await this.#send(notifier, one))) return;
    }
  }

  /** True when the next one may be tried. */
  async #send(notifier: Notifier, one: Waiting): Promise<boolean> {
    const { now, log } = this.#options;
    const tried = { ...one, tries: one.tries + 1 };
    try {
      const ref = await notifier.send(one.notice, this.#box.ref(one.target, one.notice.subject), this.#signal);
      this.failing.delete(one.target);
      await this.#box.finish({ ...tried, error: '' }, 'sent', now(), ref);
      return true;
    } catch (error) {
      if (this.#signal.aborted) return false;
      const failed = { ...tried, error: sentenceOf(error).slice(0, 300) };
      this.failing.set(one.target, failed.error);
      log({ level: 'warn', message: 'a message was not sent', target: one.target, error: failed.error });
      const isOver = !(error instanceof TryLater) || now() - one.notice.at > OLDEST_MS;
      if (isOver) {
        await this.#box.finish(failed, 'failed', now(), null);
        return true;
      }
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** one.tries);
      await this.#box.change({ ...failed, nextAt: now() + Math.max(wait, error.afterMs ?? 0) });
      return false;
    }
  }

  /** Until something happens, or the next message is due. */
  #rest(): Promise<void> {
    const due = Math.min(
      ...headsOf(this.#box.waiting()).map((one) => one.nextAt),
      LONGEST_WAIT_MS + this.#options.now(),
    );
    const ms = Math.max(LEAST_WAIT_MS, Math.min(LONGEST_WAIT_MS, due - this.#options.now()));
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(work);
    this.#turn = next.catch(() => {});
    return next;
  }

  #complain(error: unknown): void {
    this.#options.log({ level: 'error', message: 'messages cannot be kept', error: sentenceOf(error) });
  }
}

/** The next message of each target: those behind it wait for it. */
function headsOf(waiting: readonly Waiting[]): readonly Waiting[] {
  return waiting.filter((one, index) => waiting.findIndex((other) => other.target === one.target) === index);
}

function viewOf(box: Box, failing: ReadonlyMap<string, string>): NotificationsView {
  const waiting = box.waiting();
  const targets = box.main().targets.map(({ name, type, events, services }) => {
    const own = waiting.filter((one) => one.target === name).length;
    return { name, type, events: [...events], services: [...services], isFailing: failing.has(name), waiting: own };
  });
  const open = waiting.map(({ target, notice: { kind, service, release, at }, tries, nextAt, error }) => {
    const state = 'waiting' as const;
    return { target, kind, service, release, at, state, tries, doneAt: null, nextAt, error };
  });
  return { targets, deliveries: [...open.reverse(), ...box.done().map((one) => ({ ...one, nextAt: null }))] };
}
