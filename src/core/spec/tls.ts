// x-friday.tls of a project: which hosts get which certificates, and what is wrong with that.
import { isAddress, isLocalName, isPublicName } from '../host-names.ts';
import type { Listen } from '../traffic.ts';
import type { Checked } from './check.ts';
import type { topFridayShape } from './friday.ts';
import { resolvePath } from './path.ts';
import { errorAt, type Problem, warningAt } from './problem.ts';
import type { ServiceSpec, TlsSpec } from './project.ts';
import { isWellKnownDirectory, parseDirectory } from './route.ts';
import { keySpanAt, type Path, spanAt, type Tree } from './tree.ts';

type Written = NonNullable<Checked<typeof topFridayShape>['tls']>;

export type TlsAround = {
  readonly root: Tree;
  /** Files are seen from here. */
  readonly folder: string;
  readonly read: (path: string) => string | null;
  readonly services: readonly Pick<ServiceSpec, 'routes'>[];
  readonly listen: readonly Listen[];
  readonly problems: Problem[];
};

const AT: Path = ['x-friday', 'tls'];
const DEFAULT_LISTEN: readonly Listen[] = [{ host: '127.0.0.1', port: 8443 }];

/** Null when the file asks for no HTTPS. */
export function resolveTls(written: Written | undefined, around: TlsAround): TlsSpec | null {
  if (written === undefined) return null;
  const { acme: asked, self_signed, redirect, hsts } = written;
  const hosts = [...new Set(around.services.flatMap(({ routes }) => routes.map(({ host }) => host)))];
  const certificates = filesOf(written, around);
  const selfSigned = selfSignedHosts(self_signed, hosts);
  const acme =
    asked === undefined
      ? null
      : acmeOf(
          asked,
          hosts.filter((one) => !selfSigned.includes(one)),
          around,
        );
  if (written.certificates === undefined && selfSigned.length === 0 && asked === undefined) reportNone(around);
  const listen = listenOf(written.listen, around);
  return {
    listen,
    certificates,
    selfSigned,
    acme,
    redirectPort: redirect === true ? 0 : redirect === undefined || redirect === false ? null : redirect,
    hstsSeconds: hsts === undefined || hsts === false ? 0 : Math.round(hsts / 1000),
    minVersion: written.min_version ?? '1.2',
  };
}

function listenOf(written: Written['listen'], { root, listen: plain, problems }: TlsAround): Listen[] {
  if (written === undefined) return [...DEFAULT_LISTEN];
  const listen = Array.isArray(written) ? written : [written];
  for (const [index, { port }] of listen.entries()) {
    if (port === 0 || plain.every((other) => other.port !== port)) continue;
    const path = [...AT, 'listen', ...(Array.isArray(written) ? [index] : [])];
    const message = `plain HTTP has port ${port} already`;
    problems.push(errorAt(path, spanAt(root, path), message, 'give HTTPS a port that x-friday.listen does not have'));
  }
  return listen;
}

/** With `true` all names of routes, and this machine's own. Left out, the routes that only this machine knows. */
function selfSignedHosts(written: Written['self_signed'], hosts: readonly string[]): string[] {
  if (written === false) return [];
  const names = hosts.filter((host) => host !== '*');
  if (written === true) return [...new Set([...names, 'localhost'])];
  return written === undefined ? names.filter(isLocalName) : [...new Set(written)];
}

function reportNone({ root, problems }: TlsAround): void {
  const hint = 'write self_signed: true, certificates: [{ cert, key }] or acme: { email }';
  problems.push(errorAt(AT, keySpanAt(root, AT), 'no certificate comes from anywhere', hint));
}

function filesOf(written: Written, around: TlsAround): TlsSpec['certificates'] {
  return (written.certificates ?? []).map((one, index) => {
    const at = [...AT, 'certificates', index];
    const cert = resolvePath(around.folder, one.cert);
    const key = one.key === undefined ? cert : resolvePath(around.folder, one.key);
    const text = textIn(cert, [...at, 'cert'], around);
    if (text !== null && !text.includes('-----BEGIN CERTIFICATE-----')) {
      report(
        around,
        [...at, 'cert'],
        'there is no certificate in this file',
        'expected PEM: -----BEGIN CERTIFICATE-----',
      );
    }
    reportKey(key, one.key === undefined ? [...at, 'cert'] : [...at, 'key'], around);
    return { cert, key };
  });
}

function reportKey(file: string, path: Path, around: TlsAround): void {
  const text = textIn(file, path, around);
  if (text === null) return;
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    const hint =
      path.at(-1) === 'cert' ? 'name its file: key: ./certs/shop.key' : 'expected PEM: -----BEGIN PRIVATE KEY-----';
    report(around, path, 'there is no private key in this file', hint);
  } else if (/BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(text)) {
    report(
      around,
      path,
      'this key has a passphrase, which nobody can type',
      'take it off: openssl pkey -in OLD -out NEW',
    );
  }
}

function textIn(file: string, path: Path, around: TlsAround): string | null {
  const text = around.read(file);
  if (text === null) report(around, path, `${file} cannot be read`, 'paths are seen from the folder of the first file');
  return text;
}

function report({ root, problems }: TlsAround, path: Path, message: string, hint: string | null): void {
  problems.push(errorAt(path, spanAt(root, path), message, hint));
}

function acmeOf(written: NonNullable<Written['acme']>, routes: readonly string[], around: TlsAround): TlsSpec['acme'] {
  const at = [...AT, 'acme'];
  const directory = written.directory ?? parseDirectory('letsencrypt') ?? '';
  const isWellKnown = isWellKnownDirectory(directory);
  const isPossible = isWellKnown ? isPublicName : (host: string) => host !== '*' && !isAddress(host);
  for (const [index, host] of (written.hosts ?? []).entries()) {
    const hint = refusalOf(host, isWellKnown);
    if (hint !== null) report(around, [...at, 'hosts', index], `there is no certificate for ${host} this way`, hint);
  }
  const hosts = written.hosts ?? routes.filter(isPossible);
  if (hosts.length === 0) {
    report(
      around,
      at,
      'no route has a name that an authority can look up',
      'give a service a route like shop.example.com, or write hosts',
    );
  }
  if (isWellKnown && around.listen.every(({ port }) => port !== 80)) {
    const message = `the authority asks on port 80, which x-friday.listen does not have`;
    const hint = 'listen: 0.0.0.0:80, unless something passes port 80 on to it';
    around.problems.push(warningAt(at, keySpanAt(around.root, at), message, hint));
  }
  const ca = written.ca === undefined ? null : resolvePath(around.folder, written.ca);
  if (ca !== null) textIn(ca, [...at, 'ca'], around);
  return { email: written.email ?? null, hosts: [...new Set(hosts)], directory, ca };
}

/** Why HTTP-01 cannot prove a name; null when it can. */
function refusalOf(host: string, isWellKnown: boolean): string | null {
  if (host.startsWith('*.')) return 'a wildcard cannot be proved over HTTP: name each host, or give certificates';
  if (isLocalName(host) && isWellKnown) return 'only this machine knows the name: put it under self_signed';
  return isWellKnown && !isPublicName(host) ? 'the authority cannot look this name up' : null;
}
