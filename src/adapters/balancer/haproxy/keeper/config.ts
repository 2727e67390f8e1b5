// What HAProxy is given: its configuration, the hold of waiting requests, and the maps that change while it runs.
import type { Listen, ServiceTraffic, Side, Table } from '../../../../core/traffic.ts';
import { COUNTING, rulesOf, scriptOf } from './rules.ts';
import { doorRules, tlsBinds, tlsGlobal, tlsShape } from './tls.ts';

/** Backends of a service. Two are in use; with two more, a new version never shares one with a version that still has traffic. */
export const SLOTS = ['a', 'b', 'c', 'd'] as const;
export type Slot = (typeof SLOTS)[number];

/** Where the two versions of one service are, and under which number its requests are counted. */
export type Place = { readonly stable: Slot; readonly candidate: Slot; readonly regime: number };

/** One instance as HAProxy has it. */
export type Server = {
  readonly name: string;
  readonly service: string;
  readonly slot: Slot;
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** It gets no new request and goes when its last one has ended. */
  readonly isLeaving: boolean;
};

export type Wanted = {
  readonly table: Table;
  /** The public addresses with the ports that were given. */
  readonly listening: readonly Listen[];
  /** Those of HTTPS; absent without it. */
  readonly listeningTls?: readonly Listen[];
  readonly places: Readonly<Record<string, Place>>;
  readonly servers: readonly Server[];
};

export const FILES = {
  config: 'haproxy.cfg',
  hold: 'hold.lua',
  states: 'states.map',
  routes: 'routes.map',
  admin: 'a.sock',
  master: 'm.sock',
} as const;

/** `[::1]:80` as HAProxy writes it. */
export function addressIn({ host, port }: Listen): string {
  return host.includes(':') ? `ipv6@[${host}]:${port}` : `ipv4@${host}:${port}`;
}

export function backendOf({ service, slot }: Pick<Server, 'service' | 'slot'>): string {
  return `${service}:${slot}`;
}

/** What a reload is needed for: the addresses, the services and how HTTPS is served, nothing else. */
export function shapeOf(wanted: Pick<Wanted, 'table' | 'listening' | 'listeningTls'>): string {
  const { table, listening } = wanted;
  const services = table.services.map((one) => `${one.service} ${one.internalPort} ${one.limits.timeoutMs}`).sort();
  return JSON.stringify([listening, services, table.internalHosts, tlsShape(wanted)]);
}

/** 2^48: what the first 12 hexadecimal digits of a digest can be. */
const DIGEST_RANGE = 2 ** 48;

/** One line per service, read once per request, so that a request never sees half of a change. */
export function statesOf({ table, places }: Wanted): ReadonlyMap<string, string> {
  return new Map(
    table.services.map((traffic) => {
      const place = places[traffic.service];
      return [traffic.service, place ? stateOf(traffic, place) : ''];
    }),
  );
}

/** Fields parted by `|`; the first is two letters: whether clients are told apart, and whether chance alone assigns (`n`), or instances lack. */
function stateOf(traffic: ServiceTraffic, place: Place): string {
  const { limits, salt, stable, candidate, service } = traffic;
  const weight = candidate === null ? 0 : traffic.weight;
  const isSticky = traffic.isSticky && candidate !== null;
  const has = [stable, candidate].map((side) => side !== null && side.targets.length > 0);
  const armOf = (arm: 's' | 'c', side: Side | null, slot: Slot) =>
    `${place.regime}${arm}/v${side?.version ?? 0}/${backendOf({ service, slot })}`;
  return [
    `${isSticky ? 's' : '-'}${lackOf(traffic, has)}`,
    isSticky ? 0 : Math.round(weight * 100),
    armOf('s', stable, place.stable),
    armOf('c', candidate, place.candidate),
    Math.ceil((weight / 100) * DIGEST_RANGE),
    salt === '' ? '-' : salt,
    limits.deadlineMs * 1000,
    ...has.map(Number),
    limits.holdRequests,
    limits.holdMs,
    stable?.version ?? 0,
    candidate?.version ?? 0,
  ].join('|');
}

/** `w`: requests wait for the instance that is coming; `o`: an arm has no instance, so the other one serves, or none. */
function lackOf({ candidate, isComing }: ServiceTraffic, has: readonly boolean[]): 'w' | 'o' | 'n' {
  if (!has.includes(true)) return isComing ? 'w' : 'o';
  return has[0] && (has[1] || candidate === null) ? 'n' : 'o';
}

/** Longest prefix wins; the `/` at both ends keeps `/api` from matching `/apix`. */
export function routesOf({ services }: Table): ReadonlyMap<string, string> {
  return new Map(
    services.flatMap(({ service, routes }) =>
      routes.map(({ host, path }) => [`${host}${path.replace(/\/+$/, '')}/`, service] as const),
    ),
  );
}

export function mapText(map: ReadonlyMap<string, string>): string {
  return [...map].map(([key, value]) => `${key} ${value}\n`).join('');
}

export const HOLD = scriptOf(FILES.states);

const TEXTS: Readonly<Record<number, string>> = {
  400: 'This request is malformed.',
  408: 'The request did not arrive in time.',
  502: 'The instance could not be reached or broke off.',
  503: 'The instance could not be reached or broke off.',
  504: 'The instance did not answer in time.',
};

/** Without `isCounting` it routes the same and tells nothing: what counting costs is measured so. */
export function configOf(wanted: Wanted, isCounting = true): string {
  const { table, listening, servers } = wanted;
  return [
    GLOBAL.replace('ring events', `${tlsGlobal(table).trim()}\nring events`),
    ...Object.entries(TEXTS).map(
      ([status, text]) => `  http-error status ${status} content-type text/plain string "${text}\\n"`,
    ),
    ...(isCounting ? [COUNTING] : []),
    'frontend edge',
    ...listening.map((one) => `  bind ${addressIn(one)}`),
    ...['127.0.0.1', ...(table.internalHosts ?? [])].flatMap((host) =>
      table.services.map(({ service, internalPort: port }) => `  bind ${addressIn({ host, port })} name ${service}`),
    ),
    ...tlsBinds(wanted, addressIn),
    '  http-request set-var(txn.svc) so_name',
    ...behind(doorRules(wanted)),
    rulesOf({ ...needsOf(table), isCounting }),
    ...table.services.flatMap((traffic) =>
      SLOTS.flatMap((slot) =>
        backend(
          traffic,
          slot,
          servers.filter((one) => one.service === traffic.service && one.slot === slot),
        ),
      ),
    ),
    '',
  ].join('\n');
}

/** Other services, who ask from inside, are let past the door. */
function behind(rules: readonly string[]): readonly string[] {
  return rules.length === 0
    ? rules
    : ['  http-request set-var(txn.internal) str(1) if { var(txn.svc) -m found }', ...rules];
}

/** What any service needs of the rules: those that none needs would cost every request. */
function needsOf({ services, tls }: Table) {
  return {
    isSticky: services.some((one) => one.isSticky),
    hasHosts: services.some(({ routes }) => routes.some(({ host }) => host !== '*')),
    isSecure: tls !== undefined,
  };
}

function backend({ service, limits }: ServiceTraffic, slot: Slot, servers: readonly Server[]): string[] {
  return [
    `backend ${backendOf({ service, slot })}`,
    `  timeout server ${Math.max(1, limits.timeoutMs)}ms`,
    '  balance random(2)',
    '  http-request set-timeout server int(3600000) if { var(txn.mark) -m sub e }',
    ...servers.map((one) => `  server ${one.name} ${addressIn(one)}${one.isLeaving ? ' weight 0' : ''}`),
  ];
}

const GLOBAL = `global
  stats socket unix@${FILES.admin} mode 600 level admin expose-fd listeners
  stats timeout 1d
  stats maxconn 20
  lua-load ${FILES.hold}
  fd-hard-limit 25000
  hard-stop-after 1h
  mworker-max-reloads 20
defaults
  mode http
  timeout connect 3s
  timeout client 60s
  timeout server 60s
  timeout queue 3s
  timeout http-request 10s
  timeout http-keep-alive 75s
  timeout tunnel 1h
  timeout client-fin 5s
  retries 1
  option redispatch 1
  retry-on conn-failure empty-response
  http-reuse safe
  option forwardfor
  option idle-close-on-response`;
