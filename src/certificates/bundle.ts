// A certificate with its chain and key, checked: the one form in which balancers get it.
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { Failure, sentenceOf } from '../core/failure.ts';

export type Bundle = {
  /** Changes with every byte of it; tells nothing about the key. */
  readonly id: string;
  /** Names and addresses that it is for, in lower case; `*.example.com` too. */
  readonly hosts: readonly string[];
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Who signed it, in one word or a few. */
  readonly issuer: string;
  /** Key, certificate and chain, without an empty line. */
  readonly pem: string;
};

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;
const MOST_CHAIN = 10;

/**
 * Reads both texts; they may be the same one. `certFile` and `keyFile` are their names in messages. Failure: `invalid`:
 * no certificate, no key, a key with a passphrase, or one of another certificate. Expiry is not looked at.
 */
export function readBundle(cert: string, key: string, certFile: string, keyFile: string): Bundle {
  const chain = certificatesIn(cert, certFile);
  const [leaf] = chain;
  if (leaf === undefined) {
    throw new Failure('invalid', `${certFile} has no certificate: expected a line "-----BEGIN CERTIFICATE-----".`, {
      hint: 'Give the PEM file with the certificate first and the ones that signed it behind it.',
    });
  }
  const own = keyIn(key, keyFile);
  if (!leaf.checkPrivateKey(own)) {
    throw new Failure('invalid', `The key in ${keyFile} is not that of the certificate in ${certFile}.`, {
      hint: 'Give the two files that came together; in a chain the own certificate comes first.',
    });
  }
  const hosts = hostsOf(leaf);
  if (hosts.length === 0) {
    throw new Failure('invalid', `The certificate in ${certFile} names no host (it has no subjectAltName).`, {
      hint: 'Browsers ignore the common name; have it made again with the names in subjectAltName.',
    });
  }
  const text = `${own.export({ type: 'pkcs8', format: 'pem' })}${chain.map(String).join('')}`;
  return {
    id: createHash('sha256').update(chain.map(String).join('')).digest('hex').slice(0, 32),
    hosts,
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
    issuer: issuerOf(leaf),
    pem: text.replaceAll(/\n+/g, '\n'),
  };
}

function certificatesIn(text: string, file: string): X509Certificate[] {
  const blocks = [...text.matchAll(BLOCK)].filter(([, kind]) => kind?.endsWith('CERTIFICATE'));
  if (blocks.length > MOST_CHAIN) {
    throw new Failure(
      'invalid',
      `${file} has ${blocks.length} certificates; expected a chain of at most ${MOST_CHAIN}.`,
    );
  }
  try {
    return blocks.map(([block]) => new X509Certificate(block));
  } catch (error) {
    throw new Failure('invalid', `A certificate in ${file} cannot be read: ${sentenceOf(error)}.`);
  }
}

function keyIn(text: string, file: string): KeyObject {
  const blocks = [...text.matchAll(BLOCK)].filter(([, kind]) => kind?.endsWith('PRIVATE KEY'));
  const [block] = blocks[0] ?? [];
  if (block === undefined) {
    throw new Failure('invalid', `${file} has no private key: expected a line like "-----BEGIN PRIVATE KEY-----".`);
  }
  if (isEncrypted(block)) {
    throw new Failure('invalid', `The key in ${file} has a passphrase, which nobody can type when friday starts.`, {
      hint: `Take it off: openssl pkey -in ${file} -out plain.key, and keep that file to yourself (chmod 600).`,
    });
  }
  try {
    return createPrivateKey(block);
  } catch {
    // What the parser says may quote the key.
    throw new Failure('invalid', `The private key in ${file} cannot be read.`, {
      hint: `See what it is with: openssl pkey -in ${file} -noout`,
    });
  }
}

function isEncrypted(block: string): boolean {
  return /BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(block);
}

/** Source: RFC 5280 section 4.2.1.6; Node quotes values that hold a comma. */
function hostsOf({ subjectAltName = '' }: X509Certificate): string[] {
  const names = [...subjectAltName.matchAll(/(DNS|IP Address):(?:"([^"]*)"|([^,\s]+))/g)];
  const hosts = names
    .map(([, , quoted, plain]) => (quoted ?? plain ?? '').toLowerCase())
    .filter((name) => IS_HOST.test(name));
  return [...new Set(hosts)];
}

const IS_HOST = /^(\*\.)?[a-z0-9._:-]+$/;

function issuerOf(certificate: X509Certificate): string {
  const { issuer } = certificate;
  const find = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(issuer)?.[1];
  return (find('O') ?? find('CN') ?? issuer.replaceAll('\n', ', ')).slice(0, 100);
}
