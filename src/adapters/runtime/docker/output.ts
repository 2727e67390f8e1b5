// Reads what a container wrote: the engine's stream of both outputs, taken apart into lines with their times.
import type { Readable } from 'node:stream';
import { Failure } from '../../../core/failure.ts';
import type { Engine } from '../engine/client.ts';

export type OutputLine = {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The engine's own words for it, which sort by time; later lines have later ones. */
  readonly stamp: string;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
};

export type OutputQuery = {
  /** The last so many; default all. */
  readonly tail?: number;
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
};

const MOST_TEXT = 16_000;

/** Lines of one container, oldest first; none when it is gone. Failure: `unavailable`. */
export async function* outputOf(engine: Engine, container: string, query: OutputQuery): AsyncGenerator<OutputLine> {
  const { tail, sinceMs, untilMs, follow = false, signal } = query;
  const options = {
    stdout: true,
    stderr: true,
    timestamps: true,
    follow,
    tail: tail ?? 'all',
    ...(sinceMs === undefined ? {} : { since: (sinceMs / 1000).toFixed(3) }),
    ...(untilMs === undefined || !Number.isFinite(untilMs) ? {} : { until: (untilMs / 1000).toFixed(3) }),
  };
  let body: Readable;
  try {
    body = await engine.stream('GET', `/containers/${container}/logs`, {
      query: options,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (error instanceof Failure && (error.code === 'not-found' || error.code === 'conflict')) return;
    throw error;
  }
  yield* linesIn(body);
}

/** All of it at once, for queries that end. */
export async function allOutput(engine: Engine, container: string, query: OutputQuery): Promise<OutputLine[]> {
  const lines: OutputLine[] = [];
  for await (const line of outputOf(engine, container, query)) lines.push(line);
  return lines;
}

/** One unfinished line of each stream. */
type Open = Map<OutputLine['stream'], string>;

async function* linesIn(body: Readable): AsyncGenerator<OutputLine> {
  const open: Open = new Map();
  for await (const { stream, text } of framesIn(body)) {
    const parts = ((open.get(stream) ?? '') + text).split('\n');
    open.set(stream, (parts.pop() ?? '').slice(0, MOST_TEXT * 2));
    for (const part of parts) yield lineOf(stream, part);
  }
  for (const [stream, part] of open) if (part !== '') yield lineOf(stream, part);
}

/** `2026-01-02T03:04:05.000000006Z words`. A long line comes in parts with a time each: that of its first one counts. */
function lineOf(stream: OutputLine['stream'], part: string): OutputLine {
  const cut = part.indexOf(' ');
  const stamp = cut === -1 ? part : part.slice(0, cut);
  const text =
    cut === -1
      ? ''
      : part
          .slice(cut + 1)
          .replace(/\r$/, '')
          .slice(0, MOST_TEXT);
  const at = Date.parse(stamp);
  return { at: Number.isNaN(at) ? 0 : at, stamp, stream, text };
}

const HEAD_BYTES = 8;

/**
 * Source: Docker Engine API, ContainerAttach, "Stream format": a head of 8 bytes, the first of which names the stream and the
 * last four say how many bytes follow.
 */
async function* framesIn(body: Readable): AsyncGenerator<{ stream: OutputLine['stream']; text: string }> {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    while (rest.length >= HEAD_BYTES) {
      const size = rest.readUInt32BE(4);
      if (rest.length < HEAD_BYTES + size) break;
      const stream = rest[0] === 2 ? 'stderr' : 'stdout';
      const text = decoders[stream].decode(rest.subarray(HEAD_BYTES, HEAD_BYTES + size), { stream: true });
      rest = rest.subarray(HEAD_BYTES + size);
      yield { stream, text };
    }
  }
}
