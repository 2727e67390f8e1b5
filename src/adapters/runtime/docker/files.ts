// Secrets and configs of an instance: copies of its own in a closed folder, mounted read-only, gone with the instance.
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, sentenceOf } from '../../../core/failure.ts';
import type { ContainerFile } from '../../../core/spec/container.ts';

const MOST_BYTES = 1_000_000;

/**
 * A copy has the owner and permissions that the file asks for; nobody but the owner of the folder gets at it outside of
 * the container. Failures: `invalid` (no such file, too large), `unavailable` (it cannot be written).
 */
export async function placeFiles(
  folder: string,
  files: readonly ContainerFile[],
): Promise<readonly { source: string; target: string }[]> {
  await removeFiles(folder);
  if (files.length === 0) return [];
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const placed: { source: string; target: string }[] = [];
  for (const [index, file] of files.entries()) {
    const source = join(folder, String(index));
    const content = await contentOf(file);
    await writeFile(source, content, { mode: 0o600 });
    const { uid, gid, mode } = file;
    // Without root only one's own files can be made; the permissions then let others in the container read them.
    if (process.getuid?.() === 0) await chown(source, uid, gid);
    await chmod(source, mode);
    placed.push({ source, target: file.target });
  }
  return placed;
}

export async function removeFiles(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

async function contentOf({ name, from }: ContainerFile): Promise<Buffer | string> {
  if (from.type === 'text') return from.text;
  if (from.type === 'external') throw new Failure('invalid', `${name} is external, which only swarm has.`);
  let content: Buffer;
  try {
    content = await readFile(from.path);
  } catch (error) {
    throw new Failure('invalid', `The file of ${name} cannot be read: ${sentenceOf(error)}.`, {}, { cause: error });
  }
  if (content.length <= MOST_BYTES) return content;
  throw new Failure('invalid', `${from.path} of ${name} has ${content.length} bytes; expected at most ${MOST_BYTES}.`);
}
