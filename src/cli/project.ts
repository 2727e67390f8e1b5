// Finds the Compose files of a project on disk and reads them.
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Failure } from '../core/failure.ts';
import { readEnvFile } from '../core/spec/env-file.ts';
import { type ReadResult, readProject } from '../core/spec/read.ts';
import { MAX_FILE_CHARACTERS } from '../core/spec/yaml.ts';

export type LoadInput = {
  /** Files given with -f, relative to `cwd`; later ones are laid over earlier ones. */
  readonly file?: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly profiles?: readonly string[];
};

/** Names of a Compose file, in the order in which they are looked for. */
export const COMPOSE_NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];
const OVERRIDES = [
  'compose.override.yaml',
  'compose.override.yml',
  'docker-compose.override.yaml',
  'docker-compose.override.yml',
];

/**
 * The project of `cwd`, with everything that is wrong with it. Files: `file`, else COMPOSE_FILE, else the first of
 * compose.yaml, compose.yml, docker-compose.yaml, docker-compose.yml in `cwd` or the closest folder above it, with
 * compose.override.yaml beside it. Failure: `not-found` (none of these files is there).
 */
export function loadProject(input: LoadInput): ReadResult {
  const environment = Object.fromEntries(
    Object.entries(input.environment).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  const files = filesOf(input, environment);
  return readProject({ files, read: readText, isFolder, isFile, environment, profiles: input.profiles ?? [] });
}

function filesOf(input: LoadInput, environment: Readonly<Record<string, string>>): string[] {
  const cwd = resolve(input.cwd);
  const given = input.file !== undefined && input.file.length > 0 ? input.file : fromEnvironment(cwd, environment);
  if (given.length === 0) return foundFrom(cwd);
  const files = given.map((file) => resolve(cwd, file));
  const missing = files.find((file) => !isFile(file));
  if (missing !== undefined) throw notFound(`there is no file ${missing}`);
  return files;
}

function fromEnvironment(cwd: string, environment: Readonly<Record<string, string>>): string[] {
  const dotEnv = readText(join(cwd, '.env'));
  const values = dotEnv === null ? null : readEnvFile('.env', dotEnv, (name) => environment[name]).values;
  const list = environment.COMPOSE_FILE ?? values?.get('COMPOSE_FILE') ?? '';
  const separator = environment.COMPOSE_PATH_SEPARATOR ?? values?.get('COMPOSE_PATH_SEPARATOR') ?? ':';
  return list.split(separator === '' ? ':' : separator).filter((file) => file !== '');
}

function foundFrom(cwd: string): string[] {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const first = COMPOSE_NAMES.map((name) => join(folder, name)).find(isFile);
    if (first !== undefined) {
      const override = OVERRIDES.map((name) => join(folder, name)).find(isFile);
      return override === undefined ? [first] : [first, override];
    }
    if (folder === dirname(folder)) throw notFound(`there is no compose.yaml in ${cwd} or in a folder above it`);
  }
}

function notFound(message: string): Failure {
  return new Failure('not-found', message, { hint: 'friday init' });
}

/** UTF-8 takes up to 4 bytes for a character; more bytes than this are more characters than are accepted. */
const MAX_BYTES = 4 * (MAX_FILE_CHARACTERS + 1);

/** The text of a file, cut where it is too large anyway; null when it cannot be read. */
function readText(path: string): string | null {
  if (!isFile(path)) return null;
  try {
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(Math.min(fstatSync(file).size, MAX_BYTES));
      return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
