// friday cert: the certificates of HTTPS, and new ones for local use.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import type { CertificateView } from '../../api/certificate-views.ts';
import type { ExitCode } from '../../api/tables.ts';
import { authorityFolder, localAuthority } from '../../certificates/authority.ts';
import { LEAF_DAYS, makeCertificate } from '../../certificates/make.ts';
import { Failure } from '../../core/failure.ts';
import { parseHost } from '../../core/spec/route.ts';
import { placeOf } from '../../server/paths.ts';
import type { Call } from '../call.ts';
import { ownPlace } from '../connect.ts';
import { type Column, table } from '../output/columns.ts';
import { dayOf } from '../output/moments.ts';
import { paintOf } from '../output/paint.ts';
import { cleaned, wrap } from '../output/text.ts';

export type CertOptions = { readonly dir?: string | undefined; readonly force?: true | undefined };
type Act = 'ls' | 'self-signed';

const LOCAL = ['localhost', '*.localhost', '127.0.0.1', '::1'];
const NONE = '–';

export async function cert(call: Call, act: Act, hosts: readonly string[], options: CertOptions): Promise<ExitCode> {
  return act === 'ls' ? list(call) : selfSigned(call, hosts, options);
}

async function list(call: Call): Promise<ExitCode> {
  const { terminal } = call;
  const certificates = await (await call.connect()).certificates();
  const paint = paintOf(terminal.hasColour);
  const lines = certificates.length === 0 ? ['No HTTPS is asked for: x-friday.tls in compose.yaml'] : [];
  const columns: Column[] = ['NAME', 'SOURCE', 'FOR', 'ENDS', 'RENEWS'].map((title) => ({ title, align: 'left' }));
  const rows = certificates.map((one) => [
    { text: cleaned(one.name) },
    { text: one.source },
    { text: hostsOf(one) },
    { text: dateOf(one.notAfter), paint: one.problem === null ? undefined : paint.warn },
    { text: dateOf(one.renewAt) },
  ]);
  if (rows.length > 0) lines.push(...table(columns, rows, terminal.width - 4));
  for (const { problem } of certificates) {
    if (problem !== null) lines.push('', ...wrap(cleaned(problem), terminal.width - 6).map((line) => paint.warn(line)));
  }
  if (certificates.some(({ source }) => source === 'self-signed') && call.flags.host === null) {
    lines.push('', `Signed by ${authorityFile(call)}`);
  }
  terminal.answer(['', ...lines.map((line) => (line === '' ? '' : `  ${line}`)), '']);
  terminal.json({ certificates });
  return certificates.some(({ problem }) => problem !== null) ? 1 : 0;
}

function hostsOf({ hosts }: CertificateView): string {
  const more = hosts.length - 2;
  return hosts.slice(0, 2).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function dateOf(at: number | null): string {
  return at === null ? NONE : dayOf(at);
}

/** Also outside of any project: the authority is that of the user. */
function authorityOf(call: Call): string {
  try {
    return authorityFolder(ownPlace(call).place.stateDir);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'not-found') throw error;
    const uid = process.getuid?.() ?? 0;
    const environment = { HOME: homedir(), ...call.env };
    return authorityFolder(placeOf({ project: 'any', environment, uid }).stateDir);
  }
}

function authorityFile(call: Call): string {
  return join(authorityOf(call), 'authority.pem');
}

async function selfSigned(call: Call, given: readonly string[], { dir, force }: CertOptions): Promise<ExitCode> {
  const { terminal, cwd, clock } = call;
  const hosts = [...new Set([...given.map(requireHost), ...LOCAL])];
  const folder = resolve(cwd, dir ?? 'certs');
  const name = (given[0] ?? 'localhost').toLowerCase().replace('*', '_');
  const [certFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  if (existsSync(keyFile) && !force) {
    throw new Failure('conflict', `${keyFile} is there already.`, { hint: 'Write over it with --force.' });
  }
  const authority = await localAuthority(authorityOf(call), clock.now());
  const made = await makeCertificate(authority, hosts, clock.now());
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(keyFile, made.key, { mode: 0o600 });
  writeFileSync(certFile, made.cert, { mode: 0o644 });
  const shown = (file: string) => `./${relative(cwd, file)}`;
  const mark = paintOf(terminal.hasColour).good('✓');
  terminal.answer([
    '',
    `  ${mark} ${shown(certFile)} and ${shown(keyFile)}`,
    `    for ${hosts.join(', ')}; good for ${LEAF_DAYS} days`,
    '',
    '  In compose.yaml:',
    '    x-friday:',
    `      tls: { listen: 8443, certificates: [{ cert: ${shown(certFile)}, key: ${shown(keyFile)} }] }`,
    '',
    '  To have programs of this machine believe it, once:',
    `    sudo cp ${authority.file} /usr/local/share/ca-certificates/friday.crt && sudo update-ca-certificates`,
    `    curl --cacert ${authority.file} https://${hosts[0]}:8443/`,
    '  Keep certs/ out of your repository.',
    '',
  ]);
  terminal.json({ cert: certFile, key: keyFile, hosts, authority: authority.file });
  return 0;
}

function requireHost(text: string): string {
  const host = parseHost(text);
  if (host !== null || text === '::1') return host ?? text;
  throw new Failure('invalid', `"${text.slice(0, 100)}" is no host name.`, {
    hint: 'friday cert self-signed shop.localhost',
  });
}
