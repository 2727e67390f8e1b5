// Brings the short forms that Compose allows into their long forms, so that files merge value by value.
import { isAbsolute, resolvePath } from './path.ts';
import {
  child,
  type Entry,
  type Fields,
  fieldsAt,
  type List,
  leaf,
  type Tree,
  withEntries,
  withValue,
} from './tree.ts';

/** Every service in long form, with the paths in the file seen from `folder`. What has the wrong shape stays as it is. */
export function normaliseServices(tree: Tree, folder: string): Tree {
  if (tree.type !== 'fields') return tree;
  const withFiles = ['secrets', 'configs'].reduce<Fields>((whole, key) => {
    return overEntries(whole, key, (file) => {
      const path = child(file, 'file');
      return file.type !== 'fields' || path === null ? file : withValue(file, 'file', absolute(path, folder));
    });
  }, tree);
  return overEntries(withFiles, 'services', (service) => normaliseService(service, folder));
}

/** The tree with every value of the mapping under `key` changed. */
function overEntries(tree: Fields, key: string, change: (value: Tree) => Tree): Fields {
  const fields = fieldsAt(tree, key);
  if (fields === null) return tree;
  const entries = [...fields.entries].map(([name, entry]): [string, Entry] => [
    name,
    { key: entry.key, value: change(entry.value) },
  ]);
  return withValue(tree, key, withEntries(fields, entries));
}

function normaliseService(tree: Tree, folder: string): Tree {
  if (tree.type !== 'fields') return tree;
  const steps: Readonly<Record<string, (value: Tree) => Tree>> = {
    build: (value) => normaliseBuild(value, folder),
    env_file: (value) => normaliseEnvFiles(value, folder),
    environment: pairsToFields,
    depends_on: (value) => listToFields(value, 'condition', 'service_started'),
    labels: pairsToFields,
    annotations: pairsToFields,
    sysctls: pairsToFields,
    networks: (value) => listToFields(value, null, ''),
    dns: asList,
    dns_search: asList,
    tmpfs: asList,
    label_file: asList,
    volumes: (value) => normaliseVolumes(value, folder),
  };
  let service: Fields = tree;
  for (const [key, step] of Object.entries(steps)) {
    const value = child(service, key);
    if (value !== null) service = withValue(service, key, step(value));
  }
  return service;
}

function normaliseBuild(tree: Tree, folder: string): Tree {
  if (tree.type === 'leaf' && typeof tree.value === 'string') {
    const entry = { key: tree.span, value: absolute(tree, folder) };
    return { type: 'fields', entries: new Map([['context', entry]]), span: tree.span, directive: tree.directive };
  }
  if (tree.type !== 'fields') return tree;
  const context = child(tree, 'context');
  const args = child(tree, 'args');
  let build: Fields = tree;
  if (context !== null) build = withValue(build, 'context', absolute(context, folder));
  if (args !== null) build = withValue(build, 'args', pairsToFields(args));
  return build;
}

/** Paths become absolute; addresses such as `https://…` and `git@…` stay. */
function absolute(tree: Tree, folder: string): Tree {
  if (tree.type !== 'leaf' || typeof tree.value !== 'string' || tree.value === '') return tree;
  if (isAddress(tree.value) || isAbsolute(tree.value)) return tree;
  return { ...tree, value: resolvePath(folder, tree.value) };
}

/** Whether a build context is something to download instead of a folder. */
export function isAddress(context: string): boolean {
  return /^([a-z][a-z+]*:\/\/|git@|github\.com\/)/.test(context);
}

function normaliseEnvFiles(tree: Tree, folder: string): Tree {
  if (tree.type === 'fields' || (tree.type === 'leaf' && typeof tree.value !== 'string')) return tree;
  const list = asList(tree);
  if (list.type !== 'list') return tree;
  const items = list.items.map((item): Tree => {
    if (item.type === 'fields') {
      const path = child(item, 'path');
      return path === null ? item : withValue(item, 'path', absolute(path, folder));
    }
    if (item.type === 'list' || typeof item.value !== 'string') return item;
    const entry = { key: item.span, value: absolute(item, folder) };
    return { type: 'fields', entries: new Map([['path', entry]]), span: item.span, directive: null };
  });
  return { ...list, items };
}

/** A folder that is seen from that of the file begins with a dot; every other first part is the name of a volume or absolute. */
function normaliseVolumes(tree: Tree, folder: string): Tree {
  if (tree.type !== 'list') return tree;
  const items = tree.items.map((item): Tree => {
    if (item.type === 'leaf' && typeof item.value === 'string' && /^\.{1,2}(\/|:)/.test(item.value)) {
      const cut = item.value.indexOf(':');
      if (cut === -1) return item;
      return { ...item, value: resolvePath(folder, item.value.slice(0, cut)) + item.value.slice(cut) };
    }
    const source = child(item, 'source');
    if (item.type !== 'fields' || source?.type !== 'leaf' || !/^\.{1,2}(\/|$)/.test(String(source.value))) return item;
    return withValue(item, 'source', absolute(source, folder));
  });
  return { ...tree, items };
}

function asList(tree: Tree): List | Tree {
  if (tree.type !== 'leaf' || tree.value === null) return tree;
  return { type: 'list', items: [{ ...tree, directive: null }], span: tree.span, directive: tree.directive };
}

/** `[A=1, B]` as `{A: "1", B: null}`; a list with anything but texts stays. */
function pairsToFields(tree: Tree): Tree {
  if (tree.type !== 'list') return tree;
  const entries = new Map<string, Entry>();
  for (const item of tree.items) {
    if (item.type !== 'leaf' || typeof item.value !== 'string') return tree;
    const cut = item.value.indexOf('=');
    const name = cut === -1 ? item.value : item.value.slice(0, cut);
    if (name === '' || name === '__proto__') return tree;
    entries.set(name, { key: item.span, value: leaf(cut === -1 ? null : item.value.slice(cut + 1), item.span) });
  }
  return { type: 'fields', entries, span: tree.span, directive: tree.directive };
}

/** `[a, b]` as `{a: {field: value}, b: {field: value}}`, or as `{a: null, b: null}` without a field. */
function listToFields(tree: Tree, field: string | null, value: string): Tree {
  if (tree.type !== 'list') return tree;
  const entries = new Map<string, Entry>();
  for (const item of tree.items) {
    if (item.type !== 'leaf' || typeof item.value !== 'string' || item.value === '__proto__') return tree;
    const { span } = item;
    const inner: Tree =
      field === null
        ? leaf(null, span)
        : {
            type: 'fields',
            entries: new Map([[field, { key: span, value: leaf(value, span) }]]),
            span,
            directive: null,
          };
    entries.set(item.value, { key: span, value: inner });
  }
  return { type: 'fields', entries, span: tree.span, directive: tree.directive };
}
