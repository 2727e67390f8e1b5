// The event stream: formats, where it begins, resuming without loss or repetition, slow readers, limits, heartbeats.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from '../core/journal.ts';
import { openFeed } from './feed.ts';
import { createJournal, createWorld, logsOf, type World } from './fixture.ts';
import { createStreams } from './stream.ts';

const socket = { via: 'socket' as const };

async function open(world: World, query: string, headers: Record<string, string> = {}, app = world.app()) {
  const answer = await app.request(`/api/v1/events${query}`, { headers }, socket);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    answer,
    cancel: () => reader.cancel(),
    /** Reads until `count` events (or so many of `mark`) are there. */
    async events(count: number): Promise<Event[]> {
      const lines = () => text.split('\n').filter((line) => line !== '');
      while (lines().length < count) {
        const { value, done } = await reader.read();
        if (done) break;
        text += value;
      }
      return lines().map((line) => JSON.parse(line) as Event);
    },
    async text(until: string | null): Promise<string> {
      while (until === null || !text.includes(until)) {
        const { value, done } = await reader.read();
        if (done) break;
        text += value;
      }
      return text;
    },
  };
}

const seqs = (events: readonly Event[]) => events.map((event) => event.seq);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('the ticks of a release', () => {
  it('are the file as it is documented: nothing before it, between its lines or after it', async () => {
    const answer = await createWorld().app().request('/api/v1/releases/7/ticks', {}, socket);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
    expect(await answer.text()).toBe('{"format":"fridaymorning ticks 1"}\n{"tick":1}\n{"tick":2}\n');
  });

  it('of a release that there is not are a problem', async () => {
    const answer = await createWorld().app().request('/api/v1/releases/8/ticks', {}, socket);
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'not-found' }]);
  });
});

describe('the journal without following', () => {
  it.each([
    ['', range(21, 120), '20'],
    ['&limit=3', [118, 119, 120], '117'],
    ['&after=100&limit=5', range(101, 105), '100'],
    ['&after=120', [], '120'],
    ['&limit=0', [], '120'],
    ['&after=500', range(1, 100), '0'],
  ])('with %s gives what is asked for, its position first', async (query, expected, position) => {
    const world = createWorld();
    world.happen(120);
    const { answer, events } = await open(world, `?follow=false${query}`);
    expect([seqs(await events(1000)), answer.headers.get('x-friday-after')]).toEqual([expected, position]);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
  });

  it('keeps to a service and a release', async () => {
    const world = createWorld();
    world.happen(2, { service: 'web', release: 1 });
    world.happen(2, { service: 'api', release: 1 });
    world.happen(2, { service: 'api', release: 2 });
    expect(seqs(await (await open(world, '?follow=false&service=api')).events(9))).toEqual([3, 4, 5, 6]);
    expect(seqs(await (await open(world, '?follow=false&service=api&release=2')).events(9))).toEqual([5, 6]);
  });
});

describe('the journal as server-sent events', () => {
  it('has id, event and data, and resumes behind Last-Event-ID', async () => {
    const world = createWorld();
    world.happen(3, { type: 'release_weight' });
    const headers = { accept: 'text/event-stream', 'last-event-id': '2' };
    const { answer, text, cancel } = await open(world, '?after=1', headers);
    const said = await text('\ndata: ');
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(said).toMatch(/^:\n\nid: 3\nevent: release_weight\ndata: \{.*"seq":3\}\n\n$/);
    await cancel();
  });
});

describe('the journal while it is followed', () => {
  it('begins with what happens from now on', async () => {
    const world = createWorld();
    world.happen(5);
    const { answer, events, cancel } = await open(world, '');
    expect(answer.headers.get('x-friday-after')).toBe('5');
    world.happen(2);
    expect(seqs(await events(2))).toEqual([6, 7]);
    await cancel();
  });

  it('begins with the newest ones when asked to, and so does its position', async () => {
    const world = createWorld();
    world.happen(5);
    const { answer, events, cancel } = await open(world, '?limit=2');
    world.happen(1);
    expect([answer.headers.get('x-friday-after'), seqs(await events(3))]).toEqual(['3', [4, 5, 6]]);
    await cancel();
  });

  it('catches up over many pages and then gives what happens, each once', async () => {
    const world = createWorld();
    world.happen(1234);
    const { events, cancel } = await open(world, '?after=0');
    await events(500);
    world.happen(10);
    expect(seqs(await events(1244))).toEqual(range(1, 1244));
    await cancel();
  });

  it('loses and repeats nothing over any mixture of events, pauses and reconnections', async () => {
    const count = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 990, max: 1200 }));
    const step = fc.record({ kind: fc.constantFrom('happen', 'read', 'happen while reading', 'reconnect'), count });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const journal = createJournal();
        const seen: number[] = [];
        let total = 0;
        let stop = new AbortController();
        const connect = async (after: number) => {
          stop = new AbortController();
          const feed = await openFeed(journal, { after });
          return feed.events(stop.signal)[Symbol.asyncIterator]();
        };
        let feed = await connect(0);
        const read = async (most: number) => {
          for (let n = 0; n < most && seen.length < total; n++) seen.push((await feed.next()).value!.seq);
        };
        for (const { kind, count } of steps) {
          const reading = kind.endsWith('read') || kind.endsWith('reading') ? read(count) : null;
          if (kind.startsWith('happen')) {
            journal.happen(count);
            total += count;
          }
          await reading;
          if (kind !== 'reconnect') continue;
          stop.abort();
          feed = await connect(seen.at(-1) ?? 0);
        }
        await read(total);
        stop.abort();
        expect(seen).toEqual(range(1, total));
      }),
      { numRuns: 150 },
    );
  });

  it('leaves no listener behind when the reader goes', async () => {
    const world = createWorld();
    const { events, cancel } = await open(world, '');
    world.happen(1);
    await events(1);
    expect(world.listeners()).toBe(1);
    await cancel();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(world.listeners()).toBe(0);
  });

  it('says something when nothing happens', async () => {
    const world = createWorld();
    const { text, cancel } = await open(world, '', { accept: 'text/event-stream' }, world.app({ heartbeatMs: 20 }));
    expect(await text(':\n\n:\n\n:\n\n')).toMatch(/^(:\n\n)+$/);
    await cancel();
  });

  it('ends when the control plane ends', async () => {
    const world = createWorld();
    const ending = new AbortController();
    const { text } = await open(world, '', {}, world.app({ ending: ending.signal }));
    ending.abort();
    expect(await text(null)).toBe('\n');
    expect(world.listeners()).toBe(0);
  });

  it('is refused to the 201st reader and open again when one goes', async () => {
    const world = createWorld();
    const app = world.app();
    const readers = await Promise.all(range(1, 200).map(() => open(world, '', {}, app)));
    const refused = await app.request('/api/v1/events', {}, socket);
    expect([refused.status, await refused.json()]).toEqual([503, expect.objectContaining({ code: 'unavailable' })]);
    await readers[0]!.cancel();
    expect((await open(world, '', {}, app)).answer.status).toBe(200);
    for (const reader of readers) await reader.cancel();
  });
});

describe('a slow reader', () => {
  it('makes nothing pile up: what it does not take is not read from the journal', async () => {
    const journal = createJournal();
    journal.happen(100_000, { sentence: 'x'.repeat(100) });
    let given = 0;
    const streams = createStreams(1, 1000, 1000);
    const feed = await openFeed(journal, { after: 0 });
    const stream = streams.open(async function* (signal) {
      for await (const event of feed.events(signal)) {
        given += 1;
        yield JSON.stringify(event);
      }
    }, '\n');
    const reader = stream.getReader();
    await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(given).toBeLessThan(5);
    await reader.cancel();
  });

  it('that takes nothing for the time allowed is dropped, and its place is free', async () => {
    const world = createWorld();
    const streams = createStreams(1, 20, 60);
    const feed = await openFeed(world.control, {});
    const frames = async function* (signal: AbortSignal) {
      for await (const event of feed.events(signal)) yield JSON.stringify(event);
    };
    const reader = streams.open(frames, '\n').getReader();
    await reader.read();
    expect(() => streams.open(frames, '\n')).toThrow('1 streams already');
    await new Promise((resolve) => setTimeout(resolve, 150));
    await expect(reader.read()).rejects.toThrow('The reader took nothing');
    await streams.open(frames, '\n').cancel();
  });

  it('that never begins to read is dropped too', async () => {
    const world = createWorld();
    const app = world.app({ stallMs: 40 });
    await app.request('/api/v1/events', { method: 'HEAD' }, socket);
    const readers = await Promise.all(range(1, 199).map(() => open(world, '', {}, app)));
    expect((await app.request('/api/v1/events', {}, socket)).status).toBe(503);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await open(world, '', {}, app)).answer.status).toBe(200);
    for (const reader of readers) await reader.cancel().catch(() => {});
  });

  it('that takes a little now and then is kept', async () => {
    const world = createWorld();
    const streams = createStreams(1, 10, 80);
    const feed = await openFeed(world.control, {});
    const reader = streams
      .open(async function* (signal) {
        for await (const event of feed.events(signal)) yield JSON.stringify(event);
      }, '\n')
      .getReader();
    for (let n = 0; n < 6; n++) {
      expect((await reader.read()).done).toBe(false);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    await reader.cancel();
  });
});

describe('logs that are followed', () => {
  it('stay open after the last line, with heartbeats, and count as a stream', async () => {
    const world = createWorld();
    const line = { at: 1, service: 'api', version: 1, instance: 'api-v1-1', level: null, text: 'hello' };
    const app = world.app({ logs: logsOf([line]), heartbeatMs: 10 });
    const answer = await app.request('/api/v1/logs?follow=true', {}, socket);
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.endsWith('\n\n\n')) text += (await reader.read()).value;
    expect(text).toMatch(/^\n\{.*"text":"hello"\}\n\n+$/);
    await reader.cancel();
  });
});
