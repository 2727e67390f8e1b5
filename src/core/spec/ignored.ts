// Says once per key what the process runtime does not honour, and what happens instead.
import { DEPLOY_KEYS, HEALTHCHECK_KEYS, SERVICE_KEYS, TOP_KEYS, type Treatment } from './keys.ts';
import { type Problem, warningAt } from './problem.ts';
import { type Fields, fieldsAt, type Path, type Span, type Tree } from './tree.ts';

type Found = { readonly path: Path; readonly span: Span; readonly instead: string; count: number };

/** A warning for each ignored key of the file, at its first place. */
export function reportIgnored(root: Tree, services: readonly string[], problems: Problem[]): void {
  const found = new Map<string, Found>();
  if (root.type === 'fields') collect(root, [], '', TOP_KEYS, found);
  for (const name of services) {
    const service = fieldsAt(fieldsAt(root, 'services'), name);
    if (service === null) continue;
    const path = ['services', name];
    collect(service, path, '', SERVICE_KEYS, found);
    collect(fieldsAt(service, 'deploy'), [...path, 'deploy'], 'deploy.', DEPLOY_KEYS, found);
    collect(fieldsAt(service, 'healthcheck'), [...path, 'healthcheck'], 'healthcheck.', HEALTHCHECK_KEYS, found);
  }
  for (const { path, span, instead, count } of found.values()) {
    const more = count === 1 ? '' : ` (in ${count} services)`;
    problems.push(warningAt(path, span, `ignored by the process runtime${more}: ${instead}`));
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
