// The simulated users: requests, long requests and bursts, routed by the table that the balancer really has.
import type { Arm, ServiceTraffic, Target } from '../core/traffic.ts';
import { bucketOf } from '../core/traffic.ts';
import type { ArmTally, Outcome } from './arm-tally.ts';
import type { SimBalancer } from './balancer.ts';
import type { Asked, Crowd, Group } from './crowd.ts';
import type { SimInstance } from './instance.ts';
import { type Random, randomOf } from './random.ts';
import type { SimRuntime } from './runtime.ts';
import type { OpenCell } from './tally.ts';
import type { SimTime } from './time.ts';
import type { Loss, Watcher } from './watch.ts';

/** Share of requests that may be sent again to another instance. */
const REPEATABLE = 0.9;
type Sticky = { readonly salt: string; readonly buckets: Float64Array };

export class Users {
  readonly crowds = new Map<string, Crowd>();
  /** The balancer gives candidates so many times the requests that were asked for. */
  skew = 1;
  readonly #time: SimTime;
  readonly #random: Random;
  readonly #runtime: SimRuntime;
  readonly #balancer: SimBalancer;
  readonly #watch: Required<Watcher>;
  readonly #sticky = new Map<string, Sticky>();

  constructor(time: SimTime, random: Random, runtime: SimRuntime, balancer: SimBalancer, watch: Required<Watcher>) {
    this.#time = time;
    this.#random = random;
    this.#runtime = runtime;
    this.#balancer = balancer;
    this.#watch = watch;
  }

  /** The requests of a part of this second, `share` of it. */
  flow(share: number): void {
    for (const crowd of this.crowds.values()) {
      const count = this.#random.poisson(crowd.rate * share) + this.#released(crowd.service);
      const long = this.#random.poisson(crowd.longRate * share);
      if (count + long === 0) continue;
      const traffic = this.#balancer.trafficOf(crowd.service);
      if (!this.#balancer.isUp || (!traffic && this.#balancer.table.revision === 0)) {
        this.#lose(crowd.service, count + long, 'balancer');
      } else if (!traffic || (!hasTarget(traffic) && !traffic.isComing)) {
        this.#refuse(crowd.service, count + long, traffic);
      } else if (!hasTarget(traffic)) {
        this.#hold(traffic, count + long);
      } else {
        if (count > 0) this.#route(traffic, crowd, count);
        for (let i = 0; i < long; i += 1) this.#stream(traffic, crowd);
      }
    }
  }

  /** Refuses what has waited too long. */
  age(): void {
    for (const [service, held] of this.#balancer.held) {
      const late = held.filter((one) => one.untilS <= this.#time.second);
      if (late.length === 0) continue;
      this.#balancer.held.set(
        service,
        held.filter((one) => one.untilS > this.#time.second),
      );
      for (const { count } of late) this.#refuse(service, count, this.#balancer.trafficOf(service));
    }
  }

  #lose(service: string, requests: number, cause: Loss['cause'], instance: string | null = null): void {
    if (requests > 0) this.#watch.lost({ service, requests, cause, instance });
  }

  #refuse(service: string, count: number, traffic: ServiceTraffic | undefined): void {
    if (traffic) this.#balancer.cellOf(traffic).seen.refused += count;
    this.#lose(service, count, 'refused');
  }

  #hold(traffic: ServiceTraffic, count: number): void {
    const held = this.#balancer.held.get(traffic.service) ?? [];
    const waiting = held.reduce((sum, one) => sum + one.count, 0);
    const taken = Math.max(0, Math.min(count, traffic.limits.holdRequests - waiting));
    const untilS = this.#time.second + Math.floor(traffic.limits.holdMs / 1000);
    if (taken > 0) this.#balancer.held.set(traffic.service, [...held, { count: taken, untilS }]);
    if (count > taken) this.#refuse(traffic.service, count - taken, traffic);
  }

  /** Those that waited go with the next ones as soon as it is known where to, or that nobody comes. */
  #released(service: string): number {
    const held = this.#balancer.held.get(service);
    const traffic = this.#balancer.trafficOf(service);
    if (!held || (traffic && !hasTarget(traffic) && traffic.isComing)) return 0;
    this.#balancer.held.delete(service);
    return held.reduce((sum, one) => sum + one.count, 0);
  }

  /**
   * One request now, by a client of the crowd on a route; null when it is refused. Only an arm that has instances is judged.
   */
  ask(service: string, client: number, route: string): Asked | null {
    const crowd = this.crowds.get(service);
    const traffic = this.#balancer.trafficOf(service);
    if (!crowd || !traffic || !hasTarget(traffic)) {
      this.#refuse(service, 1, traffic);
      return null;
    }
    const isCandidate = traffic.isSticky
      ? this.#isCandidate(traffic, crowd, client)
      : this.#random.chance(traffic.weight / 100);
    const arm: Arm = traffic.candidate !== null && isCandidate ? 'candidate' : 'stable';
    const cell = this.#balancer.cellOf(traffic);
    const { targets, tally } = this.#wayOf(traffic, cell, arm);
    const target = this.#random.pick(targets);
    const clientErrors = tally?.clientErrors ?? 0;
    const group: Group = { arm, count: 1, clients: traffic.isSticky ? [client] : null, route };
    const hasFailed = this.#send(traffic, crowd, cell, group, [target]) > 0;
    const goodStatus = (tally?.clientErrors ?? 0) > clientErrors ? 404 : 200;
    return { arm, instance: target.id, status: hasFailed ? 500 : goodStatus };
  }

  #route(traffic: ServiceTraffic, crowd: Crowd, count: number): void {
    const cell = this.#balancer.cellOf(traffic);
    for (const group of this.#groups(traffic, crowd, count)) {
      this.#send(traffic, crowd, cell, group, this.#wayOf(traffic, cell, group.arm).targets);
    }
  }

  /** Where requests of an arm go, and who counts them: nobody when the other arm has to serve. */
  #wayOf(traffic: ServiceTraffic, cell: OpenCell, arm: Arm): { targets: readonly Target[]; tally: ArmTally | null } {
    const own = traffic[arm]?.targets ?? [];
    if (own.length > 0) return { targets: own, tally: cell[arm] };
    return { targets: traffic[otherOf(arm)]?.targets ?? [], tally: null };
  }

  /** Gives how many failed. */
  #send(traffic: ServiceTraffic, crowd: Crowd, cell: OpenCell, group: Group, targets: readonly Target[]): number {
    const { tally } = this.#wayOf(traffic, cell, group.arm);
    if (tally) tally.requests += group.count;
    else cell.outside.requests += group.count;
    const failed = this.#serve(traffic, crowd, cell, tally, targets, group);
    if (!tally) cell.outside.failures += failed;
    return failed;
  }

  /** Who goes where, by chance. */
  #groups(traffic: ServiceTraffic, crowd: Crowd, count: number): readonly Group[] {
    const weight = traffic.candidate === null ? 0 : traffic.weight;
    if (!traffic.isSticky) {
      const candidates = this.#random.binomial(count, Math.min(1, (this.skew * weight) / 100));
      const groups: Group[] = [
        { arm: 'stable', count: count - candidates, clients: null },
        { arm: 'candidate', count: candidates, clients: null },
      ];
      return groups.filter((group) => group.count > 0);
    }
    const clients: Record<Arm, number[]> = { stable: [], candidate: [] };
    for (let i = 0; i < count; i += 1) {
      const client = this.#random.between(0, crowd.clients - 1);
      clients[this.#isCandidate(traffic, crowd, client) ? 'candidate' : 'stable'].push(client);
    }
    const arms: readonly Arm[] = ['stable', 'candidate'];
    return arms
      .filter((arm) => clients[arm].length > 0)
      .map((arm) => ({ arm, count: clients[arm].length, clients: clients[arm] }));
  }

  /** Answers the requests of a group; gives how many of them failed at the instance. */
  #serve(
    traffic: ServiceTraffic,
    crowd: Crowd,
    cell: OpenCell,
    tally: ArmTally | null,
    targets: readonly Target[],
    group: Group,
  ): number {
    const first = this.#random.between(0, targets.length - 1);
    let failed = 0;
    let dealt = 0;
    for (let i = 0; i < targets.length; i += 1) {
      const target = targets[(first + i) % targets.length];
      const count = Math.floor((group.count + targets.length - 1 - i) / targets.length);
      if (!target || count === 0) continue;
      const part = { ...group, count, clients: group.clients?.slice(dealt, dealt + count) ?? null };
      dealt += count;
      const instance = this.#runtime.at(target.id, target.port);
      if (instance && !instance.wasStopped) failed += this.#answer(traffic, crowd, cell, tally, instance, part);
      else {
        const repeated = this.#isAnyAlive(traffic, target) ? this.#random.binomial(count, REPEATABLE) : 0;
        cell.seen.answers += count;
        cell.seen.failures += count - repeated;
        tally?.add({ bucket: 0, failure: 'connection', route: group.route }, count, part.clients);
        if (tally) cell.sample(group.arm, 'connection', target.id, 1);
        this.#lose(traffic.service, count - repeated, this.#causeOf(target), target.id);
        failed += count;
      }
    }
    return failed;
  }

  #answer(
    traffic: ServiceTraffic,
    crowd: Crowd,
    cell: OpenCell,
    tally: ArmTally | null,
    instance: SimInstance,
    { count, clients, route }: Group,
  ): number {
    instance.answered += count;
    const { errorShare } = instance;
    const { hangShare, clientErrorShare, latencyMs } = instance.behaviour;
    const hanging = this.#random.binomial(count, hangShare);
    const wrong = this.#random.binomial(count - hanging, 1 - (1 - crowd.errorShare) * (1 - errorShare));
    const { timeoutMs, deadlineMs } = traffic.limits;
    if (hanging > 0) {
      const untilS = this.#time.second + Math.ceil(timeoutMs / 1000);
      this.#balancer.addStream({ service: traffic.service, instance, count: hanging, untilS });
      cell.closesS = this.#time.second + Math.ceil(deadlineMs / 1000);
    }
    cell.seen.answers += count;
    cell.seen.failures += wrong + hanging;
    if (tally) {
      const share = 1 - (1 - crowd.clientErrorShare) * (1 - clientErrorShare);
      const inVain = tally.random.binomial(count - hanging - wrong, share);
      const bucket = bucketOf(latencyMs);
      const outcomes: readonly (readonly [outcome: Outcome, count: number])[] = [
        [{ bucket: bucketOf(deadlineMs), failure: 'deadline', route }, hanging],
        [{ bucket, failure: 'status', route }, wrong],
        [{ bucket, isClientError: true, route }, inVain],
        [{ bucket, route }, count - hanging - wrong - inVain],
      ];
      let dealt = 0;
      for (const [outcome, part] of outcomes) {
        tally.add(outcome, part, clients?.slice(dealt, dealt + part) ?? null);
        dealt += part;
      }
    }
    const arm = tally && tally === cell.candidate ? 'candidate' : 'stable';
    if (wrong > 0) cell.sample(arm, 'status', instance.spec.id, latencyMs);
    this.#lose(traffic.service, wrong + hanging, 'answered');
    return wrong + hanging;
  }

  /** A request that lasts; final for the counts when its answer begins. */
  #stream(traffic: ServiceTraffic, crowd: Crowd): void {
    const cell = this.#balancer.cellOf(traffic);
    const arm: Arm = traffic.candidate !== null && this.#random.chance(traffic.weight / 100) ? 'candidate' : 'stable';
    const { targets, tally } = this.#wayOf(traffic, cell, arm);
    const target = this.#random.pick(targets);
    if (tally) tally.requests += 1;
    else cell.outside.requests += 1;
    cell.seen.answers += 1;
    const instance = this.#runtime.at(target.id, target.port);
    if (instance && !instance.wasStopped) {
      tally?.add({ bucket: bucketOf(instance.behaviour.latencyMs) }, 1, null);
      const untilS = this.#time.second + this.#random.between(1, crowd.longS);
      this.#balancer.addStream({ service: traffic.service, instance, count: 1, untilS });
      return;
    }
    tally?.add({ bucket: 0, failure: 'connection' }, 1, null);
    if (!tally) cell.outside.failures += 1;
    cell.seen.failures += 1;
    this.#lose(traffic.service, 1, this.#causeOf(target), target.id);
  }

  #isAnyAlive(traffic: ServiceTraffic, failed: Target): boolean {
    const targets = [...(traffic.stable?.targets ?? []), ...(traffic.candidate?.targets ?? [])];
    return targets.some((one) => one !== failed && this.#runtime.at(one.id, one.port)?.wasStopped === false);
  }

  #causeOf(target: Target): Loss['cause'] {
    return this.#runtime.stoppedPorts.has(target.port) ? 'stopped' : 'ended';
  }

  #isCandidate(traffic: ServiceTraffic, crowd: Crowd, client: number): boolean {
    if (traffic.candidate === null) return false;
    return (this.#stickyOf(traffic, crowd).buckets[client] ?? 0) < traffic.weight;
  }

  #stickyOf(traffic: ServiceTraffic, crowd: Crowd): Sticky {
    const known = this.#sticky.get(traffic.service);
    if (known?.salt === traffic.salt) return known;
    const random = randomOf(traffic.salt);
    const buckets = Float64Array.from({ length: crowd.clients }, () => random.next() * 100);
    const sticky: Sticky = { salt: traffic.salt, buckets };
    this.#sticky.set(traffic.service, sticky);
    return sticky;
  }
}

function otherOf(arm: Arm): Arm {
  return arm === 'stable' ? 'candidate' : 'stable';
}

function hasTarget(traffic: ServiceTraffic): boolean {
  return (traffic.stable?.targets.length ?? 0) + (traffic.candidate?.targets.length ?? 0) > 0;
}
