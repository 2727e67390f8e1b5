// I9: instances follow the load. Scaling down leaves what the load needs, and a candidate neither starves nor makes stable larger.
import { replicasOf, type ServiceState, versionOf } from '../../core/service.ts';
import type { Scale } from '../../core/spec/project.ts';
import type { Table } from '../../core/traffic.ts';
import type { Change } from '../../ports/store.ts';
import type { Scene } from '../scene.ts';
import type { Watcher } from '../watch.ts';

/** What there was to carry in one second, as if stable had all traffic: open requests, requests per second, and cores. */
type Truth = { readonly second: number; readonly open: number; readonly rate: number; readonly cores: number };

/** So long the control plane may take to see a load. */
const SIGHT_S = 30;
/** So long a load may still be felt. */
const MEMORY_S = 90;
/** Between what was asked of the users and what they did, and for the tolerance of the targets. */
const SLACK = 0.3;
const RECENT_S = 30;

export class CapacityWatch implements Watcher {
  readonly #scene: Scene;
  readonly #truths = new Map<string, Truth[]>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  second(): void {
    const { world, stored } = this.#scene;
    for (const service of stored.services.values()) {
      if (service.copies === undefined) continue;
      const second = world.time.second;
      const rate = world.users.crowds.get(service.name)?.rate ?? 0;
      const cores = (rate * this.#costOf(service)) / 1000;
      const truth = { second, open: this.#openOf(service), rate, cores };
      const known = this.#truths.get(service.name) ?? [];
      this.#truths.set(service.name, [...known, truth].slice(-MEMORY_S));
    }
  }

  committed({ put }: Change): void {
    for (const { kind, id, value } of put ?? []) {
      const before = this.#scene.stored.services.get(id);
      if (kind === 'service' && before) this.#checkSizes(before, value as ServiceState);
      if (kind === 'control') this.#checkShares((value as { readonly table: Table }).table);
    }
  }

  /** What scaling down stops is not needed by those who are left. */
  stopping(id: string): void {
    const { stored, listed } = this.#scene;
    const one = listed.find((each) => each.id === id);
    const service = one && stored.services.get(one.service);
    if (one?.state !== 'ready' || !service || service.isDown || service.copies === undefined) return;
    if (one.version !== service.stable) return;
    const isOther = (each: typeof one) => each.service === one.service && each.version === one.version && each !== one;
    const left = listed.filter((each) => isOther(each) && each.state === 'ready').length;
    const wanted = replicasOf(service, one.version);
    if (left < wanted) this.#violate(`${id} is told to stop though ${left} are left and ${wanted} are wanted`);
  }

  #checkSizes(before: ServiceState, after: ServiceState): void {
    const version = after.stable;
    const scale = versionOf(after, version)?.spec.scale;
    const [was, is] = version === null ? [] : [before.copies?.[version], after.copies?.[version]];
    const isOurs = JSON.stringify(versionOf(before, version)?.spec.scale) === JSON.stringify(scale);
    if (!scale || !isOurs || was === undefined || is === undefined || before.isDown || was === is) return;
    if (before.stable !== version) return;
    const name = `stable v${version} of ${after.name}`;
    if (is < was) this.#checkShrunk(name, before, after, scale, is);
    const share = before.routing.candidate === null ? 0 : before.routing.weight;
    if (is > was && after.release && share > 0) this.#checkGrown(name, after, scale, is);
  }

  #checkShrunk(name: string, before: ServiceState, after: ServiceState, scale: Scale, is: number): void {
    const { world } = this.#scene;
    if (before.release && after.release) this.#violate(`${name} shrinks to ${is} while a release is under way`);
    if (!world.balancer.isUp) this.#violate(`${name} shrinks to ${is} though nobody can see the load`);
    const lately = this.#lately(after.name, SIGHT_S);
    if (lately.length < SIGHT_S) return;
    const needed = Math.min(...lately.map((truth) => needOf(scale, truth)));
    const least = Math.min(scale.max, Math.floor(needed * (1 - SLACK)));
    if (is < least) this.#violate(`${name} shrinks to ${is} though its load needs ${needed.toFixed(1)}`);
  }

  #checkGrown(name: string, { name: service }: ServiceState, scale: Scale, is: number): void {
    const needed = Math.max(...this.#lately(service, MEMORY_S).map((truth) => needOf(scale, truth)));
    const most = Math.max(scale.min, Math.ceil(needed * (1 + SLACK)) + 1);
    if (is > most)
      this.#violate(`${name} grows to ${is} beside a candidate though its load needs ${needed.toFixed(1)}`);
  }

  /** A candidate gets more traffic only with the instances for it, unless a person or a broken stable will have it so. */
  #checkShares(table: Table): void {
    const { stored, ledger, world } = this.#scene;
    for (const { service: name, candidate, weight, stable } of table.services) {
      const service = stored.services.get(name);
      const before = stored.main?.table.services.find((one) => one.service === name);
      if (!service?.copies || !candidate || !stable || service.isDown) continue;
      const risen = before?.candidate?.version === candidate.version && before.weight < weight;
      const { release, watch } = service;
      const scale = versionOf(service, candidate.version)?.spec.scale;
      if (!risen || !scale || watch || release?.version !== candidate.version || stable.version !== service.stable)
        continue;
      if (stable.targets.length === 0 || release.isForced) continue;
      if (ledger.has(name, world.time.second - RECENT_S, 'promote', 'up', 'release', 'rollback')) continue;
      const needed = Math.min(scale.max, Math.ceil((replicasOf(service, stable.version) * weight) / 100 - 1e-9));
      if (candidate.targets.length >= needed) continue;
      this.#violate(`v${candidate.version} of ${name} gets ${weight}% with ${candidate.targets.length} of ${needed}`);
    }
  }

  #openOf(service: ServiceState): number {
    const { world } = this.#scene;
    const traffic = world.balancer.trafficOf(service.name);
    const side = [traffic?.stable, traffic?.candidate].find((one) => one?.version === service.stable);
    if (!traffic || !side) return 0;
    const isSplit = traffic.candidate !== null && traffic.stable !== null;
    const share = !isSplit ? 1 : side === traffic.candidate ? traffic.weight / 100 : 1 - traffic.weight / 100;
    if (share < 0.05) return 0;
    const own = [...world.runtime.instances.values()].filter(({ spec }) => {
      return spec.service === service.name && spec.version === service.stable;
    });
    return own.reduce((sum, one) => sum + one.open, 0) / share;
  }

  /** Processor time of one request, ms. */
  #costOf({ name, stable }: ServiceState): number {
    const all = [...this.#scene.world.runtime.instances.values()];
    return all.find(({ spec }) => spec.service === name && spec.version === stable)?.behaviour.cpuMs ?? 0;
  }

  #lately(service: string, seconds: number): readonly Truth[] {
    const since = this.#scene.world.time.second - seconds;
    return (this.#truths.get(service) ?? []).filter((truth) => truth.second >= since);
  }

  #violate(sentence: string): void {
    this.#scene.violate('I9', sentence);
  }
}

function needOf({ target }: Scale, { open, rate, cores }: Truth): number {
  const byOpen = target.inflight === undefined ? 0 : open / target.inflight;
  const byRate = target.rate === undefined ? 0 : rate / target.rate;
  const byCpu = target.cpu === undefined ? 0 : (100 * cores) / target.cpu;
  return Math.max(byOpen, byRate, byCpu);
}
