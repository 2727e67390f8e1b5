// Releases with `plan: auto` in a world of one service, for tests of their own.
import type { Guards } from '../core/guards.ts';
import type { Ramp, ServiceSpec } from '../core/spec/project.ts';
import { decide, type Memory } from '../core/turn.ts';
import type { Behaviour } from './behaviour.ts';
import { auto, releaseIn, sendOut, served, web } from './fixture.ts';
import { ANNA, type SimOptions, type SimRun } from './run.ts';

type Given = {
  readonly ramp?: Partial<Ramp>;
  /** Requests per second. */
  readonly rate?: number;
  readonly clients?: number;
  readonly spec?: Partial<ServiceSpec>;
  readonly behaviour?: Partial<Behaviour>;
  readonly planted?: Partial<SimOptions>;
};

/** A release that has just begun, after a minute in which stable served alone. */
export async function begun(given: Given = {}): Promise<SimRun> {
  const { ramp = {}, rate = 50, clients = 500, spec = {}, behaviour = {}, planted = {} } = given;
  const run = await served(web(auto(ramp), spec), planted);
  Object.assign(crowdOf(run), { rate, clients });
  await run.pass(60);
  await sendOut(run, behaviour);
  return run;
}

export function crowdOf(run: SimRun) {
  const crowd = run.world.users.crowds.get('web');
  if (!crowd) throw new Error('web has no users');
  crowd.longRate = 0;
  return crowd;
}

export async function until(run: SimRun, isSo: () => boolean, limitS = 1200): Promise<number> {
  const seconds = await run.passUntil(isSo, limitS);
  if (seconds < 0 || run.isBroken) throw new Error(run.report());
  return seconds;
}

export const untilOver = (run: SimRun, limitS?: number) => until(run, () => releaseIn(run).endedAt !== null, limitS);
export const untilPhase = (run: SimRun, phase: string, limitS?: number) =>
  until(run, () => releaseIn(run).phase === phase, limitS);

export function weights(run: SimRun): readonly unknown[] {
  const { id } = releaseIn(run);
  const told = run.events().filter((event) => event.release === id && event.type === 'release_weight');
  return told.map((event) => event.data.weight);
}

/** A loop that changes what its rules remember before each turn. */
export function blind(change: (guards: Guards) => Guards): Partial<SimOptions> {
  const all = (evidence: Memory['evidence']) =>
    Object.entries(evidence).map(
      ([id, one]) => [id, one.guards ? { ...one, guards: change(one.guards) } : one] as const,
    );
  return {
    decide: (memory, world) => decide({ ...memory, evidence: Object.fromEntries(all(memory.evidence)) }, world),
  };
}

export const promote = (run: SimRun, to: number | null = null) =>
  run.order('promote', 'web', (control) => control.promote('web', { to, version: null }, ANNA));
