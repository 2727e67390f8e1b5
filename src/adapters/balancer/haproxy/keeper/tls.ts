// HTTPS as HAProxy is told of it: where it listens, its certificates, redirects, and what an authority asks for.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, sentenceOf } from '../../../../core/failure.ts';
import { isAddress } from '../../../../core/host-names.ts';
import { CHALLENGE_PATH, type Listen, type Table, type TableCertificate } from '../../../../core/traffic.ts';

export type Secured = {
  readonly table: Table;
  /** The addresses of HTTPS with the ports that were given. */
  readonly listeningTls?: readonly Listen[];
};

export const TLS_FILES = { list: 'certificates.list', folder: 'certificates', challenges: 'challenges.map' } as const;

/** Source: Mozilla Server Side TLS 5.7, intermediate, without what needs a DH parameter. WebSockets come over HTTP/1.1, as with the embedded proxy. */
const GLOBAL = `  ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
  ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256
  h2-workaround-bogus-websocket-clients
`;

/** What belongs into the global section; empty without HTTPS, so that an HAProxy without TLS is enough then. */
export function tlsGlobal({ tls }: Table): string {
  return tls === undefined ? '' : GLOBAL;
}

/** What a reload is needed for; the content of a certificate is not. */
export function tlsShape({ table: { tls, challenges }, listeningTls }: Secured): unknown {
  if (tls === undefined) return [challenges !== undefined];
  const { redirectPort, hstsSeconds, minVersion, certificates } = tls;
  const names = certificates.map(({ name, hosts }) => [name, hosts]);
  return [listeningTls, redirectPort, hstsSeconds, minVersion, names, challenges !== undefined];
}

export function tlsBinds({ table: { tls }, listeningTls = [] }: Secured, addressIn: (one: Listen) => string): string[] {
  if (tls === undefined) return [];
  const how = `ssl crt-list ${TLS_FILES.list} alpn h2,http/1.1 ssl-min-ver TLSv${tls.minVersion}`;
  return listeningTls.map((one) => `  bind ${addressIn(one)} ${how}`);
}

/** The rules that come before a service is looked for. */
export function doorRules({ table: { tls, challenges }, listeningTls = [] }: Secured): string[] {
  const rules: string[] = [];
  if (challenges !== undefined) {
    rules.push(
      `  http-request set-var(txn.challenge) path,map_str(${TLS_FILES.challenges}) if !{ var(txn.internal) -m found } { path_beg ${CHALLENGE_PATH} }`,
      '  http-request return status 200 content-type application/octet-stream lf-string "%[var(txn.challenge)]" if { var(txn.challenge) -m found }',
    );
  }
  if (tls === undefined) return rules;
  if (tls.redirectPort !== null) {
    const port = tls.redirectPort || (listeningTls[0]?.port ?? 443);
    const to = `https://%[req.hdr(host),host_only]${port === 443 ? '' : `:${port}`}`;
    rules.push(
      '  acl is_secure ssl_fc',
      '  acl is_inside var(txn.internal) -m found',
      `  acl is_challenge path_beg ${CHALLENGE_PATH}`,
      '  acl is_encrypted_in_front src 127.0.0.0/8 ::1',
      '  acl says_https req.hdr(x-forwarded-proto) -m str https',
      '  acl has_host req.hdr(host) -m len gt 0',
      '  http-request set-var(txn.redirect) str(1) if !is_secure !is_inside !is_challenge !is_encrypted_in_front',
      '  http-request set-var(txn.redirect) str(1) if !is_secure !is_inside !is_challenge !says_https',
      '  http-request return status 400 content-type text/plain string "The Host header is missing.\\n" if { var(txn.redirect) -m found } !has_host',
      `  http-request redirect prefix ${to} code 308 if { var(txn.redirect) -m found }`,
    );
  }
  if (tls.hstsSeconds > 0) {
    const header = 'strict-transport-security';
    rules.push(
      `  http-after-response set-header ${header} "max-age=${tls.hstsSeconds}" if { ssl_fc } !{ res.hdr(${header}) -m found }`,
    );
  }
  return rules;
}

export function challengesOf({ challenges = [] }: Table): ReadonlyMap<string, string> {
  return new Map(challenges.map(({ token, answer }) => [`${CHALLENGE_PATH}${token}`, answer]));
}

/** The name of a certificate in HAProxy: a file that stays where it is when the certificate is renewed. */
export function fileOf({ name }: Pick<TableCertificate, 'name'>): string {
  return `${TLS_FILES.folder}/${createHash('sha256').update(name).digest('hex').slice(0, 32)}.pem`;
}

/** The first line is for names that no other has. */
export function certificateList({ tls }: Table): string {
  const lines = tls?.certificates.map((one) => {
    const names = one.hosts.filter((host) => !isAddress(host));
    return `${[fileOf(one), ...names].join(' ')}\n`;
  });
  return lines?.join('') ?? '';
}

/** Key, certificate and chain. Failure: `invalid`, naming the file. */
export function pemOf({ name, file }: TableCertificate): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Failure('invalid', `The certificate ${name} in ${file} cannot be used: ${sentenceOf(error)}.`);
  }
}

/** Writes the list and the certificates into `dir`, for their owner only; what is not asked for any more goes. */
export function writeCertificates(dir: string, table: Table): void {
  const folder = join(dir, TLS_FILES.folder);
  const certificates = table.tls?.certificates ?? [];
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const wanted = new Set(certificates.map(fileOf));
  for (const one of certificates) writeCertificate(join(dir, fileOf(one)), one);
  writeFileSync(join(dir, TLS_FILES.list), certificateList(table), { mode: 0o600 });
  for (const name of readdirSync(folder)) {
    if (!wanted.has(`${TLS_FILES.folder}/${name}`)) rmSync(join(folder, name), { force: true });
  }
}

/** A copy that is there already stands in for a source that has gone. */
function writeCertificate(path: string, certificate: TableCertificate): void {
  try {
    writeFileSync(path, `${pemOf(certificate)}\n`, { mode: 0o600 });
  } catch (error) {
    try {
      readFileSync(path);
    } catch {
      throw error;
    }
  }
}

/** Those that are the same but for their content: they can be changed without a reload. */
export function renewedIn(before: Table, after: Table): readonly TableCertificate[] {
  const old = new Map(before.tls?.certificates.map(({ name, id }) => [name, id]));
  return after.tls?.certificates.filter(({ name, id }) => old.has(name) && old.get(name) !== id) ?? [];
}

/** False when HAProxy did not take it: then only a reload helps. */
export async function renewAtRunTime(
  ask: (command: string) => Promise<string>,
  certificate: TableCertificate,
): Promise<boolean> {
  const name = fileOf(certificate);
  const set = await ask(`set ssl cert ${name} <<\n${pemOf(certificate)}\n`);
  if (!/Transaction (created|updated) for certificate/i.test(set)) return false;
  const said = await ask(`commit ssl cert ${name}`);
  if (/Success!/.test(said)) return true;
  await ask(`abort ssl cert ${name}`);
  return false;
}
