// What the benches write about themselves: each has a part of bench/README.md between two marks.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const README = join(import.meta.dirname, 'README.md');

/** Replaces the part of `npm run bench:<name>`. Throws when bench/README.md has none. */
export async function writePart(name: string, words: string): Promise<void> {
  const open = `<!-- bench:${name}, written by npm run bench:${name} -- --write -->`;
  const close = `<!-- /bench:${name} -->`;
  const text = await readFile(README, 'utf8');
  const [from, to] = [text.indexOf(open), text.indexOf(close)];
  if (from < 0 || to < from) throw new Error(`${README} has no part between "${open}" and "${close}".`);
  await writeFile(README, `${text.slice(0, from + open.length)}\n\n${words}\n\n${text.slice(to)}`);
}
