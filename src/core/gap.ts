// Time counts only while somebody looks: a dead control plane, a machine that slept and a clock that was set end no wait. Pure.
import type { Release } from './release.ts';
import type { ServiceState, Slot } from './service.ts';
import type { Spreading } from './spreading.ts';

/** The most that may count between two looks. */
const COUNTED_MS = 3000;
/** Smaller differences are the ordinary unevenness of looks. */
const UNEVEN_MS = 2000;

/**
 * By how many milliseconds the instants that waits are measured from must move along, so that between the look at
 * `before` and the one at `now` no more than `elapsedMs`, and never more than 3 s, has counted. Negative after a clock
 * was set back; 0 as a rule. `elapsedMs` comes from a clock that never jumps.
 */
function gapOf(before: number | null, now: number, elapsedMs: number): number {
  if (before === null) return 0;
  const gap = now - before - Math.min(elapsedMs, COUNTED_MS);
  return Math.abs(gap) <= UNEVEN_MS ? 0 : gap;
}

type Remembered = { readonly lookedAt: number | null; readonly services: Readonly<Record<string, ServiceState>> };

/** Memory as of `now`: what must not count of the time since it was looked last has not passed for any wait. */
export function catchUp<Memory extends Remembered>(memory: Memory, now: number, elapsedMs: number): Memory {
  const gap = gapOf(memory.lookedAt, now, elapsedMs);
  if (gap === 0) return { ...memory, lookedAt: now };
  const services = Object.entries(memory.services).map(([name, service]) => [name, moveWaits(service, gap)] as const);
  return { ...memory, lookedAt: now, services: Object.fromEntries(services) };
}

/** The service with every instant that a wait is measured from moved by `ms`. What happened when stays as it is. */
function moveWaits(service: ServiceState, ms: number): ServiceState {
  const { warm, watch, release, spreading, drained } = service;
  const slots = Object.entries(service.slots).map(([id, slot]) => [id, moveSlot(slot, ms)] as const);
  return {
    ...service,
    warm: warm && { ...warm, untilMs: warm.untilMs + ms },
    ...(watch ? { watch: { ...watch, lostSince: moved(watch.lostSince, ms) } } : {}),
    ...(spreading ? { spreading: moveSpreading(spreading, ms) } : {}),
    release: release && moveRelease(release, ms),
    ...(drained ? { drained: drained.map((one) => ({ ...one, until: one.until + ms })) } : {}),
    slots: Object.fromEntries(slots),
  };
}

function moved(at: number | null, ms: number): number | null {
  return at === null ? null : at + ms;
}

function moveSpreading(spreading: Spreading, ms: number): Spreading {
  const { since, moving } = spreading;
  return { ...spreading, since: moved(since, ms), moving: moving && { ...moving, since: moving.since + ms } };
}

function moveSlot(slot: Slot, ms: number): Slot {
  return { ...slot, notBefore: slot.notBefore + ms, drainingSince: moved(slot.drainingSince, ms) };
}

function moveRelease(release: Release, ms: number): Release {
  return {
    ...release,
    phaseSince: release.phaseSince + ms,
    bakingSince: moved(release.bakingSince, ms),
    ...(release.rampingSince == null ? {} : { rampingSince: release.rampingSince + ms }),
    candidateLostSince: moved(release.candidateLostSince, ms),
    stableLostSince: moved(release.stableLostSince, ms),
  };
}
