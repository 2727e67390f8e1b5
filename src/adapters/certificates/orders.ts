// What is remembered of the orders at an authority, one file per host, so that no restart asks twice or too often.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, type Shelf } from './shelf.ts';

export type OrderState = {
  /** Failures in a row. */
  readonly failures: number;
  /** Nothing is asked for before, ms since 1970. */
  readonly nextTryAt: number;
  /** Why the last try failed, in a sentence. */
  readonly problem: string | null;
  /** Of the order that is under way. */
  readonly url: string | null;
};

const NOTHING: OrderState = { failures: 0, nextTryAt: 0, problem: null, url: null };
const MINUTE_MS = 60_000;
/** Below the limit of Let's Encrypt of 5 failed validations of a name in an hour. */
const PAUSES_MS = [2, 8, 30, 120, 360, 1440].map((minutes) => minutes * MINUTE_MS);

/** How long to wait after so many failures in a row. */
export function pauseAfter(failures: number): number {
  return PAUSES_MS[Math.min(failures, PAUSES_MS.length) - 1] ?? 0;
}

/** Those at one authority. */
export class Orders {
  private readonly shelf: Shelf;
  private readonly folder: string;

  constructor(shelf: Shelf, directory: string) {
    this.shelf = shelf;
    const name = createHash('sha256').update(directory).digest('hex').slice(0, 16);
    this.folder = join(shelf.dir, 'acme', name);
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  get(host: string): OrderState {
    return { ...NOTHING, ...readJson<OrderState>(this.file(host)) };
  }

  put(host: string, state: OrderState): void {
    this.shelf.write(this.file(host), JSON.stringify(state));
  }

  /** It is done. */
  remove(host: string): void {
    rmSync(this.file(host), { force: true });
    rmSync(join(this.folder, `${host}.key`), { force: true });
  }

  /** The key of the certificate that is on its way; made by `make` when there is none yet. */
  keyOf(host: string, make: () => Promise<Buffer>): Promise<string> {
    return this.keyIn(`${host}.key`, make);
  }

  accountKey(make: () => Promise<Buffer>): Promise<string> {
    return this.keyIn('account.key', make);
  }

  private async keyIn(name: string, make: () => Promise<Buffer>): Promise<string> {
    const file = join(this.folder, name);
    try {
      return readFileSync(file, 'utf8');
    } catch {
      const key = String(await make());
      this.shelf.write(file, key);
      return key;
    }
  }

  private file(host: string): string {
    return join(this.folder, `${host}.json`);
  }
}
