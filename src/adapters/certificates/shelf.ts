// The certificates that are in use, on disk, for their owner only: content by its id, and which one each name has.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle } from '../../certificates/bundle.ts';
import type { CertificateSeen } from '../../core/certificates.ts';
import { Failure, sentenceOf } from '../../core/failure.ts';

export type Shelved = NonNullable<CertificateSeen['current']> & { readonly hosts: readonly string[] };

/** A balancer may still ask for one that was just replaced. */
const KEPT_MS = 86_400_000;

export class Shelf {
  readonly dir: string;
  private readonly live: string;
  private readonly index: string;
  private readonly byName: Map<string, Shelved>;

  /** Failure: `unavailable`. */
  constructor(dir: string) {
    this.dir = dir;
    this.live = join(dir, 'live');
    this.index = join(dir, 'certificates.json');
    this.trying(() => mkdirSync(this.live, { recursive: true, mode: 0o700 }));
    this.byName = new Map(Object.entries(readJson<Record<string, Shelved>>(this.index) ?? {}));
  }

  /** Null when there is none, or its file has gone. */
  get(name: string): Shelved | null {
    const known = this.byName.get(name);
    return known !== undefined && statSync(known.file, { throwIfNoEntry: false }) ? known : null;
  }

  put(name: string, { id, hosts, issuer, notBefore, notAfter, pem }: Bundle): Shelved {
    const file = join(this.live, `${id}.pem`);
    const shelved = { id, file, hosts, issuer, notBefore, notAfter };
    this.write(file, pem);
    this.byName.set(name, shelved);
    this.saveIndex();
    return shelved;
  }

  /** Forgets all but these names, and the files of none after a day. */
  retain(names: ReadonlySet<string>, now: number): void {
    const gone = [...this.byName.keys()].filter((name) => !names.has(name));
    for (const name of gone) this.byName.delete(name);
    if (gone.length > 0) this.saveIndex();
    const used = new Set([...this.byName.values()].map(({ file }) => file));
    for (const name of readdirSync(this.live)) {
      const file = join(this.live, name);
      if (used.has(file)) continue;
      const changed = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? now;
      if (now - changed > KEPT_MS) rmSync(file, { force: true });
    }
  }

  /** Replaces a file in one step, for its owner only. Failure: `unavailable`. */
  write(file: string, text: string): void {
    this.trying(() => {
      writeFileSync(`${file}.new`, text, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    });
  }

  private saveIndex(): void {
    this.write(this.index, JSON.stringify(Object.fromEntries(this.byName)));
  }

  private trying(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw new Failure('unavailable', `Certificates cannot be kept in ${this.dir}: ${sentenceOf(error)}.`, {
        hint: 'See whether the disk is full, and whose the folder is.',
      });
    }
  }
}

/** Null when there is no such file, or it is damaged. */
export function readJson<T>(file: string): T | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return null;
  }
}
