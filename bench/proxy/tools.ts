// What the bench needs on the machine, with its versions, and what to do when it is missing.
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Machine, thisMachine } from '../machine.ts';
import { run } from './child.ts';
import { isPeer, type Name } from './targets.ts';

const BENCH = join(import.meta.dirname, '..');
const ROOT = join(BENCH, '..');
export const INSTALL = ['npm', 'ci', '--prefix', 'bench'] as const;

/** Thrown when something must be installed first; the message says what and how. */
export class Missing extends Error {}

/** Throws `Missing` unless everything for these targets is there. */
export function requireTools(targets: readonly Name[]): void {
  requirePrograms(['wrk', 'cc', ...(targets.includes('haproxy') ? ['haproxy'] : [])]);
  const peers = targets.filter((name) => isPeer(name) && !isInstalled(name));
  if (peers.length > 0) {
    throw new Missing(`Not installed: ${peers.join(', ')}. Run "${INSTALL.join(' ')}" or add --install.`);
  }
}

/** Throws `Missing` unless these are there. */
export function requirePrograms(programs: readonly string[]): void {
  if (process.platform !== 'linux')
    throw new Missing('The bench runs on Linux only: it reads /proc, and its upstream uses epoll.');
  // Debian puts HAProxy and nginx where only root's PATH looks.
  process.env.PATH = `${process.env.PATH ?? ''}${delimiter}/usr/sbin`;
  const missing = programs.filter((name) => !isInPath(name));
  if (missing.length === 0) return;
  const packages = missing.map((name) => (name === 'cc' ? 'gcc libc6-dev' : name)).join(' ');
  throw new Missing(`Not found: ${missing.join(', ')}. On Debian or Ubuntu: sudo apt install ${packages}`);
}

export async function installPeers(): Promise<void> {
  const [command, ...args] = INSTALL;
  await run(command, [...args.slice(0, -1), BENCH]);
}

/** Version of what is measured; empty for `direct`. */
export async function versionOf(name: Name): Promise<string> {
  if (isPeer(name)) return packageVersion(folderOf(name));
  if (name === 'embedded') return packageVersion(ROOT);
  if (name === 'haproxy') return firstMatch(await run('haproxy', ['-v']), /version (\d[\d.]*)/);
  return '';
}

/** What builds the upstream counts as part of the machine. */
export type BuildMachine = Machine & { readonly compiler: string };

export async function describeMachine(): Promise<BuildMachine> {
  return { ...thisMachine(), compiler: (await run('cc', ['--version'])).split('\n')[0] ?? '' };
}

function folderOf(name: Name): string {
  return join(BENCH, 'node_modules', name);
}

/** Of the package in this folder. */
export function packageVersion(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}

export function isInstalled(name: Name): boolean {
  return existsSync(join(folderOf(name), 'package.json'));
}

function firstMatch(text: string, pattern: RegExp): string {
  return pattern.exec(text)?.[1] ?? 'unknown';
}

function isInPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
