// A control plane of plain values for the server's tests: it keeps a journal, answers from fixed views and remembers what it was told.
import {
  differences,
  node as nodeView,
  recentTraffic,
  release as releaseView,
  service as serviceView,
  status,
  upped,
  version,
} from '../api/examples.ts';
import { course, range } from '../api/live-examples.ts';
import type { Control } from '../control/api.ts';
import { Failure } from '../core/failure.ts';
import type { Event, NewEvent } from '../core/journal.ts';
import type { LogLine, Logs } from '../ports/logs.ts';
import type { EventQuery } from '../ports/store.ts';
import { type Access, createAccess } from './access/access.ts';
import { memoryAccess } from './access/memory.ts';
import { noRows, tablesOver } from './access/tables.ts';
import { type App, type AppOptions, createApp } from './app.ts';

export const TOKEN = 'dGhlIHRva2VuIG9mIHRoZSB0ZXN0cyBvZiB0aGUgc2Vy';

export type World = {
  readonly control: Control;
  readonly told: unknown[];
  readonly logged: Readonly<Record<string, unknown>>[];
  readonly stops: string[];
  /** Appends `count` events and pushes them, as one batch. */
  happen(count: number, about?: Partial<NewEvent>): readonly Event[];
  readonly listeners: () => number;
  /** Ends a turn of the loop. */
  readonly turn: () => void;
  clock: { now: number; lastTurnAt: number | null };
  readonly access: Access;
  app(options?: Partial<AppOptions>): App;
};

export function newEvent(about: Partial<NewEvent> = {}): NewEvent {
  const nothing = { service: 'api', version: 42, release: 7, by: 'friday', sentence: 'Something happened.', data: {} };
  return { at: 1_795_161_600_000, type: 'control', ...nothing, ...about };
}

/** A journal in memory, which looks at what is there a moment after it was asked, as a store does. */
export function createJournal() {
  const journal: Event[] = [];
  const listeners = new Set<(events: readonly Event[]) => void>();
  return {
    events: async (query: EventQuery) => {
      await Promise.resolve();
      return select(journal, query);
    },
    onEvents: (listener: (events: readonly Event[]) => void) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    listeners: () => listeners.size,
    happen: (count: number, about?: Partial<NewEvent>): readonly Event[] => {
      const first = journal.length + 1;
      const events = Array.from({ length: count }, (_, index) => ({ ...newEvent(about), seq: first + index }));
      journal.push(...events);
      for (const listener of listeners) listener(events);
      return events;
    },
  };
}

function known(name: string): void {
  if (name === 'api') return;
  throw new Failure('not-found', `There is no service ${name}.`, { hint: 'friday status' });
}

type Heard = Pick<Control, 'events' | 'onEvents' | 'onTurn'>;

function controlOf(told: unknown[], { events, onEvents, onTurn }: Heard): Control {
  const tell = <T>(order: unknown, answer: T): Promise<T> => {
    told.push(order);
    return Promise.resolve(answer);
  };
  return {
    events,
    onEvents,
    onTurn,
    course: async (id) => {
      if (id === 7) return course;
      throw new Failure('not-found', `There is no release number ${id}.`);
    },
    points: (id, afterMs) => (id === 7 ? course.points.filter((one) => one.at > afterMs) : []),
    metrics: {
      range: async (query) => {
        told.push({ range: query });
        return range;
      },
    },
    status: () => status,
    service: (name) => {
      known(name);
      return serviceView;
    },
    traffic: (name) => {
      known(name);
      return recentTraffic;
    },
    certificates: () => [],
    versions: (name) => {
      known(name);
      return [version];
    },
    releases: (query) => tell({ releases: query }, [releaseView]),
    release: async (id) => {
      if (id === 7) return releaseView;
      throw new Failure('not-found', `There is no release number ${id}.`);
    },
    changes: async (id) => {
      if (id === 7) return differences;
      throw new Failure('not-found', `There is no release number ${id}.`);
    },
    ticks: async (id) => {
      if (id === 7) return lines('{"format":"fridaymorning ticks 1"}\n', '{"tick":1}\n{"tick":2}\n');
      throw new Failure('not-found', `There is no release number ${id}.`);
    },
    up: (order) => tell({ up: order }, upped),
    releaseService: (order) => tell({ release: order }, releaseView),
    compareWithItself: (service, step, order) => tell({ compare: service, ...step, ...order }, releaseView),
    rollBack: async (service, to, order) => {
      known(service);
      return tell({ rollBack: service, version: to, ...order }, releaseView);
    },
    promote: (service, target, order) => tell({ promote: service, ...target, ...order }, releaseView),
    pause: async (service, order) => {
      if (order.reason === 'a bug') throw new TypeError('x is not a function');
      throw new Failure('conflict', `${service} has no release under way.`, { hint: `friday release ${service}` });
    },
    restart: async (service, instance, order) => {
      known(service);
      return tell({ restart: service, instance, ...order }, serviceView);
    },
    drain: async (service, what, order) => {
      known(service);
      return tell({ drain: service, ...what, ...order }, serviceView);
    },
    nodes: () => tell({ nodes: true }, [nodeView]),
    drainNode: (name, order) => tell({ drainNode: name, ...order }, { ...nodeView, availability: 'emptying' }),
    activateNode: (name, order) => tell({ activateNode: name, ...order }, nodeView),
    down: (services, order) => tell({ down: services, ...order }, { services: [...services], isLast: true }),
  };
}

async function* lines(...texts: readonly string[]): AsyncGenerator<string> {
  yield* texts;
}

function fail(error: unknown): never {
  throw error;
}

export function createWorld(): World {
  const journal = createJournal();
  const told: unknown[] = [];
  const logged: Readonly<Record<string, unknown>>[] = [];
  const stops: string[] = [];
  const clock: World['clock'] = { now: 1_795_161_600_000, lastTurnAt: 1_795_161_600_000 };
  const turns = new Set<() => void>();
  const onTurn = (listener: () => void) => {
    turns.add(listener);
    return () => turns.delete(listener);
  };
  const control = controlOf(told, { ...journal, onTurn });
  const access = createAccess(tablesOver(memoryAccess(), noRows(), fail), { cost: { n: 16, r: 1, p: 1 } });
  const app = (options: Partial<AppOptions> = {}) =>
    createApp({
      access,
      project: 'shop',
      pageUrl: () => 'http://127.0.0.1:4747',
      control,
      logs: logsOf([]),
      lastTurnAt: () => clock.lastTurnAt,
      now: () => clock.now,
      token: TOKEN,
      stop: (by) => stops.push(by),
      log: (entry) => logged.push(entry),
      version: '0.1.0',
      engines: { runtime: 'process', balancer: 'embedded' },
      ...options,
    });
  const turn = () => {
    for (const listener of turns) listener();
  };
  const { listeners, happen } = journal;
  return { control, told, logged, stops, clock, turn, listeners, happen, access, app };
}

/** Logs that hold these lines and get no others. */
export function logsOf(lines: readonly LogLine[], asked: unknown[] = []): Logs {
  return {
    read: async (query) => {
      asked.push(query);
      return lines;
    },
    async *follow(query, signal) {
      asked.push(query);
      yield* lines;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    },
  };
}

function select(journal: readonly Event[], query: EventQuery): readonly Event[] {
  const { after = 0, service, release, limit = 100, isNewestFirst = false } = query;
  if (limit < 1 || limit > 1000) throw new Failure('invalid', `limit is ${limit}`);
  const matching = journal.filter(
    (event) =>
      event.seq > after &&
      (service === undefined || event.service === service) &&
      (release === undefined || event.release === release),
  );
  return isNewestFirst ? matching.slice(-limit) : matching.slice(0, limit);
}
