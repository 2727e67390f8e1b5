// Gathers one tree from all files of a project: variables filled in, extends and include followed, overrides laid on top.
import { readEnvFile } from './env-file.ts';
import type { Lookup } from './interpolate.ts';
import { mergeTrees } from './merge.ts';
import { normaliseServices } from './normalise.ts';
import { folderOf, resolvePath } from './path.ts';
import { didYouMean, errorAt, hasErrors, type Problem } from './problem.ts';
import { substitute } from './substitute.ts';
import {
  child,
  type Entry,
  type Fields,
  fieldsAt,
  type Path,
  plainOf,
  type Span,
  sourceOf,
  spanAt,
  type Tree,
  withEntries,
  withValue,
} from './tree.ts';
import { readYaml } from './yaml.ts';

/** Files that one project may be made of. */
const MAX_FILES = 200;

/** What all files of one reading share. */
export type Gathering = {
  readonly read: (path: string) => string | null;
  readonly problems: Problem[];
  /** Warnings about variables that were given before. */
  readonly warned: Set<string>;
  count: number;
};

/** Services that one may extend in a row. */
const MAX_EXTENDS = 32;

/** Where a file is taken from. */
export type Place = {
  /** The folder that the paths in it are seen from. */
  readonly folder: string;
  readonly lookup: Lookup;
  /** The files that included this one. */
  readonly trail: readonly string[];
  /** Services of the files that were extended with these variables. */
  readonly extended: Map<string, Fields | null>;
};

export function placeOf(folder: string, lookup: Lookup, trail: readonly string[] = []): Place {
  return { folder, lookup, trail, extended: new Map() };
}

/** `outer` and, for names that it does not know, the variables of an env file. A missing file adds nothing. */
export function withEnvFile(file: string, outer: Lookup, gathering: Gathering): Lookup {
  const text = gathering.read(file);
  if (text === null) return outer;
  const found = readEnvFile(file, text, outer);
  gathering.problems.push(...found.problems);
  return (name) => outer(name) ?? found.values.get(name);
}

/** The files laid over each other in their order; null when none of them could be read. */
export function gatherFiles(files: readonly string[], place: Place, gathering: Gathering): Tree | null {
  let merged: Tree | null = null;
  for (const file of files) {
    const tree = gatherFile(file, place, gathering, null);
    if (tree === null) continue;
    const whole = withIncludes(tree, { ...place, trail: [...place.trail, file] }, gathering);
    merged = merged === null ? whole : mergeTrees(merged, whole, gathering.problems);
  }
  return merged;
}

/** One file in long form with its extends followed; `asked` is where another file names it. */
function gatherFile(file: string, place: Place, gathering: Gathering, asked: Asked | null): Tree | null {
  const raw = readTree(file, gathering, asked);
  if (raw === null) return null;
  const filled = substitute(raw, place.lookup, gathering.problems, gathering.warned);
  const tree = normaliseServices(filled, place.folder);
  const services = fieldsAt(tree, 'services');
  if (tree.type !== 'fields' || services === null) return tree;
  const entries = [...services.entries].map(([name, entry]): [string, Entry] => {
    const trail = [`${file}#${name}`];
    return [name, { key: entry.key, value: extended(entry.value, { name, file, services, place, trail }, gathering) }];
  });
  return withValue(tree, 'services', withEntries(services, entries));
}

type Asked = { readonly path: Path; readonly span: Span };

function readTree(file: string, gathering: Gathering, asked: Asked | null): Tree | null {
  const { problems } = gathering;
  gathering.count += 1;
  const text = gathering.count > MAX_FILES ? null : gathering.read(file);
  if (text === null) {
    const isTooMany = gathering.count > MAX_FILES;
    const message = isTooMany
      ? `the project is made of more than ${MAX_FILES} files`
      : `there is no readable file ${file}`;
    const hint = asked === null && !isTooMany ? 'friday init writes one' : null;
    if (gathering.count <= MAX_FILES + 1) problems.push(errorAt(asked?.path ?? [], asked?.span ?? null, message, hint));
    return null;
  }
  const source = sourceOf(file, text);
  const { tree, problems: found } = readYaml(source);
  problems.push(...found);
  if (tree === null && !hasErrors(found)) {
    problems.push(errorAt([], { source, start: 0, end: 0 }, 'the file is empty', 'friday init writes one'));
  }
  return tree;
}

/** A service on its way to what it extends. `trail` names every service on the way, to find circles. */
type Step = {
  readonly name: string;
  readonly file: string;
  readonly services: Fields;
  readonly place: Place;
  readonly trail: readonly string[];
};

/** The service laid over the one that it extends, which is laid over the one that that extends, and so on. */
function extended(service: Tree, step: Step, gathering: Gathering): Tree {
  if (service.type !== 'fields') return service;
  const written = child(service, 'extends');
  const target = targetOf(written);
  if (written === null || target === null) return service;
  const base = baseOf(written, target, step, gathering);
  if (base === null) return service;
  const own = withEntries(
    service,
    [...service.entries].filter(([key]) => key !== 'extends'),
  );
  return mergeTrees(base, own, gathering.problems, ['services', step.name]);
}

type Target = { readonly service: string; readonly file: string | null };

/** What `extends` names; null when it is not well formed, which the check of the keys reports. */
function targetOf(written: Tree | null): Target | null {
  const plain = written === null ? null : plainOf(written);
  if (typeof plain === 'string') return { service: plain, file: null };
  if (typeof plain !== 'object' || plain === null) return null;
  const { service, file } = plain as { service?: unknown; file?: unknown };
  if (typeof service !== 'string') return null;
  return { service, file: typeof file === 'string' ? file : null };
}

function baseOf(written: Tree, target: Target, step: Step, gathering: Gathering): Tree | null {
  const path = ['services', step.name, 'extends'];
  const span = spanAt(written, written.type === 'fields' ? ['service'] : []);
  const file = target.file === null ? step.file : resolvePath(step.place.folder, target.file);
  const mark = `${file}#${target.service}`;
  if (step.trail.includes(mark)) {
    gathering.problems.push(errorAt(path, span, `${target.service} extends itself in a circle`));
    return null;
  }
  if (step.trail.length > MAX_EXTENDS) {
    gathering.problems.push(errorAt(path, span, `more than ${MAX_EXTENDS} services extend each other in a row`));
    return null;
  }
  const inner = file === step.file ? step : otherStep(written, file, step, gathering);
  if (inner === null) return null;
  const found = child(inner.services, target.service);
  if (found === null) {
    const known = [...inner.services.entries.keys()];
    const where = file === step.file ? '' : ` in ${file}`;
    const message = `there is no service "${target.service}"${where}`;
    gathering.problems.push(errorAt(path, span, message, didYouMean(target.service, known)));
    return null;
  }
  return extended(found, { ...inner, name: target.service, trail: [...step.trail, mark] }, gathering);
}

/** The services of another file, with the paths in it seen from its own folder. */
function otherStep(written: Tree, file: string, step: Step, gathering: Gathering): Step | null {
  const place = { ...step.place, folder: folderOf(file) };
  const known = place.extended.get(file);
  const services = known === undefined ? servicesIn(written, file, place, step.name, gathering) : known;
  place.extended.set(file, services);
  return services === null ? null : { ...step, file, services, place };
}

function servicesIn(written: Tree, file: string, place: Place, name: string, gathering: Gathering): Fields | null {
  const asked = { path: ['services', name, 'extends', 'file'], span: spanAt(written, ['file']) };
  const raw = readTree(file, gathering, asked);
  if (raw === null) return null;
  const tree = normaliseServices(substitute(raw, place.lookup, gathering.problems, gathering.warned), place.folder);
  const services = fieldsAt(tree, 'services');
  if (services === null) {
    gathering.problems.push(errorAt(asked.path, asked.span, `there are no services in ${file}`));
  }
  return services;
}

/** The tree and the services of the files that it includes; a service that is in both is an error. */
function withIncludes(tree: Tree, place: Place, gathering: Gathering): Tree {
  const list = child(tree, 'include');
  if (tree.type !== 'fields' || list?.type !== 'list') return tree;
  let result: Fields = tree;
  for (const [index, item] of list.items.entries()) {
    const asked = { path: ['include', index], span: spanAt(list, [index]) };
    const included = includedTree(item, asked, place, gathering);
    const theirs = fieldsAt(included, 'services');
    if (theirs !== null) result = withServices(result, theirs, gathering);
    for (const key of ['networks', 'volumes', 'secrets', 'configs']) result = withResources(result, key, included);
  }
  return result;
}

function includedTree(item: Tree, asked: Asked, place: Place, gathering: Gathering): Tree | null {
  const plain = plainOf(item);
  const long = typeof plain === 'object' && plain !== null ? (plain as Record<string, unknown>) : { path: plain };
  const files = textsOf(long.path).map((file) => resolvePath(place.folder, file));
  const [first] = files;
  if (first === undefined) return null;
  const circle = files.find((file) => place.trail.includes(file));
  const missing = files.find((file) => gathering.read(file) === null);
  if (circle !== undefined || missing !== undefined) {
    const message =
      circle === undefined ? `there is no readable file ${missing}` : `${circle} includes itself in a circle`;
    gathering.problems.push(errorAt(asked.path, asked.span, message));
    return null;
  }
  const own = long.project_directory;
  const folder = typeof own === 'string' ? resolvePath(place.folder, own) : folderOf(first);
  const named = textsOf(long.env_file).map((file) => resolvePath(place.folder, file));
  const envFiles = named.length > 0 ? named : [resolvePath(folder, '.env')];
  const lookup = envFiles.reduceRight((outer, file) => withEnvFile(file, outer, gathering), place.lookup);
  return gatherFiles(files, placeOf(folder, lookup, place.trail), gathering);
}

/** What a file and one that it includes both name is the file's own. */
function withResources(tree: Fields, key: string, included: Tree | null): Fields {
  const theirs = fieldsAt(included, key);
  if (theirs === null) return tree;
  const own = fieldsAt(tree, key);
  return withValue(tree, key, own === null ? theirs : withEntries(own, [...theirs.entries, ...own.entries]));
}

function textsOf(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((item): item is string => typeof item === 'string' && item !== '');
}

function withServices(tree: Fields, theirs: Fields, gathering: Gathering): Fields {
  const services = fieldsAt(tree, 'services');
  if (services === null) return withValue(tree, 'services', theirs);
  const entries = new Map(services.entries);
  for (const [name, entry] of theirs.entries) {
    const own = entries.get(name);
    if (own === undefined) entries.set(name, entry);
    else {
      const message = `${name} is also in the included file ${entry.key.source.file}`;
      const hint = 'rename one, or change it in an override file';
      gathering.problems.push(errorAt(['services', name], own.key, message, hint));
    }
  }
  return withValue(tree, 'services', withEntries(services, entries));
}
