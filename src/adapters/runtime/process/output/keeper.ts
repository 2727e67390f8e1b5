// Looks after the output of one instance: notes when bytes were written, and rotates the file when it is full.
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { writeWhole } from '../layout.ts';
import { addMark, type Mark, outputPath, ROTATED, readMarks, timesPath } from './files.ts';

export type OutputKeeper = {
  /** Notes and rotates as needed. Call it about twice a second; calls must not overlap. */
  turn(): Promise<void>;
};

const CHUNK_BYTES = 1_000_000;
const MOST_MARKS = 4000;

/** `fullBytes`: size at which the file is rotated. The disk holds four such files and what is written between two turns. */
export function outputKeeper(folder: string, fullBytes: number): OutputKeeper {
  const before = readMarks(folder, 0);
  let noted = before.at(-1)?.offset ?? 0;
  let untilThinned = MOST_MARKS - before.length;
  return {
    turn: async () => {
      const found = await stat(outputPath(folder, 0)).catch(() => null);
      if (found === null) return;
      if (found.size < noted) {
        replaceMarks(folder, []);
        noted = 0;
      }
      if (found.size > noted) {
        // The time of the last write is closer to the truth than the time of this look.
        addMark(folder, { offset: found.size, at: Math.round(found.mtimeMs) });
        noted = found.size;
        untilThinned -= 1;
      }
      if (untilThinned <= 0) untilThinned = thin(folder);
      if (found.size < fullBytes) return;
      await rotate(folder, found.size, fullBytes);
      noted = 0;
      untilThinned = MOST_MARKS;
    },
  };
}

/**
 * Every second mark of the older half goes: old lines are known less exactly, and the file does not grow for ever.
 * Gives how many more there may be.
 */
function thin(folder: string): number {
  const marks = readMarks(folder, 0);
  const kept = marks.filter((_, index) => index > marks.length / 2 || index % 2 === 1);
  replaceMarks(folder, kept);
  return MOST_MARKS - kept.length;
}

function replaceMarks(folder: string, marks: readonly Mark[], age = 0, dropped = 0): void {
  const lines = marks.map(({ offset, at }) => `${offset} ${at}\n`).join('');
  writeWhole(timesPath(folder, age), dropped > 0 ? `dropped ${dropped}\n${lines}` : lines);
}

/**
 * Copies the file behind itself and empties it: the instance goes on appending to the file it has open. What it writes
 * between the last read and the emptying, microseconds apart, is lost. Of a file that has grown far beyond full,
 * only the end is kept. After a crash in between, some lines may be there twice.
 */
async function rotate(folder: string, size: number, fullBytes: number): Promise<void> {
  const source = await open(outputPath(folder, 0), 'r+');
  const fresh = `${outputPath(folder, 0)}.new`;
  const target = openSync(fresh, 'w', 0o600);
  try {
    const dropped = size > 2 * fullBytes ? await lineStart(source, size - fullBytes, size) : 0;
    const position = await copyUpTo(source, target, dropped, size);
    // From here on synchronous: whoever reads the output in this process sees it before or after, never in between.
    shift(folder);
    renameSync(fresh, outputPath(folder, 1));
    const kept = readMarks(folder, 0).filter(({ offset }) => offset > dropped);
    const moved = kept.map(({ offset, at }) => ({ offset: offset - dropped, at }));
    replaceMarks(folder, moved, 1, dropped);
    copyRest(source.fd, target, position);
    ftruncateSync(source.fd, 0);
    rmSync(timesPath(folder, 0), { force: true });
  } finally {
    closeSync(target);
    await source.close();
  }
}

/** Gives how far it came. */
async function copyUpTo(source: FileHandle, target: number, start: number, end: number): Promise<number> {
  const buffer = Buffer.alloc(CHUNK_BYTES);
  let position = start;
  while (position < end) {
    const { bytesRead } = await source.read(buffer, 0, Math.min(CHUNK_BYTES, end - position), position);
    if (bytesRead === 0) break;
    writeSync(target, buffer, 0, bytesRead);
    position += bytesRead;
  }
  return position;
}

function copyRest(from: number, to: number, start: number): void {
  const buffer = Buffer.alloc(CHUNK_BYTES);
  let position = start;
  // A writer can hardly be faster than this loop, but must not hold it for ever.
  const end = fstatSync(from).size + 20 * CHUNK_BYTES;
  while (position < end) {
    const bytes = readSync(from, buffer, 0, buffer.length, position);
    if (bytes === 0) return;
    writeSync(to, buffer, 0, bytes);
    position += bytes;
  }
}

function shift(folder: string): void {
  for (const path of [outputPath, timesPath]) {
    rmSync(path(folder, ROTATED), { force: true });
    for (let age = ROTATED - 1; age >= 1; age -= 1) {
      try {
        renameSync(path(folder, age), path(folder, age + 1));
      } catch {}
    }
  }
}

/** Start of the first line at or after `offset`; `offset` itself when that is far away or the end of the file. */
async function lineStart(file: FileHandle, offset: number, size: number): Promise<number> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(65_536), 0, 65_536, offset);
  const start = offset + buffer.subarray(0, bytesRead).indexOf(10) + 1;
  return start > offset && start < size ? start : offset;
}
