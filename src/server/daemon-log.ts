// The control plane's own log: JSON lines on stderr in the foreground, else in daemon.log, rotated at 10 MB.
import { appendFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from './refusal.ts';

const FULL_BYTES = 10 * 1024 * 1024;

export function daemonLogFile(stateDir: string): string {
  return join(stateDir, 'daemon.log');
}

/** For the foreground, where systemd or a terminal keeps what is said. */
export function logToStderr(): Log {
  return (entry) => {
    process.stderr.write(lineOf(entry));
  };
}

/**
 * Appends to `file`; a full one becomes `file.1`, and that one `file.2`, which is the oldest kept. Written at once, so
 * that the last words before a crash are there. A log that cannot be written is no reason to stop.
 */
export function logToFile(file: string, fullBytes = FULL_BYTES): Log {
  let size = sizeOf(file);
  return (entry) => {
    const line = lineOf(entry);
    try {
      if (size > 0 && size + Buffer.byteLength(line) > fullBytes) {
        if (sizeOf(`${file}.1`) > 0) renameSync(`${file}.1`, `${file}.2`);
        renameSync(file, `${file}.1`);
        size = 0;
      }
      appendFileSync(file, line, { mode: 0o600 });
      size += Buffer.byteLength(line);
    } catch {}
  };
}

function lineOf(entry: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
