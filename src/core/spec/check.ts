// Holds a tree against zod schemas and turns every issue into a problem at the right place.
import type { z } from 'zod';
import { nearest } from './nearest.ts';
import { didYouMean, errorAt, type Problem, warningAt } from './problem.ts';
import { type Fields, keySpanAt, type Path, pathText, plainOf, spanAt, type Tree, treeAt, wordsOf } from './tree.ts';

/** What a shape gives when each key is checked alone: keys that are absent or wrong are left out. */
export type Checked<S extends z.ZodRawShape> = { readonly [K in keyof S]?: z.output<S[K]> };

export type CheckOptions = {
  /** Keys that are allowed beside those of the shape. */
  readonly others: Pick<ReadonlySet<string>, 'has'>;
  /** What to say about a key that is not allowed; null when nothing helps. */
  readonly hintFor: (key: string) => string | null;
};

/**
 * Checks each key of the mapping at `path` of `root` alone, so that one mistake hides no other. Keys that start with
 * `x-` pass. A key without a value counts as absent.
 */
export function checkFields<S extends z.ZodRawShape>(
  root: Tree,
  path: Path,
  shape: S,
  options: CheckOptions,
  problems: Problem[],
): Checked<S> {
  const fields = treeAt(root, path);
  if (fields?.type !== 'fields') return {};
  const checked: Record<string, unknown> = {};
  for (const [key, entry] of fields.entries) {
    const schema = Object.hasOwn(shape, key) ? (shape[key] as z.ZodType) : null;
    const isAbsent = entry.value.type === 'leaf' && entry.value.value === null;
    const at = [...path, key];
    if (schema !== null) {
      if (!isAbsent) checked[key] = checkValue(schema, root, at, problems);
    } else if (!options.others.has(key)) {
      if (!key.startsWith('x-')) problems.push(errorAt(at, entry.key, `unknown key "${key}"`, options.hintFor(key)));
      else if (options.others.has('x-friday') && nearest(key, ['x-friday']) !== null) {
        problems.push(warningAt(at, entry.key, `friday does not read "${key}"`, 'did you mean "x-friday"?'));
      }
    }
  }
  return checked as Checked<S>;
}

/**
 * The value at `path` as the schema makes it, with a problem for each mistake. A wrong part that may be left out is left
 * out, so that the rest can still be checked against other keys; undefined when nothing is left.
 */
export function checkValue<S extends z.ZodType>(
  schema: S,
  root: Tree,
  path: Path,
  problems: Problem[],
): z.output<S> | undefined {
  const tree = treeAt(root, path);
  const plain = tree === null ? undefined : plainOf(tree);
  const result = schema.safeParse(plain);
  if (result.success) return result.data;
  const mistakes = result.error.issues.flatMap((issue) => mistakesOf(issue, []));
  const meant = new Set(mistakes.flatMap(({ meantPath }) => meantPath ?? []));
  for (const mistake of mistakes) {
    if (!meant.has(pathText(mistake.path)) || mistake.meantPath !== null) problems.push(inWords(mistake, root, path));
  }
  const rest = mistakes.reduce<unknown>((value, mistake) => without(value, mistake.path), plain);
  const again = schema.safeParse(rest);
  return again.success && rest !== undefined ? again.data : undefined;
}

/** One mistake at a path below the checked value. */
type Mistake = {
  readonly path: Path;
  readonly message: string;
  readonly hint: string | null;
  readonly issue: z.core.$ZodIssue;
  /** For an unknown key: the path of the key that was probably meant. */
  readonly meantPath: string | null;
};

function mistakesOf(issue: z.core.$ZodIssue, base: Path): Mistake[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path, issue));
  const branch = issue.code === 'invalid_union' ? matchingBranch(issue.errors) : null;
  if (branch !== null) return branch.flatMap((inner) => mistakesOf(inner, path));
  const [message = '', hint = null] = issue.message.split('\n');
  return [{ path, message, hint, issue, meantPath: null }];
}

/** The text of the issue is the list of known keys, see `keyed`. */
function unknownKey(key: string, path: Path, issue: z.core.$ZodIssue): Mistake {
  const known = issue.message.split(' ');
  const near = nearest(key, known);
  const hint = near !== null ? `did you mean "${near}"?` : known.length <= 8 ? `known: ${known.join(', ')}` : null;
  const meantPath = near === null ? null : pathText([...path, near]);
  return { path: [...path, key], message: `unknown key "${key}"`, hint, issue, meantPath };
}

function inWords(mistake: Mistake, root: Tree, base: Path): Problem {
  const { issue, message, hint } = mistake;
  const path = [...base, ...mistake.path];
  const tree = treeAt(root, path);
  if (issue.code === 'unrecognized_keys') return errorAt(path, keySpanAt(root, path), message, hint);
  if (tree === null) return errorAt(path, spanAt(root, path), `is missing; ${message}`, hint);
  return errorAt(path, spanAt(root, path), `${message}${got(issue, tree)}`, hint ?? enumHint(issue, tree));
}

/** The alternative that has the right kind of value, so that its own mistakes are worth telling. */
function matchingBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | null {
  const isOtherKind = (issue: z.core.$ZodIssue) =>
    issue.path.length === 0 && ['invalid_type', 'invalid_value', 'invalid_union'].includes(issue.code);
  return branches.find((issues) => issues.length > 0 && !issues.some(isOtherKind)) ?? null;
}

/** What stands there instead; a text in the wrong form needs no words, since its line is shown. */
function got(issue: z.core.$ZodIssue, tree: Tree): string {
  if (!/expected /.test(issue.message)) return '';
  if (tree.type === 'list' && issue.code === 'too_big') return `, got ${tree.items.length}`;
  const isTextInWrongForm = issue.code === 'custom' && tree.type === 'leaf' && typeof tree.value === 'string';
  return isTextInWrongForm || (issue.code === 'custom' && tree.type === 'list') ? '' : `, got ${wordsOf(tree)}`;
}

function enumHint(issue: z.core.$ZodIssue, tree: Tree): string | null {
  if (issue.code !== 'invalid_value' || tree.type !== 'leaf' || typeof tree.value !== 'string') return null;
  return didYouMean(tree.value, issue.values.map(String));
}

/** A plain value without the part at `path`; a list goes as a whole, because its positions mean something. */
function without(value: unknown, path: Path): unknown {
  const [key, ...rest] = path;
  if (typeof key !== 'string' || typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const inner = without((value as Record<string, unknown>)[key], rest);
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, old]) =>
      name !== key ? [[name, old]] : inner === undefined ? [] : [[name, inner]],
    ),
  );
}

/** The mapping at `path`, or null with a problem when something else stands there. */
export function fieldsOrProblem(
  root: Tree,
  path: Path,
  problems: Problem[],
  hint: string | null = null,
): Fields | null {
  const tree = treeAt(root, path);
  if (tree === null || tree.type === 'fields') return tree;
  problems.push(errorAt(path, spanAt(root, path), `expected a mapping, got ${wordsOf(tree)}`, hint));
  return null;
}
