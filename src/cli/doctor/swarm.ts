// Whether the Swarm that the compose file asks for is there, and images can be brought to its nodes.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { sentenceOf } from '../../core/failure.ts';
import type { Placement } from '../../core/spec/container.ts';
import type { Project } from '../../core/spec/project.ts';
import type { Environment } from '../output/paint.ts';
import { bad, type Finding, ok, warn } from './check.ts';

/** Runs the docker command; rejects with what it said. */
export type RunDocker = (words: readonly string[]) => Promise<string>;

const TIMEOUT_MS = 10_000;
const HOW_TO = 'docs/how-to/swarm.md tells how to begin';

const Swarm = z.object({ LocalNodeState: z.string(), ControlAvailable: z.boolean().default(false) });
const Node = z.object({
  Hostname: z.string(),
  Status: z.string(),
  Availability: z.string(),
  Self: z.boolean().default(false),
});
type Node = z.infer<typeof Node>;

/** Nothing when the file does not ask for it. */
export async function checkSwarm(
  project: Project,
  env: Environment,
  run: RunDocker = dockerIn(env),
): Promise<Finding[]> {
  if (project.runtime !== 'swarm') return [];
  let swarm: z.infer<typeof Swarm>;
  try {
    swarm = Swarm.parse(JSON.parse(await run(['info', '--format', '{{json .Swarm}}'])));
  } catch (error) {
    return [
      bad(`Docker Engine cannot be asked: ${inOneLine(error)}`, 'install and start it: apt-get install docker.io'),
    ];
  }
  if (swarm.LocalNodeState !== 'active') {
    return [bad('x-friday.runtime is swarm, and this engine is not part of one', 'docker swarm init', HOW_TO)];
  }
  if (!swarm.ControlAvailable) {
    return [bad('this engine is a worker: friday runs on a manager', 'on a manager: docker node promote NAME')];
  }
  const lines = (await run(['node', 'ls', '--format', '{{json .}}'])).split('\n').filter((line) => line !== '');
  const nodes = lines.map((line) => Node.parse(JSON.parse(line)));
  return [...nodes.flatMap(stateOf), ...(await imagesTo(project, nodes, run))];
}

function stateOf({ Hostname, Status, Availability }: Node): Finding[] {
  if (Status !== 'Ready')
    return [warn(`the node ${Hostname} is ${Status.toLowerCase()}`, 'its instances run elsewhere')];
  if (Availability === 'Active') return [ok(`node ${Hostname}`)];
  return [
    warn(`the node ${Hostname} takes no instances: ${Availability.toLowerCase()}`, `friday node activate ${Hostname}`),
  ];
}

/** Whether images can be brought to the others. With a registry they fetch them. */
async function imagesTo({ services }: Project, nodes: readonly Node[], run: RunDocker): Promise<Finding[]> {
  const placement = services.find((one) => one.container)?.container?.placement;
  const { registry = null, engines = {} }: Partial<Placement> = placement ?? {};
  if (registry !== null) return [ok(`images go to ${registry}`)];
  const others = nodes.filter(({ Self, Status }) => !Self && Status === 'Ready');
  return Promise.all(
    others.map(async ({ Hostname }) => {
      const host = engines[Hostname];
      if (host === undefined) {
        return bad(
          `nobody says how images come to the node ${Hostname}`,
          `x-friday: { swarm: { nodes: { ${Hostname}: ssh://user@address } } }`,
          'or x-friday: { swarm: { registry: registry.example.com/path } }',
        );
      }
      try {
        await run(['--host', host, 'version', '--format', '{{.Server.Version}}']);
        return ok(`images go to ${Hostname} at ${host}`);
      } catch (error) {
        return bad(
          `${Hostname} cannot be reached at ${host}: ${inOneLine(error)}`,
          `try it: docker -H ${host} version`,
        );
      }
    }),
  );
}

function dockerIn(env: Environment): RunDocker {
  const run = promisify(execFile);
  return async (words) => {
    const { stdout } = await run('docker', [...words], { env: { ...env }, timeout: TIMEOUT_MS });
    return stdout.trim();
  };
}

function inOneLine(error: unknown): string {
  const { stderr } = error as { stderr?: string };
  const words = (stderr ?? '').trim() || sentenceOf(error);
  return words.split('\n').at(-1)?.slice(0, 200) ?? '';
}
