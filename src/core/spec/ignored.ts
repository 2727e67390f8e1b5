// Says once per key what the runtime does not honour, and what happens instead.
import { tablesOf } from './container-keys.ts';
import type { Treatment } from './keys.ts';
import { type Problem, warningAt } from './problem.ts';
import type { Project } from './project.ts';
import { type Fields, fieldsAt, type Path, type Span, type Tree } from './tree.ts';

type Found = { readonly path: Path; readonly span: Span; readonly instead: string; count: number };

/** A warning for each ignored key of the file, at its first place. */
export function reportIgnored(
  root: Tree,
  services: readonly string[],
  runtime: Project['runtime'],
  problems: Problem[],
): void {
  const tables = tablesOf(runtime);
  const found = new Map<string, Found>();
  if (root.type === 'fields') collect(root, [], '', tables.top, found);
  for (const name of services) {
    const service = fieldsAt(fieldsAt(root, 'services'), name);
    if (service === null) continue;
    const path = ['services', name];
    collect(service, path, '', tables.service, found);
    collect(fieldsAt(service, 'build'), [...path, 'build'], 'build.', tables.build, found);
    collect(fieldsAt(service, 'deploy'), [...path, 'deploy'], 'deploy.', tables.deploy, found);
    collect(fieldsAt(service, 'healthcheck'), [...path, 'healthcheck'], 'healthcheck.', tables.healthcheck, found);
  }
  for (const { path, span, instead, count } of found.values()) {
    const more = count === 1 ? '' : ` (in ${count} services)`;
    problems.push(warningAt(path, span, `ignored by the ${runtime} runtime${more}: ${instead}`));
  }
}

function collect(
  fields: Fields | null,
  path: Path,
  prefix: string,
  table: Readonly<Record<string, Treatment>>,
  found: Map<string, Found>,
): void {
  for (const [key, entry] of fields?.entries ?? []) {
    const treatment = Object.hasOwn(table, key) ? table[key] : undefined;
    if (typeof treatment !== 'object') continue;
    const before = found.get(prefix + key);
    if (before !== undefined) before.count += 1;
    else found.set(prefix + key, { path: [...path, key], span: entry.key, instead: treatment.instead, count: 1 });
  }
}
