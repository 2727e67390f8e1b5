// What each runtime does with the keys of the Compose specification: the tables of processes, and what containers change in them.
import { buildShape, containerShape, deployShape, healthShape } from './container-shapes.ts';
import { BUILD_KEYS, DEPLOY_KEYS, HEALTHCHECK_KEYS, SERVICE_KEYS, TOP_KEYS, type Treatment } from './keys.ts';
import type { Project } from './project.ts';

type Table = Readonly<Record<string, Treatment>>;
export type Tables = {
  readonly top: Table;
  readonly service: Table;
  readonly build: Table;
  readonly deploy: Table;
  readonly healthcheck: Table;
};

const ignored = (instead: string): Treatment => ({ instead });
const byName = ignored('on a network they share, services reach each other by name');
const engine = ignored('it is not passed on to the engine');
const builder = ignored('it is not passed on to the build');
const machine = ignored('it has no meaning on Linux');

const used = (shape: object): Table => Object.fromEntries(Object.keys(shape).map((key) => [key, 'used']));

/** Keys that containers do not honour, beside those of containerShape. */
const SERVICE: Table = {
  blkio_config: engine,
  cgroup: engine,
  configs: 'used',
  cpu_count: machine,
  cpu_percent: machine,
  cpu_period: ignored('use cpus'),
  cpu_quota: ignored('use cpus'),
  cpu_rt_period: engine,
  cpu_rt_runtime: engine,
  credential_spec: machine,
  device_cgroup_rules: engine,
  external_links: byName,
  gpus: engine,
  isolation: machine,
  links: byName,
  mac_address: ignored('every instance has an address of its own'),
  post_start: ignored('it does not run'),
  pre_stop: ignored('it does not run; the container gets its stop_signal'),
  storage_opt: engine,
  use_api_socket: ignored('the socket of the engine is not given to containers'),
  volumes_from: ignored('name the volumes in both services'),
};

const BUILD: Table = Object.fromEntries(
  'additional_contexts cache_to entitlements isolation no_cache_filter privileged provenance sbom secrets shm_size ssh tags ulimits'
    .split(' ')
    .map((key): [string, Treatment] => [key, builder]),
);

const CONTAINERS: Tables = {
  top: { ...TOP_KEYS, networks: 'used', volumes: 'used', secrets: 'used', configs: 'used' },
  service: { ...SERVICE_KEYS, ...used(containerShape), ...SERVICE },
  build: { ...BUILD_KEYS, ...used(buildShape), ...BUILD },
  deploy: { ...DEPLOY_KEYS, ...used(deployShape) },
  healthcheck: { ...HEALTHCHECK_KEYS, ...used(healthShape) },
};

const TABLES: Readonly<Record<Project['runtime'], Tables>> = {
  process: {
    top: TOP_KEYS,
    service: SERVICE_KEYS,
    build: BUILD_KEYS,
    deploy: DEPLOY_KEYS,
    healthcheck: HEALTHCHECK_KEYS,
  },
  docker: {
    ...CONTAINERS,
    deploy: { ...CONTAINERS.deploy, placement: ignored('there is one machine') },
  },
  swarm: {
    ...CONTAINERS,
    deploy: { ...CONTAINERS.deploy, mode: ignored('deploy.replicas says how many instances run') },
  },
};

export function tablesOf(runtime: Project['runtime']): Tables {
  return TABLES[runtime];
}
