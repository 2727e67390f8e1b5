// What a running control plane leaves in its state folder, so that others find it: its process id, socket and address.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAnswered } from './answered.ts';
import type { Place } from './paths.ts';

export type Present = {
  readonly pid: number;
  readonly socketPath: string;
  /** Of the loopback port, for example http://127.0.0.1:4747. */
  readonly url: string;
};

function fileIn(stateDir: string): string {
  return join(stateDir, 'daemon.json');
}

export type Announcer = {
  /** Writes daemon.json and daemon.pid. */
  announce(present: Present): void;
  /** Takes them away again, if they were written. */
  end(): void;
};

export function announcer(stateDir: string): Announcer {
  const pidFile = join(stateDir, 'daemon.pid');
  let isAnnounced = false;
  return {
    announce: (present) => {
      isAnnounced = true;
      writeFileSync(pidFile, `${present.pid}\n`, { mode: 0o600 });
      writeFileSync(fileIn(stateDir), `${JSON.stringify(present)}\n`, { mode: 0o600 });
    },
    end: () => {
      if (isAnnounced) for (const file of [pidFile, fileIn(stateDir)]) rmSync(file, { force: true });
    },
  };
}

/** What the control plane of this state folder announced; null when none did. It may have been killed since. */
export function presentIn(stateDir: string): Present | null {
  try {
    const { pid, socketPath, url } = JSON.parse(readFileSync(fileIn(stateDir), 'utf8')) as Partial<Present>;
    const isWhole = Number.isSafeInteger(pid) && typeof socketPath === 'string' && typeof url === 'string';
    return isWhole ? ({ pid, socketPath, url } as Present) : null;
  } catch {
    return null;
  }
}

/**
 * The socket to ask: the announced one, else where one would be. They differ when the control plane was started from
 * another session (systemd, cron, ssh), where XDG_RUNTIME_DIR is not the same.
 */
export function socketOf(place: Place): string {
  return presentIn(place.stateDir)?.socketPath ?? place.socketPath;
}

/**
 * Waits while the announced control plane answers no more but still runs: it is ending and holds the store. After
 * `mostMs` the process is taken for a stranger with the same number.
 */
export async function untilGone(stateDir: string, mostMs: number): Promise<void> {
  for (const end = performance.now() + mostMs; performance.now() < end; await sleep(50)) {
    const present = presentIn(stateDir);
    if (present === null || present.pid === process.pid || !isRunning(present.pid)) return;
    if (await isAnswered(present.socketPath)) return;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
