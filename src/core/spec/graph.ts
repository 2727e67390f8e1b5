// Checks that concern several services: who waits for whom, and names and routes that collide.
import { type Draft, pathIn } from './draft.ts';
import { didYouMean, errorAt, type Problem } from './problem.ts';
import type { ServiceSpec } from './project.ts';
import { child, keySpanAt, spanAt, type Tree, treeAt } from './tree.ts';

export type Dependency = ServiceSpec['dependsOn'][number];

const CONDITIONS: Readonly<Record<string, Dependency['condition']>> = {
  service_started: 'started',
  service_healthy: 'healthy',
  service_completed_successfully: 'completed',
};

/** What a service waits for. `inactive` are services of profiles that are off. */
export function dependenciesOf(draft: Draft, active: ReadonlySet<string>, inactive: ReadonlySet<string>): Dependency[] {
  const found: Dependency[] = [];
  const written = treeAt(draft.root, pathIn(draft, 'depends_on'));
  for (const [service, entry] of written?.type === 'fields' ? written.entries : []) {
    const condition = plainText(child(entry.value, 'condition')) ?? 'service_started';
    if (active.has(service)) found.push({ service, condition: CONDITIONS[condition] ?? 'started' });
    else if (plainText(child(entry.value, 'required')) !== 'false') {
      const [message, hint] = inactive.has(service)
        ? [`the profile of ${service} is off`, 'turn it on with --profile, or write required: false']
        : [`there is no service "${service}"`, didYouMean(service, active)];
      draft.problems.push(errorAt(pathIn(draft, 'depends_on', service), entry.key, message, hint));
    }
  }
  return found;
}

function plainText(tree: Tree | null): string | null {
  return tree?.type === 'leaf' && tree.value !== null ? String(tree.value) : null;
}

/** An error at each dependency that closes a circle. */
export function reportCircles(drafts: readonly Draft[], waits: ReadonlyMap<string, readonly Dependency[]>): void {
  const byName = new Map(drafts.map((draft) => [draft.name, draft]));
  const done = new Set<string>();
  for (const draft of drafts) {
    const trail: string[] = [];
    const stack: { name: string; next: number }[] = [{ name: draft.name, next: 0 }];
    if (done.has(draft.name)) continue;
    trail.push(draft.name);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top === undefined) break;
      const target = waits.get(top.name)?.[top.next]?.service;
      top.next += 1;
      if (target === undefined) {
        done.add(top.name);
        stack.pop();
        trail.pop();
      } else if (trail.includes(target)) reportCircle(byName.get(top.name), trail, target);
      else if (!done.has(target)) {
        stack.push({ name: target, next: 0 });
        trail.push(target);
      }
    }
  }
}

function reportCircle(draft: Draft | undefined, trail: readonly string[], target: string): void {
  if (draft === undefined) return;
  const circle = [...trail.slice(trail.indexOf(target)), target].join(' → ');
  const path = pathIn(draft, 'depends_on', target);
  draft.problems.push(
    errorAt(path, keySpanAt(draft.root, path), `services wait for each other in a circle: ${circle}`),
  );
}

/** The variable under which the other services find this one: `AWESOME_APP_URL` of `awesome-app`. */
export function urlVariable(service: string): string {
  return `${service.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_URL`;
}

/** An error at the second of two services whose address would be in the same variable. */
export function reportSameVariables(drafts: readonly Draft[]): void {
  const owners = new Map<string, string>();
  for (const draft of drafts) {
    const variable = urlVariable(draft.name);
    const owner = owners.get(variable);
    if (owner === undefined) owners.set(variable, draft.name);
    else {
      const message = `${draft.name} and ${owner} would both be ${variable}`;
      draft.problems.push(errorAt(pathIn(draft), keySpanAt(draft.root, pathIn(draft)), message, 'rename one of them'));
    }
  }
}

/** An error at the second of two equal routes. */
export function reportSameRoutes(drafts: readonly Draft[]): void {
  const owners = new Map<string, string>();
  for (const draft of drafts) {
    const written = draft.friday.route;
    if (written === undefined) continue;
    for (const [index, route] of (Array.isArray(written) ? written : [written]).entries()) {
      const address = route.path === '/' ? route.host : route.host + route.path;
      const owner = owners.get(address);
      if (owner === undefined) {
        owners.set(address, draft.name);
        continue;
      }
      const path = pathIn(draft, 'x-friday', 'route', ...(Array.isArray(written) ? [index] : []));
      const [message, hint] =
        owner === draft.name
          ? [`${address} is given twice`, 'take one out']
          : [`${address} already leads to ${owner}`, 'give each route to one service'];
      draft.problems.push(errorAt(path, spanAt(draft.root, path), message, hint));
    }
  }
}

/** Every service name in words of Compose, and short enough for file names. */
export function reportName(name: string, draft: Draft, problems: Problem[]): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/.test(name)) return;
  const message = `"${name}" is no service name: expected letters, digits, - _ and . with a letter or digit first, 63 at most`;
  problems.push(errorAt(pathIn(draft), keySpanAt(draft.root, pathIn(draft)), message));
}
