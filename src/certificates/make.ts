// Makes certificates for local use: an authority that a person trusts once, and certificates that it signs.
import { randomBytes, webcrypto } from 'node:crypto';
import { isAddress } from '../core/host-names.ts';

export type Made = {
  /** PEM: the certificate, and behind it the one that signed it, where that is another. */
  readonly cert: string;
  /** PEM, PKCS #8, without a passphrase. */
  readonly key: string;
};

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
/** Apple's systems refuse more than 825, browsers more than 398 for public ones. */
export const LEAF_DAYS = 90;
/** Clocks differ. */
const EARLIER_MS = 3_600_000;

/** An authority of this machine, valid for ten years from `now` (ms since 1970). */
export async function makeAuthority(name: string, now: number): Promise<Made> {
  const x509 = await load();
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ O: ['fridaymorning local authority'] }, { CN: [name] }],
    ...validity(now, AUTHORITY_DAYS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
    ],
  });
  return { cert: pemOf(certificate), key: await keyPem(keys.privateKey) };
}

/** A certificate for `hosts` (names, `*.names`, addresses), signed by `authority`, valid for `LEAF_DAYS`. */
export async function makeCertificate(authority: Made, hosts: readonly string[], now: number): Promise<Made> {
  const x509 = await load();
  const issuer = new x509.X509Certificate(authority.cert);
  const der = x509.PemConverter.decodeFirst(authority.key);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
  const keys = await newKeys();
  const names = hosts.map((host) => ({ type: isAddress(host) ? 'ip' : 'dns', value: host }) as const);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [(hosts[0] ?? 'localhost').slice(0, 64)] }],
    issuer: issuer.subject,
    ...validity(now, LEAF_DAYS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names),
      await x509.AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
    ],
  });
  return { cert: `${pemOf(certificate)}${authority.cert}`, key: await keyPem(keys.privateKey) };
}

/** Loaded when it is needed: most commands never do. */
async function load() {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto);
  return x509;
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replaceAll(/.{64}(?=.)/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
}

function pemOf(certificate: { toString(format: 'pem'): string }): string {
  return `${certificate.toString('pem').trim()}\n`;
}

function validity(now: number, days: number): { notBefore: Date; notAfter: Date } {
  const start = now - EARLIER_MS;
  return { notBefore: new Date(start), notAfter: new Date(start + days * DAY_MS) };
}

/** Positive, at most 20 bytes. Source: RFC 5280 section 4.1.2.2. */
function serial(): string {
  return `01${randomBytes(15).toString('hex')}`;
}
