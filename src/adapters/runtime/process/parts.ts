// The process runtime for the control plane.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileLogs } from '../../logs/files.ts';
import type { PartsOptions, RuntimeParts } from '../parts.ts';
import { processRuntime } from './runtime.ts';

const FOLDER = 'instances';

/** Failure: `unavailable` (not Linux). */
export function processParts({ stateDir }: PartsOptions): RuntimeParts {
  const dir = join(stateDir, FOLDER);
  const runtime = processRuntime({ dir });
  return {
    runtime,
    logs: fileLogs(dir),
    onChange: (listener) => runtime.onChange(listener),
    close: () => runtime.close(),
    forget: () => undefined,
  };
}

/** Whether processes of this project may run: there are records of some. */
export function hasProcesses(stateDir: string): boolean {
  const records = join(stateDir, FOLDER, 'instances');
  return existsSync(records) && readdirSync(records).length > 0;
}
