// Reads YAML text into a tree that knows its positions: anchors and merge keys resolved, every mistake a problem.
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  Scalar,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { errorAt, type Problem } from './problem.ts';
import {
  type Directive,
  type Entry,
  type Fields,
  type Leaf,
  positionOf,
  type Source,
  type Span,
  type Tree,
} from './tree.ts';

/** Values in one file once every alias is written out; more is an alias bomb or not a project. */
const MAX_VALUES = 100_000;
const MAX_DEPTH = 64;
export const MAX_FILE_CHARACTERS = 1_048_576;

/** The tree of a text, null when nothing can be made of it. Never throws. */
export function readYaml(source: Source): { tree: Tree | null; problems: Problem[] } {
  const start = { source, start: 0, end: 0 };
  if (source.text.length > MAX_FILE_CHARACTERS) {
    return { tree: null, problems: [errorAt([], start, 'the file is larger than 1 MB')] };
  }
  const document = parseDocument(source.text, {
    prettyErrors: false,
    logLevel: 'error',
    intAsBigInt: true,
    uniqueKeys: false,
  });
  const [syntax] = document.errors;
  const problems: Problem[] = [];
  for (const warning of document.warnings) problems.push(...unknownTag(warning, source));
  if (syntax !== undefined) problems.push(syntaxError(syntax, document, source));
  if (syntax !== undefined || document.contents === null) return { tree: null, problems };
  const reading: Reading = { source, problems, anchors: new Map(), values: 0, isTooLarge: false };
  const tree = convert(document.contents, reading, 0);
  return { tree: reading.isTooLarge ? null : tree, problems };
}

/** What is known while one document is walked in the order in which it was written. */
type Reading = {
  readonly source: Source;
  readonly problems: Problem[];
  /** What each anchor stands for, and how many values that is. Set once the value is complete, so that nothing contains itself. */
  readonly anchors: Map<string, { tree: Tree; values: number }>;
  values: number;
  isTooLarge: boolean;
};

/** Our words for the parser's mistakes: what is wrong, and what to do. */
const WORDS: Partial<Record<YAMLError['code'], readonly [message: string, hint: string | null]>> = {
  BAD_ALIAS: ['this alias is not well formed', 'write *name'],
  BAD_INDENT: ['this line is indented wrongly', 'line it up with the keys beside it'],
  BLOCK_AS_IMPLICIT_KEY: ['a second "key: value" stands on this line', 'put the text in quotes, or start a new line'],
  MULTILINE_IMPLICIT_KEY: ['a key must stand on one line', null],
  MULTIPLE_DOCS: ['one file holds one project', 'take the --- out'],
  TAB_AS_INDENT: ['a tab indents this line', 'YAML takes spaces only'],
  RESOURCE_EXHAUSTION: ['the values are nested too deeply', null],
};

function syntaxError(error: YAMLError, document: Document, source: Source): Problem {
  const at = (start: number, end: number): Span => ({ source, start, end: Math.max(end, start + 1) });
  const problem = (span: Span, message: string, hint: string | null) =>
    errorAt([], span, `not valid YAML: ${message}`, hint);
  const [start, end] = error.pos;
  if (source.text.startsWith('${', start - 1)) {
    const message = 'a variable inside { } or [ ] needs quotes';
    return problem(at(start - 1, end), message, 'put the whole text in quotes');
  }
  const open = error.code === 'MISSING_CHAR' || error.code === 'BAD_INDENT' ? unclosed(document, source.text) : null;
  if (open !== null) return problem(at(open, open + 1), `this ${source.text[open]} is not closed`, null);
  const blank =
    error.code === 'TAB_AS_INDENT' ? '' : (/^[ \t]*/.exec(source.text.slice(start, start + 200))?.[0] ?? '');
  const [message, hint] = WORDS[error.code] ?? [error.message.charAt(0).toLowerCase() + error.message.slice(1), null];
  return problem(at(start + blank.length, end), message, hint);
}

const CLOSERS: Readonly<Record<string, string>> = { '"': '"', "'": "'", '[': ']', '{': '}' };

/** Where the first quote or bracket opens that never closes; null when all of them do. */
function unclosed(document: Document, text: string): number | null {
  let found: number | null = null;
  visit(document, {
    Node: (_, node) => {
      const [start, end] = node.range ?? [0, 0];
      const closer = CLOSERS[text[start] ?? ''];
      const isClosed = closer === undefined || (end - start > 1 && text[end - 1] === closer);
      if (isClosed) return undefined;
      found = start;
      return visit.BREAK;
    },
  });
  return found;
}

function spanOf(node: Node | null | undefined, reading: Reading): Span {
  const [start, end] = node?.range ?? [0, 0];
  return { source: reading.source, start, end };
}

function fail(reading: Reading, span: Span, message: string, hint: string | null = null): void {
  reading.problems.push(errorAt([], span, message, hint));
}

function convert(node: Node | null, reading: Reading, depth: number): Tree {
  const span = spanOf(node, reading);
  const nothing: Leaf = { type: 'leaf', value: null, span, directive: null };
  if (reading.isTooLarge || node === null) return nothing;
  const before = reading.values;
  take(reading, 1, span);
  if (depth > MAX_DEPTH) {
    reading.isTooLarge = true;
    fail(reading, span, `the values are nested more than ${MAX_DEPTH} deep`);
    return nothing;
  }
  if (isAlias(node)) return dereference(node.source, reading, span) ?? nothing;
  const tree = convertOwn(node, reading, depth, directiveOf(node));
  if ('anchor' in node && typeof node.anchor === 'string') {
    reading.anchors.set(node.anchor, { tree, values: reading.values - before });
  }
  return tree;
}

function convertOwn(node: Node, reading: Reading, depth: number, directive: Directive): Tree {
  const span = spanOf(node, reading);
  if (isMap(node)) return { ...convertMap(node, reading, depth), directive };
  if (isSeq(node)) {
    const items = node.items.map((item) => convert(item as Node | null, reading, depth + 1));
    return { type: 'list', items, span, directive };
  }
  return { type: 'leaf', value: isScalar(node) ? single(node.value) : null, span, directive };
}

/** A whole number too large for a JavaScript number stays as its digits. */
function single(value: unknown): Leaf['value'] {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return value === null || value === undefined ? null : String(value);
}

function take(reading: Reading, values: number, span: Span): void {
  reading.values += values;
  if (reading.values <= MAX_VALUES || reading.isTooLarge) return;
  reading.isTooLarge = true;
  fail(reading, span, `with its aliases written out the file has more than ${MAX_VALUES.toLocaleString('en')} values`);
}

function dereference(name: string, reading: Reading, span: Span): Tree | null {
  const anchor = reading.anchors.get(name);
  if (anchor === undefined) {
    const known =
      reading.anchors.size === 0 ? null : `anchors above: ${[...reading.anchors.keys()].slice(0, 10).join(', ')}`;
    fail(reading, span, `nothing above is anchored as &${name}`, known);
    return null;
  }
  take(reading, anchor.values, span);
  return anchor.tree;
}

function directiveOf(node: Node): Directive {
  const tag = 'tag' in node ? node.tag : undefined;
  return tag === '!reset' ? 'reset' : tag === '!override' ? 'override' : null;
}

function unknownTag(warning: YAMLError, source: Source): Problem[] {
  const [start, end] = warning.pos;
  const tag = source.text.slice(start, end);
  if (warning.code !== 'TAG_RESOLVE_FAILED' || tag === '!reset' || tag === '!override') return [];
  return [errorAt([], { source, start, end }, `unknown tag "${tag}"`, 'Compose knows !reset and !override')];
}

function convertMap(map: YAMLMap, reading: Reading, depth: number): Fields {
  const span = spanOf(map, reading);
  const own = new Map<string, Entry>();
  const merged: Tree[] = [];
  for (const pair of map.items) {
    const keyNode = pair.key as Node | null;
    const key = spanOf(keyNode, reading);
    const value = convert((pair.value ?? null) as Node | null, reading, depth + 1);
    const placed = value.span.end === 0 ? { ...value, span: { ...key, start: key.end } } : value;
    const name = isScalar(keyNode) ? String(keyNode.value) : null;
    if (name === null || name === '__proto__') fail(reading, key, 'expected a text as key');
    else if (name === '<<' && isScalar(keyNode) && keyNode.type === Scalar.PLAIN)
      merged.push(...sources(value, key, reading));
    else {
      const first = own.get(name);
      if (first !== undefined) fail(reading, key, `the key "${name}" is given twice`, firstLine(first.key));
      own.set(name, { key, value: placed });
    }
  }
  const entries = new Map<string, Entry>();
  for (const tree of [...merged].reverse()) {
    if (tree.type === 'fields') for (const [name, entry] of tree.entries) entries.set(name, entry);
  }
  for (const [name, entry] of own) entries.set(name, entry);
  return { type: 'fields', entries, span, directive: null };
}

function firstLine(span: Span): string {
  return `line ${positionOf(span).line} has it too`;
}

/** The mappings that a merge key brings in; the first of several wins. Source: YAML merge key language-independent type, 2005. */
function sources(value: Tree, key: Span, reading: Reading): readonly Tree[] {
  const found = (value.type === 'list' ? value.items : [value]).filter((tree) => !isNothing(tree));
  if (found.some((tree) => tree.type !== 'fields')) {
    fail(reading, key, 'a merge key takes a mapping or a list of mappings', 'write <<: *anchor');
  }
  return found;
}

/** An empty value, or an alias that stands for nothing and was reported. */
function isNothing(tree: Tree): boolean {
  return tree.type === 'leaf' && tree.value === null;
}
