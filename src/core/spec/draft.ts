// One service between the file and its resolved form.
import type { Checked } from './check.ts';
import type { serviceShape } from './compose.ts';
import type { serviceFridayShape } from './friday.ts';
import type { Problem } from './problem.ts';
import type { Path, Tree } from './tree.ts';

/** The tree for positions, the checked keys for values; what is found wrong goes to `problems`. */
export type Draft = {
  readonly root: Tree;
  readonly name: string;
  readonly compose: Checked<typeof serviceShape>;
  readonly friday: Checked<typeof serviceFridayShape>;
  readonly problems: Problem[];
};

/** Path of a key of the service. */
export function pathIn(draft: Draft, ...keys: readonly (string | number)[]): Path {
  return ['services', draft.name, ...keys];
}
