// One service as the proxy routes it: two arms, the split between them, and the requests that wait for an instance.
import { isEqual } from '../../core/equal.ts';
import type { Arm as ArmName, ServiceSeen, ServiceTraffic, Side, TrafficLimits } from '../../core/traffic.ts';
import { draw } from '../chance.ts';
import type { ProxyLimits } from '../limits.ts';
import { type Regime, regimeOf } from '../observe/cell.ts';
import type { Observer } from '../observe/observer.ts';
import { ReleaseClients } from '../observe/release-clients.ts';
import type { ServiceCount } from '../observe/service-count.ts';
import { Target } from '../upstream/target.ts';
import { Arm } from './arm.ts';
import { bucketOfClient } from './client-id.ts';

/** A request as far as its arm and instance are chosen for it. */
export interface Assignee {
  /** Value of the header that asks for a version. */
  readonly forced: string | null;
  readonly clientId: string | null;
  arm: Arm | null;
  target: Target | null;
  /** Not assigned by chance. */
  isOutside: boolean;
}

/** A request that waits for an instance. */
export interface Waiting {
  letGo(now: number): void;
  refuse(now: number): void;
}

export class Service {
  readonly name: string;
  readonly count: ServiceCount;
  readonly waiting = new Set<Waiting>();
  stable: Arm | null = null;
  candidate: Arm | null = null;
  isComing: boolean;
  isSticky: boolean;
  limits: TrafficLimits;
  private weight: number;
  private regime: Regime;
  private targets = new Map<string, Target>();
  private isListed = true;
  /** Requests under way, the waiting ones too. */
  private open = 0;
  private readonly observer: Observer;
  private readonly proxyLimits: ProxyLimits;
  private readonly draining: Set<Target>;

  constructor(traffic: ServiceTraffic, observer: Observer, limits: ProxyLimits, draining: Set<Target>) {
    this.name = traffic.service;
    this.isComing = traffic.isComing;
    this.isSticky = traffic.isSticky;
    this.limits = traffic.limits;
    this.weight = traffic.weight;
    this.observer = observer;
    this.proxyLimits = limits;
    this.draining = draining;
    this.regime = regimeOf(traffic, new ReleaseClients(limits.stickyClients));
    this.count = observer.join(this.regime);
    this.change(traffic);
  }

  /** Routes by `traffic` from the next request on. Waiting requests stay until `wake`. */
  change(traffic: ServiceTraffic): void {
    this.isComing = traffic.isComing;
    this.isSticky = traffic.isSticky;
    this.limits = traffic.limits;
    this.weight = traffic.candidate === null ? 0 : traffic.weight;
    const isSameRelease = traffic.salt === this.regime.salt;
    const clients = isSameRelease ? this.regime.clients : new ReleaseClients(this.proxyLimits.stickyClients);
    const regime = regimeOf(traffic, clients);
    if (!isSameRegime(regime, this.regime)) {
      this.regime = regime;
      this.count.change(regime);
    }
    const before = this.targets;
    this.targets = new Map();
    this.stable = this.armOf('stable', traffic.stable, before);
    this.candidate = this.armOf('candidate', traffic.candidate, before);
    for (const target of before.values()) this.drainTarget(target);
  }

  /** Lets waiting requests go when an instance is there, and refuses them when none is coming. */
  wake(now: number): void {
    if (this.waiting.size === 0 || (!this.hasTarget && this.isComing)) return;
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const one of waiting) {
      if (this.hasTarget) one.letGo(now);
      else one.refuse(now);
    }
  }

  /** The service left the table. */
  close(now: number): void {
    this.isListed = false;
    this.isComing = false;
    this.stable = null;
    this.candidate = null;
    for (const target of this.targets.values()) this.drainTarget(target);
    this.targets.clear();
    this.wake(now);
    this.goWhenIdle();
  }

  enter(): void {
    this.open += 1;
  }

  leave(): void {
    this.open -= 1;
    this.goWhenIdle();
  }

  /** Chooses arm and instance of a new request. False = no instance for it now. */
  assign(one: Assignee, now: number): boolean {
    const forced = one.forced === null ? null : this.forcedArm(one.forced);
    one.isOutside = forced !== null;
    if (forced !== null) return this.take(one, forced, now, null);
    const { stable, candidate } = this;
    const isCandidate = this.isCandidate(one.clientId);
    const chosen = isCandidate ? candidate : stable;
    if (chosen !== null && this.take(one, chosen, now, null)) return true;
    const other = isCandidate ? stable : candidate;
    one.isOutside = true;
    return other !== null && this.take(one, other, now, null);
  }

  /** Another instance in place of `failed`: of the same arm, else of the other one unless a version was asked for. */
  replace(one: Assignee, failed: Target, now: number): boolean {
    const forced = one.forced === null ? null : this.forcedArm(one.forced);
    if (forced !== null) return this.take(one, forced, now, failed);
    const { stable, candidate } = this;
    const [own, other] = one.arm?.name === 'candidate' ? [candidate, stable] : [stable, candidate];
    if (own !== null && this.take(one, own, now, failed)) return true;
    return other !== null && this.take(one, other, now, failed);
  }

  get hasCandidate(): boolean {
    return this.candidate !== null;
  }

  get seen(): ServiceSeen {
    return { service: this.name, epoch: this.regime.epoch, weight: this.regime.weight };
  }

  get listed(): Iterable<Target> {
    return this.targets.values();
  }

  private get hasTarget(): boolean {
    return (this.stable?.targets.length ?? 0) + (this.candidate?.targets.length ?? 0) > 0;
  }

  private take(one: Assignee, arm: Arm, now: number, failed: Target | null): boolean {
    one.arm = arm;
    one.target = arm.pick(now, failed);
    return one.target !== null;
  }

  private isCandidate(clientId: string | null): boolean {
    if (this.weight === 0) return false;
    return (clientId === null ? draw() * 100 : bucketOfClient(clientId, this.regime.salt)) < this.weight;
  }

  /** `v2`, `2`, `candidate` or `stable`; null for anything that is not there. */
  private forcedArm(wanted: string): Arm | null {
    const word = wanted.trim().toLowerCase();
    for (const arm of [this.stable, this.candidate]) {
      if (arm !== null && (word === arm.name || word === arm.label || word === String(arm.version))) return arm;
    }
    return null;
  }

  private armOf(name: ArmName, side: Side | null, before: Map<string, Target>): Arm | null {
    if (side === null) return null;
    const targets = side.targets.map((address) => {
      const key = `${address.id} ${address.host} ${address.port}`;
      const known = before.get(key) ?? this.targets.get(key);
      const target = known ?? new Target(address, this.proxyLimits, (gone) => this.draining.delete(gone));
      before.delete(key);
      this.targets.set(key, target);
      return target;
    });
    return new Arm(name, side.version, targets);
  }

  private drainTarget(target: Target): void {
    this.draining.add(target);
    target.drain();
  }

  private goWhenIdle(): void {
    if (!this.isListed && this.open === 0) this.observer.leave(this.count);
  }
}

function isSameRegime(one: Regime, other: Regime): boolean {
  return (Object.keys(one) as (keyof Regime)[]).every(
    (key) => one[key] === other[key] || (key === 'slow' && isEqual(one.slow, other.slow)),
  );
}
