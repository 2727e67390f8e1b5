// What a service says about its container, resolved: part of the service's spec with the runtimes docker and swarm.
import { z } from 'zod';

const Texts = z.array(z.string());
const Pairs = z.record(z.string(), z.string());

/** How the image is built. */
export const ImageBuild = z.object({
  /** An absolute folder, or an address that the engine can fetch. */
  context: z.string(),
  /** Seen from the context; null = Dockerfile. */
  dockerfile: z.string().nullable(),
  /** Instead of a file. */
  dockerfileInline: z.string().nullable(),
  target: z.string().nullable(),
  args: Pairs,
  labels: Pairs,
  cacheFrom: Texts,
  network: z.string().nullable(),
  platform: z.string().nullable(),
  extraHosts: Texts,
  isCacheOff: z.boolean(),
  /** Ask the registry for newer base images. */
  isPulled: z.boolean(),
});
export type ImageBuild = z.infer<typeof ImageBuild>;

/** What is mounted at `target`, an absolute path in the container. */
export const Mount = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('volume'),
    target: z.string(),
    /** Name in the engine; null = anonymous, it goes with its container. */
    name: z.string().nullable(),
    isReadOnly: z.boolean(),
    isCopyOff: z.boolean(),
    /** It must be there already. */
    isExternal: z.boolean(),
    driver: z.string().nullable(),
    driverOptions: Pairs,
    labels: Pairs,
  }),
  z.object({
    type: z.literal('bind'),
    target: z.string(),
    /** Absolute path on the machine of the engine. */
    source: z.string(),
    isReadOnly: z.boolean(),
    /** A missing folder is made. */
    isCreated: z.boolean(),
    propagation: z.string().nullable(),
  }),
  z.object({
    type: z.literal('tmpfs'),
    target: z.string(),
    sizeBytes: z.number().int().nullable(),
    mode: z.number().int().nullable(),
  }),
]);
export type Mount = z.infer<typeof Mount>;

/** One network that the container is attached to. */
export const ContainerNetwork = z.object({
  /** Name in the engine. */
  name: z.string(),
  /** It must be there already. */
  isExternal: z.boolean(),
  /** Names of the container there, besides that of its service. */
  aliases: Texts,
  driver: z.string().nullable(),
  driverOptions: Pairs,
  isInternal: z.boolean(),
  isAttachable: z.boolean(),
  hasIpv6: z.boolean(),
  labels: Pairs,
  subnets: z.array(
    z.object({ subnet: z.string().nullable(), gateway: z.string().nullable(), range: z.string().nullable() }),
  ),
});
export type ContainerNetwork = z.infer<typeof ContainerNetwork>;

/** A secret or a config: a file in the container. */
export const ContainerFile = z.object({
  /** Its name in the file. */
  name: z.string(),
  /** Absolute path in the container: /run/secrets/<name> by default. */
  target: z.string(),
  /** The absolute path of its content, its content, a variable of the shell, or the engine's own (swarm only). */
  from: z.discriminatedUnion('type', [
    z.object({ type: z.literal('file'), path: z.string() }),
    z.object({ type: z.literal('text'), text: z.string() }),
    z.object({ type: z.literal('external'), name: z.string() }),
  ]),
  uid: z.number().int(),
  gid: z.number().int(),
  /** Permissions, 0o444 by default. */
  mode: z.number().int(),
});
export type ContainerFile = z.infer<typeof ContainerFile>;

/** A port of a service that is not behind the balancer, open on the machine of the engine. */
export const PublishedPort = z.object({
  target: z.number().int().min(1).max(65_535),
  /** Null = the engine picks one. */
  published: z.number().int().min(1).max(65_535).nullable(),
  protocol: z.enum(['tcp', 'udp', 'sctp']),
  /** Address of the machine; empty = all of them. */
  host: z.string(),
});
export type PublishedPort = z.infer<typeof PublishedPort>;

/** Bounds of one container; null = none. */
export const ContainerResources = z.object({
  /** Cores, like 0.5. */
  cpus: z.number().positive().nullable(),
  memoryBytes: z.number().int().positive().nullable(),
  /** Memory and swap together; -1 = unlimited. */
  memorySwapBytes: z.number().int().nullable(),
  swappiness: z.number().int().nullable(),
  pids: z.number().int().nullable(),
  reservedCpus: z.number().positive().nullable(),
  reservedMemoryBytes: z.number().int().positive().nullable(),
  /** Weight among containers that want more than there is. */
  cpuShares: z.number().int().nullable(),
  /** Cores that it may use, like 0-2. */
  cpuset: z.string().nullable(),
  shmBytes: z.number().int().positive().nullable(),
  oomScoreAdj: z.number().int().nullable(),
  isOomKillOff: z.boolean(),
  ulimits: z.array(z.object({ name: z.string(), soft: z.number().int(), hard: z.number().int() })),
});
export type ContainerResources = z.infer<typeof ContainerResources>;

/** Where swarm may put the tasks of a service. */
export const Placement = z.object({
  /** Like `node.labels.disk==ssd`. */
  constraints: Texts,
  /** Labels over whose values the tasks are spread, like `node.labels.zone`. */
  spreads: Texts,
  maxPerNode: z.number().int().nullable(),
  /** Where images are pushed to and fetched from, like `registry.example.com/shop`; null = they are brought to every node. */
  registry: z.string().nullable(),
  /** How the engine of each node is reached, by host name, in the words of DOCKER_HOST. */
  engines: z.record(z.string(), z.string()),
});
export type Placement = z.infer<typeof Placement>;

export const ContainerSpec = z.object({
  build: ImageBuild.nullable(),
  /** With `build` also a name that the built image gets. */
  image: z.string().nullable(),
  pullPolicy: z.enum(['missing', 'always', 'never']),
  /** Null = the image's own. */
  entrypoint: Texts.nullable(),
  command: Texts.nullable(),
  workingDir: z.string().nullable(),
  user: z.string().nullable(),
  groups: Texts,
  /** A small init is process 1: it passes signals on and ends what was left behind. */
  hasInit: z.boolean(),
  isReadOnly: z.boolean(),
  isPrivileged: z.boolean(),
  capAdd: Texts,
  capDrop: Texts,
  securityOptions: Texts,
  devices: Texts,
  sysctls: Pairs,
  /** Modes of namespaces: host, private, none; null = the engine's default. */
  modes: z.object({
    network: z.string().nullable(),
    ipc: z.string().nullable(),
    pid: z.string().nullable(),
    uts: z.string().nullable(),
    userns: z.string().nullable(),
    cgroupParent: z.string().nullable(),
  }),
  runtime: z.string().nullable(),
  platform: z.string().nullable(),
  mounts: z.array(Mount),
  /** Empty only with a network mode. */
  networks: z.array(ContainerNetwork),
  files: z.array(ContainerFile),
  resources: ContainerResources,
  labels: Pairs,
  /** `name:address` */
  extraHosts: Texts,
  dns: Texts,
  dnsSearch: Texts,
  dnsOptions: Texts,
  hostname: z.string().nullable(),
  domainname: z.string().nullable(),
  /** Only of services that are not behind the balancer. */
  ports: z.array(PublishedPort),
  /** Where others find a service that is not behind the balancer; null = not known. */
  servicePort: z.number().int().min(1).max(65_535).nullable(),
  /** `own`: that of the spec's readiness. `image`: its own, if it has one. `none`: not even that. */
  healthcheck: z.enum(['own', 'image', 'none']),
  /** Time between two looks in the start period; absent = a second, or less. Docker Engine 25 and newer. */
  startIntervalMs: z.number().int().min(0).optional(),
  logging: z.object({ driver: z.string().nullable(), options: Pairs }),
  /** Swarm only. */
  placement: Placement,
});
export type ContainerSpec = z.infer<typeof ContainerSpec>;
