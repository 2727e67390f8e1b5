// Certificates from files that somebody else renews: read again whenever one of the two has changed.
import { readFileSync, statSync } from 'node:fs';
import { type Bundle, readBundle } from '../../certificates/bundle.ts';
import type { CertificateSeen } from '../../core/certificates.ts';
import { Failure, sentenceOf } from '../../core/failure.ts';
import type { TlsSpec } from '../../core/spec/project.ts';
import type { Shelf } from './shelf.ts';

type Pair = TlsSpec['certificates'][number];
type Known = { readonly state: string; readonly problem: string | null };

export class FromFiles {
  private readonly shelf: Shelf;
  private readonly known = new Map<string, Known>();

  constructor(shelf: Shelf) {
    this.shelf = shelf;
  }

  /** Named by the path of the certificate. */
  look(pairs: readonly Pair[]): CertificateSeen[] {
    return pairs
      .filter(({ cert }, i) => pairs.findIndex((one) => one.cert === cert) === i)
      .map((pair) => this.lookAt(pair));
  }

  private lookAt(pair: Pair): CertificateSeen {
    const name = pair.cert;
    const state = `${stateOf(pair.cert)} ${stateOf(pair.key)}`;
    const before = this.known.get(name);
    if (before?.state !== state) this.known.set(name, { state, problem: this.take(pair) });
    const { hosts = [], ...current } = this.shelf.get(name) ?? {};
    return {
      name,
      source: 'file',
      hosts,
      current: 'id' in current ? (current as NonNullable<CertificateSeen['current']>) : null,
      renewAt: null,
      problem: this.known.get(name)?.problem ?? null,
    };
  }

  /** Why it could not be taken; null when it was. What was there before stays then: the two files may be under way. */
  private take(pair: Pair): string | null {
    try {
      const bundle = readPair(pair);
      if (this.shelf.get(pair.cert)?.id !== bundle.id) this.shelf.put(pair.cert, bundle);
      return null;
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'invalid') throw error;
      const isKept = this.shelf.get(pair.cert) !== null;
      return isKept ? `${error.message} The one before stays in use.` : error.message;
    }
  }
}

/** Failure: `invalid`. */
export function readPair({ cert, key }: Pair): Bundle {
  return readBundle(textOf(cert), textOf(key), cert, key);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure('invalid', `${file} cannot be read: ${sentenceOf(error)}.`);
  }
}

/** Differs when the file does; links are followed. */
function stateOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found ? `${found.ino} ${found.size} ${found.mtimeMs}` : 'none';
}
