// What the invariants know: the world, what the store holds, and what people asked for.
import type { ReleaseRecord } from '../control/memory.ts';
import { placeOf, type ServiceState } from '../core/service.ts';
import type { Cursor, Table } from '../core/traffic.ts';
import type { InstanceSeen, InstanceSpec } from '../ports/runtime.ts';
import type { Change } from '../ports/store.ts';
import type { World } from './world.ts';

/** The eight invariants of the product, in their order, and that instances follow the load. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9';

export type Violation = {
  readonly invariant: Invariant;
  readonly sentence: string;
  readonly second: number;
};

export type Verb = 'up' | 'release' | 'rollback' | 'promote' | 'pause' | 'restart' | 'drain' | 'down';

/** What people asked of a service; an order counts from when it was given, whether or not it was heard. */
export class Ledger {
  readonly #orders: { readonly verb: Verb; readonly service: string; readonly second: number }[] = [];

  write(verb: Verb, service: string, second: number): void {
    this.#orders.push({ verb, service, second });
  }

  /** Whether any of these was ordered since that second. */
  has(service: string, since: number, ...verbs: readonly Verb[]): boolean {
    return this.#orders.some((one) => one.service === service && one.second >= since && verbs.includes(one.verb));
  }
}

type Main = { readonly table: Table; readonly cursor: Cursor | null };

/** What the store holds now. */
export class Stored {
  readonly services = new Map<string, ServiceState>();
  readonly releases = new Map<number, ReleaseRecord>();
  main: Main | null = null;

  committed(change: Change): void {
    for (const { kind, id, value } of change.put ?? []) {
      if (kind === 'service') this.services.set(id, value as ServiceState);
      if (kind === 'release') this.releases.set(Number(id), value as ReleaseRecord);
      if (kind === 'control') this.main = value as Main;
    }
  }
}

export type Scene = {
  readonly world: World;
  readonly stored: Stored;
  readonly ledger: Ledger;
  /** Since which second nothing hostile happened to the control plane, its ports or the balancer. */
  calmSince: number;
  /** What the control plane saw of the instances at its last look. */
  listed: readonly InstanceSeen[];
  /** Instances whose open requests have had all the time to drain. */
  readonly overdue: Set<string>;
  readonly violate: (invariant: Invariant, sentence: string) => void;
};

/** Whether the control plane could see a ready instance of a version at its last look. */
export function isListedReady(scene: Scene, service: string, version: number | null): boolean {
  return scene.listed.some((one) => one.service === service && one.version === version && one.state === 'ready');
}

/**
 * Whether another ready instance of the same version has the place of this one, as after a restart or a drain by hand. One that
 * serves nobody need not wait for that: it is enough that the other one is there, or that it is restarted.
 */
export function isFollowed({ listed, stored }: Scene, { id, service, version, slot }: InstanceSpec): boolean {
  const state = stored.services.get(service);
  const mine = listed.filter((one) => one.service === service && one.version === version && one.state !== 'exited');
  const serves = version === state?.stable && mine.some((one) => one.id === id && one.state === 'ready');
  if (!serves && state?.restarts?.includes(id)) return true;
  const others = mine.filter((one) => one.id !== id && placeOf(one) === placeOf({ slot }));
  return others.some((one) => one.state === 'ready' || !serves);
}

/** The release of this version that the store knows last, under way or over. */
export function releaseOf(service: ServiceState | undefined, version: number) {
  if (service?.release?.version === version) return service.release;
  return service?.last?.version === version ? service.last : null;
}
