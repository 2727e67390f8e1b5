// A YAML value that remembers where each of its parts was written, so that a problem found late still names its line.
import type { Position } from '../failure.ts';

/** One file that was read; `lineStarts` rises. */
export type Source = { readonly file: string; readonly text: string; readonly lineStarts: readonly number[] };

export function sourceOf(file: string, text: string): Source {
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  return { file, text, lineStarts };
}

/** Half-open range of UTF-16 code units in a source. */
export type Span = { readonly source: Source; readonly start: number; readonly end: number };

/** Compose's tags for override files: `!reset` removes what earlier files said, `!override` replaces it. */
export type Directive = 'reset' | 'override' | null;

export type Leaf = {
  readonly type: 'leaf';
  readonly value: string | number | boolean | null;
  readonly span: Span;
  readonly directive: Directive;
};
export type List = {
  readonly type: 'list';
  readonly items: readonly Tree[];
  readonly span: Span;
  readonly directive: Directive;
};
export type Fields = {
  readonly type: 'fields';
  readonly entries: ReadonlyMap<string, Entry>;
  readonly span: Span;
  readonly directive: Directive;
};
export type Entry = { readonly key: Span; readonly value: Tree };
export type Tree = Leaf | List | Fields;

/** Keys from the top to a value, list positions as numbers. */
export type Path = readonly (string | number)[];

/** `services.api.x-friday.route[1]`; a key with other characters than words have stands in quotes. */
export function pathText(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else {
      const key = /^[\w-]+$/.test(part) ? part : JSON.stringify(part);
      text += text === '' ? key : `.${key}`;
    }
  }
  return text;
}

/** Where a span starts, with the line it stands on and its width on that line. */
export function positionOf(span: Span): Position {
  const { text, file, lineStarts } = span.source;
  const start = Math.min(span.start, text.length);
  const line = lineAt(lineStarts, start);
  const lineStart = lineStarts[line] ?? 0;
  const lineEnd = line + 1 < lineStarts.length ? (lineStarts[line + 1] ?? 0) - 1 : text.length;
  const source = text.slice(lineStart, lineEnd).replace(/\r$/, '');
  const width = Math.max(1, Math.min(span.end, lineStart + source.length) - start);
  return { file, line: line + 1, column: start - lineStart + 1, source, width };
}

/** Index of the last line start that is not after `offset`. */
function lineAt(lineStarts: readonly number[], offset: number): number {
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The plain value of a tree, as a JSON parser would give it. */
export function plainOf(tree: Tree): unknown {
  if (tree.type === 'leaf') return tree.value;
  if (tree.type === 'list') return tree.items.map(plainOf);
  return Object.fromEntries([...tree.entries].map(([key, entry]) => [key, plainOf(entry.value)]));
}

/** The value under a key of a mapping; null when there is none, or when `tree` is no mapping. */
export function child(tree: Tree | null, key: string): Tree | null {
  return tree?.type === 'fields' ? (tree.entries.get(key)?.value ?? null) : null;
}

/** The mapping under a key; null for anything else. */
export function fieldsAt(tree: Tree | null, key: string): Fields | null {
  const found = child(tree, key);
  return found?.type === 'fields' ? found : null;
}

/** The place to point at for a value: a single value itself, else the key in front of it. */
function spanOfEntry(entry: Entry): Span {
  const { value } = entry;
  return value.type === 'leaf' && value.span.end > value.span.start ? value.span : entry.key;
}

/** The span of the value at `path` under `tree`, or of its closest ancestor that was written down. */
export function spanAt(tree: Tree, path: Path): Span {
  let span = tree.span;
  let here: Tree = tree;
  for (const part of path) {
    if (here.type === 'fields') {
      const entry: Entry | undefined = here.entries.get(String(part));
      if (entry === undefined) return span;
      span = spanOfEntry(entry);
      here = entry.value;
    } else if (here.type === 'list') {
      const item: Tree | undefined = here.items[Number(part)];
      if (item === undefined) return span;
      if (item.span.end > item.span.start) span = item.span;
      here = item;
    } else return span;
  }
  return span;
}

/** The span of the key that `path` ends in, or of the closest ancestor that was written down. */
export function keySpanAt(tree: Tree, path: Path): Span {
  const parent = treeAt(tree, path.slice(0, -1));
  const last = path.at(-1);
  const entry = parent?.type === 'fields' && last !== undefined ? parent.entries.get(String(last)) : undefined;
  return entry?.key ?? spanAt(tree, path);
}

/** The value at `path`; null when nothing is there. */
export function treeAt(tree: Tree, path: Path): Tree | null {
  let here: Tree | null = tree;
  for (const part of path) {
    if (here?.type === 'fields') here = here.entries.get(String(part))?.value ?? null;
    else if (here?.type === 'list') here = here.items[Number(part)] ?? null;
    else return null;
  }
  return here;
}

/** The same mapping with other entries. */
export function withEntries(fields: Fields, entries: Iterable<readonly [string, Entry]>): Fields {
  return { ...fields, entries: new Map(entries) };
}

/** The same mapping with one value replaced. */
export function withValue(fields: Fields, key: string, value: Tree): Fields {
  const entry = fields.entries.get(key);
  const entries = new Map(fields.entries);
  entries.set(key, { key: entry?.key ?? value.span, value });
  return { ...fields, entries };
}

/** A text value that stands at `span`. */
export function leaf(value: Leaf['value'], span: Span): Leaf {
  return { type: 'leaf', value, span, directive: null };
}

/** What stands there, in words: `a list`, `nothing`, `true`, `"text"`. */
export function wordsOf(tree: Tree): string {
  if (tree.type === 'list') return 'a list';
  if (tree.type === 'fields') return 'a mapping';
  if (tree.value === null) return 'nothing';
  if (typeof tree.value !== 'string') return String(tree.value);
  return `"${tree.value.length > 40 ? `${tree.value.slice(0, 40)}…` : tree.value}"`;
}
