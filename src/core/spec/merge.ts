// Lays one Compose file over another: mappings merge key by key, lists append, single values replace.
import { errorAt, type Problem } from './problem.ts';
import type { Entry, Fields, Path, Tree } from './tree.ts';

/**
 * `over` laid over `base`. `!override` replaces and `!reset` removes what `base` said; an empty value changes no mapping
 * and no list. Associative as long as the same key has the same kind of value in every file.
 */
export function mergeTrees(base: Tree, over: Tree, problems: Problem[], path: Path = []): Tree {
  if (over.directive === 'override') return over;
  if (over.type === 'leaf') return over.value === null && base.type !== 'leaf' ? base : over;
  if (base.type === 'leaf') return base.value === null ? over : mismatch(base, over, problems, path);
  if (base.type !== over.type) return mismatch(base, over, problems, path);
  if (base.type === 'list' && over.type === 'list') {
    return isReplaced(path) ? over : { ...over, items: [...base.items, ...over.items], directive: base.directive };
  }
  return mergeFields(base as Fields, over as Fields, problems, path);
}

function mergeFields(base: Fields, over: Fields, problems: Problem[], path: Path): Fields {
  const entries = new Map<string, Entry>(base.entries);
  for (const [key, entry] of over.entries) {
    const before = entries.get(key);
    if (before === undefined || entry.value.directive === 'reset') entries.set(key, entry);
    else {
      const value = mergeTrees(before.value, entry.value, problems, [...path, key]);
      entries.set(key, value === before.value ? before : { key: entry.key, value });
    }
  }
  return { ...over, entries, directive: base.directive };
}

function mismatch(base: Tree, over: Tree, problems: Problem[], path: Path): Tree {
  const kinds = { leaf: 'a single value', list: 'a list', fields: 'a mapping' };
  const message = `${kinds[over.type]} cannot be laid over ${kinds[base.type]} of an earlier file`;
  problems.push(errorAt(path, over.span, message, 'write !override before it to replace the earlier one'));
  return over;
}

/** Lists that replace instead of append; below `x-friday` every list does. Source: Compose specification, "Merge". */
function isReplaced(path: Path): boolean {
  const [top, , key, inner] = path;
  if (path.includes('x-friday')) return true;
  if (top !== 'services') return false;
  const isCommand = path.length === 3 && (key === 'command' || key === 'entrypoint');
  return isCommand || (path.length === 4 && key === 'healthcheck' && inner === 'test');
}

/** The tree without what `!reset` removed. */
export function withoutResets(tree: Tree): Tree {
  if (tree.type === 'list') {
    return { ...tree, items: tree.items.filter((item) => item.directive !== 'reset').map(withoutResets) };
  }
  if (tree.type === 'leaf') return tree;
  const kept = [...tree.entries].filter(([, entry]) => entry.value.directive !== 'reset');
  return {
    ...tree,
    entries: new Map(kept.map(([key, entry]) => [key, { key: entry.key, value: withoutResets(entry.value) }])),
  };
}
