// The stream of what is now: made once for all who watch, newest first for the slow, every event once.
import { describe, expect, it } from 'vitest';
import type { LiveFrame } from '../api/live-views.ts';
import { createWorld, TOKEN, type World } from './fixture.ts';

function open(world: World, path: string, headers: Record<string, string> = {}) {
  const authorization = `Bearer ${TOKEN}`;
  return world.app().request(path, { headers: { host: 'localhost', authorization, ...headers } }, { via: 'tcp' });
}

/** The frames of an answer, one by one. */
async function reader(world: World, path: string, headers: Record<string, string> = {}) {
  const answer = await open(world, path, headers);
  expect(answer.status).toBe(200);
  const texts = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<LiveFrame> => {
    for (;;) {
      const end = text.indexOf('\n');
      if (end >= 0) {
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        if (line !== '') return JSON.parse(line) as LiveFrame;
        continue;
      }
      const got = await texts?.read();
      if (!got || got.done) throw new Error('the stream has ended');
      text += got.value;
    }
  };
  const until = async <T extends LiveFrame['type']>(type: T): Promise<Extract<LiveFrame, { type: T }>> => {
    for (;;) {
      const frame = await next();
      if (frame.type === type) return frame as Extract<LiveFrame, { type: T }>;
    }
  };
  return { next, until, end: () => texts?.cancel() };
}

describe('the live stream', () => {
  it('begins with what is now, and tells it again after each turn', async () => {
    const world = createWorld();
    const live = await reader(world, '/api/v1/live');
    expect((await live.next()).type).toBe('status');
    world.turn();
    expect((await live.next()).type).toBe('status');
    await live.end();
  });

  it('tells a release and its seconds, each second until it cannot change any more', async () => {
    const world = createWorld();
    const live = await reader(world, '/api/v1/live?release=7');
    expect((await live.until('release')).release.id).toBe(7);
    expect((await live.until('points')).points[0]?.stable?.requests).toBe(95);
    await live.end();
  });

  it('gives each event once and in order, also to who comes back', async () => {
    const world = createWorld();
    world.happen(3);
    const live = await reader(world, '/api/v1/live', { 'last-event-id': '1' });
    expect((await live.until('event')).event.seq).toBe(2);
    expect((await live.until('event')).event.seq).toBe(3);
    world.happen(2);
    expect((await live.until('event')).event.seq).toBe(4);
    await live.end();
  });

  it('has the place in the journal as the id of a server-sent event', async () => {
    const world = createWorld();
    world.happen(2);
    const answer = await open(world, '/api/v1/live?after=1', { accept: 'text/event-stream' });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const texts = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('event: status')) text += (await texts?.read())?.value ?? '';
    expect(text).toMatch(/id: 2\nevent: event\ndata: \{/);
    await texts?.cancel();
  });

  it('listens to nothing once nobody watches', async () => {
    const world = createWorld();
    const live = await reader(world, '/api/v1/live');
    await live.next();
    expect(world.listeners()).toBe(1);
    await live.end();
    await expect.poll(() => world.listeners()).toBe(0);
  });

  it('says when there is no such release', async () => {
    expect((await open(createWorld(), '/api/v1/live?release=99')).status).toBe(404);
  });
});
