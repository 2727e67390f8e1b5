// Certificates that the local authority signs: for names that only this machine knows, and until others have come.
import { localAuthority } from '../../certificates/authority.ts';
import { readBundle } from '../../certificates/bundle.ts';
import { makeCertificate } from '../../certificates/make.ts';
import type { CertificateSeen } from '../../core/certificates.ts';
import type { Shelf, Shelved } from './shelf.ts';

/** What each of them is for, besides its own names. */
const OWN_HOSTS = ['localhost', '*.localhost', '127.0.0.1', '::1'];

export class Local {
  private readonly shelf: Shelf;
  private readonly authority: string;

  /** `authority` is the folder of the local authority. */
  constructor(shelf: Shelf, authority: string) {
    this.shelf = shelf;
    this.authority = authority;
  }

  async look(source: 'self-signed' | 'temporary', wanted: readonly string[], now: number): Promise<CertificateSeen> {
    const hosts = [...new Set(source === 'temporary' ? wanted : [...wanted, ...OWN_HOSTS])];
    const known = this.shelf.get(source);
    const asked = JSON.stringify(hosts);
    const isGood = known !== null && now < renewalOf(known) && this.askedFor(known) === asked;
    const { hosts: own, ...current } = isGood ? known : await this.renew(source, hosts, now);
    return { name: source, source, hosts: own, current, renewAt: renewalOf(current), problem: null };
  }

  private async renew(name: string, hosts: readonly string[], now: number): Promise<Shelved> {
    const made = await makeCertificate(await localAuthority(this.authority, now), hosts, now);
    const bundle = readBundle(made.cert, made.key, name, name);
    return this.shelf.put(name, { ...bundle, hosts: hosts.map((host) => host.toLowerCase()) });
  }

  private askedFor({ hosts }: Shelved): string {
    return JSON.stringify(hosts);
  }
}

/** When a third of its life is left. */
export function renewalOf({ notBefore, notAfter }: { readonly notBefore: number; readonly notAfter: number }): number {
  return Math.round(notAfter - (notAfter - notBefore) / 3);
}
