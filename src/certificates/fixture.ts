// Certificates for tests of whatever serves HTTPS: files as a balancer is told of them, signed by an authority of their own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TableCertificate } from '../core/traffic.ts';
import { type Bundle, readBundle } from './bundle.ts';
import { type Made, makeAuthority, makeCertificate } from './make.ts';

export class CertificatePlace {
  readonly dir = mkdtempSync(join(tmpdir(), 'friday-certificates-'));
  private authority: Promise<Made> | null = null;

  /** PEM of the authority that signs all of them. */
  async ca(): Promise<string> {
    this.authority ??= makeAuthority('test', Date.now());
    return (await this.authority).cert;
  }

  /** A new one with every call, named after the first host unless `name` says otherwise. */
  async make(hosts: readonly string[], name = hosts[0] ?? ''): Promise<TableCertificate> {
    const { id, hosts: own, pem } = await this.bundle(hosts);
    const file = join(this.dir, `${id}.pem`);
    writeFileSync(file, pem, { mode: 0o600 });
    return { name, id, hosts: own, file };
  }

  async bundle(hosts: readonly string[], now = Date.now()): Promise<Bundle> {
    const { cert, key } = await this.pair(hosts, now);
    return readBundle(cert, key, 'test.pem', 'test.key');
  }

  async pair(hosts: readonly string[], now = Date.now()): Promise<Made> {
    await this.ca();
    return makeCertificate(await (this.authority ?? makeAuthority('test', now)), hosts, now);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
