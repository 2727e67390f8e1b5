// Whether a value from outside is a table; the proxy refuses a wrong one whole.
import { Failure } from '../core/failure.ts';
import { BUCKETS, type Table } from '../core/traffic.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The value itself when it is a table. Failure: `invalid`, naming the first wrong place. */
export function checkTable(value: unknown): Table {
  const table = fieldsOf(value, 'table');
  numberIn(table, 'revision', 'table', 0, Number.MAX_SAFE_INTEGER);
  const taken = new Map<string, string>();
  checkListen(table, 'table', taken);
  if (table.tls !== undefined) checkTls(fieldsOf(table.tls, 'table.tls'), taken);
  if (table.challenges !== undefined) checkChallenges(table);
  const hosts = table.internalHosts === undefined ? [] : listIn(table, 'internalHosts', 'table');
  for (const [i, host] of hosts.entries()) {
    if (typeof host !== 'string' || host === '') wrong(`table.internalHosts[${i}]`, 'a text', host);
  }
  const names = new Map<string, string>();
  for (const [i, one] of listIn(table, 'services', 'table').entries()) {
    const at = `table.services[${i}]`;
    const service = fieldsOf(one, at);
    claim(names, checkService(service, at), at);
    for (const host of ['127.0.0.1', ...hosts]) claim(taken, `${host} ${service.internalPort}`, at);
  }
  return value as Table;
}

function checkListen(fields: Fields, of: string, taken: Map<string, string>): void {
  for (const [i, one] of listIn(fields, 'listen', of).entries()) {
    const at = `${of}.listen[${i}]`;
    const listen = fieldsOf(one, at);
    const host = textIn(listen, 'host', at);
    const port = numberIn(listen, 'port', at, 0, 65_535);
    if (port !== 0) claim(taken, `${host} ${port}`, at);
  }
}

const IS_ID = /^[0-9a-f]{8,64}$/;
const IS_HOST = /^(\*\.)?[a-z0-9._:-]+$/;
const IS_FILE = /^\/./;
/** base64url, and two of them joined by a point. Source: RFC 8555 sections 8.1 and 8.3. */
const IS_TOKEN = /^[A-Za-z0-9_-]{1,200}$/;
const IS_ANSWER = /^[A-Za-z0-9_.-]{1,400}$/;

function checkTls(tls: Fields, taken: Map<string, string>): void {
  const at = 'table.tls';
  checkListen(tls, at, taken);
  if (tls.redirectPort !== null) numberIn(tls, 'redirectPort', at, 0, 65_535);
  numberIn(tls, 'hstsSeconds', at, 0, Number.MAX_SAFE_INTEGER);
  if (tls.minVersion !== '1.2' && tls.minVersion !== '1.3') wrong(`${at}.minVersion`, '"1.2" or "1.3"', tls.minVersion);
  const certificates = listIn(tls, 'certificates', at);
  if (certificates.length === 0) wrong(`${at}.certificates`, 'at least one', certificates);
  const names = new Map<string, string>();
  for (const [i, one] of certificates.entries()) {
    const place = `${at}.certificates[${i}]`;
    const certificate = fieldsOf(one, place);
    claim(names, textIn(certificate, 'name', place), place);
    textLike(certificate, 'id', place, IS_ID);
    textLike(certificate, 'file', place, IS_FILE);
    for (const host of listIn(certificate, 'hosts', place)) {
      if (typeof host !== 'string' || !IS_HOST.test(host)) wrong(`${place}.hosts`, 'host names', host);
    }
  }
}

function checkChallenges(table: Fields): void {
  for (const [i, one] of listIn(table, 'challenges', 'table').entries()) {
    const at = `table.challenges[${i}]`;
    const challenge = fieldsOf(one, at);
    textLike(challenge, 'token', at, IS_TOKEN);
    textLike(challenge, 'answer', at, IS_ANSWER);
  }
}

function textLike(fields: Fields, name: string, at: string, form: RegExp): void {
  if (!form.test(textIn(fields, name, at))) wrong(`${at}.${name}`, `a text like ${form.source}`, fields[name]);
}

function checkService(service: Fields, at: string): string {
  for (const [i, one] of listIn(service, 'routes', at).entries()) {
    const route = fieldsOf(one, `${at}.routes[${i}]`);
    textIn(route, 'host', `${at}.routes[${i}]`);
    const path = textIn(route, 'path', `${at}.routes[${i}]`);
    if (!path.startsWith('/')) wrong(`${at}.routes[${i}].path`, 'a path that starts with "/"', path);
  }
  numberIn(service, 'internalPort', at, 1, 65_535);
  numberIn(service, 'epoch', at, 0, Number.MAX_SAFE_INTEGER);
  numberIn(service, 'weight', at, 0, 100);
  textIn(service, 'salt', at);
  for (const name of ['isSticky', 'isComing']) {
    if (typeof service[name] !== 'boolean') wrong(`${at}.${name}`, 'true or false', service[name]);
  }
  for (const name of ['stable', 'candidate']) if (service[name] !== null) checkSide(service[name], `${at}.${name}`);
  const limits = fieldsOf(service.limits, `${at}.limits`);
  for (const name of ['deadlineMs', 'timeoutMs', 'holdRequests', 'holdMs']) {
    numberIn(limits, name, `${at}.limits`, 0, Number.MAX_SAFE_INTEGER);
  }
  if (service.slow !== undefined) checkSlow(service.slow, `${at}.slow`);
  return textIn(service, 'service', at);
}

/** What is remembered of a client has room for so many limits. */
const SLOW_LIMITS = 16;

function checkSlow(value: unknown, at: string): void {
  const slow = fieldsOf(value, at);
  const { length } = listIn(slow, 'stable', at);
  if (length > SLOW_LIMITS) wrong(`${at}.stable`, `at most ${SLOW_LIMITS} limits`, slow.stable);
  for (const arm of ['stable', 'candidate']) {
    const limits = listIn(slow, arm, at);
    if (limits.length !== length) wrong(`${at}.${arm}`, `${length} limits as in stable`, limits);
    for (const [i, limit] of limits.entries()) {
      if (Number.isInteger(limit) && Number(limit) >= 0 && Number(limit) <= BUCKETS) continue;
      wrong(`${at}.${arm}[${i}]`, `a whole number from 0 to ${BUCKETS}`, limit);
    }
  }
}

function checkSide(value: unknown, at: string): void {
  const side = fieldsOf(value, at);
  numberIn(side, 'version', at, 0, Number.MAX_SAFE_INTEGER);
  for (const [i, one] of listIn(side, 'targets', at).entries()) {
    const place = `${at}.targets[${i}]`;
    const target = fieldsOf(one, place);
    textIn(target, 'id', place);
    textIn(target, 'host', place);
    numberIn(target, 'port', place, 1, 65_535);
  }
}

function claim(taken: Map<string, string>, name: string, at: string): void {
  const other = taken.get(name);
  if (other !== undefined) throw new Failure('invalid', `${at} and ${other} both want "${name}".`);
  taken.set(name, at);
}

function fieldsOf(value: unknown, at: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong(at, 'an object', value);
  return value as Fields;
}

function listIn(fields: Fields, name: string, at: string): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) wrong(`${at}.${name}`, 'a list', value);
  return value as readonly unknown[];
}

function textIn(fields: Fields, name: string, at: string): string {
  const value = fields[name];
  if (typeof value !== 'string') wrong(`${at}.${name}`, 'a text', value);
  return value as string;
}

function numberIn(fields: Fields, name: string, at: string, least: number, most: number): number {
  const value = fields[name];
  if (typeof value !== 'number' || !(value >= least && value <= most)) {
    wrong(`${at}.${name}`, `a number from ${least} to ${most}`, value);
  }
  return value as number;
}

function wrong(at: string, expected: string, value: unknown): never {
  const got = JSON.stringify(value) ?? 'nothing';
  throw new Failure('invalid', `${at} is wrong: expected ${expected}, got ${got.slice(0, 80)}.`);
}
