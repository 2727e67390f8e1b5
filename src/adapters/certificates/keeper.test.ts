// Certificates from files and of this machine: taken, renewed and kept safe.
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CertificatePlace } from '../../certificates/fixture.ts';
import type { TlsSpec } from '../../core/spec/project.ts';
import type { Certificates } from '../../ports/certificates.ts';
import { certificateKeeper } from './keeper.ts';
import { pauseAfter } from './orders.ts';

const DAY_MS = 86_400_000;
const made = new CertificatePlace();
const NOTHING: ReadonlySet<string> = new Set();
let root: string;
let now: number;
let keeper: Certificates;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'friday-keeper-'));
  now = Date.now();
  keeper = open();
});
afterEach(() => {
  keeper.close();
  rmSync(root, { recursive: true });
});
afterAll(() => made.remove());

const open = () => {
  const stateDir = join(root, 'state', 'shop');
  mkdirSync(stateDir, { recursive: true });
  return certificateKeeper({ dir: join(stateDir, 'certificates'), stateDir, now: () => now });
};
const specOf = (over: Partial<TlsSpec>): TlsSpec => ({
  listen: [{ host: '127.0.0.1', port: 0 }],
  certificates: [],
  selfSigned: [],
  acme: null,
  redirectPort: null,
  hstsSeconds: 0,
  minVersion: '1.2',
  ...over,
});
const [cert, key] = ['shop.pem', 'shop.key'];
const put = async (hosts: readonly string[], at = Date.now()) => {
  const pair = await made.pair(hosts, at);
  writeFileSync(join(root, cert), pair.cert);
  writeFileSync(join(root, key), pair.key);
};
const fromFiles = () => specOf({ certificates: [{ cert: join(root, cert), key: join(root, key) }] });

describe('a certificate from files', () => {
  it('is given with a file that only its owner may read', async () => {
    await put(['shop.example.com']);
    const { certificates } = await keeper.look(fromFiles(), NOTHING);
    expect(certificates).toMatchObject([
      { name: join(root, cert), source: 'file', hosts: ['shop.example.com'], problem: null },
    ]);
    const file = certificates[0]?.current?.file ?? '';
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700);
    expect(readFileSync(file, 'utf8')).toContain('PRIVATE KEY');
  });

  it('is taken again when the files have changed, also behind links; half a change changes nothing', async () => {
    await put(['shop.example.com']);
    for (const name of [cert, key]) symlinkSync(join(root, name), join(root, `link-${name}`));
    const spec = specOf({ certificates: [{ cert: join(root, `link-${cert}`), key: join(root, `link-${key}`) }] });
    const [first] = (await keeper.look(spec, NOTHING)).certificates;
    const next = await made.pair(['shop.example.com', 'www.example.com']);
    writeFileSync(join(root, cert), next.cert);
    const [half] = (await keeper.look(spec, NOTHING)).certificates;
    expect(half?.current?.id).toBe(first?.current?.id);
    expect(half?.problem).toContain('The one before stays in use.');
    writeFileSync(join(root, key), next.key);
    const [whole] = (await keeper.look(spec, NOTHING)).certificates;
    expect(whole).toMatchObject({ hosts: ['shop.example.com', 'www.example.com'], problem: null });
    expect(whole?.current?.id).not.toBe(first?.current?.id);
  });

  it('stays in use when its files have gone, also for the next control plane', async () => {
    await put(['shop.example.com']);
    const [first] = (await keeper.look(fromFiles(), NOTHING)).certificates;
    rmSync(join(root, key));
    keeper = open();
    const [again] = (await keeper.look(fromFiles(), NOTHING)).certificates;
    expect(again?.current).toEqual(first?.current);
    expect(again?.problem).toContain('cannot be read');
  });

  it('that was never there gives way to a temporary one', async () => {
    const { certificates } = await keeper.look(fromFiles(), NOTHING);
    expect(certificates.map(({ source, current }) => [source, current === null])).toEqual([
      ['file', true],
      ['temporary', false],
    ]);
  });

  it('is refused beforehand when it has ended, or has a key with a passphrase', async () => {
    await put(['shop.example.com'], Date.now() - 400 * DAY_MS);
    await expect(keeper.check(fromFiles())).rejects.toThrow('has ended on');
    await put(['shop.example.com']);
    await keeper.check(fromFiles());
    const locked = execFileSync('openssl', ['pkey', '-aes256', '-passout', 'pass:x', '-in', join(root, key)]);
    writeFileSync(join(root, key), locked);
    await expect(keeper.check(fromFiles())).rejects.toThrow('has a passphrase');
  });
});

describe('a self-signed certificate', () => {
  const spec = specOf({ selfSigned: ['shop.localhost'] });

  it('is for its names and this machine, and stays the same until a third of its life is left', async () => {
    const [first] = (await keeper.look(spec, NOTHING)).certificates;
    expect(first).toMatchObject({ source: 'self-signed', problem: null });
    expect(first?.hosts).toEqual(['shop.localhost', 'localhost', '*.localhost', '127.0.0.1', '::1']);
    keeper = open();
    expect((await keeper.look(spec, NOTHING)).certificates[0]).toEqual(first);
    now += 61 * DAY_MS;
    const [renewed] = (await keeper.look(spec, NOTHING)).certificates;
    expect(renewed?.current?.id).not.toBe(first?.current?.id);
  });

  it('is made again for other names', async () => {
    const [first] = (await keeper.look(spec, NOTHING)).certificates;
    const [other] = (await keeper.look(specOf({ selfSigned: ['api.localhost'] }), NOTHING)).certificates;
    expect(other?.hosts).toContain('api.localhost');
    expect(other?.current?.id).not.toBe(first?.current?.id);
  });

  it('leaves no file behind for longer than a day', async () => {
    await keeper.look(spec, NOTHING);
    await keeper.look(specOf({ selfSigned: ['api.localhost'] }), NOTHING);
    const live = join(root, 'state', 'shop', 'certificates', 'live');
    expect(readdirSync(live)).toHaveLength(2);
    now += 2 * DAY_MS;
    await keeper.look(specOf({ selfSigned: ['api.localhost'] }), NOTHING);
    expect(readdirSync(live)).toHaveLength(1);
  });
});

describe('tries at an authority', () => {
  it('are at most five in an hour, and one a day in the end', () => {
    let [at, tries] = [0, 1];
    for (let failures = 1; at + pauseAfter(failures) < 3_600_000; failures += 1) {
      at += pauseAfter(failures);
      tries += 1;
    }
    expect(tries).toBeLessThanOrEqual(5);
    expect(pauseAfter(100)).toBe(DAY_MS);
  });
});
