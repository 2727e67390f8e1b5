// Lists what of a build folder belongs to a revision.
import type { Dirent } from 'node:fs';
import { lstat, readdir, readlink, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { Failure } from '../../../../core/failure.ts';
import { inParallel } from './parallel.ts';
import { choose, type Rules, rulesAt, rulesIn } from './rules.ts';

/** Paths are relative to the context, with `/`. */
export type Entry =
  | { readonly type: 'folder'; readonly path: string }
  | { readonly type: 'file'; readonly path: string; readonly isExecutable: boolean; readonly size: number }
  | { readonly type: 'link'; readonly path: string; readonly target: string };

export type WalkLimits = { readonly files: number; readonly bytes: number };

/** Folders that never belong to a revision, wherever they are. */
const NEVER = new Set(['.git', '.friday']);
const AT_ONCE = 16;

/**
 * Every entry that belongs to the snapshot of `context`, in order of path. Folders in `without` (absolute) are skipped,
 * sockets, pipes and devices too. Failure: `invalid` (no such folder, over a limit, a link that leads out).
 */
export async function walk(context: string, limits: WalkLimits, without: readonly string[]): Promise<Entry[]> {
  const root = await folderAt(context);
  const entries: Entry[] = [];
  let bytes = 0;
  const add = (entry: Entry) => {
    entries.push(entry);
    if (entry.type === 'file') bytes += entry.size;
    if (entries.length > limits.files) throw tooMuch(context, `more than ${limits.files} files`);
    if (bytes > limits.bytes) throw tooMuch(context, `more than ${Math.round(limits.bytes / 1e6)} MB`);
  };
  let open: { path: string; rules: Rules }[] = [{ path: '', rules: await rulesAt(root) }];
  while (open.length > 0) {
    const next: typeof open = [];
    await inParallel(open, AT_ONCE, async ({ path, rules }) => {
      for (const found of await readFolder(root, path)) {
        const at = path === '' ? found.name : `${path}/${found.name}`;
        if (NEVER.has(found.name) || without.includes(join(root, at))) continue;
        const { isTaken, isOutForGit } = choose(rules, at, found.isDirectory());
        if (found.isDirectory()) {
          if (isTaken) add({ type: 'folder', path: at });
          if (!isTaken && !rules.docker.reachesInto(at)) continue;
          next.push({ path: at, rules: await rulesIn(rules, at, isOutForGit) });
        } else if (isTaken) {
          const entry = await entryOf(root, at, found);
          if (entry !== null) add(entry);
        }
      }
    });
    open = next;
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function folderAt(context: string): Promise<string> {
  const found = await lstat(await realpath(context).catch(() => context)).catch(() => null);
  if (found?.isDirectory() === true) return realpath(context);
  throw new Failure('invalid', `The build folder ${context} ${found === null ? 'does not exist' : 'is not a folder'}.`);
}

/** Empty for a folder that vanished meanwhile: editors and builds come and go. */
async function readFolder(root: string, path: string): Promise<Dirent[]> {
  try {
    return await readdir(join(root, path), { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && path !== '') return [];
    throw new Failure('invalid', `The build folder cannot be read: ${(error as Error).message}`, {}, { cause: error });
  }
}

async function entryOf(root: string, path: string, found: Dirent): Promise<Entry | null> {
  try {
    if (found.isSymbolicLink()) return await linkAt(root, path);
    if (!found.isFile()) return null;
    const { mode, size } = await lstat(join(root, path));
    return { type: 'file', path, isExecutable: (mode & 0o100) !== 0, size };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function linkAt(root: string, path: string): Promise<Entry> {
  const target = await readlink(join(root, path));
  const lexical = resolve(root, path, '..', target);
  const real = await realpath(join(root, path)).catch(() => lexical);
  if (isAbsolute(target) || leads(root, lexical) || leads(root, real)) {
    throw new Failure(
      'invalid',
      `The link ${path} in ${root} leads to ${target}, outside the build folder, so that a snapshot of it would not be complete.`,
      { hint: `Link to a path inside the folder, relative to the link, or list ${path} in .dockerignore.` },
    );
  }
  return { type: 'link', path, target };
}

function leads(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '..' || way.startsWith('../') || isAbsolute(way);
}

function tooMuch(context: string, found: string): Failure {
  return new Failure(
    'invalid',
    `The build folder ${context} has ${found} that are not ignored, too much for a snapshot.`,
    {
      hint: 'List what the service does not need (data, caches, dependencies) in a .dockerignore.',
    },
  );
}
