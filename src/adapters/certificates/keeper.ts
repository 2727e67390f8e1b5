// The certificates of one project: files, the local authority and ACME as one.
import { readFileSync } from 'node:fs';
import { authorityFolder } from '../../certificates/authority.ts';
import { type CertificateSeen, type CertificatesSeen, dayOf } from '../../core/certificates.ts';
import { Failure } from '../../core/failure.ts';
import { isCovered } from '../../core/host-names.ts';
import type { TlsSpec } from '../../core/spec/project.ts';
import type { Certificates } from '../../ports/certificates.ts';
import { Acme } from './acme.ts';
import { FromFiles, readPair } from './from-files.ts';
import { Local } from './local.ts';
import { Shelf } from './shelf.ts';

export type CertificatesOptions = {
  /** Folder for keys and certificates, made when needed. */
  readonly dir: string;
  /** State folder of the project: the local authority is beside it. */
  readonly stateDir: string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
};

type Parts = { readonly shelf: Shelf; readonly files: FromFiles; readonly local: Local; readonly acme: Acme };

/** Nothing is read or made before HTTPS is asked for. */
export function certificateKeeper({ dir, stateDir, now = () => Date.now() }: CertificatesOptions): Certificates {
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  let parts: Parts | null = null;
  const open = (): Parts => {
    const shelf = new Shelf(dir);
    const local = new Local(shelf, authorityFolder(stateDir));
    return { shelf, local, files: new FromFiles(shelf), acme: new Acme(shelf, now, tell) };
  };
  return {
    async look(wanted, routed) {
      parts ??= open();
      return lookAt(parts, wanted, routed, now());
    },

    async check({ certificates, acme }) {
      for (const pair of certificates) {
        const { notAfter } = readPair(pair);
        if (notAfter > now()) continue;
        throw new Failure('invalid', `The certificate in ${pair.cert} has ended on ${dayOf(notAfter)}.`, {
          hint: 'Give a newer one; browsers refuse this one.',
        });
      }
      if (acme?.ca) requireText(acme.ca);
    },

    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    close() {
      parts?.acme.close();
      listeners.clear();
    },
  };
}

async function lookAt(
  { shelf, files, local, acme }: Parts,
  wanted: TlsSpec,
  routed: ReadonlySet<string>,
  now: number,
): Promise<CertificatesSeen> {
  const all: CertificateSeen[] = files.look(wanted.certificates);
  const own = all.flatMap(({ hosts }) => hosts);
  const hosts = wanted.acme?.hosts.filter((host) => !isCovered(own, host)) ?? [];
  if (wanted.acme !== null) all.push(...acme.look(wanted.acme, hosts, routed));
  if (wanted.selfSigned.length > 0) all.push(await local.look('self-signed', wanted.selfSigned, now));
  const missing = all.filter(({ current }) => current === null).flatMap(({ hosts: without }) => without);
  const isNone = all.every(({ current }) => current === null);
  if (missing.length > 0 || isNone) {
    all.push(await local.look('temporary', missing.length > 0 ? missing : ['localhost'], now));
  }
  shelf.retain(new Set(all.map(({ name }) => name)), now);
  return { certificates: all, challenges: acme.challenges };
}

function requireText(file: string): void {
  try {
    readFileSync(file, 'utf8');
  } catch {
    throw new Failure('invalid', `${file} cannot be read; x-friday.tls.acme.ca names it.`);
  }
}
