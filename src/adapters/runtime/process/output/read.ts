// Reads an instance's output from its end, without reading more than is asked for.
import { read as readFile } from 'node:fs';
import { promisify } from 'node:util';
import { closeAll, openSegments, type Segment, timeAt } from './files.ts';

const read = promisify(readFile);

/** A longer line is cut. */
export const LINE_BYTES = 16_384;
const CHUNK_BYTES = 65_536;

export type OutputLine = { readonly at: number; readonly text: string };

/** The file was rotated while it was read: begin again. */
export class RotatedMeanwhile extends Error {}

/** The last lines, oldest first, at most `lines`. Empty when there is no output. */
export function tailOf(folder: string, lines: number): Promise<string[]> {
  return unlessRotated(async () => {
    const found: string[] = [];
    if (lines <= 0) return found;
    for await (const some of outputBackward(folder, Number.POSITIVE_INFINITY)) {
      for (const { text } of some) found.push(text);
      if (found.length >= lines) break;
    }
    return found.slice(0, lines).reverse();
  });
}

/** Does the work again when a rotation came between. Rotations are seconds apart, so that twice is rare. */
export async function unlessRotated<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RotatedMeanwhile) || attempt === 5) throw error;
    }
  }
}

/** The lines of an instance folder that were written by `untilMs`, the last one first, some at a time. Throws `RotatedMeanwhile`. */
async function* outputBackward(folder: string, untilMs: number): AsyncGenerator<readonly OutputLine[]> {
  const segments = openSegments(folder);
  try {
    yield* linesOf(segments, untilMs);
  } finally {
    closeAll(segments);
  }
}

/** The lines of open files (oldest file first) that were written by `untilMs`, the last line first, some at a time. */
export async function* linesOf(segments: readonly Segment[], untilMs: number): AsyncGenerator<readonly OutputLine[]> {
  for (const segment of segments.toReversed()) {
    const byThen = segment.marks.findLast(({ at }) => at <= untilMs)?.offset ?? 0;
    const end = segment.changedAt <= untilMs ? segment.size : byThen;
    for await (const lines of linesBackward(segment.fd, end)) {
      yield lines.map(({ offset, text }) => ({ at: timeAt(segment, offset), text }));
    }
  }
}

type Placed = { readonly offset: number; readonly text: string };

async function* linesBackward(fd: number, end: number): AsyncGenerator<readonly Placed[]> {
  let position = end;
  // The line that goes on to the right of `position`; only its beginning is kept.
  let open = Buffer.alloc(0);
  let isFirst = true;
  const buffer = Buffer.alloc(CHUNK_BYTES);
  while (position > 0) {
    const size = Math.min(CHUNK_BYTES, position);
    const { bytesRead } = await read(fd, buffer, 0, size, position - size);
    if (bytesRead < size) throw new RotatedMeanwhile();
    const lines: Placed[] = [];
    let right = size;
    for (let at = lastBreak(buffer, right); at >= 0; at = lastBreak(buffer, right)) {
      const piece = buffer.subarray(at + 1, right);
      const line = open.length === 0 ? piece : beginningOf(piece, open);
      // The last line may have no end yet, and behind the last end there is no line.
      if (!isFirst || line.length > 0) lines.push({ offset: position - size + at + 1, text: lineText(line) });
      isFirst = false;
      if (open.length > 0) open = Buffer.alloc(0);
      right = at;
    }
    open = beginningOf(buffer.subarray(0, right), open);
    position -= size;
    if (lines.length > 0) yield lines;
  }
  if (!isFirst || open.length > 0) yield [{ offset: 0, text: lineText(open) }];
}

/** A copy of as much of two pieces of a line as is kept of a line. */
function beginningOf(left: Buffer, right: Buffer): Buffer<ArrayBuffer> {
  const rest = Math.max(0, LINE_BYTES - left.length);
  return Buffer.concat([left.subarray(0, LINE_BYTES), right.subarray(0, rest)]);
}

function lastBreak(buffer: Buffer, right: number): number {
  return right > 0 ? buffer.lastIndexOf(10, right - 1) : -1;
}

/** The text of a line without its end, cut after 16 kB. */
export function lineText(line: Buffer): string {
  const text = line.subarray(0, LINE_BYTES).toString();
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}
