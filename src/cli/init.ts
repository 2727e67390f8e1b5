// Writes a compose.yaml for a folder that has none.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Failure } from '../core/failure.ts';
import { composeFor, type FolderFacts } from './compose-for.ts';
import { COMPOSE_NAMES } from './project.ts';
import { SCHEMA_FILE } from './schema.ts';

/**
 * The path and text of the compose.yaml that `cwd` would get. Failures: `conflict` (there is one, under any of Compose's
 * names), `not-found` (nothing to run was found).
 */
export function previewCompose(cwd: string): { readonly file: string; readonly text: string } {
  const folder = resolve(cwd);
  const existing = COMPOSE_NAMES.find((name) => existsSync(join(folder, name)));
  if (existing !== undefined) {
    const hint = 'What it would do: friday up -n';
    throw new Failure('conflict', `there is a ${existing} in ${folder} already; nothing was written`, { hint });
  }
  const text = composeFor(factsOf(folder), schemaFor(folder), foldersIn(folder).map(factsOf));
  if (text === null) {
    const message = `nothing to run was found in ${folder} or in a folder in it: expected a Procfile, a Dockerfile with CMD, a package.json with a start script, server.ts, server.js or app.py`;
    throw new Failure('not-found', message, { hint: 'add one of them, then friday init' });
  }
  return { file: join(folder, 'compose.yaml'), text };
}

/**
 * Writes it; nothing is ever overwritten. Failures: those of `previewCompose`, `unavailable` (the folder cannot be
 * written).
 */
export function writeCompose(cwd: string): { readonly file: string; readonly text: string } {
  const { file, text } = previewCompose(cwd);
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    throw new Failure(
      'unavailable',
      `${file} could not be written`,
      { hint: 'check the rights of the folder' },
      { cause: error },
    );
  }
  return { file, text };
}

function factsOf(folder: string): FolderFacts {
  const text = (name: string) => {
    try {
      return readFileSync(join(folder, name), 'utf8');
    } catch {
      return null;
    }
  };
  return {
    name: basename(folder),
    files: readdirSync(folder),
    packageJson: text('package.json'),
    procfile: text('Procfile'),
    dockerfile: text('Dockerfile'),
  };
}

const MOST_FOLDERS = 50;

/** Folders that may hold a service each: not hidden ones, nor those of packages. */
function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((one) => one.isDirectory() && !one.name.startsWith('.') && one.name !== 'node_modules')
    .map((one) => join(folder, one.name))
    .sort()
    .slice(0, MOST_FOLDERS);
}

/** The schema of the package installed in this folder, so that the line means the same to everybody; else of the one that runs. */
function schemaFor(folder: string): string {
  const local = './node_modules/fridaymorning/schema/friday.schema.json';
  return existsSync(join(folder, local)) ? local : SCHEMA_FILE;
}
