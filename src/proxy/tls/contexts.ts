// The certificates that HTTPS answers with, and which one a client gets.
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { Failure, sentenceOf } from '../../core/failure.ts';
import type { TableCertificate, TableTls } from '../../core/traffic.ts';

/** For TLS 1.2 only suites with forward secrecy and authenticated encryption. Source: Mozilla Server Side TLS 5.7, intermediate. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

type Known = { readonly context: SecureContext; readonly options: SecureContextOptions };

export class Contexts {
  /** What a listener begins with, for names that nothing else is for. */
  readonly fallback: SecureContextOptions;
  private readonly known: ReadonlyMap<string, Known>;
  private readonly byHost = new Map<string, SecureContext>();
  private readonly standard: SecureContext;

  private constructor(tls: TableTls, known: ReadonlyMap<string, Known>) {
    this.known = known;
    const own = tls.certificates.flatMap(({ hosts, id }) => {
      const found = known.get(keyOf(id, tls));
      return found === undefined ? [] : [{ hosts, ...found }];
    });
    const [first] = own;
    if (first === undefined) throw new Failure('invalid', 'The table asks for HTTPS without any certificate.');
    this.fallback = first.options;
    this.standard = first.context;
    for (const { hosts, context } of own) {
      for (const host of hosts) if (!this.byHost.has(host)) this.byHost.set(host, context);
    }
  }

  /** Reads what `before` does not have. Failure: `invalid` (a file is missing or cannot be used). */
  static async open(tls: TableTls, before: Contexts | null): Promise<Contexts> {
    const known = new Map<string, Known>();
    for (const certificate of tls.certificates) {
      const key = keyOf(certificate.id, tls);
      known.set(key, before?.known.get(key) ?? (await load(certificate, tls)));
    }
    return new Contexts(tls, known);
  }

  /** The certificate for a name as the client gives it; wildcards are for one label. */
  find(name: string): SecureContext {
    const host = name.toLowerCase();
    return this.byHost.get(host) ?? this.byHost.get(host.replace(/^[^.]+/, '*')) ?? this.standard;
  }
}

function keyOf(id: string, { minVersion }: TableTls): string {
  return `${id} ${minVersion}`;
}

async function load({ file, name }: TableCertificate, { minVersion }: TableTls): Promise<Known> {
  try {
    const pem = await readFile(file, 'utf8');
    const options = { cert: pem, key: pem, ciphers: CIPHERS, minVersion: `TLSv${minVersion}` as const };
    return { context: createSecureContext(options), options };
  } catch (error) {
    throw new Failure('invalid', `The certificate ${name} in ${file} cannot be used: ${sentenceOf(error)}.`);
  }
}
