// What instances wrote, wherever they run: the manager collects it from the nodes.
import { setTimeout as wait } from 'node:timers/promises';
import type { Engine } from '../engine/client.ts';

/** A node that is lost never answers. */
const PATIENCE_MS = 2000;
const MAX_BYTES = 4_000_000;

/** The last lines of all tasks of a Swarm service, oldest first, at most `lines`; those that come in time. */
export async function tailOf(engine: Engine, serviceId: string, lines: number): Promise<readonly string[]> {
  const end = new AbortController();
  const query = { stdout: true, stderr: true, timestamps: true, tail: lines };
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
  const reading = read().catch(() => undefined);
  await Promise.race([reading, wait(PATIENCE_MS, undefined, { ref: false })]);
  end.abort();
  return linesIn(Buffer.concat(collected)).sort(byTime).slice(-lines).map(withoutTime);
}

/**
 * Frames of one kind of output each: kind, three zeros, length as four bytes, text.
 * Source: Docker Engine API, "Attach to a container", stream format.
 */
export function linesIn(frames: Buffer): string[] {
  const lines: string[] = [];
  for (let at = 0; at + 8 <= frames.length; ) {
    const length = frames.readUInt32BE(at + 4);
    const text = frames.subarray(at + 8, at + 8 + length).toString();
    lines.push(...text.split('\n').filter((line) => line !== ''));
    at += 8 + length;
  }
  return lines;
}

function byTime(one: string, other: string): number {
  const [a = '', b = ''] = [one.split(' ', 1)[0], other.split(' ', 1)[0]];
  return a === b ? 0 : a < b ? -1 : 1;
}

function withoutTime(line: string): string {
  return line.slice(line.indexOf(' ') + 1);
}
