// Part of I3: a weight that a person must say yes to is never reached by itself.
import type { Release } from '../../core/release.ts';
import type { ServiceState } from '../../core/service.ts';
import type { Change } from '../../ports/store.ts';
import type { Scene } from '../scene.ts';

export class Approvals {
  readonly #scene: Scene;
  /** By number of the release, as it began. */
  readonly #gates = new Map<number, readonly number[]>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  committed({ put }: Change): void {
    for (const { kind, id, value } of put ?? []) {
      if (kind !== 'service') continue;
      const { release, last } = value as ServiceState;
      if (release && !this.#gates.has(release.id)) this.#gates.set(release.id, gatesOf(value as ServiceState, release));
      this.#check(this.#scene.stored.services.get(id)?.release ?? null, release ?? last);
    }
  }

  #check(before: Release | null, now: Release | null): void {
    if (!before || before.id !== now?.id || now.weight <= before.weight || now.isForced) return;
    const { ledger, world } = this.#scene;
    const gate = this.#gates.get(now.id)?.find((one) => one > before.weight && one <= now.weight);
    if (gate === undefined || ledger.has(now.service, world.time.second, 'promote')) return;
    const sentence = `v${now.version} of ${now.service} gets ${now.weight}%, nobody said yes to ${gate}%`;
    this.#scene.violate('I3', sentence);
  }
}

function gatesOf({ versions }: ServiceState, { version, ramp }: Release): readonly number[] {
  const spec = versions.find((one) => one.version === version)?.spec;
  return ramp ? (spec?.release.ramp?.approvals ?? []) : [];
}
