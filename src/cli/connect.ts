// Where the control plane of a call is, and a client for it.
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Client } from '../api/client.ts';
import type { Endpoint } from '../api/transport.ts';
import { Failure, sentenceOf } from '../core/failure.ts';
import { type Place, placeOf } from '../server/paths.ts';
import type { Call } from './call.ts';
import { readProjectOf } from './open.ts';

type Where = Pick<Call, 'flags' | 'cwd' | 'env'>;

/** A client for the control plane named by --host, else the one of the project in this folder. Asks nothing yet. */
export async function connectTo(call: Where): Promise<Client> {
  const { createClient } = await import('../api/client.ts');
  return createClient(await endpointOf(call), { by: whoAmI(call.env) });
}

async function endpointOf(call: Where): Promise<Endpoint> {
  const { host } = call.flags;
  if (host === null) {
    const { socketOf } = await import('../server/present.ts');
    return { socketPath: socketOf(ownPlace(call).place) };
  }
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) };
  const url = /^https?:\/\//.test(host) ? host : `http://${host}`;
  const token = tokenIn(call.env);
  return token === null ? { url } : { url, token };
}

/** Where the project of this folder keeps its state, also when its compose file is broken. */
export function ownPlace(call: Where): { readonly project: string; readonly place: Place } {
  const { name } = readProjectOf(call);
  const uid = process.getuid?.() ?? 0;
  return { project: name, place: placeOf({ project: name, environment: call.env, uid }) };
}

/** FRIDAY_TOKEN, else what the file named by FRIDAY_TOKEN_FILE holds. Never a flag: flags are seen by every user. */
function tokenIn(env: Call['env']): string | null {
  if (env.FRIDAY_TOKEN) return env.FRIDAY_TOKEN;
  const file = env.FRIDAY_TOKEN_FILE;
  if (!file) return null;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Failure('invalid', `FRIDAY_TOKEN_FILE cannot be read: ${sentenceOf(error)}.`);
  }
}

/** The name for the history: FRIDAY_BY, else the user of this machine. */
function whoAmI(env: Call['env']): string {
  if (env.FRIDAY_BY) return env.FRIDAY_BY;
  try {
    return userInfo().username;
  } catch {
    return env.USER ?? 'somebody';
  }
}
