// Finds HAProxy, and whether it is one that can be used: 2.6 or newer, with Lua and threads.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Failure } from '../../../core/failure.ts';
import { lackOf } from '../../../core/haproxy.ts';

/** Where packages put it; a user's PATH often lacks it. */
const USUAL = ['/usr/sbin', '/usr/local/sbin'];

/** Path of the program; null when it is nowhere. */
export function findHaproxy(path: string = process.env.PATH ?? ''): string | null {
  const folders = [...path.split(delimiter).filter((one) => one !== ''), ...USUAL];
  return folders.map((folder) => join(folder, 'haproxy')).find((file) => existsSync(file)) ?? null;
}

/** Path of an HAProxy that can be used. Failure: `unavailable`. */
export function requireHaproxy(program: string | null = findHaproxy()): string {
  const hint = 'Install it ("apt-get install haproxy"), or write balancer: embedded. "friday doctor" looks at it.';
  if (program === null) throw new Failure('unavailable', 'HAProxy is not installed on this machine.', { hint });
  let text: string;
  try {
    text = execFileSync(program, ['-vv'], { encoding: 'utf8' });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure('unavailable', `${program} cannot be run: ${why}.`, { hint });
  }
  const lack = lackOf(text);
  if (lack !== null) throw new Failure('unavailable', `${program} cannot be used: ${lack}.`, { hint });
  return program;
}
