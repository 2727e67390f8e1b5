// The files of an instance's output: the one it writes, older ones behind it, and beside each the times of its bytes.
import { appendFileSync, closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, sentenceOf } from '../../../../core/failure.ts';

/** How many rotated files are kept besides the current one. */
export const ROTATED = 3;

/** `output.log` is age 0, `output.log.1` the one before it, and so on. */
export function outputPath(folder: string, age: number): string {
  return join(folder, age === 0 ? 'output.log' : `output.log.${age}`);
}

/** Lines `<offset> <ms>`: what lies before `offset` was written by then. First perhaps `dropped <bytes>`: so many were cut off in front. */
export function timesPath(folder: string, age: number): string {
  return join(folder, age === 0 ? 'output.times' : `output.times.${age}`);
}

export type Mark = { readonly offset: number; readonly at: number };

/** One open file of the output. */
export type Segment = {
  readonly age: number;
  readonly fd: number;
  readonly size: number;
  /** Tells a file from another that has its name later. */
  readonly inode: number;
  /** Bytes that were cut off in front when it was rotated. */
  readonly dropped: number;
  readonly marks: readonly Mark[];
  /** Milliseconds since 1970 of its last change. */
  readonly changedAt: number;
};

/**
 * Opens the files, oldest first, in one step that no rotation of this process can come between. Close them with
 * `closeAll`. `withTimes`: their marks are read too.
 */
export function openSegments(folder: string, withTimes = true): Segment[] {
  const segments: Segment[] = [];
  for (let age = ROTATED; age >= 0; age -= 1) {
    let fd: number;
    try {
      fd = openSync(outputPath(folder, age), 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      closeAll(segments);
      throw new Failure('unavailable', `The output cannot be read: ${sentenceOf(error)}`, {}, { cause: error });
    }
    const { size, ino, mtimeMs } = fstatSync(fd);
    const dropped = age === 0 ? 0 : droppedFrom(folder, age);
    const marks = withTimes ? readMarks(folder, age) : [];
    segments.push({ age, fd, size, inode: ino, changedAt: Math.round(mtimeMs), dropped, marks });
  }
  return segments;
}

export function closeAll(segments: readonly Segment[]): void {
  for (const { fd } of segments) closeSync(fd);
}

/** When the byte at `offset` was written, in ms since 1970. */
export function timeAt({ marks, changedAt }: Segment, offset: number): number {
  let [low, high] = [0, marks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((marks[middle]?.offset ?? 0) > offset) high = middle;
    else low = middle + 1;
  }
  return marks[low]?.at ?? changedAt;
}

/** Notes that the current file had this size then. Whoever looks at the file may; the same mark twice does no harm. */
export function addMark(folder: string, { offset, at }: Mark): void {
  appendFileSync(timesPath(folder, 0), `${offset} ${at}\n`, { mode: 0o600 });
}

/** By offset. */
export function readMarks(folder: string, age: number): Mark[] {
  let text = '';
  try {
    text = readFileSync(timesPath(folder, age), 'utf8');
  } catch {}
  const marks = text.split('\n').map((line) => {
    const [offset, at] = line.split(' ');
    return { offset: Number(offset), at: Number(at) };
  });
  return marks.filter(({ offset, at }) => offset > 0 && at > 0).sort((a, b) => a.offset - b.offset);
}

/** How many bytes were cut off in front of a rotated file. */
export function droppedFrom(folder: string, age: number): number {
  let file: number;
  try {
    file = openSync(timesPath(folder, age), 'r');
  } catch {
    return 0;
  }
  try {
    const start = Buffer.alloc(64);
    readSync(file, start, 0, start.length, 0);
    return Number(/^dropped (\d+)\n/.exec(start.toString())?.[1] ?? 0);
  } finally {
    closeSync(file);
  }
}
