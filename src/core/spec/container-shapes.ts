// The Compose keys that only container runtimes honour, as zod schemas: they check the file and make the editor schema.
import { z } from 'zod';
import { parseBytes } from './bytes.ts';
import { anyText, duration, flag, keyed, oneOf, textOrNumber, whole } from './scalars.ts';

const value = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'expected a text, a number, true, false or nothing',
});
const pair = z.string({ error: 'expected NAME=value' });
const pairs = (what: string) =>
  z.union([z.record(z.string(), value), z.array(pair)], { error: `expected a mapping or a list of ${what}` });
const texts = (what: string) =>
  z.array(z.string({ error: `expected ${what}` }), { error: `expected a list of ${what}s` });
const oneOrMore = (what: string) =>
  z.union([z.string(), texts(what)], { error: `expected ${what}, or a list of them` });

/** Bytes of `512m` or 1024. */
export function size() {
  return textOrNumber('a size, like 512m', '^\\d+(\\.\\d+)?\\s*([bkmgtBKMGT]?)(i?[bB])?$', parseBytes);
}

/** Cores: `0.5`, also as text. */
function cores() {
  return textOrNumber('a number of cores, like 0.5', '^\\d+(\\.\\d+)?$', (text) => {
    const amount = Number(text);
    return amount > 0 && amount <= 10_000 ? amount : null;
  });
}

/** A whole number from -1, which means without bound. */
function orUnlimited() {
  return textOrNumber('a whole number, or -1 for no bound', '^-?\\d+$', (text) => {
    const amount = Number(text);
    return Number.isSafeInteger(amount) && amount >= -1 ? amount : null;
  });
}

/** Permissions in octal: `0440`, which YAML 1.2 reads as the number 440. A number with other digits is taken as it is. */
function permissions() {
  const kinds = z.union([z.number(), z.string()], { error: 'expected permissions, like "0440"' });
  return kinds.transform((given, context) => {
    const digits = String(given).replace(/^0o/, '');
    const mode = /^[0-7]{1,5}$/.test(digits) ? Number.parseInt(digits, 8) : Number(given);
    if (Number.isInteger(mode) && mode >= 0 && mode <= 0o7777) return mode;
    context.issues.push({ code: 'custom', message: 'expected permissions, like "0440"', input: given });
    return z.NEVER;
  });
}

/** A number, or as text: user and group of a file. */
const id = () => whole(0, 2 ** 31);

const Volume = z.union(
  [
    z.string(),
    keyed({
      type: oneOf(['volume', 'bind', 'tmpfs', 'npipe', 'cluster', 'image']).optional().describe('Default volume.'),
      source: anyText().optional().describe('Name of a volume, or a folder or file of the machine.'),
      target: anyText().describe('Where it is in the container.'),
      read_only: flag().optional(),
      consistency: anyText().optional(),
      bind: keyed({
        propagation: anyText().optional(),
        create_host_path: flag().optional(),
        selinux: anyText().optional(),
        recursive: anyText().optional(),
      }).optional(),
      volume: keyed({
        nocopy: flag().optional(),
        subpath: anyText().optional(),
        labels: pairs('NAME=value').optional(),
      }).optional(),
      tmpfs: keyed({ size: size().optional(), mode: permissions().optional() }).optional(),
      image: z.unknown().optional(),
    }),
  ],
  { error: 'expected source:target, or a mapping with target' },
);

const File = z.union(
  [
    z.string(),
    keyed({
      source: anyText().describe('Its name at the top of the file.'),
      target: anyText().optional().describe('Its path in the container.'),
      uid: id().optional(),
      gid: id().optional(),
      mode: permissions().optional(),
    }),
  ],
  { error: 'expected a name, or a mapping with source' },
);

const Port = z.union(
  [
    z.number(),
    z.string(),
    keyed({
      name: anyText().optional(),
      mode: oneOf(['host', 'ingress']).optional(),
      host_ip: anyText().optional(),
      target: whole(1, 65_535),
      published: z.union([z.number(), z.string()]).optional(),
      protocol: anyText().optional(),
      app_protocol: anyText().optional(),
    }),
  ],
  { error: 'expected a port like "8080:80", or a mapping with target' },
);

const Ulimit = z.union([orUnlimited(), keyed({ soft: orUnlimited(), hard: orUnlimited() })], {
  error: 'expected a number, or a mapping with soft and hard',
});

const Attachment = z
  .union([
    z.null(),
    keyed({
      aliases: texts('name').optional().describe('Further names of the service on this network.'),
      ipv4_address: anyText().optional(),
      ipv6_address: anyText().optional(),
      interface_name: anyText().optional(),
      link_local_ips: texts('address').optional(),
      mac_address: anyText().optional(),
      driver_opts: pairs('NAME=value').optional(),
      gw_priority: z.number().optional(),
      priority: z.number().optional(),
    }),
  ])
  .describe('How it is attached.');

/** Keys of a service. */
export const containerShape = {
  cap_add: texts('capability').optional().describe('Capabilities that the container gets.'),
  cap_drop: texts('capability').optional().describe('Capabilities that it does not get; ALL for none.'),
  cgroup_parent: anyText().optional(),
  cpu_shares: whole(0, 262_144).optional(),
  cpus: cores().optional().describe('Cores that one instance may use.'),
  cpuset: anyText().optional(),
  devices: texts('device').optional(),
  dns: oneOrMore('an address').optional(),
  dns_opt: texts('option').optional(),
  dns_search: oneOrMore('a domain').optional(),
  domainname: anyText().optional(),
  expose: z
    .array(z.union([z.number(), z.string()]))
    .optional()
    .describe('The first one is the port in <SERVICE>_URL.'),
  extra_hosts: pairs('name=address').optional(),
  group_add: z.array(z.union([z.number(), z.string()])).optional(),
  hostname: anyText().optional(),
  init: flag().optional().describe('A small init is process 1. Default true.'),
  ipc: anyText().optional(),
  labels: pairs('NAME=value').optional(),
  logging: keyed({ driver: anyText().optional(), options: pairs('NAME=value').optional() }).optional(),
  mem_limit: size().optional().describe('Memory that one instance may use.'),
  mem_reservation: size().optional(),
  mem_swappiness: whole(0, 100).optional(),
  memswap_limit: z.union([z.literal(-1), z.literal('-1').transform(() => -1), size()]).optional(),
  network_mode: anyText().optional(),
  networks: z
    .union([texts('network'), z.record(z.string(), Attachment)], { error: 'expected a list of networks, or a mapping' })
    .optional(),
  oom_kill_disable: flag().optional(),
  oom_score_adj: z.number().int().min(-1000).max(1000).optional(),
  pid: anyText().optional(),
  pids_limit: orUnlimited().optional(),
  platform: anyText().optional(),
  ports: z
    .array(Port, { error: 'expected a list of ports' })
    .optional()
    .describe('Of a service without x-friday.port.'),
  privileged: flag().optional(),
  pull_policy: anyText().optional().describe('missing (default), always, never or build.'),
  read_only: flag().optional().describe('The root of its files cannot be written.'),
  runtime: anyText().optional(),
  secrets: z.array(File, { error: 'expected a list of secrets' }).optional().describe('Files under /run/secrets.'),
  configs: z.array(File, { error: 'expected a list of configs' }).optional(),
  security_opt: texts('option').optional(),
  shm_size: size().optional(),
  sysctls: pairs('NAME=value').optional(),
  tmpfs: oneOrMore('a path').optional(),
  ulimits: z.record(z.string(), Ulimit, { error: 'expected a mapping' }).optional(),
  user: z.union([z.string(), z.number()], { error: 'expected a user' }).transform(String).optional(),
  userns_mode: anyText().optional(),
  uts: anyText().optional(),
  volumes: z.array(Volume, { error: 'expected a list of volumes' }).optional(),
};

/** Keys of `build`. */
export const buildShape = {
  args: pairs('NAME=value').optional().describe('Arguments of the build.'),
  cache_from: texts('image').optional(),
  dockerfile: anyText().optional().describe('Seen from the context. Default Dockerfile.'),
  dockerfile_inline: anyText().optional(),
  extra_hosts: pairs('name=address').optional(),
  labels: pairs('NAME=value').optional(),
  network: anyText().optional(),
  no_cache: flag().optional(),
  platforms: texts('platform').optional(),
  pull: flag().optional(),
  target: anyText().optional().describe('The stage to build.'),
};

const Limits = keyed({
  cpus: cores().optional(),
  memory: size().optional(),
  pids: orUnlimited().optional(),
});

const Reservations = keyed({
  cpus: cores().optional(),
  memory: size().optional(),
  devices: z.unknown().optional(),
  generic_resources: z.unknown().optional(),
});

/** Keys of `deploy`. */
export const deployShape = {
  resources: keyed({ limits: Limits.optional(), reservations: Reservations.optional() })
    .optional()
    .describe('Bounds of one instance.'),
  placement: keyed({
    constraints: texts('constraint').optional().describe('Like node.labels.disk==ssd. Swarm only.'),
    preferences: z
      .array(keyed({ spread: anyText() }), { error: 'expected a list like [{ spread: node.labels.zone }]' })
      .optional(),
    max_replicas_per_node: whole(0, 1000).optional(),
  })
    .optional()
    .describe('Where swarm may put its tasks.'),
};

/** Keys of `healthcheck`. */
export const healthShape = {
  start_interval: duration().optional().describe('Time between two looks while it starts. Docker Engine 25 and newer.'),
};

const isExternal = z.union([flag(), keyed({ name: anyText().optional() })]).optional();

const Network = z.union([
  z.null(),
  keyed({
    name: anyText().optional(),
    driver: anyText().optional(),
    driver_opts: pairs('NAME=value').optional(),
    attachable: flag().optional(),
    enable_ipv4: flag().optional(),
    enable_ipv6: flag().optional(),
    external: isExternal,
    internal: flag().optional(),
    ipam: z
      .looseObject({
        driver: anyText().optional(),
        config: z
          .array(
            z.looseObject({
              subnet: anyText().optional(),
              gateway: anyText().optional(),
              ip_range: anyText().optional(),
            }),
          )
          .optional(),
      })
      .optional(),
    labels: pairs('NAME=value').optional(),
  }),
]);

const NamedVolume = z.union([
  z.null(),
  keyed({
    name: anyText().optional(),
    driver: anyText().optional(),
    driver_opts: pairs('NAME=value').optional(),
    external: isExternal,
    labels: pairs('NAME=value').optional(),
  }),
]);

const NamedFile = keyed({
  name: anyText().optional(),
  file: anyText().optional(),
  environment: anyText().optional(),
  content: anyText().optional(),
  external: isExternal,
  labels: pairs('NAME=value').optional(),
  driver: anyText().optional(),
  driver_opts: pairs('NAME=value').optional(),
  template_driver: anyText().optional(),
});

/** What the keys at the top hold, each under its name. */
export const resourceShapes = { networks: Network, volumes: NamedVolume, secrets: NamedFile, configs: NamedFile };
