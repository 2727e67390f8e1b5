// What instances wrote, wherever they run: the manager collects it from the nodes.
import { setTimeout as wait } from 'node:timers/promises';
import type { Engine } from '../engine/client.ts';

export type LogPart = {
  /** Last lines of every task. */
  readonly tail: number;
  /** Milliseconds since 1970. */
  readonly sinceMs?: number;
};

/** `stamp` is when it was written, as text that sorts by time. */
export type StampedLine = { readonly stamp: string; readonly text: string };

/** A node that is lost never answers. */
const PATIENCE_MS = 2000;
const MAX_BYTES = 16_000_000;

/** The last lines of an instance, oldest first, at most `lines`; those that come in time. */
export async function tailOf(engine: Engine, serviceId: string, lines: number): Promise<readonly string[]> {
  return (await linesOf(engine, serviceId, { tail: lines })).slice(-lines).map(({ text }) => text);
}

/** Of all tasks of a Swarm service, oldest first; those that come in time. Never rejects. */
export async function linesOf(engine: Engine, serviceId: string, { tail, sinceMs }: LogPart): Promise<StampedLine[]> {
  const end = new AbortController();
  const since = sinceMs === undefined ? {} : { since: Math.floor(sinceMs / 1000) };
  const query = { stdout: true, stderr: true, timestamps: true, tail, ...since };
  const collected: Buffer[] = [];
  let bytes = 0;
  const read = async () => {
    const stream = await engine.stream('GET', `/services/${serviceId}/logs`, { query, signal: end.signal });
    for await (const chunk of stream) {
      collected.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes > MAX_BYTES) break;
    }
  };
  await Promise.race([read().catch(() => undefined), wait(PATIENCE_MS, undefined, { ref: false })]);
  end.abort();
  return stampedIn(Buffer.concat(collected)).sort((one, other) => (one.stamp < other.stamp ? -1 : 1));
}

/**
 * Frames of one kind of output each: kind, three zeros, length as four bytes, text; every line begins with its time.
 * Source: Docker Engine API, "Attach to a container", stream format.
 */
export function stampedIn(frames: Buffer): StampedLine[] {
  const lines: StampedLine[] = [];
  for (let at = 0; at + 8 <= frames.length; ) {
    const length = frames.readUInt32BE(at + 4);
    const text = frames.subarray(at + 8, at + 8 + length).toString();
    for (const line of text.split('\n').filter((one) => one !== '')) {
      const gap = line.indexOf(' ');
      lines.push(gap < 0 ? { stamp: line, text: '' } : { stamp: line.slice(0, gap), text: line.slice(gap + 1) });
    }
    at += 8 + length;
  }
  return lines;
}
