// One service between the file and its container: what was checked of the keys that only container runtimes honour.
import { type Checked, checkFields, checkValue } from './check.ts';
import { buildShape, containerShape, deployShape, healthShape, resourceShapes } from './container-shapes.ts';
import { type Draft, pathIn } from './draft.ts';
import type { Lookup } from './interpolate.ts';
import { warningAt } from './problem.ts';
import { fieldsAt, keySpanAt, type Path, type Tree, treeAt } from './tree.ts';

/** The resources at the top of the file, by key and name. */
export type Resources = {
  readonly [K in keyof typeof resourceShapes]: ReadonlyMap<string, NonNullable<Output<(typeof resourceShapes)[K]>>>;
};
type Output<T> = T extends { _zod: { output: infer O } } ? O : never;

/** What all services of a project for containers share. */
export type Containers = {
  readonly project: string;
  readonly runtime: 'docker' | 'swarm';
  readonly resources: Resources;
  readonly lookup: Lookup;
  /** `x-friday.swarm` */
  readonly swarm: {
    readonly registry?: string | undefined;
    readonly nodes?: Readonly<Record<string, string>> | undefined;
  };
};

export type ContainerDraft = Draft & {
  readonly own: Checked<typeof containerShape>;
  readonly ownBuild: Checked<typeof buildShape>;
  readonly ownDeploy: Checked<typeof deployShape>;
  readonly ownHealth: Checked<typeof healthShape>;
  readonly all: Containers;
};

/** Everything may stand beside what is checked here: that was checked before. */
const REST = { others: { has: () => true }, hintFor: () => null };

export function containerDraft(draft: Draft, all: Containers): ContainerDraft {
  const { root, problems } = draft;
  const found: typeof problems = [];
  const checked = {
    own: checkFields(root, pathIn(draft), containerShape, REST, found),
    ownBuild: checkFields(root, pathIn(draft, 'build'), buildShape, REST, found),
    ownDeploy: checkFields(root, pathIn(draft, 'deploy'), deployShape, REST, found),
    ownHealth: checkFields(root, pathIn(draft, 'healthcheck'), healthShape, REST, found),
  };
  // What is misspelt was told when the honoured keys were checked.
  problems.push(...found.filter(({ severity }) => severity === 'error'));
  return { ...draft, ...checked, all };
}

export function resourcesIn(root: Tree, problems: Draft['problems']): Resources {
  const read = (key: keyof typeof resourceShapes) => {
    const names = [...(fieldsAt(root, key)?.entries.keys() ?? [])].filter((name) => !name.startsWith('x-'));
    return new Map(names.map((name) => [name, checkValue(resourceShapes[key], root, [key, name], problems) ?? {}]));
  };
  const [networks, volumes] = [read('networks'), read('volumes')];
  return { networks, volumes, secrets: read('secrets'), configs: read('configs') } as Resources;
}

/** A warning at a key of the service, for what its runtime does otherwise. */
export function warn(
  draft: Draft,
  keys: readonly (string | number)[],
  message: string,
  hint: string | null = null,
): void {
  const path: Path = pathIn(draft, ...keys);
  if (treeAt(draft.root, path) === null) return;
  draft.problems.push(warningAt(path, keySpanAt(draft.root, path), message, hint));
}

type PairsWritten = Readonly<Record<string, string | number | boolean | null>> | readonly string[] | undefined;

/** `[A=1]` and `{A: 1}` as `{A: "1"}`; what has no value gets that of the shell, else it is empty. */
export function pairsOf(written: PairsWritten, lookup: Lookup | null = null): Record<string, string> {
  if (written === undefined) return {};
  const list: [string, string | null][] = Array.isArray(written)
    ? written.map((item: string) => {
        const cut = item.indexOf('=');
        return cut === -1 ? [item, null] : [item.slice(0, cut), item.slice(cut + 1)];
      })
    : Object.entries(written).map(([name, value]) => [name, value === null ? null : String(value)]);
  return Object.fromEntries(list.map(([name, value]) => [name, value ?? lookup?.(name) ?? '']));
}

/** `name=address` and `name:address` as `name:address`. */
export function hostsOf(written: PairsWritten): string[] {
  if (written === undefined) return [];
  if (!Array.isArray(written)) return Object.entries(written).map(([name, address]) => `${name}:${address}`);
  return written.map((item: string) => item.replace(/^([^=:]+)=/, '$1:'));
}

export function listOf(written: string | readonly string[] | undefined): string[] {
  return written === undefined ? [] : typeof written === 'string' ? [written] : [...written];
}

/** Whether a resource must be there already, and its name in the engine. */
export function resourceName(
  key: string,
  written: { readonly name?: string | undefined; readonly external?: unknown } | undefined,
  project: string,
): { readonly name: string; readonly isExternal: boolean } {
  const { external, name } = written ?? {};
  const isExternal = external !== undefined && external !== false;
  const inner = typeof external === 'object' && external !== null ? (external as { name?: string }).name : undefined;
  return { name: name ?? inner ?? (isExternal ? key : `${project}_${key}`), isExternal };
}
