// Fills variables into every text of a tree and points at each one that is missing.
import { type Finding, interpolate, type Lookup } from './interpolate.ts';
import { isSecretAt } from './notify.ts';
import { type Problem, problemAt, warningAt } from './problem.ts';
import type { Leaf, Path, Span, Tree } from './tree.ts';

/** The tree with its variables filled in. `warned` holds the warnings that were given before, since each is given once. */
export function substitute(
  tree: Tree,
  lookup: Lookup,
  problems: Problem[],
  warned: Set<string>,
  path: Path = [],
): Tree {
  if (tree.type === 'leaf') return substituteLeaf(tree, lookup, problems, warned, path);
  if (tree.type === 'list') {
    const items = tree.items.map((item, index) => substitute(item, lookup, problems, warned, [...path, index]));
    return { ...tree, items };
  }
  const entries = [...tree.entries].map(([key, entry]) => {
    const value = substitute(entry.value, lookup, problems, warned, [...path, key]);
    return [key, { key: entry.key, value }] as const;
  });
  return { ...tree, entries: new Map(entries) };
}

function substituteLeaf(tree: Leaf, lookup: Lookup, problems: Problem[], warned: Set<string>, path: Path): Tree {
  if (typeof tree.value !== 'string' || !tree.value.includes('$') || isSecretAt(path)) return tree;
  const { text, findings } = interpolate(tree.value, lookup, isForLaunch(path) ? { isKept: isLaunchVariable } : {});
  for (const finding of findings) {
    if (finding.severity === 'warning' && warned.has(finding.message)) continue;
    warned.add(finding.message);
    problems.push(problemAt(finding.severity, path, spanIn(tree, finding), finding.message, finding.hint));
  }
  if (isCommand(path)) warnFilledLaunchVariables(tree, lookup, problems, path);
  return { ...tree, value: text };
}

/** Compose fills `$PORT` of a command from the shell, whose PORT is nobody's port here. */
function warnFilledLaunchVariables(tree: Leaf, lookup: Lookup, problems: Problem[], path: Path): void {
  for (const found of String(tree.value).matchAll(/(?<!\$)\$\{?([A-Za-z_][A-Za-z0-9_]*)/g)) {
    const [piece, name = ''] = found;
    if (!isLaunchVariable(name) || lookup(name) === undefined) continue;
    const message = `${name} comes from the shell here, not from the instance`;
    const span = spanIn(tree, { at: found.index, width: piece.length });
    problems.push(warningAt(path, span, message, `write $$${name} for the value that the instance gets`));
  }
}

function isCommand(path: Path): boolean {
  return path[0] === 'services' && ['command', 'entrypoint', 'healthcheck'].includes(String(path[2]));
}

/** Variables that only exist once an instance starts. */
export function isLaunchVariable(name: string): boolean {
  return name === 'PORT' || name.startsWith('FRIDAY_');
}

/** Below `services.<name>.x-friday.process` the instance's own variables wait for its start. */
function isForLaunch(path: Path): boolean {
  return path[0] === 'services' && path[2] === 'x-friday' && path[3] === 'process';
}

/** The part of a written value that a finding is about; the whole value when quoting or folding hides it. */
function spanIn(tree: Leaf, finding: Pick<Finding, 'at' | 'width'>): Span {
  const { source, start, end } = tree.span;
  const raw = source.text.slice(start, end);
  const piece = String(tree.value).slice(finding.at, finding.at + finding.width);
  const shift = /^['"]/.test(raw) ? 1 : 0;
  const at = raw.startsWith(piece, finding.at + shift) ? finding.at + shift : raw.indexOf(piece);
  return at === -1 ? tree.span : { source, start: start + at, end: start + at + piece.length };
}
