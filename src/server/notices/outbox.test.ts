// The outbox: every message once and in order, later when it must be, over restarts, told when it does not go.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { release as releaseView } from '../../api/examples.ts';
import type { Notice, NotifyTarget } from '../../core/notice.ts';
import { type Notifier, TryLater } from '../../ports/notifier.ts';
import type { Document, Store } from '../../ports/store.ts';
import { createJournal } from '../fixture.ts';
import { createNotices } from './notices.ts';
import { type Outbox, openOutbox } from './outbox.ts';

const START = 1_795_161_600_000;
const target = (name: string, more: Partial<NotifyTarget> = {}): NotifyTarget =>
  ({
    type: 'webhook',
    name,
    url: 'http://x',
    secret: null,
    events: ['started', 'approval', 'promoted', 'rolled_back'],
    services: [],
    ...more,
  }) as NotifyTarget;

/** What was sent, by target; `fail` decides what is thrown. */
function createWorld() {
  const journal = createJournal();
  const documents = new Map<string, Document>();
  const sent: { target: string; notice: Notice; before: string | null }[] = [];
  const world = {
    now: START,
    updates: false,
    fail: (_: string): Error | null => null,
    sent,
    documents,
    logged: [] as unknown[],
    happen: (phase: string, release = 7) =>
      journal.happen(1, {
        at: world.now,
        type: 'release_state',
        release,
        data: { phase },
        sentence: `It is ${phase}.`,
      }),
    kinds: () => sent.map((one) => `${one.target} ${one.notice.kind} ${one.notice.release}`),
    open: (): Promise<Outbox> => {
      const store: Pick<Store, 'read' | 'commit' | 'events'> = {
        read: async (kind) =>
          [...documents.values()].filter((one) => one.kind === kind).sort((a, b) => (a.id < b.id ? -1 : 1)),
        commit: async ({ put = [], remove = [] }) => {
          for (const { kind, id } of remove) documents.delete(`${kind} ${id}`);
          for (const one of put) documents.set(`${one.kind} ${one.id}`, structuredClone(one));
          return [];
        },
        events: (query) => journal.events(query),
      };
      const notifier = (name: string): Notifier => ({
        updates: world.updates,
        send: async (notice, before) => {
          const error = world.fail(name);
          if (error) throw error;
          sent.push({ target: name, notice, before });
          return `ref ${sent.length}`;
        },
      });
      return openOutbox({
        store,
        onEvents: journal.onEvents,
        noticeOf: createNotices({
          project: 'shop',
          release: async (id) => ({ ...releaseView, id }),
          publicUrl: () => null,
        }),
        create: ({ name }) => notifier(name),
        project: 'shop',
        now: () => world.now,
        log: (entry) => world.logged.push(entry),
      });
    },
  };
  return world;
}

let world: ReturnType<typeof createWorld>;
let outbox: Outbox;
beforeEach(async () => {
  world = createWorld();
  outbox = await world.open();
});
afterEach(() => outbox.close());

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(5);
}
const restart = async () => {
  await outbox.close();
  outbox = await world.open();
};

describe('the outbox', () => {
  it('tells what happens from now on, to whom it was asked for, in order', async () => {
    world.happen('promoted', 6);
    await outbox.configure([target('a'), target('b', { events: ['rolled_back'] })]);
    world.happen('waiting_for_approval');
    world.happen('ramping');
    world.happen('rolled_back');
    await until(() => world.sent.length === 3);
    expect(world.kinds().sort()).toEqual(['a approval 7', 'a rolled_back 7', 'b rolled_back 7']);
    expect(world.kinds().filter((one) => one.startsWith('a'))).toEqual(['a approval 7', 'a rolled_back 7']);
    expect(world.sent[0]?.notice.sentence).toMatch(/^It is /);
  });

  it('hands on what the last message about a release gave back', async () => {
    await outbox.configure([target('a')]);
    world.happen('waiting_for_approval');
    await until(() => world.sent.length === 1);
    world.happen('promoted');
    world.happen('promoted', 8);
    await until(() => world.sent.length === 3);
    expect(world.sent.map((one) => one.before)).toEqual([null, 'ref 1', null]);
  });

  it('tries again later, in order, and sends nothing twice', async () => {
    await outbox.configure([target('a')]);
    world.fail = () => new TryLater('it answered 503', 60_000);
    world.happen('waiting_for_approval');
    world.happen('promoted');
    await until(() => outbox.problems().length === 1);
    expect(outbox.view()).toMatchObject({
      targets: [{ isFailing: true, waiting: 2 }],
      deliveries: [
        { state: 'waiting', tries: 0 },
        { state: 'waiting', tries: 1, nextAt: START + 60_000, error: 'it answered 503' },
      ],
    });
    world.fail = () => null;
    world.now += 60_000;
    world.happen('ramping');
    await until(() => world.sent.length === 2);
    expect(world.kinds()).toEqual(['a approval 7', 'a promoted 7']);
    await until(() => outbox.view().targets[0]?.waiting === 0);
    expect([outbox.problems(), outbox.view().deliveries.map((one) => one.state)]).toEqual([[], ['sent', 'sent']]);
  });

  it('keeps what waits over a restart, and takes in what happened meanwhile', async () => {
    await outbox.configure([target('a')]);
    world.fail = () => new TryLater('no answer');
    world.happen('waiting_for_approval');
    await until(() => outbox.problems().length === 1);
    await outbox.close();
    world.happen('promoted');
    world.fail = () => null;
    world.now += 60_000;
    outbox = await world.open();
    await until(() => world.sent.length === 2);
    expect(world.kinds()).toEqual(['a approval 7', 'a promoted 7']);
    await restart();
    world.happen('promoted', 9);
    await until(() => world.sent.length === 3);
    expect(world.kinds().at(-1)).toBe('a promoted 9');
  });

  it('gives up at once where waiting does not help, and after a day; others are told all the same', async () => {
    await outbox.configure([target('a'), target('b')]);
    world.fail = (name) => (name === 'a' ? new Error('Slack answered 404: no_service') : null);
    world.happen('promoted');
    await until(() => world.sent.length === 1 && outbox.problems().length === 1);
    expect(outbox.problems()).toEqual([
      'a gets no messages: Slack answered 404: no_service. See friday notifications.',
    ]);
    world.fail = () => new TryLater('no answer');
    world.happen('rolled_back');
    await until(() => outbox.problems().length === 2);
    world.now += 25 * 3_600_000;
    world.happen('ramping');
    await until(() => outbox.view().targets.every((one) => one.waiting === 0));
    expect(outbox.view().deliveries.filter((one) => one.state === 'failed')).toHaveLength(3);
  });

  it('passes over what a newer message replaces, where one message is kept up to date', async () => {
    world.updates = true;
    await outbox.configure([target('a')]);
    world.fail = () => new TryLater('no answer');
    world.happen('waiting_for_approval');
    await until(() => outbox.problems().length === 1);
    world.fail = () => null;
    world.happen('promoted');
    await until(() => world.sent.length === 1);
    expect(world.kinds()).toEqual(['a promoted 7']);
    await until(() => outbox.view().targets[0]?.waiting === 0);
    expect(outbox.view().deliveries.map((one) => one.state)).toEqual(['sent', 'superseded']);
  });

  it('forgets what waits for a target that is no more', async () => {
    await outbox.configure([target('a')]);
    world.fail = () => new TryLater('no answer');
    world.happen('promoted');
    await until(() => outbox.problems().length === 1);
    await outbox.configure([]);
    expect([outbox.problems(), outbox.view().targets, outbox.view().deliveries[0]?.state]).toEqual([[], [], 'dropped']);
  });

  it('sends a test to everybody, now, and says how it went', async () => {
    await outbox.configure([target('a'), target('b')]);
    world.fail = (name) => (name === 'a' ? new Error('Slack says invalid_auth') : null);
    expect(await outbox.test()).toEqual([
      { target: 'a', isSent: false, error: 'Slack says invalid_auth' },
      { target: 'b', isSent: true, error: '' },
    ]);
    expect(world.sent[0]?.notice.kind).toBe('test');
  });

  it('keeps a bounded number of messages', async () => {
    await outbox.configure([target('a')]);
    world.fail = () => new TryLater('no answer');
    for (let count = 0; count < 700; count += 1) world.happen('promoted', count + 1);
    await until(() => (outbox.view().targets[0]?.waiting ?? 0) >= 500 && outbox.view().deliveries.length >= 700);
    expect(outbox.view().targets[0]?.waiting).toBe(500);
    expect([...world.documents.values()].filter((one) => one.kind === 'notice-waiting')).toHaveLength(500);
  });
});
