// What HAProxy is given: its configuration, the hold of waiting requests, and the maps that change while it runs.
import type { Listen, ServiceTraffic, Side, Table } from '../../../../core/traffic.ts';
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

/** Table of the requests under way. */
export const OPEN_TABLE = 'open';

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
  const services = table.services.map((one) => `${one.service} ${one.internalPort}`).sort();
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

function stateOf(traffic: ServiceTraffic, place: Place): string {
  const { limits, salt } = traffic;
  const weight = traffic.candidate === null ? 0 : traffic.weight;
  return [
    place.regime,
    Math.ceil((weight / 100) * DIGEST_RANGE),
    Math.round(weight * 100),
    ...sideOf(traffic.stable),
    ...sideOf(traffic.candidate),
    traffic.isSticky ? 1 : 0,
    salt === '' ? '-' : salt,
    traffic.isComing ? 1 : 0,
    limits.holdMs,
    limits.holdRequests,
    Math.max(1, limits.timeoutMs),
    place.stable,
    place.candidate,
  ].join('|');
}

function sideOf(side: Side | null): number[] {
  return side === null ? [0, 0] : [side.version, side.targets.length];
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

/** Looks again this often whether an instance has come. */
const HOLD_LOOK_MS = 15;

/** Lets requests wait inside HAProxy. A waiting request whose client left is forgotten after a few looks. */
export const HOLD = `local states = Map.new("${FILES.states}", Map._str)
local waiting = {}
local function now() local t = core.now() return t.sec * 1000 + t.usec / 1000 end
local function others(service, at)
  local count = 0
  for key, seen in pairs(waiting[service]) do
    if at - seen > 1000 then waiting[service][key] = nil else count = count + 1 end
  end
  return count
end
core.register_action("hold", { "http-req" }, function(txn)
  local service = txn:get_var("txn.svc")
  local key = {}
  local began = now()
  waiting[service] = waiting[service] or {}
  local first = core.tokenize(txn:get_var("txn.state"), "|")
  if others(service, began) >= tonumber(first[12]) then return end
  while true do
    local at = now()
    waiting[service][key] = at
    local state = states:lookup(service)
    local part = state and core.tokenize(state, "|")
    if not part then break end
    if part[5] ~= "0" or part[7] ~= "0" then txn:set_var("txn.state", state) break end
    if part[10] ~= "1" or at - began >= tonumber(part[11]) then break end
    core.msleep(${HOLD_LOOK_MS})
  end
  waiting[service][key] = nil
end, 0)
`;

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
    'frontend edge',
    ...listening.map((one) => `  bind ${addressIn(one)}`),
    ...['127.0.0.1', ...(table.internalHosts ?? [])].flatMap((host) =>
      table.services.map(({ internalPort: port }) => `  bind ${addressIn({ host, port })}`),
    ),
    ...tlsBinds(wanted, addressIn),
    ...table.services.map(
      ({ service, internalPort }) => `  http-request set-var(txn.svc) str(${service}) if { dst_port ${internalPort} }`,
    ),
    '  http-request set-var(txn.internal) str(1) if { var(txn.svc) -m found }',
    ...doorRules(wanted),
    isCounting ? RULES : withoutCounts(RULES),
    ...table.services.flatMap(({ service }) =>
      SLOTS.flatMap((slot) =>
        backend(
          service,
          slot,
          servers.filter((one) => one.service === service && one.slot === slot),
        ),
      ),
    ),
    '',
  ].join('\n');
}

function withoutCounts(rules: string): string {
  return rules
    .split('\n')
    .filter((rule) => !/^ {2}(log|http-\S+ (track-sc|sc-set|set-var\(txn\.(id|key)\)))/.test(rule))
    .join('\n');
}

function backend(service: string, slot: Slot, servers: readonly Server[]): string[] {
  return [
    `backend ${backendOf({ service, slot })}`,
    '  balance random(2)',
    '  http-request set-timeout server var(txn.timeout)',
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
ring events
  format raw
  maxlen 2048
  size 8388608
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
  option idle-close-on-response
backend ${OPEN_TABLE}
  stick-table type string len 512 size 100k expire 500ms store gpt(3)`;

/** The way of a request: service, hold, arm, what is noted of it, the instance's answer. */
const RULES = `  log ring@events len 2048 format raw local0
  log-format "%[var(txn.us)] %[date(0,us)] %ST %tsc %rc %Tr %[var(txn.stream)] %s %[var(txn.key)]"
  http-request set-var(txn.path) path
  http-request set-var(txn.host) req.hdr(host),host_only,lower,regsub(\\.$,)
  http-request set-var(txn.svc) var(txn.host),concat(,txn.path,/),map_beg(${FILES.routes}) if !{ var(txn.internal) -m found }
  http-request set-var(txn.svc) str(*),concat(,txn.path,/),map_beg(${FILES.routes}) if !{ var(txn.svc) -m found }
  http-request return status 404 content-type text/plain string "No service answers under this address.\\n" if !{ var(txn.svc) -m found }
  http-request set-var(txn.state) var(txn.svc),map_str(${FILES.states})
  http-request return status 404 content-type text/plain string "No service answers under this address.\\n" if !{ var(txn.state) -m found }
  acl no_stable var(txn.state),field(5,|) -m int eq 0
  acl no_candidate var(txn.state),field(7,|) -m int eq 0
  acl is_coming var(txn.state),field(10,|) -m int eq 1
  http-request lua.hold if no_stable no_candidate is_coming
  http-request set-var(txn.t0) date(0,us)
  http-request set-var(txn.regime) var(txn.state),field(1,|)
  http-request set-var(txn.stable) var(txn.state),field(4,|)
  http-request set-var(txn.candidate) var(txn.state),field(6,|)
  http-request set-var(txn.salt) var(txn.state),field(9,|)
  http-request set-var(txn.timeout) var(txn.state),field(13,|),add(0)
  http-request set-var(txn.timeout) int(3600000) if { req.hdr(accept) -m sub text/event-stream }
  acl has_stable var(txn.stable) -m int gt 0
  acl has_candidate var(txn.candidate) -m int gt 0
  acl is_sticky var(txn.state),field(8,|) -m int eq 1
  acl has_client var(txn.client) -m found
  http-request set-var(txn.client) req.cook(friday_client) if is_sticky { req.cook(friday_client) -m reg ^[0-9a-f]{32}$ }
  http-request set-var(txn.newcomer) uuid(),regsub(-,,g) if is_sticky has_candidate !has_client
  http-request set-var(txn.client) var(txn.newcomer) if { var(txn.newcomer) -m found }
  http-request set-var(txn.draw) rand(10000) if !has_client
  http-request set-var(txn.share) var(txn.state),field(3,|),add(0) if !has_client
  http-request set-var(txn.draw) var(txn.client),concat(:,txn.salt),sha2(256),hex,bytes(0,12),hex2i if has_client
  http-request set-var(txn.share) var(txn.state),field(2,|),add(0) if has_client
  http-request set-var(txn.arm) str(s)
  http-request set-var(txn.arm) str(c) if has_candidate { var(txn.draw),sub(txn.share) -m int lt 0 }
  http-request set-var(txn.forced) req.hdr(x-friday-version),lower,regsub(^v,)
  acl wants_stable var(txn.forced) -m str stable
  acl wants_stable var(txn.forced),strcmp(txn.stable) -m int eq 0
  acl wants_candidate var(txn.forced) -m str candidate
  acl wants_candidate var(txn.forced),strcmp(txn.candidate) -m int eq 0
  acl is_outside var(txn.outside) -m str 1
  http-request set-var(txn.outside) str(0)
  http-request set-var(txn.outside) str(1) if has_stable wants_stable
  http-request set-var(txn.outside) str(1) if has_candidate wants_candidate
  http-request set-var(txn.arm) str(c) if has_candidate wants_candidate
  http-request set-var(txn.arm) str(s) if has_stable wants_stable
  acl is_candidate var(txn.arm) -m str c
  http-request set-var(txn.other) str(c) if !is_outside !is_candidate no_stable !no_candidate
  http-request set-var(txn.other) str(s) if !is_outside is_candidate no_candidate !no_stable
  acl has_moved var(txn.other) -m found
  http-request set-var(txn.outside) str(1) if has_moved
  http-request set-var(txn.arm) var(txn.other) if has_moved
  http-request set-var(txn.refused) str(0)
  http-request set-var(txn.refused) str(1) if !is_candidate no_stable
  http-request set-var(txn.refused) str(1) if is_candidate no_candidate
  acl is_refused var(txn.refused) -m str 1
  http-request set-var(txn.slot) var(txn.state),field(14,|)
  http-request set-var(txn.slot) var(txn.state),field(15,|) if is_candidate
  http-request set-var(txn.version) var(txn.stable)
  http-request set-var(txn.version) var(txn.candidate) if is_candidate
  http-request set-var(txn.upgrade) str(0)
  http-request set-var(txn.upgrade) str(1) if { req.hdr(upgrade) -m found } { req.hdr(connection) -m sub -i upgrade }
  http-request set-var(txn.uploading) str(0)
  http-request set-var(txn.length) req.hdr(content-length),add(0)
  http-request set-var(txn.uploading) str(1) if { req.body_len,sub(txn.length) -m int lt 0 }
  http-request set-var(txn.uploading) str(1) if { req.hdr(transfer-encoding) -m found }
  http-request set-var(txn.trace) req.hdr(traceparent),field(2,-) if { req.hdr(traceparent) -m reg ^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$ }
  acl has_trace var(txn.trace) -m found
  http-request set-var(txn.parent) uuid(),regsub(-,,g),bytes(0,16) if !has_trace
  http-request set-var(txn.trace) uuid(),regsub(-,,g) if !has_trace
  http-request set-header traceparent 00-%[var(txn.trace)]-%[var(txn.parent)]-01 if { var(txn.parent) -m found }
  http-request set-var(txn.method) method,bytes(0,20)
  http-request set-var(txn.short) path,bytes(0,200)
  http-request set-var(txn.id) uuid()
  http-request set-var(txn.key) var(txn.id),concat(|,txn.regime,|),concat(,txn.arm,|),concat(,txn.outside,|),concat(,txn.t0,|),concat(,txn.upgrade,|),concat(,txn.uploading,|),concat(,txn.refused,|),concat(,txn.client,|),concat(,txn.trace,|),concat(,txn.method,|),concat(,txn.short)
  http-request track-sc0 var(txn.key) table ${OPEN_TABLE}
  http-request return status 503 content-type text/plain string "No instance is ready. Try again in a second.\\n" hdr retry-after 1 if is_refused
  acl is_of_this_machine src 127.0.0.0/8 ::1
  http-request set-header x-forwarded-proto http if !is_of_this_machine or !{ req.hdr(x-forwarded-proto) -m found }
  http-request set-header x-forwarded-proto https if { ssl_fc }
  http-request set-header x-forwarded-host %[req.hdr(host)] if !is_of_this_machine or !{ req.hdr(x-forwarded-host) -m found }
  http-request set-header x-friday-version v%[var(txn.version)]
  http-request disable-l7-retry unless { method GET HEAD OPTIONS PUT DELETE TRACE }
  http-response set-var(txn.us) date(0,us),sub(txn.t0)
  http-response set-var(txn.stream) int(1) if { res.hdr(content-type) -m beg -i text/event-stream }
  http-response sc-set-gpt(0,0) status
  http-response sc-set-gpt(1,0) var(txn.us)
  http-response sc-set-gpt(2,0) int(1) if { var(txn.stream) -m found }
  http-response del-header keep-alive
  http-after-response del-header x-friday-version
  http-after-response set-header x-friday-version v%[var(txn.version)] if { var(txn.version) -m found } !{ var(txn.refused) -m str 1 }
  http-after-response add-header set-cookie "friday_client=%[var(txn.newcomer)]; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax" if { var(txn.newcomer) -m found }
  http-after-response set-status 502 if { status 503 } !{ var(txn.us) -m found } { var(txn.refused) -m str 0 }
  use_backend %[var(txn.svc),concat(:,txn.slot)]`;
