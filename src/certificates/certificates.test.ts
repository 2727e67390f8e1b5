// Certificates are made, read and checked as OpenSSL and browsers do it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { coversHost, isPublicName } from '../core/host-names.ts';
import { authorityFolder, localAuthority } from './authority.ts';
import { readBundle } from './bundle.ts';
import { LEAF_DAYS, makeAuthority, makeCertificate } from './make.ts';

const DAY_MS = 86_400_000;
const now = Date.now();
const authority = await makeAuthority('test', now);
const made = await makeCertificate(authority, ['shop.localhost', '*.shop.localhost', '127.0.0.1', '::1'], now);

describe('a certificate of the local authority', () => {
  it('is for its names and addresses, from a bit earlier on for 90 days', () => {
    const bundle = readBundle(made.cert, made.key, 'a.pem', 'a.key');
    expect(bundle.hosts).toEqual(['shop.localhost', '*.shop.localhost', '127.0.0.1', '0:0:0:0:0:0:0:1']);
    expect(bundle.notBefore).toBeLessThan(now);
    expect(Math.abs(bundle.notAfter - now - LEAF_DAYS * DAY_MS)).toBeLessThan(DAY_MS);
    expect(bundle.issuer).toBe('fridaymorning local authority');
    expect(bundle.pem).not.toContain('\n\n');
    expect(bundle.pem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });

  it('is signed by the authority, which signs no other authority', () => {
    const folder = mkdtempSync(join(tmpdir(), 'friday-cert-'));
    writeFileSync(join(folder, 'ca.pem'), authority.cert);
    writeFileSync(join(folder, 'leaf.pem'), made.cert);
    const said = execFileSync('openssl', [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-CAfile',
      join(folder, 'ca.pem'),
      join(folder, 'leaf.pem'),
    ]);
    rmSync(folder, { recursive: true });
    expect(String(said)).toContain('OK');
  });
});

describe('reading a certificate with its key', () => {
  const read = (cert: string, key: string) => () => readBundle(cert, key, 'a.pem', 'a.key');

  it('takes one file for both, in any order', () => {
    const both = `${made.key}${made.cert}`;
    expect(readBundle(both, both, 'a.pem', 'a.pem').id).toBe(readBundle(made.cert, made.key, 'a.pem', 'a.key').id);
  });

  it('says which of the two is missing', () => {
    expect(read('', made.key)).toThrow('a.pem has no certificate');
    expect(read(made.cert, made.cert)).toThrow('a.key has no private key');
  });

  it('refuses a key of another certificate', async () => {
    const other = await makeCertificate(authority, ['other.localhost'], now);
    expect(read(made.cert, other.key)).toThrow('The key in a.key is not that of the certificate in a.pem.');
  });

  it('refuses a key with a passphrase, and says how to take it off', () => {
    const locked = execFileSync('openssl', ['pkey', '-aes256', '-passout', 'pass:secret'], { input: made.key });
    expect(read(made.cert, String(locked))).toThrow('has a passphrase');
  });

  it('tells nothing of a key that it cannot read', () => {
    const broken = made.key.replace(/\n[^-]{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
    const secret = made.key.split('\n')[1] ?? '';
    let said = '';
    try {
      readBundle(made.cert, broken, 'a.pem', 'a.key');
    } catch (error) {
      said = String(error);
    }
    expect(said).toContain('cannot be read');
    expect(said).not.toContain(secret.slice(20));
  });
});

describe('the local authority of a user', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'friday-authority-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('is made once, however many ask at the same time, and its key is for its owner only', async () => {
    const folder = authorityFolder(join(root, 'shop'));
    const all = await Promise.all([1, 2, 3].map(() => localAuthority(folder, now)));
    expect(new Set(all.map((one) => one.cert)).size).toBe(1);
    expect((await localAuthority(folder, now)).cert).toBe(all[0]?.cert);
    expect(statSync(join(folder, 'authority.key')).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('is replaced before it ends', async () => {
    const folder = authorityFolder(join(root, 'shop'));
    const old = await localAuthority(folder, now - 3600 * DAY_MS);
    expect((await localAuthority(folder, now)).cert).not.toBe(old.cert);
  });
});

describe('host names', () => {
  it('match a wildcard by one label', () => {
    expect(coversHost('*.example.com', 'a.example.com')).toBe(true);
    expect(coversHost('*.example.com', 'a.b.example.com')).toBe(false);
    expect(coversHost('*.example.com', 'example.com')).toBe(false);
    expect(coversHost('*.example.com', '.example.com')).toBe(false);
  });

  it('are public only where an authority can look them up', () => {
    expect(['shop.example.com', 'a.b.dev'].every(isPublicName)).toBe(true);
    expect(['localhost', 'a.localhost', '10.0.0.1', 'shop', 'a.internal', 'x.local'].some(isPublicName)).toBe(false);
  });
});
