// Where the process runtime keeps its files, and the only place that knows it.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../../core/failure.ts';

export type Layout = {
  readonly root: string;
  /** Snapshots of one service: `<digest12>/`, `<digest12>.json`, and what is being made. */
  revisions(service: string): string;
  /** All instances, a folder each. */
  readonly instances: string;
  instance(id: string): string;
  /** Working folder of a service that has no build folder. It stays when the service stops. */
  data(service: string): string;
  /** Output of instances that were removed, by service. */
  readonly logs: string;
};

/** Makes the folders, readable for the owner only: records hold environments, and environments hold secrets. */
export function layoutIn(root: string): Layout {
  const within = (folder: string) => (name: string) => join(root, folder, safeName(name));
  for (const folder of ['', 'revisions', 'instances', 'data', 'logs']) {
    mkdirSync(join(root, folder), { recursive: true, mode: 0o700 });
  }
  return {
    root,
    revisions: within('revisions'),
    instances: join(root, 'instances'),
    instance: within('instances'),
    data: within('data'),
    logs: join(root, 'logs'),
  };
}

/** The name itself when it is one harmless path segment. Failure: `invalid`. */
export function safeName(name: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/.test(name)) return name;
  throw new Failure(
    'invalid',
    `"${name.slice(0, 80)}" cannot name a folder: expected letters, digits, ".", "_" and "-", the first one a letter, a digit or "_".`,
  );
}

/** Replaces a small file in one step. Synchronous, so that two writes cannot overtake each other. */
export function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
