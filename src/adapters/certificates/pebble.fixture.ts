// Pebble, the ACME test server of Let's Encrypt, on ports of its own, for tests.
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../../test/ports.ts';
import { CertificatePlace } from '../../certificates/fixture.ts';

export type Pebble = {
  /** URL of its directory. */
  readonly directory: string;
  /** PEM file that its own certificate is checked by. */
  readonly ca: string;
  /** Asks its management interface; the text of the answer. */
  readonly manage: (path: string) => Promise<string>;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
};

/** It asks for challenges at `httpPort` of this machine, whatever the name. */
export async function startPebble(httpPort: number): Promise<Pebble> {
  const files = new CertificatePlace();
  const [port, management, dns, dnsManagement] = await Promise.all(Array.from({ length: 4 }, freePort));
  const pair = await files.pair(['localhost', '127.0.0.1']);
  const path = (name: string) => join(files.dir, name);
  writeFileSync(path('ca.pem'), await files.ca());
  writeFileSync(path('own.pem'), pair.cert);
  writeFileSync(path('own.key'), pair.key);
  const config = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: path('own.pem'),
    privateKey: path('own.key'),
    httpPort,
    tlsPort: 1,
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
  };
  writeFileSync(path('pebble.json'), JSON.stringify({ pebble: config }));
  const env = { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0', PEBBLE_AUTHZREUSE: '0' };
  const names = spawn('pebble-challtestsrv', [
    ...['-dns01', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${dnsManagement}`, '-defaultIPv6', ''],
    ...['-http01', '', '-https01', '', '-tlsalpn01', ''],
  ]);
  const child = spawn('pebble', ['-config', path('pebble.json'), '-dnsserver', `127.0.0.1:${dns}`], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr, names.stdout, names.stderr])
    stream.on('data', (chunk) => (log += String(chunk)));
  const ca = await files.ca();
  const ask = (url: string) => textAt(url, ca);
  const directory = `https://localhost:${port}/dir`;
  for (let tries = 0; ; tries += 1) {
    const isThere = await ask(directory).then(
      () => true,
      () => false,
    );
    if (isThere) break;
    if (tries > 200 || child.exitCode !== null) throw new Error(`Pebble did not start: ${log}`);
    await wait(25);
  }
  return {
    directory,
    ca: path('ca.pem'),
    manage: (at) => ask(`https://127.0.0.1:${management}${at}`),
    log: () => log,
    stop: async () => {
      await Promise.all([ended(child), ended(names)]);
      files.remove();
    },
  };
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

function textAt(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ca, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
