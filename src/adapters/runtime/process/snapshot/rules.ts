// What of a build folder is left out of its snapshot: .gitignore files first, the .dockerignore has the last word.
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { type DockerPatterns, dockerPatterns } from './patterns.ts';

/** One .gitignore: its rules hold for paths relative to `folder`. */
type Layer = { readonly folder: string; readonly rules: Ignore };

/** The rules that hold inside one folder; `isOut` is set when the folder itself is left out by a .gitignore. */
export type Rules = {
  readonly context: string;
  readonly docker: DockerPatterns;
  readonly layers: readonly Layer[];
  readonly isOut: boolean;
};

export type Choice = { readonly isTaken: boolean; readonly isOutForGit: boolean };

/**
 * Rules at the top of a build folder, .gitignore files above it up to the repository's root included. A rule above
 * that ignores the build folder itself does not count: somebody named this folder on purpose.
 */
export async function rulesAt(context: string): Promise<Rules> {
  const docker = dockerPatterns((await textOf(join(context, '.dockerignore'))) ?? '');
  const above = (await layersAbove(context)).filter(({ folder, rules }) => {
    return !rules.ignores(`${relative(folder, context)}/`);
  });
  return withOwn({ context, docker, layers: above, isOut: false }, context);
}

/** Rules inside the folder at `path` (relative to the context). */
export async function rulesIn(rules: Rules, path: string, isOut: boolean): Promise<Rules> {
  const folder = join(rules.context, path);
  // A layer that ignores this folder was overruled by a deeper one, else nobody would be here.
  const layers = isOut
    ? []
    : rules.layers.filter((layer) => !layer.rules.ignores(`${relative(layer.folder, folder)}/`));
  return withOwn({ ...rules, layers, isOut }, folder);
}

/** Whether the entry at `path` (relative to the context) belongs to the snapshot. */
export function choose(rules: Rules, path: string, isFolder: boolean): Choice {
  const isOutForGit = rules.isOut || ignoredByGit(rules, path, isFolder);
  const verdict = rules.docker.verdict(path);
  return { isTaken: verdict === null ? !isOutForGit : verdict === 'in', isOutForGit };
}

function ignoredByGit(rules: Rules, path: string, isFolder: boolean): boolean {
  let isIgnored = false;
  for (const layer of rules.layers) {
    const seen = layer.rules.test(relative(layer.folder, join(rules.context, path)) + (isFolder ? '/' : ''));
    if (seen.ignored) isIgnored = true;
    else if (seen.unignored) isIgnored = false;
  }
  return isIgnored;
}

async function withOwn(rules: Rules, folder: string): Promise<Rules> {
  if (rules.isOut) return rules;
  const layer = await layerOf(folder);
  return layer === null ? rules : { ...rules, layers: [...rules.layers, layer] };
}

async function layersAbove(context: string): Promise<Layer[]> {
  const layers: Layer[] = [];
  let folder = resolve(context);
  while (!(await isRepository(folder))) {
    if (dirname(folder) === folder) return [];
    folder = dirname(folder);
    const layer = await layerOf(folder);
    if (layer !== null) layers.unshift(layer);
  }
  return layers;
}

async function isRepository(folder: string): Promise<boolean> {
  return stat(join(folder, '.git')).then(
    () => true,
    () => false,
  );
}

async function layerOf(folder: string): Promise<Layer | null> {
  const text = await textOf(join(folder, '.gitignore'));
  return text === null ? null : { folder, rules: ignore().add(text) };
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return null;
  }
}
