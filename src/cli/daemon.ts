// Makes sure that a control plane runs for this project, and says when it had to start one.
import { existsSync } from 'node:fs';
import type { Client } from '../api/client.ts';
import { Unreachable } from '../api/tables.ts';
import { stateFile } from '../server/paths.ts';
import { presentIn } from '../server/present.ts';
import { whileBusy } from './busy.ts';
import type { Call } from './call.ts';
import { ownPlace } from './connect.ts';

/** True when one answers. Another machine's (--host) is taken at its word. */
export async function isServed(call: Call, client: Pick<Client, 'isAlive'>): Promise<boolean> {
  return call.flags.host !== null || (await client.isAlive());
}

/** Whether a control plane has worked for this project on this machine: then things may run though none answers. */
export function hasWorkedHere(call: Call): boolean {
  return call.flags.host === null && existsSync(stateFile(ownPlace(call).place.stateDir));
}

/**
 * A client for an order. A control plane that was killed, or did not come back with the machine, is started again: an
 * order is about what it left. Where none has ever worked, the order finds nobody.
 */
export async function connectForOrder(call: Call): Promise<Client> {
  const client = await call.connect();
  if ((await isServed(call, client)) || !hasWorkedHere(call)) return client;
  await startOwnDaemon(call);
  return call.connect();
}

/** Says more about a control plane that was killed: what it started goes on, and how to start it without releasing anything. */
export function nameTheLost(call: Call, error: Unreachable): Unreachable {
  const lost = call.flags.host === null ? announcedIn(call) : null;
  if (lost === null) return error;
  const message = `The control plane of ${lost.project} (process ${lost.pid}) does not answer; what runs goes on meanwhile.`;
  return new Unreachable(message, 'To start it again and change nothing: friday up -n', { cause: error });
}

function announcedIn(call: Call): { readonly project: string; readonly pid: number } | null {
  try {
    const { project, place } = ownPlace(call);
    const present = presentIn(place.stateDir);
    return present && { project, pid: present.pid };
  } catch {
    // The file is gone, so the place is not known: the first error tells enough.
    return null;
  }
}

/** Starts one in the background; it ends by itself after `friday down`. Failures: `unavailable`, `timeout`. */
export async function startOwnDaemon(call: Call): Promise<void> {
  const { startDaemon } = await import('../server/daemon.ts');
  const { project, place } = ownPlace(call);
  const { file, profile } = call.flags;
  const args = ['serve', '--background', ...pairs('--file', file), ...pairs('--profile', profile)];
  const started = startDaemon({ ...place, args, cwd: call.cwd, environment: call.env });
  await whileBusy(call, 'starting the control plane', started);
  call.terminal.say(`The control plane of ${project} was started; friday down ends it.`);
}

function pairs(flag: string, values: readonly string[]): string[] {
  return values.flatMap((value) => [flag, value]);
}
