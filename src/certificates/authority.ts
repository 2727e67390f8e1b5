// The local authority of a user on disk: made once, shared by all projects, so that it is trusted once.

import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { type Made, makeAuthority } from './make.ts';

export type Authority = Made & {
  /** What a person tells a browser to trust. */
  readonly file: string;
};

/** Its folder, beside the state folders of all projects; no project can have this name. */
export function authorityFolder(stateDir: string): string {
  return join(dirname(stateDir), '.authority');
}

const CERT = 'authority.pem';
const KEY = 'authority.key';
/** An authority that ends within this is replaced. */
const LEFT_MS = 100 * 86_400_000;

/** Several processes may ask at once: all get the same one. */
export async function localAuthority(folder: string, now: number): Promise<Authority> {
  const known = readAuthority(folder);
  if (known !== null && known.notAfter > now + LEFT_MS) return known;
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
  const made = await makeAuthority(hostname(), now);
  const place = mkdtempSync(`${folder}.new-`);
  writeFileSync(join(place, KEY), made.key, { mode: 0o600 });
  writeFileSync(join(place, CERT), made.cert, { mode: 0o644 });
  if (known !== null) rmSync(folder, { recursive: true, force: true });
  try {
    renameSync(place, folder);
  } catch (error) {
    rmSync(place, { recursive: true, force: true });
    const other = readAuthority(folder);
    if (other === null) throw error;
    return other;
  }
  return { ...made, file: join(folder, CERT) };
}

function readAuthority(folder: string): (Authority & { readonly notAfter: number }) | null {
  const file = join(folder, CERT);
  try {
    const cert = readFileSync(file, 'utf8');
    const key = readFileSync(join(folder, KEY), 'utf8');
    return { cert, key, file, notAfter: validUntil(cert) };
  } catch {
    return null;
  }
}

function validUntil(cert: string): number {
  return new X509Certificate(cert).validToDate.getTime();
}
