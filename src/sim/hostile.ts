// A hostile world drawn from a seed: which faults it has, how often, and how it comes to rest.

import { isOut, wantedIds, wantedVersions } from '../core/service.ts';
import type { ServiceSpec } from '../core/spec/project.ts';
import { isSound } from './behaviour.ts';
import type { Call, Fate } from './crash.ts';
import { steps, web } from './fixture.ts';
import { orderAnything, orderByHand } from './people.ts';
import { type Random, randomOf } from './random.ts';
import { type SimOptions, SimRun } from './run.ts';

/** Chances per call of a port (the first seven) or per second. */
export type Faults = {
  readonly kill: number;
  readonly unavailable: number;
  readonly unanswered: number;
  readonly twice: number;
  readonly slow: number;
  /** The balancer does not take a table, or takes it seconds later. */
  readonly refusal: number;
  readonly lateness: number;
  readonly death: number;
  readonly massDeath: number;
  readonly balancerFall: number;
  readonly clockJump: number;
  readonly order: number;
};

export const NO_FAULTS: Faults = {
  kill: 0,
  unavailable: 0,
  unanswered: 0,
  twice: 0,
  slow: 0,
  refusal: 0,
  lateness: 0,
  death: 0,
  massDeath: 0,
  balancerFall: 0,
  clockJump: 0,
  order: 0,
};

/** Every world has some of the faults, so that each is also met alone and in every company. */
export function anyFaults(random: Random): Faults {
  const some = (share: number) => (random.chance(0.5) ? share * random.next() : 0);
  return {
    kill: some(0.02),
    unavailable: some(0.05),
    unanswered: some(0.03),
    twice: some(0.2),
    slow: some(0.02),
    refusal: some(0.2),
    lateness: some(0.2),
    death: some(0.02),
    massDeath: some(0.01),
    balancerFall: some(0.02),
    clockJump: some(0.03),
    order: 0.02 + 0.1 * random.next(),
  };
}

export function anyServices(random: Random): readonly ServiceSpec[] {
  const any = (name: string): ServiceSpec => {
    const weights = [random.between(1, 10), random.between(11, 40), random.between(41, 90)].slice(random.between(0, 2));
    const plan = steps(weights, random.between(1, 8) * 1000);
    const ramp = {
      minBakeMs: random.between(0, 40) * 1000,
      maxBakeMs: random.between(50, 120) * 1000,
      budget: random.pick([2, 10, 100]),
      atEnd: random.pick(['hold', 'promote'] as const),
      approvals: random.pick([[], [], [30], [20, 100]]),
    };
    const isAuto = random.chance(0.4);
    const release = {
      ...(isAuto ? { ramp, passRule: random.pick(['requests', 'certified'] as const) } : {}),
      steps: isAuto ? [] : random.chance(0.2) ? plan.map((step, i) => ({ ...step, needsApproval: i === 1 })) : plan,
      needsFinalApproval: random.chance(0.1),
      minRequests: random.between(1, 30),
      readyTimeoutMs: random.between(4, 12) * 1000,
      keepWarmMs: random.pick([0, 10_000, 20_000, 30_000]),
      holdBack: random.pick([0, 5, 20, 50]),
    };
    const hold = { requests: random.pick([0, 100]), ms: random.pick([2000, 10_000]) };
    const rest = {
      replicas: random.between(1, 3),
      isSticky: random.chance(0.25),
      drainMs: random.pick([15_000, 300_000]),
    };
    return web(release, { name, context: `/code/${name}-first`, hold, ...rest });
  };
  const first = any('web');
  if (random.chance(0.7)) return [first];
  const condition = random.pick(['started', 'healthy'] as const);
  const cache = web({}, { name: 'cache', context: null, port: null, routes: [], replicas: 1, scheme: 'redis' });
  const second = { ...any('api'), dependsOn: [{ service: 'cache', condition }] };
  return [cache, second, first];
}

/** Some services scale by themselves; drawn apart, so that all else is as it would be without. */
function maybeScaled(spec: ServiceSpec, random: Random): ServiceSpec {
  const min = random.between(1, 2);
  const max = min + random.between(0, 3);
  const target = random.pick([{ rate: 10 }, { rate: 40 }, { inflight: 2 }, { rate: 25, inflight: 4 }, { cpu: 70 }]);
  const downAfterMs = random.pick([0, 10_000, 300_000]);
  if (spec.port === null || !random.chance(0.35)) return spec;
  return { ...spec, replicas: Math.min(max, Math.max(min, spec.replicas)), scale: { min, max, target, downAfterMs } };
}

/** Rates of the first kind are for services where each client is followed. */
const RATES = { sticky: [0, 0.5, 5, 20], other: [0, 0.5, 5, 30, 100, 500] };
const HOSTILE_S = 100;
const CALM_S = 400;

export type Hostile = {
  readonly seed: string;
  readonly planted?: Partial<SimOptions>;
  /** In place of what the seed says. */
  readonly faults?: Partial<Faults>;
};

/** One hostile world from its first second to its rest. Look into `violations` of what comes back. */
export async function hostileRun({ seed, planted, faults: given }: Hostile): Promise<SimRun> {
  const random = randomOf(`hostile/${seed}`);
  const faults = { ...anyFaults(random), ...given };
  const restartAfterS = () => (random.chance(0.6) ? 0 : random.between(1, 15));
  const scales = randomOf(`hostile/${seed}/scale`);
  const hands = randomOf(`hostile/${seed}/hands`);
  const byHand = hands.chance(0.5) ? 0.2 * hands.next() : 0;
  const services = anyServices(random).map((spec) => maybeScaled(spec, scales));
  const run = new SimRun({ seed, services, restartAfterS, ...planted });
  run.world.runtime.slowestStartS = random.pick([0, 0, 2]);
  run.world.balancer.keptCells = random.pick([7200, 30]);
  await run.pass(1);
  await run.up();
  run.fateOf = (call) => fateOf(call, run, faults, random);
  await run.pass(HOSTILE_S, async () => {
    beHostile(run, faults, random);
    if (random.chance(faults.order)) await orderAnything(run, random);
    if (byHand > 0 && hands.chance(byHand)) await orderByHand(run, hands);
    if (run.world.time.second % 20 === 0) run.control?.status();
  });
  run.fateOf = () => 'well';
  calmDown(run);
  const rest = await run.passUntil(() => run.isBroken || unrest(run) === '', CALM_S);
  if (rest < 0) run.scene.violate('I1', `the world does not come to rest in ${CALM_S} s: ${unrest(run)}`);
  return run;
}

function fateOf(call: Call, run: SimRun, faults: Faults, random: Random): Fate {
  if (call.port !== 'store' && random.chance(faults.death)) killAny(run, random);
  if (random.chance(faults.kill)) return random.pick(['before', 'after'] as const);
  if (random.chance(faults.unavailable)) return 'unavailable';
  if (call.method === 'apply' && random.chance(faults.refusal)) return 'unavailable';
  if (call.method === 'apply' && random.chance(faults.lateness)) return random.between(1, 4);
  const canLoseAnswer = call.method === 'apply' || call.method === 'start';
  if (canLoseAnswer && random.chance(faults.unanswered)) return 'unanswered';
  if (call.port !== 'store' && random.chance(faults.slow)) return random.between(1, 4);
  const canRepeat = ['apply', 'start', 'stop', 'remove'].includes(call.method);
  return canRepeat && random.chance(faults.twice) ? 'twice' : 'well';
}

function killAny(run: SimRun, random: Random): void {
  const running = [...run.world.runtime.instances.values()].filter((one) => !one.isOver);
  if (running.length > 0) random.pick(running).end(null, 'SIGKILL');
}

function beHostile(run: SimRun, faults: Faults, random: Random): void {
  const { world } = run;
  if (random.chance(faults.death)) killAny(run, random);
  if (random.chance(faults.massDeath)) {
    for (const instance of world.runtime.instances.values()) instance.end(null, 'SIGKILL');
  }
  if (random.chance(faults.balancerFall)) {
    const { table } = world.balancer;
    world.balancer.fall();
    run.disturb(world.time.second);
    if (random.chance(0.3)) world.balancer.rise(table);
  }
  if (random.chance(faults.clockJump)) {
    const jumpS = random.pick([-1, 1]) * random.pick([3, 10, 100, 5000]);
    world.time.wallShiftS += jumpS;
    world.time.note(`the clock jumps by ${jumpS} s`);
  }
  for (const crowd of world.users.crowds.values()) {
    if (!random.chance(0.05)) continue;
    const spec = run.services.find((one) => one.name === crowd.service);
    crowd.rate = random.pick(spec?.isSticky ? RATES.sticky : RATES.other);
    crowd.errorShare = random.pick([0, 0, 0.01, 0.1]);
    crowd.longRate = crowd.rate === 0 ? 0 : random.pick([0, 0.05, 0.5]);
  }
}

function calmDown(run: SimRun): void {
  const { world } = run;
  if (!world.balancer.isUp && world.random.chance(0.5)) world.balancer.rise(world.balancer.table);
  run.disturb(world.time.second + 1);
  for (const crowd of world.users.crowds.values()) {
    crowd.rate = Math.min(crowd.rate, 5);
    crowd.longRate = 0;
  }
}

/** Why the world is not at rest: everything that is wanted runs and is routed, and nothing else. Empty when it is. */
export function unrest(run: SimRun): string {
  if (!run.control) return 'the control plane is dead';
  const { world, scene } = run;
  const wanted = new Set<string>();
  const kept = new Set<string>();
  for (const service of scene.stored.services.values()) {
    if (service.queued) return `v${service.queued.version} of ${service.name} still waits`;
    const phase = service.release?.phase ?? '';
    if (['starting', 'promoting', 'rolling_back'].includes(phase)) return `a release of ${service.name} is ${phase}`;
    if (service.isDown) continue;
    if (service.restarts) return `${service.restarts[0]} is still to be restarted`;
    for (const one of service.drained ?? []) {
      if (one.isReturning) return `${one.id} has not come back`;
      kept.add(one.id);
    }
    const mine = [...world.runtime.instances.values()].map(({ spec }) => spec);
    const own = mine.filter((spec) => spec.service === service.name);
    for (const version of wantedVersions(service)) {
      for (const id of wantedIds(service, version, own)) wanted.add(id);
    }
  }
  for (const id of world.runtime.instances.keys()) {
    if (!wanted.has(id) && !kept.has(id)) return `${id} is still there`;
  }
  for (const id of wanted) {
    const instance = world.runtime.instances.get(id);
    if (!instance && isKeptWaiting(run, id)) continue;
    if (!instance) return `${id} was never started`;
    if (isSound(instance.behaviour) && !instance.isReady) return `${id} is not ready`;
  }
  return unrouted(run);
}

/** Whether it depends on something that is not ready and may never be. */
function isKeptWaiting(run: SimRun, id: string): boolean {
  const spec = run.services.find((one) => id.startsWith(`${one.name}-v`));
  const isReady = (service: string) =>
    [...run.world.runtime.instances.values()].some((one) => one.spec.service === service && one.isReady);
  return spec?.dependsOn.some((one) => !isReady(one.service)) ?? false;
}

/** Which ready instance of a stable version the balancer passes over. Empty: none. */
function unrouted({ world, scene }: SimRun): string {
  if (!world.balancer.isUp && scene.stored.services.size > 0) return 'the balancer is dead';
  for (const service of scene.stored.services.values()) {
    const traffic = world.balancer.trafficOf(service.name);
    if (service.isDown || !traffic) continue;
    const sides = [traffic.stable, traffic.candidate].flatMap((side) => side?.targets ?? []);
    const routed = new Set(sides.map((target) => target.id));
    for (const [id, { spec, isReady, behaviour }] of world.runtime.instances) {
      if (spec.service !== service.name || spec.version !== service.stable || !isReady || !isSound(behaviour)) continue;
      if (isOut(service, spec)) continue;
      if (!routed.has(id)) return `${id} is ready and gets no traffic`;
    }
  }
  return '';
}
