// Secrets of notifiers, looked up when they are needed: in the environment, in .env beside the compose file, in a file.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { SecretRef } from '../../core/notice.ts';
import { readEnvFile } from '../../core/spec/env-file.ts';

export type SecretPlace = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the compose file. */
  readonly file: string;
};

/** Throws an error that names the place, never the value. */
export function secretIn({ environment, file }: SecretPlace, ref: SecretRef): string {
  const folder = dirname(file);
  if ('file' in ref) {
    const text = read(resolve(folder, ref.file))?.trim();
    if (text) return text;
    throw new Error(`the file ${ref.file} cannot be read, or is empty`);
  }
  const own = environment[ref.env];
  if (own) return own;
  const path = resolve(folder, '.env');
  const found = readEnvFile(path, read(path) ?? '', (name) => environment[name]).values.get(ref.env);
  if (found) return found;
  throw new Error(`the variable ${ref.env} is not set: put it into .env beside the compose file`);
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
