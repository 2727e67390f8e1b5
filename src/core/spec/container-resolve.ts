// Turns what the file says about the container of one service into its resolved form.
import type { ContainerResources, ContainerSpec, ImageBuild } from './container.ts';
import {
  type ContainerDraft,
  type Containers,
  containerDraft,
  hostsOf,
  listOf,
  pairsOf,
  warn,
} from './container-draft.ts';
import { filesOf, mountsOf } from './container-mounts.ts';
import { networksOf, portsOf, servicePortOf } from './container-networks.ts';
import { type Draft, pathIn } from './draft.ts';
import { errorAt } from './problem.ts';
import { keySpanAt } from './tree.ts';

/** What was worked out of the keys that every runtime honours. */
export type Launched = {
  /** Where `build` takes the code from; null without it. */
  readonly context: string | null;
  readonly entrypoint: readonly string[] | null;
  readonly command: readonly string[] | null;
};

export function containerOf(given: Draft, launched: Launched, all: Containers): ContainerSpec {
  const draft = containerDraft(given, all);
  const { own, compose } = draft;
  const ports = portsOf(draft);
  const build = buildOf(draft, launched.context);
  if (build === null && compose.image === undefined) {
    const path = pathIn(draft);
    const message = 'nothing to run: a container needs build or image';
    draft.problems.push(errorAt(path, keySpanAt(draft.root, path), message, 'add image: name, or build: ./folder'));
  }
  return {
    build,
    image: compose.image ?? null,
    pullPolicy: pullPolicyOf(draft),
    entrypoint: launched.entrypoint === null ? null : [...launched.entrypoint],
    command: launched.command === null ? null : [...launched.command],
    workingDir: compose.working_dir === undefined || compose.working_dir === '' ? null : compose.working_dir,
    user: own.user ?? null,
    groups: (own.group_add ?? []).map(String),
    hasInit: own.init ?? true,
    isReadOnly: own.read_only ?? false,
    isPrivileged: own.privileged ?? false,
    capAdd: own.cap_add ?? [],
    capDrop: own.cap_drop ?? [],
    securityOptions: own.security_opt ?? [],
    devices: own.devices ?? [],
    sysctls: pairsOf(own.sysctls),
    modes: {
      network: networkModeOf(draft),
      ipc: own.ipc ?? null,
      pid: own.pid ?? null,
      uts: own.uts ?? null,
      userns: own.userns_mode ?? null,
      cgroupParent: own.cgroup_parent ?? null,
    },
    runtime: own.runtime ?? null,
    platform: own.platform ?? null,
    mounts: mountsOf(draft),
    networks: networksOf(draft),
    files: filesOf(draft),
    resources: resourcesOf(draft),
    labels: pairsOf(own.labels),
    extraHosts: hostsOf(own.extra_hosts),
    dns: listOf(own.dns),
    dnsSearch: listOf(own.dns_search),
    dnsOptions: own.dns_opt ?? [],
    hostname: own.hostname ?? null,
    domainname: own.domainname ?? null,
    ports,
    servicePort: servicePortOf(draft, ports),
    healthcheck: healthcheckOf(draft),
    ...(draft.ownHealth.start_interval === undefined ? {} : { startIntervalMs: draft.ownHealth.start_interval }),
    logging: { driver: own.logging?.driver ?? null, options: pairsOf(own.logging?.options) },
    placement: placementOf(draft),
  };
}

function buildOf(draft: ContainerDraft, context: string | null): ImageBuild | null {
  if (context === null) return null;
  const { ownBuild: build, own } = draft;
  const [platform = own.platform ?? null, ...others] = build.platforms ?? [];
  if (others.length > 0) warn(draft, ['build', 'platforms'], 'only the first platform is built');
  return {
    context,
    dockerfile: build.dockerfile ?? null,
    dockerfileInline: build.dockerfile_inline ?? null,
    target: build.target ?? null,
    args: pairsOf(build.args, draft.all.lookup),
    labels: pairsOf(build.labels),
    cacheFrom: build.cache_from ?? [],
    network: build.network ?? null,
    platform,
    extraHosts: hostsOf(build.extra_hosts),
    isCacheOff: build.no_cache ?? false,
    isPulled: build.pull ?? false,
  };
}

function pullPolicyOf(draft: ContainerDraft): ContainerSpec['pullPolicy'] {
  const { pull_policy: policy = 'missing' } = draft.own;
  if (policy === 'always' || policy === 'never') return policy;
  const known = ['missing', 'if_not_present', 'build'];
  if (!known.includes(policy))
    warn(draft, ['pull_policy'], `pull_policy ${policy} is not known: an image is pulled when it is missing`);
  return 'missing';
}

/** Null = the networks. */
function networkModeOf({ own: { network_mode: mode } }: ContainerDraft): string | null {
  return mode === undefined || mode === 'bridge' ? null : mode;
}

function healthcheckOf({ compose: { healthcheck } }: ContainerDraft): ContainerSpec['healthcheck'] {
  const test = healthcheck?.test;
  if (healthcheck?.disable === true || (Array.isArray(test) && test[0] === 'NONE')) return 'none';
  return test === undefined || test.length === 0 ? 'image' : 'own';
}

/** Compose's newer place for a bound wins over its older one. */
function resourcesOf({ own, ownDeploy }: ContainerDraft): ContainerResources {
  const { limits, reservations } = ownDeploy.resources ?? {};
  const ulimits = Object.entries(own.ulimits ?? {}).map(([name, bound]) => {
    return typeof bound === 'number' ? { name, soft: bound, hard: bound } : { name, ...bound };
  });
  return {
    cpus: limits?.cpus ?? own.cpus ?? null,
    memoryBytes: limits?.memory || own.mem_limit || null,
    memorySwapBytes: own.memswap_limit ?? null,
    swappiness: own.mem_swappiness ?? null,
    pids: limits?.pids ?? own.pids_limit ?? null,
    reservedCpus: reservations?.cpus ?? null,
    reservedMemoryBytes: reservations?.memory || own.mem_reservation || null,
    cpuShares: own.cpu_shares ?? null,
    cpuset: own.cpuset ?? null,
    shmBytes: own.shm_size || null,
    oomScoreAdj: own.oom_score_adj ?? null,
    isOomKillOff: own.oom_kill_disable ?? false,
    ulimits,
  };
}

function placementOf({ ownDeploy: { placement }, all }: ContainerDraft): ContainerSpec['placement'] {
  return {
    constraints: placement?.constraints ?? [],
    spreads: (placement?.preferences ?? []).map(({ spread }) => spread),
    maxPerNode: placement?.max_replicas_per_node || null,
    registry: all.swarm.registry ?? null,
    engines: { ...all.swarm.nodes },
  };
}
