// The people of a hostile world: they write good and bad code, and order anything at any moment.
import type { ServiceSpec } from '../core/spec/project.ts';
import type { Behaviour } from './behaviour.ts';
import type { Random } from './random.ts';
import { ANNA, type SimRun } from './run.ts';

/** Code as people write it: half of it is good. */
export function anyBehaviour(random: Random): Partial<Behaviour> {
  const some: Partial<Behaviour> = {
    readyAfterS: random.between(0, 3),
    latencyMs: random.between(1, 300),
    stopsAfterS: random.chance(0.1) ? null : random.between(0, 4),
  };
  switch (random.between(0, 15)) {
    case 0:
      return { ...some, readyAfterS: null };
    case 1:
      return { ...some, crashAfterS: random.between(0, 20) };
    case 2:
      return { ...some, leakAfterS: random.between(10, 60) };
    case 3:
      return { ...some, flap: { everyS: random.between(4, 20), forS: random.between(1, 3) } };
    case 4:
      return { ...some, hangShare: random.pick([0.01, 0.3, 1]) };
    case 5:
    case 6:
      return { ...some, errorShare: random.pick([0.02, 0.2, 1]) };
    case 7:
      return { ...some, errorShare: random.pick([0.02, 0.2, 1]), spoilsAfterS: random.between(10, 50) };
    default:
      return some;
  }
}

/** Something that a person does to a service now. */
export async function orderAnything(run: SimRun, random: Random): Promise<void> {
  const { name } = random.pick(run.services);
  const version = random.between(1, Math.max(1, run.scene.stored.services.get(name)?.nextVersion ?? 1));
  switch (random.between(0, 14)) {
    case 0:
    case 1:
    case 2:
    case 3:
      run.write(name, anyBehaviour(random));
      return run.up(random.chance(0.5) ? [name] : []);
    case 4:
      run.write(name, anyBehaviour(random));
      return release(run, name, random.chance(0.5) ? null : [random.between(1, 50), 100]);
    case 5:
      return release(run, name, null);
    case 6:
      await run.order('rollback', name, (control) => control.rollBack(name, null, ANNA));
      return;
    case 7:
      await run.order('rollback', name, (control) => control.rollBack(name, version, ANNA));
      return;
    case 8:
      return promote(run, name, random.pick([null, 30, 100]), null);
    case 9:
      return promote(run, name, null, version);
    case 10:
      await run.order('pause', name, (control) => control.pause(name, ANNA));
      return;
    case 11:
      run.configure(name, { replicas: random.pick([0, 1, 1, 2, 2, 3, 3]) });
      return run.up([name]);
    case 12:
      return random.chance(0.3) ? orphan(run, name) : down(run, name);
    case 13:
      return compare(run, name, random);
    default:
      run.configure(name, otherSettings(run, name, random));
      return run.up();
  }
}

/** Something that a person does to one instance, or to all of a service, now. */
export async function orderByHand(run: SimRun, random: Random): Promise<void> {
  const { name } = random.pick(run.services);
  const ids = [...run.world.runtime.instances.keys()].filter((id) => id.startsWith(`${name}-v`)).sort();
  const drained = run.scene.stored.services.get(name)?.drained?.map((one) => one.id) ?? [];
  const instance = random.pick(random.chance(0.5) && drained.length > 0 ? drained : [...ids, `${name}-v1-1`]);
  const act = random.pick(['out', 'out', 'back', 'stop'] as const);
  if (random.chance(0.3)) {
    const one = random.chance(0.5) ? instance : null;
    await run.order('restart', name, (control) => control.restart(name, one, ANNA));
    return;
  }
  await run.order('drain', name, (control) => control.drain(name, { instance, act }, ANNA));
}

async function release(run: SimRun, service: string, steps: readonly number[] | null): Promise<void> {
  const order = { ...ANNA, project: run.project, service, steps };
  await run.order('release', service, (control) => control.releaseService(order));
}

async function promote(run: SimRun, service: string, to: number | null, version: number | null): Promise<void> {
  await run.order('promote', service, (control) => control.promote(service, { to, version }, ANNA));
}

async function down(run: SimRun, service: string): Promise<void> {
  await run.order('down', service, (control) => control.down([service], ANNA));
}

/** A/A: the code that serves, beside itself. */
async function compare(run: SimRun, service: string, random: Random): Promise<void> {
  const step = { weight: random.between(1, 50), bakeMs: random.between(1, 30) * 1000 };
  await run.order('release', service, (control) => control.compareWithItself(service, step, ANNA));
}

/** The file no longer names a service; the next `up` may bring it back. */
async function orphan(run: SimRun, name: string): Promise<void> {
  const { project } = run;
  const rest = { ...project, services: project.services.filter((spec) => spec.name !== name) };
  const order = { ...ANNA, project: rest, services: [], isDryRun: false, removesOrphans: true, isForced: false };
  await run.order('down', name, (control) => control.up(order));
}

function otherSettings(run: SimRun, name: string, random: Random): Partial<ServiceSpec> {
  const spec = run.services.find((one) => one.name === name);
  if (!spec) return {};
  const release = {
    ...spec.release,
    minRequests: random.between(0, 30),
    keepWarmMs: random.pick([0, 20_000]),
    holdBack: random.pick([0, 20]),
  };
  return {
    release,
    isSticky: random.chance(0.2),
    hold: { requests: random.between(0, 200), ms: random.pick([0, 5000]) },
  };
}
