// What the machine must offer: node, /proc, a state folder with room, programs in PATH.
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import type { Project, ServiceSpec } from '../../core/spec/project.ts';
import { bytes } from '../output/numbers.ts';
import type { Environment } from '../output/paint.ts';
import { listed } from '../output/text.ts';
import { bad, type Finding, ok, warn } from './check.ts';

export function checkNode(version: string): Finding {
  return ok(`friday ${version}, node ${process.versions.node}`);
}

export function checkProc(): Finding {
  if (existsSync('/proc/self/stat')) return ok('/proc is there: cpu and memory are measured');
  const remedy = 'run on Linux, or mount /proc in this container';
  return bad('there is no /proc, so instances cannot be found again after a restart', remedy);
}

const LITTLE = 1_000_000_000;
const TOO_LITTLE = 100_000_000;

/** The folder need not exist yet: then its closest parent counts. */
export function checkStateDir(stateDir: string): Finding[] {
  const there = closestExisting(stateDir);
  if (!mayWrite(there)) {
    return [bad(`the state folder ${stateDir} cannot be written`, 'set FRIDAY_STATE_DIR to a folder of your own')];
  }
  const { bavail, bsize } = statfsSync(there);
  const free = bavail * bsize;
  const text = `${bytes(free)} free for the state in ${stateDir}`;
  if (free < TOO_LITTLE) return [bad(`only ${text}`, 'free some space, or set FRIDAY_STATE_DIR to another disk')];
  return free < LITTLE ? [warn(`only ${text}`, 'every version is kept as a copy; free some space')] : [ok(text)];
}

function closestExisting(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : closestExisting(dirname(path));
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export function checkFolders(project: Project): Finding[] {
  const contexts = project.services.filter((one) => one.context !== null);
  if (contexts.length === 0) return [];
  const missing = contexts.filter(
    (one) => statSync(one.context ?? '', { throwIfNoEntry: false })?.isDirectory() !== true,
  );
  if (missing.length === 0) return [ok(`build folders: ${listed(contexts.map((one) => one.name))}`)];
  return missing.map((one) => bad(`${one.name} is built from ${one.context}, which is no folder`, 'correct its build'));
}

/** The programs that services start with, looked up like the runtime will. */
export function checkPrograms(project: Project, env: Environment): Finding[] {
  const findings = project.services.flatMap((service) =>
    programsOf(service)
      .filter((program) => !isThere(program, service, env))
      .map((program) => bad(`${service.name} runs ${program}, which is not there`, remedyFor(program, service))),
  );
  const all = [...new Set(project.services.flatMap(programsOf))];
  return findings.length > 0 ? findings : all.length === 0 ? [] : [ok(`programs: ${listed(all)}`)];
}

function programsOf(service: ServiceSpec): string[] {
  const programs = [service.command[0], service.install?.[0]].flatMap((one) => one ?? []);
  return [...new Set(programs)].filter((program) => !program.startsWith('$'));
}

function isThere(program: string, service: ServiceSpec, env: Environment): boolean {
  if (isAbsolute(program)) return isProgram(program);
  // A path inside the snapshot; what an install step will make is not there yet.
  if (program.includes('/')) {
    return service.install !== null || isProgram(resolve(service.context ?? '.', service.workingDir, program));
  }
  const path = service.environment.PATH ?? env.PATH ?? '';
  return path.split(delimiter).some((folder) => folder !== '' && isProgram(join(folder, program)));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function remedyFor(program: string, service: ServiceSpec): string {
  return program.includes('/')
    ? `make ${program} executable in ${service.context ?? 'its folder'}`
    : `install ${program}, or correct services.${service.name}.command`;
}
