// HTTPS of a real project: certificates from files that are renewed under traffic, over a killed control plane, shown to people.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CertificatePlace } from '../src/certificates/fixture.ts';
import { send, until } from '../src/proxy/fixture.ts';
import { handshake, openH2, sendH2, sendSecure } from '../src/proxy/tls/fixture.ts';
import { freePort } from './ports.ts';

const main = resolve(import.meta.dirname, '../src/cli/main.ts');
const dir = mkdtempSync(join(tmpdir(), 'friday-https-'));
const state = join(dir, 'state');
const env = { ...process.env, FRIDAY_STATE_DIR: state, FRIDAY_BY: 'ana', CI: '', FORCE_COLOR: '' };
const files = new CertificatePlace();
const HOST = 'shop.example.com';

function friday(...argv: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [main, ...argv], { cwd: dir, env }, (error, out, err) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

let ca: string;
let plain: number;
let secure: number;

async function putCertificate(hosts: readonly string[]): Promise<void> {
  const { cert, key } = await files.pair(hosts);
  writeFileSync(join(dir, 'certs', 'shop.key'), key, { mode: 0o600 });
  writeFileSync(join(dir, 'certs', 'shop.pem'), cert);
}

async function fingerprint(): Promise<string> {
  const socket = await handshake(secure, { servername: HOST });
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

beforeAll(async () => {
  [plain, secure] = [await freePort(), await freePort()];
  for (const name of ['web', 'certs']) mkdirSync(join(dir, name));
  const code = `import { createServer } from 'node:http';
createServer((incoming, answer) => answer.end(incoming.headers['x-forwarded-proto'])).listen(process.env.PORT, '127.0.0.1');\n`;
  writeFileSync(join(dir, 'web', 'server.mjs'), code);
  ca = await files.ca();
  const tls = `{ listen: ${secure}, redirect: true, certificates: [{ cert: ./certs/shop.pem, key: ./certs/shop.key }] }`;
  writeFileSync(
    join(dir, 'compose.yaml'),
    `name: shop
services:
  web: { build: ./web, command: node server.mjs, x-friday: { port: 3000, route: ${HOST}, ready: / } }
x-friday: { listen: ${plain}, tls: ${tls} }\n`,
  );
});

afterAll(async () => {
  await friday('down', '-y');
  files.remove();
  rmSync(dir, { recursive: true, force: true });
});

describe('HTTPS of a project', () => {
  it('is refused with a key of another certificate before anything starts', async () => {
    await putCertificate([HOST]);
    writeFileSync(join(dir, 'certs', 'shop.key'), (await files.pair([HOST])).key);
    const { code, err } = await friday('up');
    expect(code).not.toBe(0);
    expect(err).toMatch(/key in .*shop\.key is not that of the certificate in .*shop\.pem/i);
    expect((await friday('status')).out).toContain('Nothing runs yet.');
  });

  it('serves both versions of HTTP after one command, and sends plain requests on', async () => {
    await putCertificate([HOST]);
    const { code, out, err } = await friday('up');
    expect([code, err.includes('error')], out + err).toEqual([0, false]);
    await until(() =>
      fingerprint().then(
        () => true,
        () => false,
      ),
    );
    expect(await sendSecure(secure, ca, '/', { host: HOST })).toMatchObject({ status: 200, body: 'https' });
    const session = openH2(secure, ca, HOST);
    expect(await sendH2(session, '/', { host: HOST })).toMatchObject({ status: 200, body: 'https' });
    session.destroy();
    const { status, headers } = await send(plain, '/a?b', { headers: { host: HOST } });
    expect([status, headers.location]).toEqual([308, `https://${HOST}:${secure}/a?b`]);
  });

  it('takes a renewed file by itself, also when the control plane was killed in between', async () => {
    const first = await fingerprint();
    await putCertificate([HOST, `www.${HOST}`]);
    await until(async () => (await fingerprint()) !== first);
    const second = await fingerprint();
    const { pid } = JSON.parse(readFileSync(join(state, 'shop', 'daemon.json'), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
    await putCertificate([HOST]);
    expect(await fingerprint()).toBe(second);
    expect((await friday('up')).code).toBe(0);
    await until(async () => (await fingerprint()) !== second);
  });

  it('is shown: names, source and end, in the journal too, and never a key', async () => {
    const { code, out } = await friday('cert', 'ls', '--json');
    const { certificates } = JSON.parse(out.split('\n')[0] ?? '') as { certificates: Record<string, unknown>[] };
    expect(code).toBe(0);
    expect(certificates).toMatchObject([{ source: 'file', hosts: [HOST], problem: null, renewAt: null }]);
    const history = (await friday('history', '--json')).out;
    expect(history).toContain('was renewed: for shop.example.com');
    const secret = readFileSync(join(dir, 'certs', 'shop.key'), 'utf8').split('\n')[1] ?? 'none';
    const written = readdirSync(join(state, 'shop'), { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => join(one.parentPath, one.name))
      .filter((file) => readFileSync(file).includes(secret));
    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(/certificates\/live\/[0-9a-f]+\.pem$/);
    expect(statSync(written[0] ?? '').mode & 0o777).toBe(0o600);
    expect(out + history).not.toContain(secret);
  });
});

describe('friday cert self-signed', () => {
  it('writes a pair that the compose file can name, signed by the authority of this user', async () => {
    const { code, out } = await friday('cert', 'self-signed', 'api.localhost', '--dir', 'local', '--json');
    expect(code).toBe(0);
    const made = JSON.parse(out.split('\n')[0] ?? '') as { cert: string; key: string; authority: string };
    expect(statSync(made.key).mode & 0o777).toBe(0o600);
    expect(statSync(made.authority.replace(/pem$/, 'key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(made.cert, 'utf8')).toContain(readFileSync(made.authority, 'utf8').trim());
    const again = await friday('cert', 'self-signed', 'api.localhost', '--dir', 'local');
    expect([again.code === 0, again.err.includes('--force')]).toEqual([false, true]);
  });
});
