// The digest of a revision: what makes two builds the same code with the same configuration.
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceSpec } from '../../../../core/spec/project.ts';
import { inParallel } from './parallel.ts';
import type { Entry } from './walk.ts';

const AT_ONCE = 8;
const CHUNK_BYTES = 131_072;

/** SHA-256 of each file's content by path. A file that vanished meanwhile is left out: it is as if the walk came later. */
export async function hashesOf(root: string, entries: readonly Entry[]): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  const files = entries.filter((entry) => entry.type === 'file');
  await inParallel(files, AT_ONCE, async ({ path }) => {
    const hash = await hashOf(join(root, path));
    if (hash !== null) hashes.set(path, hash);
  });
  return hashes;
}

/** SHA-256 of a file's content in hexadecimal, null when there is no such file. */
export async function hashOf(path: string): Promise<string | null> {
  const file = await open(path).catch(nullWhenGone);
  if (file === null) return null;
  try {
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(chunk.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

function nullWhenGone(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

/**
 * Over paths, kinds, executable bits, link targets, contents, command, preparation, working folder and environment;
 * not over where the folder lies, its times, its owner, or how readiness is found out.
 */
export function digestOf(spec: ServiceSpec, entries: readonly Entry[], hashes: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([1, spec.image, spec.command, spec.install, spec.workingDir, sorted(spec.environment)]));
  for (const entry of entries) {
    if (entry.type === 'folder') hash.update(JSON.stringify(['folder', entry.path]));
    if (entry.type === 'link') hash.update(JSON.stringify(['link', entry.path, entry.target]));
    const content = hashes.get(entry.path);
    if (entry.type !== 'file' || content === undefined) continue;
    hash.update(JSON.stringify(['file', entry.path, entry.isExecutable, content]));
  }
  return hash.digest('hex');
}

function sorted(environment: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1));
}
