// Reads the files of a project into its resolved form, or says everything that is wrong with them at once.
import { type Checked, checkFields, fieldsOrProblem } from './check.ts';
import { serviceShape, topShape } from './compose.ts';
import { type Containers, resourcesIn } from './container-draft.ts';
import type { Draft } from './draft.ts';
import { serviceFridayShape, topFridayShape } from './friday.ts';
import { type Gathering, gatherFiles, placeOf, withEnvFile } from './gather.ts';
import { dependenciesOf, reportCircles, reportName, reportSameRoutes, reportSameVariables } from './graph.ts';
import { hintForServiceFridayKey, hintForServiceKey, hintForTopFridayKey, hintForTopKey } from './hints.ts';
import { reportIgnored } from './ignored.ts';
import type { Lookup } from './interpolate.ts';
import { SERVICE_KEYS, TOP_KEYS } from './keys.ts';
import { withoutResets } from './merge.ts';
import { targetsOf } from './notify.ts';
import { baseOf, folderOf, resolvePath } from './path.ts';
import { errorAt, hasErrors, type Problem, problemAt } from './problem.ts';
import type { Project, ServiceSpec } from './project.ts';
import { resolveService } from './resolve.ts';
import { resolveTls } from './tls.ts';
import { child, keySpanAt, type Tree } from './tree.ts';

export type ReadInput = {
  /** Absolute paths, at least one; later files are laid over earlier ones, and all paths in them are seen from the first one's folder. */
  readonly files: readonly string[];
  /** The text of a file, null when there is none. */
  readonly read: (path: string) => string | null;
  /** Whether a folder exists; without it every folder does. */
  readonly isFolder?: (path: string) => boolean;
  /** Whether a file exists; without it none does. */
  readonly isFile?: (path: string) => boolean;
  /** The shell's variables; they win over `.env` beside the first file. */
  readonly environment: Readonly<Record<string, string>>;
  /** Profiles that are on, besides those in COMPOSE_PROFILES. */
  readonly profiles: readonly string[];
};

export type ReadResult = {
  readonly project: Project | null;
  readonly problems: readonly Problem[];
  /** Name of the project, as far as it can be told, also where something is wrong: what runs must be reachable then. */
  readonly name: string;
};

const MAX_SERVICES = 500;
const MAX_PROBLEMS = 100;

/** The project of these files, null when any problem is an error. Never throws, whatever the files hold. */
export function readProject(input: ReadInput): ReadResult {
  const problems: Problem[] = [];
  const [file] = input.files;
  if (file === undefined) return { project: null, problems: [errorAt([], null, 'no file is given')], name: 'project' };
  const gathering: Gathering = { read: input.read, problems, warned: new Set(), count: 0 };
  const folder = folderOf(file);
  const lookup = withEnvFile(resolvePath(folder, '.env'), shellOf(input.environment), gathering);
  const gathered = gatherFiles(input.files, placeOf(folder, lookup), gathering);
  const root = gathered === null ? null : withoutResets(gathered);
  const project = root === null ? null : projectOf(root, file, input, lookup, problems);
  const told = inOrder(problems, input.files);
  const name = project?.name ?? nameOf(nameIn(input.read(file) ?? ''), file, lookup);
  return { project: hasErrors(told) ? null : project, problems: told, name };
}

/** The name that a broken file seems to give. */
function nameIn(text: string): string | undefined {
  return /^name:[ \t]*["']?([^\s"'#]+)/m.exec(text)?.[1];
}

function shellOf(environment: ReadInput['environment']): Lookup {
  return (name) => (Object.hasOwn(environment, name) ? environment[name] : undefined);
}

function projectOf(root: Tree, file: string, input: ReadInput, lookup: Lookup, problems: Problem[]): Project | null {
  if (fieldsOrProblem(root, [], problems) === null) return null;
  const others = new Set([...Object.keys(TOP_KEYS), 'x-friday']);
  const top = checkFields(root, [], topShape, { others, hintFor: hintForTopKey(root) }, problems);
  const friday = topFridayOf(root, problems);
  const drafts = draftsOf(root, problems);
  const { active, inactive } = byProfile(drafts, input, lookup);
  const names = active.map((draft) => draft.name);
  const runtime = friday.runtime ?? 'process';
  reportIgnored(root, names, runtime, problems);
  const project = nameOf(top.name, file, lookup);
  const containers =
    runtime === 'process'
      ? null
      : { project, runtime, resources: resourcesIn(root, problems), lookup, swarm: friday.swarm ?? {} };
  const services = servicesOf(active, inactive, input, lookup, containers);
  const listen = listenOf(friday.listen);
  const tls = resolveTls(friday.tls, { root, folder: folderOf(file), read: input.read, services, listen, problems });
  return {
    name: project,
    file,
    runtime,
    balancer: friday.balancer ?? 'embedded',
    listen,
    ...(tls === null ? {} : { tls }),
    ...(friday.notify === undefined ? {} : { notify: targetsOf(friday.notify) }),
    ...(friday.web === undefined ? {} : { web: { hosts: [friday.web.host].flat() } }),
    services,
  };
}

function nameOf(written: string | undefined, file: string, lookup: Lookup): string {
  const given = lookup('COMPOSE_PROJECT_NAME');
  return projectName(given !== undefined && given !== '' ? given : (written ?? baseOf(folderOf(file))));
}

/** A text as a project name: lower case, without other characters than a-z, 0-9, - and _. Source: Compose specification, "name". */
export function projectName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63);
  return name === '' ? 'project' : name;
}

function topFridayOf(root: Tree, problems: Problem[]): Checked<typeof topFridayShape> {
  if (fieldsOrProblem(root, ['x-friday'], problems) === null) return {};
  const options = { others: new Set<string>(), hintFor: hintForTopFridayKey };
  const friday = checkFields(root, ['x-friday'], topFridayShape, options, problems);
  return friday;
}

function listenOf(written: Checked<typeof topFridayShape>['listen']): Project['listen'] {
  if (written === undefined) return [{ host: '127.0.0.1', port: 8080 }];
  return Array.isArray(written) ? written : [written];
}

function draftsOf(root: Tree, problems: Problem[]): Draft[] {
  const path = ['services'];
  if (child(root, 'services') === null) {
    problems.push(errorAt([], root.span, 'services is missing', 'friday init writes a file to start from'));
    return [];
  }
  const services = fieldsOrProblem(root, path, problems, 'write a name, a colon and the keys below it');
  const names = [...(services?.entries.keys() ?? [])];
  if (names.length <= MAX_SERVICES) return names.flatMap((name) => draftOf(root, name, problems));
  const message = `expected at most ${MAX_SERVICES} services, got ${names.length}`;
  problems.push(errorAt(path, keySpanAt(root, path), message));
  return [];
}

function draftOf(root: Tree, name: string, problems: Problem[]): Draft[] {
  const path = ['services', name];
  if (fieldsOrProblem(root, path, problems, 'give it a build folder and a command') === null) return [];
  const others = new Set([...Object.keys(SERVICE_KEYS), 'x-friday']);
  const compose = checkFields(root, path, serviceShape, { others, hintFor: hintForServiceKey }, problems);
  const at = [...path, 'x-friday'];
  const isFriday = fieldsOrProblem(root, at, problems) !== null;
  const options = { others: new Set<string>(), hintFor: hintForServiceFridayKey };
  const friday = isFriday ? checkFields(root, at, serviceFridayShape, options, problems) : {};
  const draft: Draft = { root, name, compose, friday, problems };
  reportName(name, draft, problems);
  return [draft];
}

function byProfile(drafts: readonly Draft[], input: ReadInput, lookup: Lookup): { active: Draft[]; inactive: Draft[] } {
  const on = new Set([...input.profiles, ...(lookup('COMPOSE_PROFILES') ?? '').split(',').map((name) => name.trim())]);
  const isOn = ({ compose: { profiles = [] } }: Draft) =>
    profiles.length === 0 || on.has('*') || profiles.some((name) => on.has(name));
  return { active: drafts.filter(isOn), inactive: drafts.filter((draft) => !isOn(draft)) };
}

function servicesOf(
  active: readonly Draft[],
  inactive: readonly Draft[],
  input: ReadInput,
  lookup: Lookup,
  containers: Containers | null,
): ServiceSpec[] {
  const names = new Set(active.map((draft) => draft.name));
  const off = new Set(inactive.map((draft) => draft.name));
  const waits = new Map(active.map((draft) => [draft.name, dependenciesOf(draft, names, off)]));
  reportCircles(active, waits);
  reportSameVariables(active);
  reportSameRoutes(active);
  const all = [...waits.values()].flat();
  const awaited = new Set(all.filter(({ condition }) => condition === 'completed').map(({ service }) => service));
  const disk = { isFolder: input.isFolder ?? (() => true), isFile: input.isFile ?? (() => false) };
  const around = { read: input.read, disk, lookup, awaited, containers };
  return active.map((draft) => resolveService(draft, waits.get(draft.name) ?? [], around));
}

/** Each problem once, in the order of the files and their lines, not more than a person reads. */
function inOrder(problems: readonly Problem[], files: readonly string[]): Problem[] {
  const seen = new Map<string, Problem>();
  for (const problem of problems) {
    const { position, message } = problem;
    const key = `${position?.file}:${position?.line}:${position?.column}:${message}`;
    if (!seen.has(key)) seen.set(key, problem);
  }
  const rank = (problem: Problem) => {
    const index = files.indexOf(problem.position?.file ?? '');
    return index === -1 ? files.length : index;
  };
  const sorted = [...seen.values()].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      (a.position?.line ?? 0) - (b.position?.line ?? 0) ||
      (a.position?.column ?? 0) - (b.position?.column ?? 0),
  );
  if (sorted.length <= MAX_PROBLEMS) return sorted;
  const errors = sorted.filter((problem) => problem.severity === 'error');
  const kept = (errors.length > 0 ? errors : sorted).slice(0, MAX_PROBLEMS);
  const more = `${sorted.length - kept.length} more problems are not shown`;
  return [...kept, problemAt(errors.length > 0 ? 'error' : 'warning', [], null, more)];
}
