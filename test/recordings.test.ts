// The recordings themselves: small, nothing of a machine in them, as the API says it today, and told again through the real API.
import { readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { LiveFrame } from '../src/api/live-views.ts';
import { exchange, linesOf } from '../src/api/transport.ts';
import { TOKEN } from '../src/server/fixture.ts';
import { fileOf, MOST_BYTES, NAMES, parseRecording, readRecording } from './recordings/format.ts';
import { moved, type Player, playRecording } from './recordings/player.ts';
import { leftIn, scrubbed } from './recordings/scrub.ts';

const textOf = (name: (typeof NAMES)[number]) => gunzipSync(readFileSync(fileOf(name))).toString('utf8');

/** What the stream tells from the first moment to the end. */
async function framesOf({ url, start }: Player, release: number): Promise<LiveFrame[]> {
  const endpoint = { url, token: TOKEN };
  const headers = { accept: 'application/x-ndjson' };
  const path = `/api/v1/live?release=${release}&after=0`;
  const frames: LiveFrame[] = [];
  try {
    for await (const frame of linesOf(await exchange(endpoint, { method: 'GET', path, headers }))) {
      start();
      frames.push(frame as LiveFrame);
    }
  } catch {
    // The stream is cut when the player ends.
  }
  return frames;
}

describe.each(NAMES)('the recording "%s"', (name) => {
  it('is small, says what the API says today and names nothing of a machine', () => {
    const { about, frames, lostAt } = readRecording(name);
    expect(statSync(fileOf(name)).size).toBeLessThanOrEqual(MOST_BYTES);
    expect(about.name).toBe(name);
    expect(frames.length).toBeGreaterThan(10);
    expect(lostAt !== null).toBe(name === 'lost');
    expect(leftIn(textOf(name))).toBe(null);
  });

  it('is told by the stream as it went: every event once and in order, every second, and the same end', async () => {
    const recording = readRecording(name);
    const { about, answers, frames } = recording;
    const player = await playRecording(recording, 20);
    const told = framesOf(player, about.release);
    await player.ended;
    await player.close();
    const got = await told;
    const seqs = got.flatMap((frame) => (frame.type === 'event' ? [frame.event.seq] : []));
    expect(seqs).toEqual(answers.events.map((event) => event.seq));
    const states = got.flatMap((frame) => (frame.type === 'release' ? [frame.release.state] : []));
    const recorded = frames.flatMap(({ frame }) => (frame.type === 'release' ? [frame.release.state] : []));
    expect(states.at(-1)).toBe(recorded.at(-1));
  });
});

describe('a recording', () => {
  it('that the API has outgrown is refused with what to do', () => {
    const old = textOf('broken').replaceAll('"sentence":', '"phrase":');
    expect(() => parseRecording('broken', old)).toThrow(
      /^The recording "broken" is stale: line 2 is not what the API says now .*Make it anew: node test\/recordings\/record\.ts broken$/,
    );
  });

  it('without its answers is refused too', () => {
    const [about = ''] = textOf('good').split('\n');
    expect(() => parseRecording('good', about)).toThrow(/a line "about" or "answers" is missing/);
  });

  it('is moved in time as a whole, and nothing else of it changes', () => {
    const recording = readRecording('good');
    const later = moved(recording, 1000);
    expect(later.about).toEqual({
      ...recording.about,
      from: recording.about.from + 1000,
      to: recording.about.to + 1000,
    });
    expect(moved(later, -1000)).toEqual(recording);
  });

  it('has the same number for the same process, and neither folders nor the name of the machine', () => {
    const lines = [
      { handle: 'pid 31', pid: 31, host: 'box', text: 'file:///var/x/friday-demo-Ab1/calculator/a.ts' },
      { pid: 32 },
    ];
    expect(scrubbed(lines)).toEqual([
      { handle: 'pid 4000', pid: 4000, host: 'demo', text: 'file:/srv/calculator/a.ts' },
      { pid: 4001 },
    ]);
    expect(() => scrubbed([{ text: 'see /home/ann/key' }])).toThrow(
      /A folder of this machine is still in the recording/,
    );
  });

  it('takes no orders', async () => {
    const player = await playRecording(readRecording('good'), 1000);
    player.start();
    await player.ended;
    await expect(player.client.rollBack('maths')).rejects.toThrow('This is a recording: it takes no orders.');
    expect((await player.client.release(readRecording('good').about.release)).state).toBe('promoted');
    await player.close();
  });
});
