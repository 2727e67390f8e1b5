// The digest of a build folder as Docker sees it: everything that the .dockerignore does not leave out.
import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../../core/failure.ts';
import type { ImageBuild } from '../../../core/spec/container.ts';
import { hashOf } from '../process/snapshot/digest.ts';
import { inParallel } from '../process/snapshot/parallel.ts';
import { type DockerPatterns, dockerPatterns } from '../process/snapshot/patterns.ts';

/** They change with every look, and are no code. */
const NEVER = new Set(['.git', '.friday']);
const MOST_FILES = 500_000;
const AT_ONCE = 16;

/** SHA-256 in hexadecimal over paths, permissions, link targets and contents. Failure: `invalid` (no such folder, too many files). */
export async function contextDigest(build: ImageBuild): Promise<string> {
  const { context } = build;
  if (!(await lstat(context).catch(() => null))?.isDirectory()) {
    throw new Failure('invalid', `The build folder ${context} does not exist or is no folder.`);
  }
  const lines: string[] = [];
  const dockerfile = build.dockerfile ?? 'Dockerfile';
  const patterns = await patternsFor(context, dockerfile);
  let open = [''];
  let count = 0;
  while (open.length > 0) {
    const next: string[] = [];
    await inParallel(open, AT_ONCE, async (path) => {
      for (const found of await entriesIn(join(context, path))) {
        const at = path === '' ? found.name : `${path}/${found.name}`;
        if (NEVER.has(found.name)) continue;
        const isOut = patterns.verdict(at) === 'out' && at !== dockerfile;
        if (found.isDirectory() && (!isOut || patterns.reachesInto(at))) next.push(at);
        if (isOut) continue;
        count += 1;
        if (count > MOST_FILES) throw tooMany(context);
        const line = await lineOf(context, at, found);
        if (line !== null) lines.push(line);
      }
    });
    open = next;
  }
  // One outside of the context is read as well.
  if (dockerfile.startsWith('/') || dockerfile.startsWith('..')) {
    lines.push(`dockerfile ${await hashOf(join(dockerfile.startsWith('/') ? '' : context, dockerfile))}`);
  }
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}

/** As the builder does it: the ignore file of the Dockerfile wins over that of the folder. */
async function patternsFor(context: string, dockerfile: string): Promise<DockerPatterns> {
  const text = (name: string) => readFile(join(context, name), 'utf8').catch(() => null);
  return dockerPatterns((await text(`${dockerfile}.dockerignore`)) ?? (await text('.dockerignore')) ?? '');
}

async function entriesIn(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new Failure('invalid', `The build folder cannot be read: ${(error as Error).message}.`, {}, { cause: error });
  }
}

async function lineOf(context: string, path: string, found: Dirent): Promise<string | null> {
  const file = join(context, path);
  try {
    if (found.isSymbolicLink()) return JSON.stringify(['link', path, await readlink(file)]);
    const mode = (await lstat(file)).mode & 0o7777;
    if (found.isDirectory()) return JSON.stringify(['folder', path, mode]);
    if (!found.isFile()) return null;
    const hash = await hashOf(file);
    return hash === null ? null : JSON.stringify(['file', path, mode, hash]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function tooMany(context: string): Failure {
  return new Failure('invalid', `The build folder ${context} has more than ${MOST_FILES} files.`, {
    hint: 'List what the image does not need (data, caches, dependencies) in a .dockerignore.',
  });
}
