// Turns a wanted instance into the record of a launch.
import { constants } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../../../core/failure.ts';
import type { InstanceSpec } from '../../../../ports/runtime.ts';
import type { LaunchRecord } from './record.ts';
import { filled, ownEnvironment } from './words.ts';

export type Place = {
  /** The snapshot, or the data folder of a service without code. */
  readonly folder: string;
  readonly port: number;
  readonly token: string;
  readonly now: number;
};

/** Failure: `invalid` (a stop signal that this machine does not know). */
export function planLaunch(instance: InstanceSpec, place: Place): LaunchRecord {
  const { spec } = instance;
  const environment = { ...ownEnvironment(), ...instance.environment, PORT: String(place.port) };
  return {
    id: instance.id,
    service: instance.service,
    version: instance.version,
    slot: instance.slot,
    digest: instance.revision.digest,
    token: place.token,
    port: place.port,
    command: filled(spec.command, environment),
    folder: spec.context === null ? place.folder : join(place.folder, spec.workingDir),
    environment,
    readiness: spec.readiness,
    stopSignal: signalNamed(spec.stopSignal),
    stopGraceMs: spec.stopGraceMs,
    startedAt: place.now,
    process: null,
    wasReady: false,
    stop: null,
    exit: null,
    reason: '',
  };
}

/** `SIGTERM`, `TERM`, `term` and `15` are the same signal. */
export function signalNamed(text: string): string {
  const upper = text.trim().toUpperCase();
  const known = Object.entries(constants.signals);
  const found = known.find(([name, number]) => name === upper || name === `SIG${upper}` || String(number) === upper);
  if (found !== undefined) return found[0];
  throw new Failure('invalid', `"${text}" is not a signal: expected a name such as SIGTERM or SIGINT.`);
}
