// Output of instances that were removed: it stays readable for a while, within a bound per service.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Layout } from '../layout.ts';
import { writeWhole } from '../layout.ts';
import { outputPath, ROTATED } from './files.ts';

/** Whose output a folder holds; kept beside the output. */
const About = z.object({ id: z.string(), service: z.string(), version: z.number().int() });
export type About = z.infer<typeof About>;

/** Removed instances of one service whose output is kept, and how much of it. */
const MOST_KEPT = 100;

export function writeAbout(folder: string, { id, service, version }: About): void {
  writeWhole(join(folder, 'about.json'), JSON.stringify({ id, service, version }));
}

/** Null when the folder is not one of an instance. */
export function readAbout(folder: string): About | null {
  try {
    return About.parse(JSON.parse(readFileSync(join(folder, 'about.json'), 'utf8')));
  } catch {
    return null;
  }
}

/**
 * Moves the output of an instance out of its folder, which is then gone. The record goes first, because of the
 * environment in it; a folder without record is given to this function again after a crash.
 */
export function archiveOutput(layout: Layout, name: string, now: number, mostBytes: number): void {
  const folder = join(layout.instances, name);
  rmSync(join(folder, 'record.json'), { force: true });
  rmSync(join(folder, 'record.json.new'), { force: true });
  const about = readAbout(folder);
  if (about === null || bytesIn(folder) === 0) {
    rmSync(folder, { recursive: true, force: true });
    return;
  }
  const shelf = join(layout.logs, about.service);
  mkdirSync(shelf, { recursive: true, mode: 0o700 });
  renameSync(folder, join(shelf, `${about.id}.${now}`));
  trim(shelf, mostBytes);
}

/** Oldest first. The name ends with when the instance was removed. */
export function archivesIn(shelf: string): string[] {
  const names = list(shelf).filter((name) => /\.\d+$/.test(name));
  return names.sort((a, b) => removedAt(a) - removedAt(b)).map((name) => join(shelf, name));
}

/** Deletes the oldest until the rest is within the bounds. */
function trim(shelf: string, mostBytes: number): void {
  let bytes = 0;
  for (const [index, folder] of archivesIn(shelf).reverse().entries()) {
    bytes += bytesIn(folder);
    if (index >= MOST_KEPT || bytes > mostBytes) rmSync(folder, { recursive: true, force: true });
  }
}

function bytesIn(folder: string): number {
  let bytes = 0;
  for (let age = 0; age <= ROTATED; age += 1) {
    bytes += statSync(outputPath(folder, age), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}

function removedAt(name: string): number {
  return Number(name.slice(name.lastIndexOf('.') + 1));
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
