// The Swarm runtime for the control plane, on the manager that the project's instances were started through.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { swarmLogs } from '../../logs/swarm.ts';
import { engineHost } from '../engine/address.ts';
import type { PartsOptions, RuntimeParts } from '../parts.ts';
import { addressesIn } from './addresses.ts';
import { swarmRuntime } from './runtime.ts';

const FOLDER = 'swarm';
/** Where the manager's engine answers, for as long as something of the project may run in its Swarm. */
const HOST_FILE = 'engine';
/** Where the engines of the nodes answer, as the file said last. */
const NODES_FILE = 'nodes.json';

/** Failure: `invalid` (DOCKER_HOST is no address). */
export function swarmParts({ project, stateDir }: PartsOptions): RuntimeParts {
  const dir = join(stateDir, FOLDER);
  const host = rememberedHost(stateDir) ?? engineHost();
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const runtime = swarmRuntime({ project, host, addresses: addressesIn(join(dir, NODES_FILE)) });
  writeFileSync(join(dir, HOST_FILE), `${host}\n`);
  return {
    runtime,
    nodes: runtime.nodes,
    logs: swarmLogs(runtime.engine, project),
    onChange: (listener) => runtime.onChange(listener),
    close: () => runtime.close(),
    forget: () => rmSync(join(dir, HOST_FILE), { force: true }),
  };
}

/** Whether instances of this project may run in a Swarm. */
export function hasTasks(stateDir: string): boolean {
  return existsSync(join(stateDir, FOLDER, HOST_FILE));
}

/** What runs is in the Swarm that it was started in, whatever DOCKER_HOST says in the next shell. */
function rememberedHost(stateDir: string): string | null {
  const file = join(stateDir, FOLDER, HOST_FILE);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() || null : null;
}
