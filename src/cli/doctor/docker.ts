// Whether the Docker Engine that the compose file asks for answers, and can be used.
import { execFileSync } from 'node:child_process';
import { z } from 'zod';
import type { Project } from '../../core/spec/project.ts';
import type { Environment } from '../output/paint.ts';
import { bad, type Finding, ok, warn } from './check.ts';

const OLDEST_API = [1, 41] as const;
const ASK_MS = 10_000;
const Version = z.object({ Server: z.object({ Version: z.string(), ApiVersion: z.string() }).nullable() });
const Info = z.object({ LiveRestoreEnabled: z.boolean().default(false), OperatingSystem: z.string().default('') });

/** Nothing when the file does not ask for it. The docker command is asked, which builds images as well. */
export function checkDocker(project: Project, env: Environment): Finding[] {
  if (project.runtime !== 'docker') return [];
  const version = ask(['version', '--format', '{{json .}}'], Version, env);
  if (version === null) {
    const remedy = 'install it: apt-get install docker.io, or from docs.docker.com/engine/install';
    return [bad('x-friday.runtime is docker, and there is no docker command', remedy)];
  }
  if (typeof version === 'string' || version.Server === null) {
    const why = typeof version === 'string' ? version : 'nothing answers';
    return [bad(`docker engine cannot be asked: ${why}`, ...remediesFor(why))];
  }
  const { Version: engine, ApiVersion: api } = version.Server;
  const [major = 0, minor = 0] = api.split('.').map(Number);
  if (major < OLDEST_API[0] || (major === OLDEST_API[0] && minor < OLDEST_API[1])) {
    return [bad(`docker engine ${engine} is too old: it speaks API ${api}`, 'install Docker Engine 20.10 or newer')];
  }
  const found = [ok(`docker engine ${engine}, API ${api}`)];
  const info = ask(['info', '--format', '{{json .}}'], Info, env);
  if (info === null || typeof info === 'string' || info.LiveRestoreEnabled) return found;
  const remedy = 'put {"live-restore": true} into /etc/docker/daemon.json, then: systemctl reload docker';
  return [...found, warn('a restart of the docker engine ends every container', remedy)];
}

function remediesFor(why: string): string[] {
  if (/permission denied/i.test(why))
    return ['add your user to its group: sudo usermod -aG docker $USER, and log in again'];
  return ['start it: systemctl start docker', 'or set DOCKER_HOST, when it answers elsewhere'];
}

/** Null when there is no such command; its last words when it fails. */
function ask<T>(words: readonly string[], schema: z.ZodType<T>, env: Environment): T | string | null {
  try {
    return schema.parse(
      JSON.parse(execFileSync('docker', words, { encoding: 'utf8', env: { ...env }, timeout: ASK_MS, stdio: 'pipe' })),
    );
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: string };
    if (code === 'ENOENT') return null;
    return stderr?.trim().split('\n').at(-1) || 'its answer was not understood';
  }
}
