// Follows the output of one instance while it is written, over rotations.
import { readSync } from 'node:fs';
import { addMark, closeAll, openSegments, type Segment } from './files.ts';
import { LINE_BYTES, lineText, type OutputLine } from './read.ts';

export type OutputFollower = {
  /** The lines that were finished since the last call. At most `MOST_BYTES` are read in one call. */
  take(): OutputLine[];
  /** What stands behind the last line end: the last line of an instance that will write no more. */
  rest(): OutputLine[];
};

const CHUNK_BYTES = 262_144;
const MOST_BYTES = 8_000_000;

type Place = {
  /** The file that was the newest rotated one; 0 = there was none. */
  readonly rotated: number;
  /** In the current file. */
  readonly offset: number;
};

/** Begins behind the files in `from` (as `openSegments` gives them), or with the first byte that is kept when it is empty. */
export function followOutput(folder: () => string, from: readonly Segment[]): OutputFollower {
  let place: Place = { rotated: inodeOf(from, 1), offset: from.find(({ age }) => age === 0)?.size ?? 0 };
  let open = Buffer.alloc(0);

  let at = 0;

  const take = () => {
    const segments = openSegments(folder(), false);
    const lines: OutputLine[] = [];
    try {
      let budget = MOST_BYTES;
      for (const [segment, start] of unread(segments, place)) {
        const end = Math.min(segment.size, start + budget);
        budget -= Math.max(0, end - start);
        place = placeAfter(segments, segment, end);
        if (end > start) {
          at = segment.changedAt;
          // Who reads these lines later sees them at this time or before, and can go on behind the last one.
          if (segment.age === 0) addMark(folder(), { offset: end, at });
        }
        const { finished, rest } = readLines(segment.fd, start, end, open);
        for (const text of finished) lines.push({ at, text });
        open = rest;
        if (end < segment.size) break;
      }
    } finally {
      closeAll(segments);
    }
    return lines;
  };
  return {
    take,
    rest: () => {
      const lines = open.length > 0 ? [{ at, text: lineText(open) }] : [];
      open = Buffer.alloc(0);
      return lines;
    },
  };
}

function inodeOf(segments: readonly Segment[], age: number): number {
  return segments.find((segment) => segment.age === age)?.inode ?? 0;
}

/** The files that have something new, oldest first, and where it starts. */
function unread(segments: readonly Segment[], place: Place): (readonly [Segment, number])[] {
  const known = segments.findIndex(({ inode }) => inode === place.rotated);
  const isLost = known < 0 && place.rotated !== 0;
  return segments.slice(known + 1).map((segment, index) => {
    if (index > 0 || isLost) return [segment, 0];
    return [segment, Math.max(0, place.offset - segment.dropped)];
  });
}

/** As if the file that was read up to `offset` were still the current one. */
function placeAfter(segments: readonly Segment[], { age, dropped }: Segment, offset: number): Place {
  return { rotated: inodeOf(segments, age + 1), offset: offset + dropped };
}

type Read = { readonly finished: readonly string[]; readonly rest: Buffer<ArrayBuffer> };

/** The lines that end between `start` and `end`, of which the first began with `before`, and the beginning of the next. */
function readLines(fd: number, start: number, end: number, before: Buffer): Read {
  const finished: string[] = [];
  let rest = Buffer.from(before);
  let position = start;
  const chunk = Buffer.alloc(Math.max(0, Math.min(CHUNK_BYTES, end - start)));
  while (position < end) {
    const bytes = readSync(fd, chunk, 0, Math.min(chunk.length, end - position), position);
    if (bytes === 0) break;
    position += bytes;
    let left = 0;
    for (let at = chunk.indexOf(10); at >= 0 && at < bytes; at = chunk.indexOf(10, left)) {
      finished.push(lineText(Buffer.concat([rest, chunk.subarray(left, at)])));
      rest = Buffer.alloc(0);
      left = at + 1;
    }
    rest = Buffer.concat([rest, chunk.subarray(left, bytes)]).subarray(0, LINE_BYTES + 1);
  }
  return { finished, rest };
}
