// I7: too little traffic is neither a success nor a failure.
import { CRASH_LOOP_EXITS } from '../../core/instances.ts';
import type { Release } from '../../core/release.ts';
import { replicasOf, type ServiceState } from '../../core/service.ts';
import { type ArmCount, type Cell, failuresOf } from '../../core/traffic.ts';
import type { InstanceSeen } from '../../ports/runtime.ts';
import type { Change } from '../../ports/store.ts';
import { isListedReady, type Scene } from '../scene.ts';
import type { Watcher } from '../watch.ts';

export class DataWatch implements Watcher {
  readonly #scene: Scene;
  /** Requests of the candidate under each epoch, as `service/epoch`. */
  readonly #requests = new Map<string, number>();
  /** Failed requests and answers of 4xx of each version, as `service@version`. */
  readonly #failures = new Map<string, number>();
  /** Answered requests of each version and the sum of their latency buckets, as `service@version`. */
  readonly #latency = new Map<string, { requests: number; buckets: number }>();
  /** When instances of each version ended. */
  readonly #exits = new Map<string, Set<number>>();
  /** When each release was first seen in the store, and its phase. */
  readonly #known = new Map<number, { readonly sinceS: number; phase: string }>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  listed(instances: readonly InstanceSeen[]): void {
    for (const { service, version, exit } of instances) {
      if (!exit) continue;
      const key = `${service}@${version}`;
      this.#exits.set(key, (this.#exits.get(key) ?? new Set()).add(exit.at));
    }
  }

  counted({ service, epoch, stable, candidate }: Cell): void {
    for (const arm of [stable, candidate]) if (arm) this.#time(service, arm);
    if (candidate === null) return;
    const step = `${service}/${epoch}`;
    this.#requests.set(step, (this.#requests.get(step) ?? 0) + candidate.requests);
    const version = `${service}@${candidate.version}`;
    const against = failuresOf(candidate) + (candidate.clientErrors ?? 0);
    this.#failures.set(version, (this.#failures.get(version) ?? 0) + against);
  }

  #time(service: string, { version, latency }: ArmCount): void {
    const key = `${service}@${version}`;
    const sum = this.#latency.get(key) ?? { requests: 0, buckets: 0 };
    for (const [bucket, count] of latency) {
      sum.requests += count;
      sum.buckets += bucket * count;
    }
    this.#latency.set(key, sum);
  }

  committed({ put }: Change): void {
    for (const { kind, id, value } of put ?? []) {
      if (kind === 'service') this.#checkRise(this.#scene.stored.services.get(id), value as ServiceState);
      if (kind === 'release') this.#checkPhase((value as { release: Release }).release);
    }
  }

  /** A weight that rises by itself needs the requests of the step before. */
  #checkRise(before: ServiceState | undefined, after: ServiceState): void {
    const [old, now] = [before?.release, after.release ?? after.last];
    if (!before || !old || old.id !== now?.id || old.weight === 0 || now.weight <= old.weight) return;
    if (this.#scene.ledger.has(after.name, this.#scene.world.time.second, 'promote')) return;
    if (!isListedReady(this.#scene, after.name, old.from)) return;
    // At the end of the longest bake the file may say that no more evidence is needed.
    if (now.weight === 100 && old.ramp?.atEnd === 'promote') return;
    const isRouted = before.routing.weight === old.weight;
    const had = isRouted ? (this.#requests.get(`${after.name}/${before.routing.epoch}`) ?? 0) : 0;
    if (had >= old.minRequests) return;
    const step = `from ${old.weight}% to ${now.weight}%`;
    this.#violate(`v${old.version} of ${after.name} goes ${step} after ${had} of ${old.minRequests} requests`);
  }

  #checkPhase(release: Release): void {
    const { id, service, version, phase, sentence } = release;
    const before = this.#known.get(id) ?? { sinceS: this.#scene.world.time.second, phase: '' };
    this.#known.set(id, { ...before, phase });
    if (phase === 'waiting_for_traffic' && !/ needs [1-9]\d* more (request|client)/.test(sentence)) {
      this.#violate(`v${version} of ${service} waits for traffic without a number: ${sentence}`);
    }
    if (release.isTakeBack && before.phase === '' && !this.#isKnownBad(service, release.from, version)) {
      this.#violate(
        `v${release.from} of ${service} is taken back after its promotion though nothing is known: ${sentence}`,
      );
    }
    const isTakenBack = (phase === 'rolling_back' || phase === 'failed') && phase !== before.phase;
    if (!isTakenBack || before.phase === 'rolling_back' || this.#hasReason(release, before.sinceS)) return;
    this.#violate(`v${version} of ${service} is taken back though nothing is known against it: ${sentence}`);
  }

  /** What the world knows against a release: people, failed or slow requests, ends, or that it is not ready. */
  #hasReason(release: Release, sinceS: number): boolean {
    const { service, version, from, phase } = release;
    const { ledger, listed, stored, world } = this.#scene;
    if (release.purpose === 'aa' && isTimeOver(release, world.time.second - sinceS)) return true;
    if (ledger.has(service, sinceS + 1, 'up', 'release', 'rollback', 'promote', 'down')) return true;
    if (this.#isKnownBad(service, version, from)) return true;
    const own = listed.filter((one) => one.service === service && one.version === version);
    const state = stored.services.get(service);
    const isSlow = own.some((one) => one.state !== 'ready') || (state && own.length < replicasOf(state, version));
    return phase === 'failed' && isSlow === true;
  }

  /** Whether anything is known against a version beside its rival. */
  #isKnownBad(service: string, version: number | null, rival: number | null): boolean {
    const key = `${service}@${version}`;
    if ((this.#failures.get(key) ?? 0) > 0 || !isListedReady(this.#scene, service, version)) return true;
    if (this.#isSlower(service, version, rival)) return true;
    return (this.#exits.get(key)?.size ?? 0) >= CRASH_LOOP_EXITS;
  }

  /** By more than the judge tolerates: 5 buckets are 5 %. */
  #isSlower(service: string, version: number | null, rival: number | null): boolean {
    const mean = (one: number | null) => {
      const { requests, buckets } = this.#latency.get(`${service}@${one}`) ?? { requests: 0, buckets: 0 };
      return requests === 0 ? 0 : buckets / requests;
    };
    return mean(rival) > 0 && mean(version) > mean(rival) + 5;
  }

  #violate(sentence: string): void {
    this.#scene.violate('I7', sentence);
  }
}

/** The comparison of a version with itself has lasted as long as it was asked to, but for what looks are uneven. */
function isTimeOver({ steps }: Release, seconds: number): boolean {
  return 1000 * (seconds + UNEVEN_S) >= (steps[0]?.bakeMs ?? 0);
}

const UNEVEN_S = 2;
