// Works out the environment of a service: its env_file files, then its environment, then the shell for what has no value.

import { type Draft, pathIn } from './draft.ts';
import { readEnvFile } from './env-file.ts';
import type { Lookup } from './interpolate.ts';
import { errorAt, warningAt } from './problem.ts';
import { isLaunchVariable } from './substitute.ts';
import { keySpanAt, pathText, spanAt } from './tree.ts';

const MAX_VARIABLES = 2000;
const MAX_CHARACTERS = 500_000;

/** Later env files win over earlier ones, and `environment` over all of them. */
export function environmentOf(
  draft: Draft,
  read: (path: string) => string | null,
  lookup: Lookup,
): Record<string, string> {
  const values = new Map<string, string>();
  readEnvFiles(draft, read, lookup, values);
  for (const [name, value] of ownVariables(draft)) {
    const filled = value ?? lookup(name);
    if (filled === undefined) values.delete(name);
    else values.set(name, filled);
    if (isLaunchVariable(name)) warnReplaced(draft, name);
  }
  reportTooMuch(draft, values);
  return Object.fromEntries(values);
}

/** A process cannot be started with an environment beyond these bounds. */
function reportTooMuch(draft: Draft, values: ReadonlyMap<string, string>): void {
  const path = pathIn(draft, 'environment');
  const characters = [...values].reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (values.size <= MAX_VARIABLES && characters <= MAX_CHARACTERS) return;
  const message = `expected at most ${MAX_VARIABLES} variables of ${MAX_CHARACTERS} characters in all, got ${values.size} of ${characters}`;
  draft.problems.push(errorAt(path, keySpanAt(draft.root, path), message));
}

function ownVariables(draft: Draft): readonly (readonly [string, string | null])[] {
  const { environment } = draft.compose;
  if (environment === undefined) return [];
  if (!Array.isArray(environment)) {
    return Object.entries(environment).map(([name, value]) => [name, value === null ? null : String(value)]);
  }
  return environment.map((pair) => {
    const cut = pair.indexOf('=');
    return cut === -1 ? [pair, null] : [pair.slice(0, cut), pair.slice(cut + 1)];
  });
}

function warnReplaced(draft: Draft, name: string): void {
  const path = pathIn(draft, 'environment', name);
  const message = `every instance gets its own ${name} from friday; this value is not used`;
  draft.problems.push(warningAt(path, keySpanAt(draft.root, path), message));
}

function readEnvFiles(
  draft: Draft,
  read: (path: string) => string | null,
  lookup: Lookup,
  values: Map<string, string>,
): void {
  const files = draft.compose.env_file ?? [];
  for (const [index, item] of (typeof files === 'string' ? [files] : files).entries()) {
    const file = typeof item === 'string' ? { path: item } : item;
    const isRequired = !('required' in file) || file.required !== false;
    const path = pathIn(draft, 'env_file', index);
    const text = read(file.path);
    if (text === null) {
      if (isRequired) {
        const hint = 'create it, or write { path: …, required: false }';
        const at = [...path, 'path'];
        draft.problems.push(errorAt(path, spanAt(draft.root, at), `there is no readable file ${file.path}`, hint));
      }
      continue;
    }
    const found = readEnvFile(
      file.path,
      text,
      (name) => lookup(name) ?? values.get(name),
      'format' in file && file.format === 'raw',
    );
    for (const [name, value] of found.values) values.set(name, value);
    for (const problem of found.problems) draft.problems.push({ ...problem, path: pathText(path) });
  }
}
