// What HAProxy does with each request, and what it counts of it. Every rule costs every request, so there are as few as can be.

/** Requests by what they have in common, each with how many there are, how many were answered in time, and how many lines tell of them. */
export const ASKED_TABLE = 'counts/asked';
/** Answers by what they have in common. */
export const ANSWERED_TABLE = 'counts/answered';

/** Looks again this often whether an instance has come. */
const HOLD_LOOK_MS = 15;

/**
 * For requests that chance alone does not assign: `hold` lets them wait until an instance is there, `choose` follows a forced
 * version, and gives the other arm what its own cannot serve. A waiting request whose client left is forgotten after a few looks.
 */
export const scriptOf = (states: string) => `local states = Map.new("${states}", Map._str)
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
  if others(service, began) >= tonumber(first[10]) then return end
  while true do
    local at = now()
    waiting[service][key] = at
    local state = states:lookup(service)
    if not state then break end
    if string.sub(state, 2, 2) ~= "w" then txn:set_var("txn.state", state) break end
    if at - began >= tonumber(core.tokenize(state, "|")[11]) then break end
    core.msleep(${HOLD_LOOK_MS})
  end
  waiting[service][key] = nil
end, 0)
core.register_action("choose", { "http-req" }, function(txn)
  local part = core.tokenize(txn:get_var("txn.state"), "|")
  local arms = { s = part[3], c = part[4] }
  local has = { s = part[8] == "1", c = part[9] == "1" }
  local version = { s = part[12], c = part[13] }
  local arm = string.match(txn:get_var("txn.arm"), "^%d+(%a)")
  local outside = false
  local forced = string.gsub(string.lower(txn.sf:req_hdr("x-friday-version")), "^v", "")
  if version.c ~= "0" and (forced == "candidate" or forced == version.c) then arm, outside = "c", true end
  if version.s ~= "0" and (forced == "stable" or forced == version.s) then arm, outside = "s", true end
  local other = arm == "s" and "c" or "s"
  if not outside and not has[arm] and has[other] then arm, outside = other, true end
  txn:set_var("txn.arm", arms[arm])
  local mark = (outside and "o" or "") .. (has[arm] and "" or "r")
  if mark ~= "" then txn:set_var("txn.mark", mark) end
end, 0)
`;

/** What the services need of the rules. */
export type Needs = {
  readonly isCounting: boolean;
  /** A service has clients that keep their version. */
  readonly isSticky: boolean;
  /** A route is for some hosts only. */
  readonly hasHosts: boolean;
  readonly isSecure: boolean;
};

const FAILED = 'status 404 content-type text/plain string "No service answers under this address.\\n"';
const BUSY =
  'status 503 content-type text/plain string "No instance is ready. Try again in a second.\\n" hdr retry-after 1';

const routing = ({ hasHosts }: Needs) => [
  'http-request set-var(txn.path) path',
  hasHosts &&
    'http-request set-var(txn.svc) req.hdr(host),host_only,lower,rtrim(.),concat(,txn.path,/),map_beg(routes.map) if !{ var(txn.svc) -m found }',
  'http-request set-var(txn.svc) str(*),concat(,txn.path,/),map_beg(routes.map) if !{ var(txn.svc) -m found }',
  'http-request set-var(txn.state) var(txn.svc),map_str(states.map)',
  `http-request return ${FAILED} if !{ var(txn.state) -m found }`,
  'http-request lua.hold if { var(txn.state),bytes(1,1) -m str w }',
  'http-request set-var(txn.t0) date(0,us)',
  'http-request set-var(txn.arm) var(txn.state),field(3,|)',
  'http-request set-var(req.share) var(txn.state),field(2,|),add(0)',
  'http-request set-var(txn.arm) var(txn.state),field(4,|) if { rand(10000),sub(req.share) -m int lt 0 }',
];

const STICKY = [
  'acl is_sticky var(txn.state) -m beg s',
  'acl has_client var(txn.client) -m found',
  'http-request set-var(txn.client) req.cook(friday_client) if is_sticky { req.cook(friday_client) -m reg ^[0-9a-f]{32}$ }',
  'http-request set-var(txn.newcomer) uuid(),regsub(-,,g) if is_sticky !has_client',
  'http-request set-var(txn.client) var(txn.newcomer) if is_sticky !has_client',
  'http-request set-var(req.salt) var(txn.state),field(6,|) if has_client',
  'http-request set-var(req.share) var(txn.state),field(5,|),add(0) if has_client',
  'http-request set-var(txn.arm) var(txn.state),field(4,|) if has_client { var(txn.client),concat(:,req.salt),sha2(256),hex,bytes(0,12),hex2i,sub(req.share) -m int lt 0 }',
];

/** A trace is the start and a number drawn, and a digest of both, which also names the parent. */
const CHOICE = [
  'http-request lua.choose if !{ var(txn.state),bytes(1,1) -m str n } or { req.hdr(x-friday-version) -m found }',
  'http-request set-var(txn.trace) req.hdr(traceparent),field(2,-) if { req.hdr(traceparent) -m reg ^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$ }',
  'acl has_trace var(txn.trace) -m found',
  'http-request set-var(txn.seed) rand(2147483647),mul(4294967296),add(txn.t0) if !has_trace',
  'http-request set-var(txn.half) var(txn.seed),xxh64,hex,lower if !has_trace',
  'http-request set-header traceparent 00-%[var(txn.seed),hex,lower]%[var(txn.half)]-%[var(txn.half)]-01 if !has_trace',
  'http-request set-var(txn.mark) str(e),concat(,txn.mark) if { req.hdr(accept) -m sub text/event-stream }',
];

/** `o` outside, `r` refused, `e` asks for events, `u` upgrades, `b` uploads. */
const notes = ({ isSticky }: Needs) => [
  'acl is_bodyless method GET HEAD',
  'http-request set-var(req.length) req.hdr(content-length),add(0) unless is_bodyless',
  'http-request set-var(txn.mark) str(b),concat(,txn.mark) if !is_bodyless { req.body_len,sub(req.length) -m int lt 0 }',
  'http-request set-var(txn.mark) str(b),concat(,txn.mark) if !is_bodyless { req.hdr(transfer-encoding) -m found }',
  'http-request set-var(txn.mark) str(u),concat(,txn.mark) if { req.hdr(upgrade) -m found } { req.hdr(connection) -m sub -i upgrade }',
  'http-request set-var(req.tick) date',
  `http-request set-var(txn.key) var(txn.arm),field(1,/),concat(|,req.tick,|),concat(,txn.mark,|)${isSticky ? ',concat(,txn.client,|)' : ',concat(|)'}`,
  'http-request set-var(txn.method) method',
  `http-request track-sc0 var(txn.key),concat(,txn.method,|),concat(,txn.path) table ${ASKED_TABLE}`,
  isSticky && 'http-request sc-set-gpt(0,0) var(txn.t0),mod(1000000000) if is_sticky { sc_conn_cnt(0) le 1 }',
];

const onward = ({ isSecure }: Needs) => [
  'acl is_refused var(txn.mark) -m sub r',
  `http-request return ${BUSY} if is_refused`,
  'acl is_of_this_machine src 127.0.0.0/8 ::1',
  'http-request set-header x-forwarded-proto http if !is_of_this_machine or !{ req.hdr(x-forwarded-proto) -m found }',
  isSecure && 'http-request set-header x-forwarded-proto https if { ssl_fc }',
  'http-request set-header x-forwarded-host %[req.hdr(host)] if !is_of_this_machine or !{ req.hdr(x-forwarded-host) -m found }',
  'http-request set-header x-friday-version %[var(txn.arm),field(2,/)]',
  'http-request disable-l7-retry unless { method GET HEAD OPTIONS PUT DELETE TRACE }',
  'http-response set-var(txn.us) date(0,us),sub(txn.t0)',
  'http-response set-header x-friday-version %[var(txn.arm),field(2,/)]',
  'http-response del-header keep-alive',
];

/** Times are told in steps of 10 µs below 10 ms, of 100 µs below 100 ms, of 1 ms above. `L` before the status: later than the deadline. */
const ANSWERS = [
  'acl is_slow var(txn.us) -m int ge 10000',
  'http-response set-var(res.code) status',
  'http-response set-var(res.step) var(txn.us),div(10)',
  'http-response set-var(res.step) var(txn.us),div(100),add(900) if is_slow',
  'http-response set-var(res.step) var(txn.us),div(1000),add(1800) if is_slow { var(txn.us) -m int ge 100000 }',
  'http-response set-var(res.late) str(L) if is_slow { var(txn.state),field(7,|),sub(txn.us) -m int lt 0 }',
  `http-response track-sc1 var(txn.key),concat(,res.late),concat(,res.code,|),concat(,res.step) table ${ANSWERED_TABLE}`,
  'http-response sc-inc-gpc(0,0)',
  'http-response sc-inc-gpc(2,0) if is_slow { var(res.late) -m found }',
];

const back = ({ isSticky }: Needs) => [
  'acl is_own var(txn.us) -m found',
  'http-after-response set-header x-friday-version %[var(txn.arm),field(2,/)] if { status ge 400 } !is_own { var(txn.arm) -m found } !is_refused',
  isSticky &&
    'http-after-response add-header set-cookie "friday_client=%[var(txn.newcomer)]; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax" if { var(txn.newcomer) -m found }',
  'http-after-response set-status 502 if { status 503 } !is_own !is_refused',
  'use_backend %[var(txn.arm),field(3,/)]',
];

/** Only what went wrong has a line: failed, cut, tried twice, left by its client. */
const LINES = [
  'option dontlog-normal',
  'log ring@events len 2048 format raw local0',
  'log-format "%[var(txn.us)] %[date(0,us)] %ST %tsc %rc %Tr %s %[var(txn.t0)] %[sc_inc_gpc(1,0)] %[var(txn.trace)]%[var(txn.seed),hex,lower]%[var(txn.half)] %[var(txn.key)]%[var(txn.method)]|%[var(txn.path),bytes(0,200)]"',
];

/** Without `isCounting` the same requests take the same ways, and nothing is told of them. */
export function rulesOf(needs: Needs): string {
  const { isCounting, isSticky } = needs;
  const all = [
    ...(isCounting ? LINES : []),
    ...routing(needs),
    ...(isSticky ? STICKY : []),
    ...CHOICE,
    ...(isCounting ? notes(needs) : []),
    ...onward(needs),
    ...(isCounting ? ANSWERS : []),
    ...back(needs),
  ];
  return all
    .filter((rule) => rule !== false)
    .map((rule) => `  ${rule}`)
    .join('\n');
}

/**
 * What keeps the counts until they are read: seconds that are over are read within a second. A worker that is ending empties
 * the tables of its backends, but not these, which belong to no proxy; there are no peers.
 */
export const COUNTING = `ring events
  format raw
  maxlen 2048
  size 8388608
peers counts
  disabled
  table asked type string len 320 size 100k expire 10s store conn_cnt,gpc(3),gpt(1)
  table answered type string len 96 size 200k expire 10s store conn_cnt`;
