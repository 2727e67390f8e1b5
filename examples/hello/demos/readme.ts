// The commands of the tutorial: one text for readers, for the tests that run it, and for the demos that record it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const README = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');

/** The blocks of commands between a heading and the next one, at least one. Throws when there is none. */
export function commandsBelow(heading: string): readonly string[] {
  const [title, ...lines] = sections().find(([first]) => first.replace(/^#+ /, '') === heading) ?? [];
  const text = title === undefined ? '' : `${lines.join('\n')}\n`;
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  if (blocks.length === 0) throw new Error(`The README has no commands below "${heading}".`);
  return blocks;
}

/** Lines from one heading to the next; a `# comment` inside a block is no heading. */
function sections(): [string, ...string[]][] {
  const all: [string, ...string[]][] = [];
  let isBlock = false;
  for (const line of README.split('\n')) {
    if (line.startsWith('```')) isBlock = !isBlock;
    if (!isBlock && /^#+ /.test(line)) all.push([line]);
    else all.at(-1)?.push(line);
  }
  return all;
}
