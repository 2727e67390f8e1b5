// What the tests of the Docker runtime share: small images, specs of containers, and patience.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { ContainerSpec } from '../../../core/spec/container.ts';
import type { ServiceSpec } from '../../../core/spec/project.ts';
import type { InstanceSeen } from '../../../ports/runtime.ts';
import type { TestEngine } from '../engine/fixture.ts';
import { folderIn, livesOf, PORTS, specOf as processSpec, untilSeen, wanted } from '../process/fixture.ts';
import { LABEL } from './names.ts';
import { type DockerRuntime, type DockerRuntimeOptions, dockerRuntime } from './runtime.ts';

/** Answers on PORT with its process id; a file /tmp/down makes it unready. */
export const SERVER = `
  import { createServer } from 'node:http';
  import { existsSync } from 'node:fs';
  const server = createServer((request, response) => {
    response.statusCode = existsSync('/tmp/down') ? 503 : 200;
    response.end(String(process.pid));
  });
  server.listen(Number(process.env.PORT), () => console.log('listening'));
`;
/** Ends when it is asked to, as a good program does. */
export const GOOD = `process.on('SIGTERM', () => process.exit(0)); console.log('begin'); ${SERVER}`;

export const DOCKERFILE = 'FROM node-base:local\nCOPY server.mjs /app/server.mjs\n';

export type World = {
  readonly project: string;
  readonly dir: string;
  readonly root: string;
  readonly runtime: DockerRuntime;
  /** Ends this life of the runtime, and begins the next. */
  reopen(): DockerRuntime;
  /** A build folder with these files. */
  folder(files: Readonly<Record<string, string>>): string;
  close(): Promise<void>;
};

let worlds = 0;

export function newWorld(place: TestEngine, options: Partial<DockerRuntimeOptions> = {}): World {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'friday-docker-')));
  worlds += 1;
  const project = `p${worlds}`;
  const dir = join(root, 'state');
  const open = () => {
    return dockerRuntime({ project, dir, host: place.host, ports: PORTS, ...options });
  };
  const world = {
    root,
    project,
    dir,
    ...livesOf(open),
    folder: folderIn(root),
    close: async () => {
      world.runtime.close();
      await removeContainers(place, project);
      rmSync(root, { recursive: true, force: true });
    },
  };
  return world;
}

async function removeContainers({ engine }: TestEngine, project: string): Promise<void> {
  const filters = JSON.stringify({ label: [`${LABEL.project}=${project}`] });
  const Listed = z.array(z.object({ Id: z.string() }));
  const all = await engine.get('/containers/json', Listed, { query: { all: true, filters } });
  const query = { force: true, v: true };
  await Promise.all(all.map(({ Id }) => engine.order('DELETE', `/containers/${Id}`, { query })));
}

const NETWORK = {
  isExternal: false,
  aliases: [],
  driver: null,
  driverOptions: {},
  isInternal: false,
  isAttachable: false,
  hasIpv6: false,
  labels: {},
  subnets: [],
};

export function containerSpec(world: Pick<World, 'project'>, part: Partial<ContainerSpec> = {}): ContainerSpec {
  const none = { network: null, ipc: null, pid: null, uts: null, userns: null, cgroupParent: null };
  return {
    build: null,
    image: 'node-base:local',
    pullPolicy: 'missing',
    entrypoint: null,
    command: null,
    workingDir: null,
    user: null,
    groups: [],
    hasInit: true,
    isReadOnly: false,
    isPrivileged: false,
    capAdd: [],
    capDrop: [],
    securityOptions: [],
    devices: [],
    sysctls: {},
    modes: none,
    runtime: null,
    platform: null,
    mounts: [],
    networks: [{ ...NETWORK, name: `${world.project}_default` }],
    files: [],
    resources: {
      cpus: null,
      memoryBytes: null,
      memorySwapBytes: null,
      swappiness: null,
      pids: null,
      reservedCpus: null,
      reservedMemoryBytes: null,
      cpuShares: null,
      cpuset: null,
      shmBytes: null,
      oomScoreAdj: null,
      isOomKillOff: false,
      ulimits: [],
    },
    labels: {},
    extraHosts: [],
    dns: [],
    dnsSearch: [],
    dnsOptions: [],
    hostname: null,
    domainname: null,
    ports: [],
    servicePort: null,
    healthcheck: 'image',
    logging: { driver: null, options: {} },
    placement: { constraints: [], spreads: [], maxPerNode: null, registry: null, engines: {} },
    ...part,
  };
}

/** A build of this folder. */
export function buildOf(context: string): NonNullable<ContainerSpec['build']> {
  return {
    context,
    dockerfile: null,
    dockerfileInline: null,
    target: null,
    args: {},
    labels: {},
    cacheFrom: [],
    network: null,
    platform: null,
    extraHosts: [],
    isCacheOff: false,
    isPulled: false,
  };
}

/** A service that runs this program of node. */
export function programSpec(
  world: Pick<World, 'project'>,
  script: string,
  container: Partial<ContainerSpec> = {},
  part: Partial<ServiceSpec> = {},
): ServiceSpec {
  const command = ['/bin/node', '--input-type=module', '-e', script];
  return processSpec(null, {
    command: [],
    port: 3000,
    container: containerSpec(world, { command, ...container }),
    ...part,
  });
}

/** Prepares and starts, and gives what is seen once `check` holds. */
export async function started(
  runtime: DockerRuntime,
  spec: ServiceSpec,
  check = (seen: InstanceSeen) => seen.state === 'ready',
  version = 1,
): Promise<InstanceSeen> {
  const instance = await wanted(runtime, spec, version);
  await runtime.start(instance);
  return untilSeen(runtime, instance.id, check);
}
