// The proxy's own log: a few lines about itself on standard error, which is a file of bounded size.
import { fstatSync, ftruncateSync } from 'node:fs';

const MAX_BYTES = 4 * 1024 * 1024;
const STDERR = 2;

/** Writes one line with the time. A file that has grown too large starts again from nothing. */
export function note(line: string): void {
  try {
    const stat = fstatSync(STDERR);
    if (stat.isFile() && stat.size > MAX_BYTES) ftruncateSync(STDERR, 0);
  } catch {
    // Standard error may be closed; then there is nothing to bound.
  }
  process.stderr.write(`${new Date().toISOString()} ${line}\n`);
}
