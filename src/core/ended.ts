// What the end of a release means for its service. Pure.
import type { Release } from './release.ts';
import { type ServiceState, versionOf } from './service.ts';

/** How many earlier stable versions a service can be rolled back to. */
const LINEAGE = 20;

/** The service once this release is over: who is stable, which versions came before it, and which stays warm. */
export function withEnded(service: ServiceState, release: Release, now: number): ServiceState {
  const ended = { ...service, release: null, last: release };
  if (release.phase !== 'promoted') return ended;
  const { lineage } = service;
  const isReturn = lineage.includes(release.version);
  if (isReturn) {
    const before = lineage.slice(0, lineage.indexOf(release.version));
    return { ...ended, stable: release.version, lineage: before, warm: null };
  }
  if (release.from === null) return { ...ended, stable: release.version, warm: null };
  const keepWarmMs = versionOf(service, release.version)?.spec.release.keepWarmMs ?? 0;
  const warm = keepWarmMs > 0 ? { version: release.from, untilMs: now + keepWarmMs } : null;
  return { ...ended, stable: release.version, lineage: [...lineage, release.from].slice(-LINEAGE), warm };
}
