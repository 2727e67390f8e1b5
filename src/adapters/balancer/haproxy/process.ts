// How the keeper of HAProxy is started as a process of its own.
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startIn } from '../start.ts';

export type HaproxyOptions = {
  readonly dir: string;
  /** The HAProxy to run; the one in PATH when absent. */
  readonly program?: string;
  /** A keeper of another version is replaced by a new one; this process's own when absent. */
  readonly version?: string;
};

const START_MS = 15_000;

/** Returns once a keeper answers in the folder. Failure: `unavailable`. */
export function startKeeper({ dir }: HaproxyOptions, program: string): Promise<void> {
  const args = [mainPath(), '--dir', dir, '--program', program];
  return startIn(dir, { name: 'The keeper of HAProxy', nodePath: process.execPath, args, startMs: START_MS });
}

/** Beside this file in both forms: `.ts` unbuilt, `.js` compiled. */
function mainPath(): string {
  return fileURLToPath(new URL(`./keeper/main${extname(import.meta.url)}`, import.meta.url));
}
