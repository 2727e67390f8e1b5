// Starts the process of an instance, detached, so that it outlives the control plane.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import type { Layout } from '../layout.ts';
import { outputPath } from '../output/files.ts';
import type { LaunchRecord } from './record.ts';

/** In the environment of every process of a launch. */
export const TOKEN = 'FRIDAY_LAUNCH';

/**
 * Spawns in a session of its own: no terminal, its own process group, input from /dev/null, output appended to the
 * instance's file. Resolves with the child before its end can be noticed, or with why it could not be started, in words.
 */
export async function spawnInstance(layout: Layout, record: LaunchRecord): Promise<ChildProcess | string> {
  let output: number | undefined;
  try {
    output = openSync(outputPath(layout.instance(record.id), 0), 'a', 0o600);
    const [program = '', ...words] = record.command;
    const child = spawn(program, words, {
      cwd: record.folder,
      env: { ...record.environment, [TOKEN]: record.token },
      detached: true,
      stdio: ['ignore', output, output],
    });
    child.unref();
    if (child.pid !== undefined) {
      child.on('error', () => undefined);
      return child;
    }
    return await new Promise((resolve) => {
      child.once('error', (error) => resolve(wordsFor(error, record)));
    });
  } catch (error) {
    return wordsFor(error as NodeJS.ErrnoException, record);
  } finally {
    if (output !== undefined) closeSync(output);
  }
}

function wordsFor(error: NodeJS.ErrnoException, { command, environment, folder }: LaunchRecord): string {
  const program = command[0] ?? '';
  // The kernel gives the same answer for a missing working folder.
  if (!existsSync(folder)) return `The working folder ${folder} does not exist.`;
  if (error.code === 'ENOENT') {
    const where = program.includes('/') ? '' : ` in PATH (${environment.PATH ?? 'not set'})`;
    return `The program "${program}" was not found${where}.`;
  }
  if (error.code === 'EACCES') return `The program "${program}" is not executable.`;
  return `The program "${program}" could not be started: ${error.message}.`;
}
