// The finished snapshots of a service on disk: a folder and a manifest each; without its manifest a folder is rubbish.
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Layout, writeWhole } from '../layout.ts';
import type { Kept } from './copy.ts';

const Manifest = z.object({
  digest: z.string(),
  label: z.string(),
  createdAt: z.number(),
  /** Bytes of all files before the preparation. */
  size: z.number(),
  hasInstall: z.boolean(),
});
export type Manifest = z.infer<typeof Manifest>;

export type Shelf = {
  /** Where the code of a digest is or would be. */
  folderOf(digest: string): string;
  find(digest: string): Promise<Manifest | null>;
  /** Oldest first. */
  all(): Promise<Manifest[]>;
  /** The list that `put` was given with this snapshot; null when there is none. */
  filesOf(digest: string): Promise<readonly Kept[] | null>;
  /** A new folder to build a snapshot in. */
  workshop(token: string): Promise<string>;
  /** Moves a finished folder to its place; from then on `find` finds it. */
  put(manifest: Manifest, folder: string, parts: Parts): Promise<void>;
  remove(digest: string): Promise<void>;
  /** Deletes what a crash left behind. Nothing may be in the making. */
  sweep(): Promise<void>;
};

/** What is kept beside the code. */
export type Parts = { readonly files: readonly Kept[] | null; readonly installLog: string | null };

export function shelfOf(layout: Layout, service: string): Shelf {
  const root = layout.revisions(service);
  const at = (digest: string, ending: string) => join(root, `${digest.slice(0, 12)}${ending}`);
  const read = (path: string) => readFile(path, 'utf8').catch(() => null);
  const find = async (digest: string) => {
    const manifest = parse(await read(at(digest, '.json')));
    return manifest?.digest === digest && existsSync(at(digest, '')) ? manifest : null;
  };
  const names = () => readdir(root).catch(() => [] as string[]);
  return {
    folderOf: (digest) => at(digest, ''),
    find,
    all: async () => {
      const found = (await names()).filter((name) => /^[0-9a-f]{12}\.json$/.test(name));
      const manifests = await Promise.all(found.map(async (name) => parse(await read(join(root, name)))));
      return manifests.filter((manifest) => manifest !== null).sort((a, b) => a.createdAt - b.createdAt);
    },
    filesOf: async (digest) => {
      const text = await read(at(digest, '.files'));
      return text === null ? null : (JSON.parse(text) as Kept[]);
    },
    workshop: async (token) => {
      const folder = join(root, `.making-${token}`);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return folder;
    },
    put: async (manifest, folder, parts) => {
      const { digest } = manifest;
      if (parts.files !== null) writeWhole(at(digest, '.files'), JSON.stringify(parts.files));
      if (parts.installLog !== null) writeWhole(at(digest, '.log'), parts.installLog);
      await removeTree(at(digest, ''));
      await rename(folder, at(digest, ''));
      writeWhole(at(digest, '.json'), `${JSON.stringify(manifest)}\n`);
    },
    remove: async (digest) => {
      for (const ending of ['.json', '.files', '.log']) await rm(at(digest, ending), { force: true });
      await removeTree(at(digest, ''));
    },
    sweep: async () => {
      const found = await names();
      const whole = new Set(found.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, 12)));
      const rubbish = found.filter(
        (name) => name.startsWith('.') || name.endsWith('.new') || !whole.has(name.slice(0, 12)),
      );
      for (const name of rubbish) await removeTree(join(root, name));
    },
  };
}

/** Deletes a folder, also one with folders in it that nobody may write. */
async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    await open(path);
    await rm(path, { recursive: true, force: true });
  }
}

async function open(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await open(join(folder, entry.name));
  }
}

function parse(text: string | null): Manifest | null {
  if (text === null) return null;
  try {
    return Manifest.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
