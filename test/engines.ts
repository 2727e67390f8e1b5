// The programs that some tests talk to for real, and what happens to these tests on a machine without them.
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'vitest';

type Need = {
  /** Names of programs, and the Debian package that brings each. */
  readonly programs: Readonly<Record<string, string>>;
  /** It changes networks, namespaces and mounts: needs root with CAP_SYS_ADMIN (a bit of capabilities(7)) on Linux. */
  readonly isPrivileged?: boolean;
};

const DOCKER = {
  dockerd: 'docker.io',
  docker: 'docker.io',
  iptables: 'iptables',
  ip: 'iproute2',
  setpriv: 'util-linux',
};

const NEEDS = {
  haproxy: { programs: { haproxy: 'haproxy' } },
  redis: { programs: { 'redis-server': 'redis-server' } },
  tmux: { programs: { tmux: 'tmux' } },
  pebble: { programs: { pebble: 'pebble' } },
  curl: { programs: { curl: 'curl' } },
  docker: { programs: DOCKER, isPrivileged: true },
  swarm: { programs: { ...DOCKER, nsenter: 'util-linux' }, isPrivileged: true },
  registry: { programs: { 'docker-registry': 'docker-registry' } },
  chromium: { programs: { chromium: 'chromium' } },
} as const satisfies Record<string, Need>;

export type Engine = keyof typeof NEEDS;

/** Every program that some test needs, with its Debian package. */
export const PACKAGES: Readonly<Record<string, string>> = Object.assign(
  {},
  ...Object.values(NEEDS).map((need) => need.programs),
);

declare module 'vitest' {
  interface TaskMeta {
    /** Why this did not run here: the reporter `not-run.ts` lists it at the end. */
    notRun?: string;
  }
}

const SYS_ADMIN = 1n << 21n;

/** The path, and where Debian keeps the programs of root. */
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].filter((folder) => folder !== '');

/** Programs that are missing, with their packages. */
function missingPrograms({ programs }: Need, folders: readonly string[]): [string, string][] {
  return Object.entries(programs).filter(([name]) => !folders.some((folder) => isProgram(join(folder, name))));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isPrivileged(): boolean {
  try {
    const [, bits = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return process.getuid?.() === 0 && (BigInt(`0x${bits}`) & SYS_ADMIN) !== 0n;
  } catch {
    return false;
  }
}

/** Why tests with this engine cannot run here, in one sentence with the remedy; null = they can. */
export function whyWithout(engine: Engine, folders: readonly string[] = FOLDERS): string | null {
  const need: Need = NEEDS[engine];
  const missing = missingPrograms(need, folders);
  if (missing.length > 0) {
    const names = missing.map(([name]) => name);
    const packages = [...new Set(missing.map(([, name]) => name))];
    const verb = names.length === 1 ? 'is' : 'are';
    return `${names.join(', ')} ${verb} not installed (Debian, Ubuntu: apt-get install ${packages.join(' ')}).`;
  }
  if (need.isPrivileged && !isPrivileged()) return `${engine} needs root with CAP_SYS_ADMIN on Linux.`;
  return null;
}

/**
 * A suite that talks to real engines. Without one of them the suite does not run: at a desk it is skipped, and listed with
 * the reason at the end of the run; on CI (`CI` set) it fails.
 */
export function describeWith(engines: Engine | readonly Engine[], name: string, body: () => void): void {
  const wanted: readonly Engine[] = typeof engines === 'string' ? [engines] : engines;
  const why = wanted.flatMap((engine) => whyWithout(engine) ?? []);
  if (why.length === 0) return void describe(name, body);
  const notRun = why.join(' ');
  describe(name, () => {
    if (process.env.CI) {
      it('runs on CI', () => {
        throw new Error(`On CI every contract must run: ${notRun}`);
      });
    } else it('did not run', { skip: true, meta: { notRun } }, () => undefined);
  });
}
