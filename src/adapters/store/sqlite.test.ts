// Tests of the SQLite store: the contract, kill -9, a second process, permissions, and files that are not ours.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeContract } from '../../ports/store.contract.ts';
import type { Store } from '../../ports/store.ts';
import { sqliteStore } from './sqlite.ts';

const quiet = { warn: () => {} };

storeContract('sqlite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'friday-store-'));
  return {
    open: () => sqliteStore({ file: join(folder, 'state.db'), ...quiet }),
    remove: () => rm(folder, { recursive: true }),
  };
});

/** What fridaymorning 0.1.0 made, word for word. */
const FORMAT_1 = `
  create table documents (
     kind text not null,
     id text not null,
     value text not null,
     primary key (kind, id)
   ) strict, without rowid;
   create table events (
     seq integer primary key autoincrement,
     body text not null,
     service text generated always as (body ->> '$.service'),
     release integer generated always as (body ->> '$.release')
   ) strict;
   create index events_of_service on events (service, seq);
   create index events_of_release on events (release, seq);
   create trigger events_never_change before update on events
     begin select raise(abort, 'the journal is append-only'); end;
   create trigger events_never_go before delete on events
     begin select raise(abort, 'the journal is append-only'); end;
   pragma application_id = ${0x66726964};
   pragma user_version = 1;`;

/** Runs in a process of its own: commits number after number and says which are done. */
const writer = `
  const { writeSync } = await import('node:fs');
  const { sqliteStore } = await import(${JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)});
  try {
    const store = sqliteStore({ file: process.argv[1] });
    const [last] = await store.events({ isNewestFirst: true, limit: 1 });
    for (let n = (last?.seq ?? 0) + 1; ; n += 1) {
      const put = ['a', 'b'].map((id) => ({ kind: 'count', id, value: { n, filler: 'x'.repeat(n % 3000) } }));
      const events = [{ at: n, type: 'control', sentence: String(n), service: null, release: null }];
      const ticks = [{ release: 1, service: 'web', from: n - 1, ticks: [{ tick: n, filler: 'x'.repeat(5000) }] }];
      await store.commit({ put, events, ticks });
      writeSync(1, n + '\\n');
      await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (error) {
    writeSync(1, error.code + ': ' + error.message + '\\n');
  }`;

const children: ChildProcess[] = [];

function startWriter(file: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', writer, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const said = { text: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.text += text;
  });
  const ended = once(child, 'close');
  const hasSaid = async (lines: number) => {
    while (said.text.split('\n').length <= lines && child.exitCode === null) await once(child.stdout, 'data');
  };
  return { child, said, ended, hasSaid };
}

describe('sqlite store', () => {
  let folder: string;
  let file: string;
  const opened: Store[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'friday-store-'));
    file = join(folder, 'deep', 'er', 'state.db');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const store of opened.splice(0)) await store.close();
    await rm(folder, { recursive: true });
  });

  const open = (options: { warn?: (sentence: string) => void } = quiet) => {
    const store = sqliteStore({ file, ...options });
    opened.push(store);
    return store;
  };
  const raw = (work: (database: DatabaseSync) => void) => {
    const database = new DatabaseSync(file);
    work(database);
    database.close();
  };
  const failureOf = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      return error;
    }
    return null;
  };

  it('has everything that a killed process said was committed, and nothing half', async () => {
    for (const lines of [1, 20, 45, 80]) {
      const { child, said, ended, hasSaid } = startWriter(file);
      await hasSaid(lines);
      child.kill('SIGKILL');
      await ended;
      const promised = Number(said.text.trimEnd().split('\n').at(-1));
      const store = sqliteStore({ file });
      const documents = await store.read('count');
      const [last] = await store.events({ isNewestFirst: true, limit: 1 });
      const numbers = documents.map((one) => (one.value as { n: number }).n);
      const ticks: number[] = [];
      for await (const some of (await store.ticks(1)).batches) ticks.push(...some.map((one) => one.tick));
      await store.close();
      expect(promised).toBeGreaterThanOrEqual(lines);
      expect(last?.seq).toBeGreaterThanOrEqual(promised);
      expect(last?.seq).toBeLessThanOrEqual(promised + 1);
      expect(last?.sentence).toBe(String(last?.seq));
      expect(numbers).toEqual([last?.seq, last?.seq]);
      expect(ticks).toEqual(Array.from({ length: last?.seq ?? 0 }, (_, i) => i + 1));
    }
  });

  it('is refused to a second process, by name, as long as the first runs', async () => {
    const first = open();
    await first.commit({ put: [{ kind: 'service', id: 'web', value: 1 }] });
    const second = startWriter(file);
    await second.ended;
    expect(second.said.text).toBe(`conflict: Another control plane runs on ${file}.\n`);
    await first.commit({ put: [{ kind: 'service', id: 'web', value: 2 }] });
    await first.close();
    const third = startWriter(file);
    await third.hasSaid(1);
    expect(failureOf(open)).toMatchObject({ code: 'conflict', detail: { hint: expect.stringContaining(file) } });
    third.child.kill('SIGKILL');
    await third.ended;
    expect(third.said.text).toMatch(/^1\n/);
    expect(await open().read('service')).toEqual([{ kind: 'service', id: 'web', value: 2 }]);
  });

  it('undoes a change that the database refuses in the middle', async () => {
    const before = open();
    await before.commit({ put: [{ kind: 'service', id: 'web', value: 1 }] });
    await before.close();
    raw((database) =>
      database.exec(`create trigger refuse before insert on documents when new.id = 'bad'
                     begin select raise(abort, 'no room for bad'); end`),
    );
    const store = open();
    const put = ['web', 'bad'].map((id) => ({ kind: 'service', id, value: 2 }));
    await expect(store.commit({ put, remove: [{ kind: 'service', id: 'web' }] })).rejects.toMatchObject({
      code: 'unavailable',
      message: `${file} cannot be used: no room for bad.`,
    });
    expect(await store.read('service')).toEqual([{ kind: 'service', id: 'web', value: 1 }]);
    await store.commit({ put: [{ kind: 'service', id: 'web', value: 3 }] });
    expect(await store.read('service')).toEqual([{ kind: 'service', id: 'web', value: 3 }]);
  });

  it('has a journal that not even other programs can rewrite by accident', async () => {
    const store = open();
    const event = { at: 1, version: null, service: 'web', release: 1, by: 'friday', sentence: 'It was so.', data: {} };
    await store.commit({ events: [{ ...event, type: 'control' }] });
    await store.close();
    raw((database) => {
      expect(() => database.exec(`update events set body = '{}'`)).toThrow('append-only');
      expect(() => database.exec('delete from events')).toThrow('append-only');
    });
  });

  it('lets nobody else read: mode 600, and 700 for a folder that it makes', async () => {
    await open().commit({ put: [{ kind: 'service', id: 'web', value: 1 }] });
    for (const name of [file, `${file}-wal`]) expect((await stat(name)).mode & 0o777).toBe(0o600);
    for (const name of ['deep', 'deep/er']) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o700);
  });

  it('says once that a document is too big', async () => {
    const said: string[] = [];
    const store = open({ warn: (sentence) => said.push(sentence) });
    const big = { put: [{ kind: 'service', id: 'web', value: 'x'.repeat(1_300_000) }] };
    await store.commit(big);
    await store.commit(big);
    await store.commit({ put: [{ kind: 'service', id: 'web', value: 'x'.repeat(999_998) }] });
    expect(said).toEqual([`The document service/web in ${file} has 1.3 MB; more than 1 MB makes every commit slow.`]);
  });

  describe('of ticks', () => {
    const tickAt = (second: number, size = 200) => {
      const counts = { requests: size, firstFailures: 0, latency: [] };
      const failures = { status: 0, timeout: 0, connection: 0, deadline: 0 };
      const stable = { ...counts, version: 1, failures };
      // Ticks that cannot be packed: their numbers are as good as drawn.
      const latency = Array.from({ length: size }, (_, i) => [i, 1 + ((second * 7919 + i * 104_729) % 9973)] as const);
      return { tick: second, epoch: 1, weight: 5, stable, candidate: { ...stable, version: 2, latency } };
    };
    const batch = (from: number, count: number) => {
      return { release: 7, service: 'web', from, ticks: Array.from({ length: count }, (_, i) => tickAt(from + i)) };
    };
    const secondsOf = async (store: Store) => {
      const seconds: number[] = [];
      for await (const ticks of (await store.ticks(7)).batches) seconds.push(...ticks.map((one) => one.tick));
      return seconds;
    };

    it('keeps so many bytes of a release, in less room than the text takes, and then no more', async () => {
      const store = sqliteStore({ file, ...quiet, tickLimits: { bytes: 200_000, seconds: 86_400, releases: 20 } });
      opened.push(store);
      for (let from = 0; from < 600; from += 10) await store.commit({ ticks: [batch(from, 10)] });
      const { count } = await store.ticks(7);
      expect(count).toBeGreaterThan(80);
      expect(count).toBeLessThan(500);
      expect(await secondsOf(store)).toEqual(Array.from({ length: count }, (_, i) => i));
      await store.close();
      raw((database) => {
        const stored = database.prepare('select sum(length(body)) as bytes, count(*) as rows from ticks').get();
        const told = database.prepare('select bytes, count from ticked').get();
        expect(told).toEqual({ bytes: stored?.bytes, count });
        expect(Number(stored?.bytes)).toBeLessThan(200_000 + 2 * 65_536);
        expect(Number(stored?.bytes)).toBeLessThan((JSON.stringify(tickAt(1)).length * count) / 1.5);
        expect(Number(stored?.rows)).toBeLessThan(60);
      });
    });

    it('keeps them apart from a change that the database refuses in the middle', async () => {
      await open().close();
      raw((database) =>
        database.exec(`create trigger refuse before insert on ticks when new.release = 8
                       begin select raise(abort, 'no room'); end`),
      );
      const store = open();
      const change = {
        put: [{ kind: 'service', id: 'web', value: 1 }],
        ticks: [batch(0, 3), { ...batch(0, 1), release: 8 }],
      };
      await expect(store.commit(change)).rejects.toMatchObject({ code: 'unavailable' });
      expect(await secondsOf(store)).toEqual([]);
      expect(await store.read('service')).toEqual([]);
    });

    it('says of which release they are damaged', async () => {
      const store = open();
      await store.commit({ ticks: [batch(0, 200)] });
      await store.close();
      raw((database) => database.exec(`update ticks set body = x'0102' where is_packed = 1`));
      await expect(secondsOf(open())).rejects.toMatchObject({
        code: 'invalid',
        message: `The ticks of release 7 in ${file} are damaged.`,
      });
    });

    it('brings a file of format 1 up to date and keeps what is in it', async () => {
      await mkdir(dirname(file), { recursive: true });
      raw((database) => {
        database.exec(FORMAT_1);
        database.exec(`insert into documents values ('service', 'web', '{"weight":5}')`);
        database.exec(`insert into events (body) values ('{"sentence":"It was so.","service":"web","release":7}')`);
      });
      const store = open();
      expect(await store.read('service')).toEqual([{ kind: 'service', id: 'web', value: { weight: 5 } }]);
      expect(await store.events({ release: 7 })).toEqual([
        { seq: 1, sentence: 'It was so.', service: 'web', release: 7 },
      ]);
      await store.commit({ ticks: [batch(0, 2)] });
      expect(await secondsOf(store)).toEqual([0, 1]);
      await store.close();
      expect(await secondsOf(open())).toEqual([0, 1]);
      for (const one of opened.splice(0)) await one.close();
      raw((database) => expect(database.prepare('pragma user_version').get()?.user_version).toBe(2));
    });
  });

  describe('with a file that it cannot use', () => {
    it('names the format of a newer fridaymorning, and leaves the file alone', async () => {
      await open().close();
      raw((database) => database.exec('pragma user_version = 99'));
      expect(failureOf(open)).toMatchObject({
        code: 'invalid',
        message: `${file} was written by a newer fridaymorning: it has format 99, this one knows formats up to 2.`,
      });
      raw((database) => expect(database.prepare('pragma user_version').get()?.user_version).toBe(99));
    });

    it('does not touch the database of another program', async () => {
      await open().close();
      await rm(file);
      raw((database) => database.exec('create table theirs (a)'));
      const expected = { code: 'invalid', message: `${file} is a database of another program.` };
      expect(failureOf(open)).toMatchObject(expected);
    });

    it('says that a file is damaged when it is no database, or a part of it is gone', async () => {
      const store = open();
      const filler = Array.from({ length: 200 }, (_, i) => ({ kind: 'service', id: `${i}`, value: 'x'.repeat(1000) }));
      await store.commit({ put: filler });
      await store.close();
      await truncate(file, 20_000);
      await expect((async () => open().read('service'))()).rejects.toMatchObject({
        code: 'invalid',
        message: expect.stringContaining(`${file} is damaged`),
      });
      for (const one of opened.splice(0)) await one.close();
      await writeFile(file, 'This is a letter, not a database. '.repeat(100));
      expect(failureOf(open)).toMatchObject({ code: 'invalid', message: expect.stringContaining('is damaged or not') });
    });

    it('says that it cannot write where a folder is in the way', async () => {
      file = folder;
      expect(failureOf(open)).toMatchObject({ code: 'unavailable', message: expect.stringContaining(folder) });
    });
  });
});
