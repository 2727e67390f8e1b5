// Copies a build folder into a snapshot, and shares with the snapshot before what has not changed.
import { chmod, constants, copyFile, link, lstat, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hashOf } from './digest.ts';
import { inParallel } from './parallel.ts';
import type { Entry } from './walk.ts';

/** One file of a finished snapshot, as it was written. */
export type Kept = {
  readonly path: string;
  readonly hash: string;
  readonly isExecutable: boolean;
  readonly size: number;
  readonly modifiedMs: number;
};

/** A snapshot of the same service whose unchanged files may be shared. */
export type Earlier = { readonly root: string; readonly files: readonly Kept[] };

const AT_ONCE = 8;

/**
 * Makes `target` the copy of `entries` of `source` and gives its files. Contents are hashed as copied, so that a file
 * that is edited meanwhile cannot make a snapshot differ from its digest. A file is never a hard link to the working
 * tree: an editor that writes in place would change the snapshot.
 */
export async function copyTree(
  source: string,
  target: string,
  entries: readonly Entry[],
  hashes: ReadonlyMap<string, string>,
  earlier: Earlier | null,
): Promise<Kept[]> {
  await mkdir(target, { recursive: true, mode: 0o700 });
  const folders = new Set(entries.map(({ path, type }) => (type === 'folder' ? path : dirname(path))));
  for (const folder of folders) await mkdir(join(target, folder), { recursive: true });
  const known = new Map(earlier?.files.map((file) => [file.path, file]));
  const kept: Kept[] = [];
  await inParallel(entries, AT_ONCE, async (entry) => {
    if (entry.type === 'link') await symlink(entry.target, join(target, entry.path));
    if (entry.type !== 'file') return;
    const before = known.get(entry.path);
    const isSame = before?.hash === hashes.get(entry.path) && before?.isExecutable === entry.isExecutable;
    if (earlier !== null && before !== undefined && isSame && (await share(earlier.root, target, before))) {
      kept.push(before);
      return;
    }
    const copied = await copy(source, target, entry.path, entry.isExecutable);
    if (copied !== null) kept.push(copied);
  });
  return kept;
}

/** Whether the file could be shared: it still is what was written, and the file system has room for another name. */
async function share(root: string, target: string, { path, size, modifiedMs }: Kept): Promise<boolean> {
  try {
    const found = await lstat(join(root, path));
    if (!found.isFile() || found.size !== size || found.mtimeMs !== modifiedMs) return false;
    await link(join(root, path), join(target, path));
    return true;
  } catch {
    return false;
  }
}

/** Null when the file vanished meanwhile. */
async function copy(source: string, target: string, path: string, isExecutable: boolean): Promise<Kept | null> {
  const to = join(target, path);
  try {
    await copyFile(join(source, path), to, constants.COPYFILE_FICLONE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  // Nobody may write: the next snapshot may share this file.
  await chmod(to, isExecutable ? 0o555 : 0o444);
  const [hash, { size, mtimeMs }] = await Promise.all([hashOf(to), lstat(to)]);
  return hash === null ? null : { path, hash, isExecutable, size, modifiedMs: mtimeMs };
}
