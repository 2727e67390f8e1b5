// Services and beginnings for simulation tests.
import type { Release } from '../core/release.ts';
import type { Ramp, ReleaseSpec, ServiceSpec, Step } from '../core/spec/project.ts';
import type { Behaviour } from './behaviour.ts';
import { type SimOptions, SimRun } from './run.ts';

/** Steps with one bake time. */
export function steps(weights: readonly number[], bakeMs: number): Step[] {
  return weights.map((weight) => ({ weight, bakeMs, needsApproval: false }));
}

/** `plan: auto` with these bounds; an hour is the longest without a word. */
export function auto(ramp: Partial<Ramp> = {}): Partial<ReleaseSpec> {
  const bounds = { minBakeMs: 120_000, maxBakeMs: 3_600_000, budget: 10, atEnd: 'hold', approvals: [] } as const;
  return { steps: [], ramp: { ...bounds, ...ramp, approvals: [...(ramp.approvals ?? [])] } };
}

/** A released service with two replicas and a plan of three short steps. */
export function web(release: Partial<ReleaseSpec> = {}, rest: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name: 'web',
    context: '/code/web-first',
    image: null,
    command: ['node', 'server.ts'],
    install: null,
    workingDir: '.',
    environment: {},
    dependsOn: [],
    replicas: 2,
    restart: 'always',
    stopSignal: 'SIGTERM',
    stopGraceMs: 10_000,
    readiness: { type: 'http', path: '/up', intervalMs: 1000, timeoutMs: 1000 },
    port: 5000,
    routes: [{ host: '*', path: '/' }],
    isSticky: false,
    metrics: null,
    scheme: 'http',
    timeoutMs: 30_000,
    hold: { requests: 1000, ms: 10_000 },
    release: {
      steps: steps([5, 25, 50], 10_000),
      needsFinalApproval: false,
      minRequests: 20,
      readyTimeoutMs: 20_000,
      keepWarmMs: 60_000,
      ...release,
    },
    ...rest,
  };
}

/** A world in which the first version of `web` has served for some seconds. */
export async function served(spec: ServiceSpec = web(), options: Partial<SimOptions> = {}): Promise<SimRun> {
  const run = new SimRun({ seed: 'served', services: [spec], ...options });
  await run.pass(1);
  await run.up();
  await run.pass(9);
  return run;
}

/** New code of `web` is sent out. */
export async function sendOut(run: SimRun, behaviour: Partial<Behaviour> = {}): Promise<void> {
  run.write('web', behaviour);
  await run.up();
}

/** The release of `web` that is under way, or the one that ended last, as the store has it. */
export function releaseIn(run: SimRun): Release {
  const service = run.scene.stored.services.get('web');
  const release = service?.release ?? service?.last;
  if (!release) throw new Error('web has no release');
  return release;
}
