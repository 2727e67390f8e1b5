// The Docker runtime for the control plane, on the engine that the project's containers are in.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dockerLogs } from '../../logs/docker.ts';
import { engineHost } from '../engine/address.ts';
import type { PartsOptions, RuntimeParts } from '../parts.ts';
import { dockerRuntime } from './runtime.ts';

const FOLDER = 'docker';
/** Where the engine answers, for as long as something of the project may run in it. */
const HOST_FILE = 'engine';

/** Failure: `invalid` (DOCKER_HOST is no address). */
export function dockerParts({ project, stateDir }: PartsOptions): RuntimeParts {
  const dir = join(stateDir, FOLDER);
  const host = rememberedHost(stateDir) ?? engineHost();
  const remember = () => {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileSync(join(dir, HOST_FILE), `${host}\n`);
  };
  const runtime = dockerRuntime({ project, dir, host, onPrepared: remember });
  return {
    runtime,
    logs: dockerLogs({ engine: runtime.engine, project, dir }),
    onChange: (listener) => runtime.onChange(listener),
    close: () => runtime.close(),
    forget: () => rmSync(join(dir, HOST_FILE), { force: true }),
  };
}

/** Whether containers of this project may run. */
export function hasContainers(stateDir: string): boolean {
  return existsSync(join(stateDir, FOLDER, HOST_FILE));
}

/** What runs is in the engine that it was started in, whatever DOCKER_HOST says in the next shell. */
function rememberedHost(stateDir: string): string | null {
  const file = join(stateDir, FOLDER, HOST_FILE);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() || null : null;
}
