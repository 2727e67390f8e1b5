// The keys of the Compose specification, and what the process runtime does with each; container-keys.ts says it for the others.

/**
 * `used`: honoured. `quiet`: means nothing to processes and harms nobody when left out, or only other tools read it.
 * Anything else is the sentence that says what happens instead.
 */
export type Treatment = 'used' | 'quiet' | { readonly instead: string };

const ignored = (instead: string): Treatment => ({ instead });
const isolation = ignored('a process runs as the user who started friday, with that user’s rights');
const limits = ignored('nothing limits a process; friday shows its CPU and memory in `friday status`');
const network = ignored('processes share the network of this machine; use <SERVICE>_URL to reach another service');

export const TOP_KEYS: Readonly<Record<string, Treatment>> = {
  name: 'used',
  services: 'used',
  include: 'used',
  version: 'quiet',
  networks: 'quiet',
  volumes: 'quiet',
  secrets: 'quiet',
  configs: 'quiet',
  models: ignored('no model is started'),
};

export const SERVICE_KEYS: Readonly<Record<string, Treatment>> = {
  build: 'used',
  command: 'used',
  depends_on: 'used',
  deploy: 'used',
  entrypoint: 'used',
  env_file: 'used',
  environment: 'used',
  extends: 'used',
  healthcheck: 'used',
  image: 'used',
  profiles: 'used',
  restart: 'used',
  scale: 'used',
  stop_grace_period: 'used',
  stop_signal: 'used',
  working_dir: 'used',
  annotations: 'quiet',
  attach: 'quiet',
  container_name: 'quiet',
  develop: 'quiet',
  expose: 'quiet',
  init: 'quiet',
  label_file: 'quiet',
  labels: 'quiet',
  platform: 'quiet',
  pull_policy: 'quiet',
  pull_refresh_after: 'quiet',
  stdin_open: 'quiet',
  tty: 'quiet',
  configs: ignored('no file is mounted; read it by its own path'),
  credential_spec: isolation,
  device_cgroup_rules: isolation,
  devices: isolation,
  gpus: isolation,
  cap_add: isolation,
  cap_drop: isolation,
  cgroup: isolation,
  cgroup_parent: isolation,
  group_add: isolation,
  ipc: isolation,
  isolation,
  pid: isolation,
  privileged: isolation,
  read_only: isolation,
  runtime: isolation,
  security_opt: isolation,
  storage_opt: isolation,
  sysctls: isolation,
  use_api_socket: isolation,
  user: isolation,
  userns_mode: isolation,
  uts: isolation,
  blkio_config: limits,
  cpu_count: limits,
  cpu_percent: limits,
  cpu_period: limits,
  cpu_quota: limits,
  cpu_rt_period: limits,
  cpu_rt_runtime: limits,
  cpu_shares: limits,
  cpus: limits,
  cpuset: limits,
  mem_limit: limits,
  mem_reservation: limits,
  mem_swappiness: limits,
  memswap_limit: limits,
  oom_kill_disable: limits,
  oom_score_adj: limits,
  pids_limit: limits,
  shm_size: limits,
  ulimits: limits,
  dns: network,
  dns_opt: network,
  dns_search: network,
  domainname: network,
  external_links: network,
  extra_hosts: network,
  hostname: network,
  links: network,
  mac_address: network,
  network_mode: network,
  networks: network,
  ports: ignored('public traffic comes through x-friday.route and the top-level x-friday.listen'),
  secrets: ignored('nothing is mounted under /run/secrets; give the value with environment or env_file'),
  logging: ignored('output goes to files that friday rotates; read them with `friday logs`'),
  models: ignored('no model is started'),
  post_start: ignored('it does not run'),
  pre_stop: ignored('it does not run; the process gets its stop_signal'),
  provider: ignored('it does not run'),
  tmpfs: ignored('files are written to the disk of this machine'),
  volumes: ignored(
    'a process sees the files of this machine; keep data under an absolute path outside the build folder',
  ),
  volumes_from: ignored('a process sees the files of this machine'),
};

export const DEPLOY_KEYS: Readonly<Record<string, Treatment>> = {
  replicas: 'used',
  labels: 'quiet',
  endpoint_mode: 'quiet',
  mode: ignored('there is one machine; deploy.replicas says how many instances run on it'),
  placement: ignored('there is one machine'),
  resources: limits,
  restart_policy: ignored('the key restart of the service decides'),
  rollback_config: ignored('x-friday.release decides how a version goes out and comes back'),
  update_config: ignored('x-friday.release decides how a version goes out and comes back'),
};

export const HEALTHCHECK_KEYS: Readonly<Record<string, Treatment>> = {
  test: 'used',
  interval: 'used',
  timeout: 'used',
  retries: 'used',
  start_period: 'used',
  disable: 'used',
  start_interval: ignored('healthcheck.interval counts from the start'),
};

export const BUILD_KEYS: Readonly<Record<string, Treatment>> = Object.fromEntries(
  [
    'additional_contexts args cache_from cache_to dockerfile dockerfile_inline entitlements extra_hosts isolation labels',
    'network no_cache no_cache_filter platforms privileged provenance pull sbom secrets shm_size ssh tags target ulimits',
  ]
    .join(' ')
    .split(' ')
    .map((key): [string, Treatment] => [key, 'quiet'])
    .concat([['context', 'used']]),
);
