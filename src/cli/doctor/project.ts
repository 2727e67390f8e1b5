// What the compose file must say, and the ports that it asks for.
import { basename } from 'node:path';
import type { StatusView } from '../../api/views.ts';
import type { Problem } from '../../core/spec/problem.ts';
import type { Project } from '../../core/spec/project.ts';
import { plural } from '../output/text.ts';
import { bad, type Finding, ok, warn } from './check.ts';
import { holderOf, isPortFree } from './ports.ts';

const MOST_PROBLEMS = 10;

export function checkFile(project: Project | null, problems: readonly Problem[]): Finding[] {
  const findings = problems.slice(0, MOST_PROBLEMS).map((problem) => {
    const { position, hint } = problem;
    const where = position === null ? '' : ` (${basename(position.file)}:${position.line}:${position.column})`;
    const text = `${problem.path === '' ? '' : `${problem.path}: `}${problem.message}${where}`;
    const make = problem.severity === 'error' ? bad : warn;
    return hint === null ? make(text) : make(text, hint);
  });
  if (project === null) return findings;
  return [ok(`${basename(project.file)}: ${plural(project.services.length, 'service')}`), ...findings];
}

/** Services whose readiness is only that a port opens. */
export function checkReadiness(project: Project): Finding[] {
  return project.services
    .filter((one) => one.port !== null && one.readiness.type === 'port')
    .map((one) =>
      warn(
        `${one.name} has no readiness check, so it counts as ready when its port opens`,
        `add one: services.${one.name}.x-friday.ready: /health`,
      ),
    );
}

/** Public ports: free, or taken by the balancer of this project, which also serves while no control plane does. */
export async function checkPorts(project: Project, status: StatusView | null, stateDir: string): Promise<Finding[]> {
  const own = new Set(status?.listening.map((url) => portOf(url)) ?? []);
  const findings = [...project.listen, ...(project.tls?.listen ?? [])]
    .filter(({ port }) => port !== 0)
    .map(async ({ host, port }): Promise<Finding> => {
      if (own.has(port)) return ok(`port ${port} is served`);
      if (await isPortFree(host, port)) return ok(`port ${port} is free`);
      const holder = holderOf(port);
      if (holder?.commandLine.includes(`${stateDir}/`)) return ok(`port ${port} is served (pid ${holder.pid})`);
      if (port < 1024 && process.getuid?.() !== 0 && holder === null) {
        return bad(
          `port ${port} needs rights that you do not have`,
          'set x-friday.listen to a port above 1023, or run as root',
        );
      }
      const who = holder === null ? 'another program' : `${holder.name} (pid ${holder.pid})`;
      return bad(`port ${port} is taken by ${who}`, 'stop it, or set x-friday.listen to another port');
    });
  return Promise.all(findings);
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return Number(port || (protocol === 'https:' ? 443 : 80));
}
