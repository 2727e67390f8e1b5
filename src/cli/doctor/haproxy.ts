// Whether the HAProxy that the compose file asks for is there and can be used.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { haproxyVersion, lackOf } from '../../core/haproxy.ts';
import type { Project } from '../../core/spec/project.ts';
import type { Environment } from '../output/paint.ts';
import { bad, type Finding, ok } from './check.ts';

/** Where packages put it; a user's PATH often lacks it. */
const USUAL = ['/usr/sbin', '/usr/local/sbin'];
const REMEDIES = [
  'install 2.6 or newer: apt-get install haproxy',
  'or leave x-friday.balancer out: friday brings its own',
];

/** Nothing when the file does not ask for it. */
export function checkHaproxy(project: Project, env: Environment, usual: readonly string[] = USUAL): Finding[] {
  if (project.balancer !== 'haproxy') return [];
  const folders = [...(env.PATH ?? '').split(delimiter).filter((one) => one !== ''), ...usual];
  const program = folders.map((folder) => join(folder, 'haproxy')).find((file) => existsSync(file));
  if (program === undefined) return [bad('x-friday.balancer is haproxy, which is not installed', ...REMEDIES)];
  let text: string;
  try {
    text = execFileSync(program, ['-vv'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return [bad(`${program} cannot be run`, ...REMEDIES)];
  }
  const lack = lackOf(text);
  if (lack !== null) return [bad(`${program} cannot be used: ${lack}`, ...REMEDIES)];
  return [ok(`haproxy ${haproxyVersion(text)} in ${program}`)];
}
