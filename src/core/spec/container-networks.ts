// Works out the networks of a container, the ports that it opens on the machine, and where others find it.
import type { ContainerNetwork, PublishedPort } from './container.ts';
import { type ContainerDraft, pairsOf, resourceName, warn } from './container-draft.ts';
import { pathIn } from './draft.ts';
import { didYouMean, errorAt } from './problem.ts';
import { spanAt } from './tree.ts';

/** As in Compose: the project's default network, unless the service names others or a mode. */
export function networksOf(draft: ContainerDraft): ContainerNetwork[] {
  const { networks, network_mode: mode } = draft.own;
  if (mode !== undefined && mode !== 'bridge') return [];
  const attached = Array.isArray(networks)
    ? networks.map((name): [string, null] => [name, null])
    : Object.entries(networks ?? {});
  const wanted: (readonly [string, { aliases?: readonly string[] | undefined } | null])[] =
    attached.length === 0 ? [['default', null]] : attached;
  return wanted.flatMap(([key, attachment]) => {
    for (const fixed of ['ipv4_address', 'ipv6_address', 'mac_address']) {
      warn(draft, ['networks', key, fixed], `${fixed} is not used: every instance has an address of its own`);
    }
    return networkOf(draft, key, attachment?.aliases ?? []);
  });
}

function networkOf(draft: ContainerDraft, key: string, aliases: readonly string[]): ContainerNetwork[] {
  const known = draft.all.resources.networks.get(key);
  if (known === undefined && key !== 'default') {
    const path = pathIn(draft, 'networks', key);
    const hint = didYouMean(key, [...draft.all.resources.networks.keys()]) ?? `add networks: { ${key}: {} } at the top`;
    const message = `there is no network "${key}" at the top of the file`;
    draft.problems.push(errorAt(path, spanAt(draft.root, path), message, hint));
    return [];
  }
  const subnets = (known?.ipam?.config ?? []).map(({ subnet = null, gateway = null, ip_range: range = null }) => {
    return { subnet, gateway, range };
  });
  return [
    {
      ...resourceName(key, known, draft.all.project),
      aliases: [...aliases],
      driver: known?.driver ?? null,
      driverOptions: pairsOf(known?.driver_opts),
      isInternal: known?.internal ?? false,
      isAttachable: known?.attachable ?? false,
      hasIpv6: known?.enable_ipv6 ?? false,
      labels: pairsOf(known?.labels),
      subnets,
    },
  ];
}

const MAX_PORTS = 200;

/** A service behind the balancer opens none: its instances are reached through it. */
export function portsOf(draft: ContainerDraft): PublishedPort[] {
  const { ports = [] } = draft.own;
  if (ports.length === 0) return [];
  if (draft.friday.port !== undefined) {
    warn(draft, ['ports'], 'ports are not opened: public traffic comes through x-friday.route and x-friday.listen');
    return [];
  }
  return ports.flatMap((written, index): PublishedPort[] => {
    const found = typeof written === 'object' ? longPort(written) : shortPorts(String(written));
    if (found !== null && found.length <= MAX_PORTS) return found;
    const path = pathIn(draft, 'ports', index);
    const message = `expected a port like "8080:80", "127.0.0.1:8080:80/tcp" or "80", got ${JSON.stringify(written)}`;
    draft.problems.push(errorAt(path, spanAt(draft.root, path), message));
    return [];
  });
}

type LongPort = Exclude<NonNullable<ContainerDraft['own']['ports']>[number], string | number>;

function longPort({ target, published, protocol = 'tcp', host_ip: host = '' }: LongPort): PublishedPort[] | null {
  const number = published === undefined || published === '' ? null : Number(published);
  return isProtocol(protocol) && (number === null || isPort(number))
    ? [{ target, published: number, protocol, host }]
    : null;
}

/** `[host:][published:]target[/protocol]`, with ranges of the same length. */
function shortPorts(text: string): PublishedPort[] | null {
  const match = /^(?:(?:(\[[^\]]+\]|[\d.]+):)?(\d*(?:-\d+)?):)?(\d+(?:-\d+)?)(?:\/(\w+))?$/.exec(text);
  if (match === null) return null;
  const [, host = '', publishedText = '', targetText = '', protocol = 'tcp'] = match;
  const targets = rangeOf(targetText);
  const published = publishedText === '' ? targets.map(() => null) : rangeOf(publishedText);
  if (!isProtocol(protocol) || targets.length !== published.length) return null;
  if (![...targets, ...published].every((port) => port === null || isPort(port))) return null;
  const address = host.replace(/^\[|\]$/g, '');
  return targets.map((target, index) => ({ target, published: published[index] ?? null, protocol, host: address }));
}

/** `80` and `80-82` as numbers; nothing for a range that is too long. */
function rangeOf(text: string): number[] {
  const [first = Number.NaN, last = first] = text.split('-').map(Number);
  const count = last - first + 1;
  return count >= 1 && count <= MAX_PORTS ? Array.from({ length: count }, (_, index) => first + index) : [];
}

function isProtocol(text: string): text is PublishedPort['protocol'] {
  return text === 'tcp' || text === 'udp' || text === 'sctp';
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** Where programs of this scheme listen unless they are told otherwise. */
const USUAL_PORTS: Readonly<Record<string, number>> = {
  amqp: 5672,
  clickhouse: 9000,
  elasticsearch: 9200,
  http: 80,
  https: 443,
  kafka: 9092,
  mariadb: 3306,
  memcached: 11_211,
  mongodb: 27_017,
  mysql: 3306,
  nats: 4222,
  postgres: 5432,
  postgresql: 5432,
  redis: 6379,
  rediss: 6379,
  smtp: 25,
  statsd: 8125,
};

/** The port of a service that is not behind the balancer, as the others see it: the first one exposed or opened, else the scheme's. */
export function servicePortOf(draft: ContainerDraft, ports: readonly PublishedPort[]): number | null {
  const [exposed] = draft.own.expose ?? [];
  const first = exposed === undefined ? ports[0]?.target : Number.parseInt(String(exposed), 10);
  const port = first ?? USUAL_PORTS[draft.friday.url ?? ''] ?? null;
  return port !== null && isPort(port) ? port : null;
}
