// I1: something always serves. What the control plane does makes no request fail.
import type { ServiceState } from '../../core/service.ts';
import { specOf } from '../../core/service.ts';
import type { ServiceTraffic, Table } from '../../core/traffic.ts';
import type { Change } from '../../ports/store.ts';
import { isListedReady, type Scene } from '../scene.ts';
import type { Loss, Watcher } from '../watch.ts';

/** A ready instance gets traffic within so many calm seconds. */
const REACTION_S = 3;
/** What people ordered so lately may still show. */
const RECENT_S = 30;

export class ServingWatch implements Watcher {
  readonly #scene: Scene;
  /** Where the last table sent requests, by service. */
  readonly #routed = new Map<string, readonly string[]>();
  /** Since which second each instance has been ready. */
  readonly #readySince = new Map<string, number>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  applying(table: Table): void {
    for (const { service } of table.services) if (!this.#routed.has(service)) this.#routed.set(service, []);
    for (const [service, before] of this.#routed) {
      const traffic = table.services.find((one) => one.service === service);
      const sides = [traffic?.stable, traffic?.candidate];
      const now = sides.flatMap((side) => side?.targets.map((target) => target.id) ?? []);
      this.#checkStable(service, traffic, now.length);
      if (now.length === 0) this.#checkLast(service, before);
      this.#routed.set(service, now);
    }
  }

  committed({ put }: Change): void {
    for (const { kind, id, value } of put ?? []) {
      const before = this.#scene.stored.services.get(id);
      if (kind === 'service' && before) this.#checkSuccession(before, value as ServiceState);
    }
  }

  lost(loss: Loss): void {
    if (loss.cause === 'refused') this.#checkRefusal(loss);
    if (loss.cause !== 'stopped' || this.#scene.overdue.has(loss.instance ?? '')) return;
    this.#violate(`${loss.requests} requests of ${loss.service} failed, for ${loss.instance} was told to stop`);
  }

  second(): void {
    const { world } = this.#scene;
    for (const [id, instance] of world.runtime.instances) {
      if (!instance.isReady) this.#readySince.delete(id);
      else if (!this.#readySince.has(id)) this.#readySince.set(id, world.time.second);
    }
  }

  /** A table never drops the last ready targets of stable. */
  #checkStable(service: string, traffic: ServiceTraffic | undefined, targets: number): void {
    const state = this.#scene.stored.services.get(service);
    if (!state || state.isDown || state.replicas === 0) return;
    if (!isListedReady(this.#scene, service, state.stable)) return;
    const side = [traffic?.stable, traffic?.candidate].find((one) => one?.version === state.stable);
    const ofStable = side ? side.targets.length : 1;
    if (targets > 0 && ofStable !== 0) return;
    this.#violate(`a table has no target of stable v${state.stable} of ${service}, though it is ready`);
  }

  /** Nor the last ones that serve at all, unless a person wanted something else in their place. */
  #checkLast(service: string, before: readonly string[]): void {
    const { stored, ledger, world, listed } = this.#scene;
    const state = stored.services.get(service);
    if (!state || state.isDown || state.replicas === 0) return;
    // Whom a promoted version has replaced is not asked to serve again when that version dies.
    const replaced = state.last?.phase === 'promoted' ? state.last.from : null;
    const left = listed.find((one) => before.includes(one.id) && one.state === 'ready' && one.version !== replaced);
    if (!left || ledger.has(service, world.time.second - RECENT_S, 'up', 'release', 'rollback', 'promote', 'down'))
      return;
    this.#violate(`a table drops ${left.id}, the last that serves ${service}, though it is ready`);
  }

  /** Who serves gives way only to who can serve. */
  #checkSuccession(before: ServiceState, after: ServiceState): void {
    const { name } = after;
    if (before.stable === null || after.stable === before.stable || before.isDown || after.replicas === 0) return;
    const isBalanced = typeof specOf(before)?.port === 'number';
    if (!isBalanced || !isListedReady(this.#scene, name, before.stable)) return;
    if (isListedReady(this.#scene, name, after.stable)) return;
    this.#violate(`v${before.stable} of ${name} gives way to v${after.stable}, which is not ready`);
  }

  /** Nobody is turned away while a stable instance has been ready for some calm seconds. */
  #checkRefusal({ service, requests }: Loss): void {
    const { world, stored, calmSince } = this.#scene;
    const state = stored.services.get(service);
    if (!state || state.isDown || state.replicas === 0) return;
    for (const [id, since] of this.#readySince) {
      const instance = world.runtime.instances.get(id);
      if (!instance?.isReady || instance.spec.service !== service || instance.spec.version !== state.stable) continue;
      if (world.time.second - Math.max(since, calmSince, instance.startedS) <= REACTION_S) continue;
      this.#violate(`${requests} requests of ${service} were refused, though ${id} is ready since second ${since}`);
      return;
    }
  }

  #violate(sentence: string): void {
    this.#scene.violate('I1', sentence);
  }
}
