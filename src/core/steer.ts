// What people may do to a release that is under way. Pure.
import { enter, isOver, nextWeight, percent, type Release, rollingBack, toFull } from './release.ts';
import type { Step } from './spec/project.ts';

/** A person's order: the changed release, or why it cannot be followed now. */
export type Ordered = { readonly release: Release } | { readonly problem: string };

function refuse(release: Release, what: string): Ordered {
  return {
    problem: `${release.service} v${release.version} is ${release.phase.replaceAll('_', ' ')}, so it cannot be ${what}.`,
  };
}

/** An A/A comparison has nothing to promote, and ends by its time. */
function isItself({ service, version, from }: Release): Ordered {
  return {
    problem: `${service} v${version} is the code of v${from}, which is compared with itself (A/A): it is neither promoted nor paused.`,
  };
}

/** A person's stop. Ends clean from every phase that is not over. */
export function rollBack(release: Release, now: number, by: string, reason: string): Ordered {
  if (isOver(release)) return refuse(release, 'rolled back');
  if (release.phase === 'rolling_back') return { release };
  const why = `${by} rolled v${release.version} of ${release.service} back${reason ? `: ${reason}` : ''}.`;
  if (release.from === null) return { release: enter({ ...release, weight: 0 }, 'failed', now, why) };
  return { release: rollingBack(release, now, why) };
}

/** A newer release takes the place of this one. */
export function supersede(release: Release, now: number, version: number): Release {
  return rollingBack(
    release,
    now,
    `v${version} of ${release.service} was released before v${release.version} was decided.`,
  );
}

/** The service is stopped; its release ends at once. A version that was taken back stays so: the one before it starts again. */
export function cutShort(release: Release, now: number, by: string): Release {
  if (isOver(release)) return release;
  const { isTakeBack, service, version } = release;
  if (isTakeBack) {
    return enter(release, 'promoted', now, `${by} stopped ${service}; v${version} is what starts again.`);
  }
  const phase = release.weight > 0 || release.phase === 'rolling_back' ? 'rolled_back' : 'failed';
  return enter(
    { ...release, weight: 0 },
    phase,
    now,
    `${by} stopped ${release.service} before v${release.version} was decided.`,
  );
}

/** Holds the current weight; the judge still watches. */
export function pause(release: Release, now: number, by: string): Ordered {
  if (release.purpose === 'aa') return isItself(release);
  if (release.phase === 'paused') return { release };
  if (!['ramping', 'waiting_for_traffic', 'waiting_for_approval'].includes(release.phase))
    return refuse(release, 'paused');
  const sentence = `${by} paused v${release.version} of ${release.service} at ${percent(release.weight)}.`;
  return { release: enter(release, 'paused', now, sentence) };
}

/** Goes to the next step now, or up to `to` percent (100 = promote). A yes where one is waited for; never down. */
export function promote(release: Release, to: number | null, now: number, by: string): Ordered {
  if (release.purpose === 'aa') return isItself(release);
  if (!['ramping', 'waiting_for_traffic', 'waiting_for_approval', 'paused'].includes(release.phase)) {
    return refuse(release, 'promoted');
  }
  const weight = to ?? nextWeight(release);
  if (weight <= release.weight) {
    return {
      problem: `${release.service} v${release.version} already has ${percent(release.weight)}; ${percent(weight)} is not more.`,
    };
  }
  if (weight >= 100) {
    // A yes to the last step follows the judge's own; any other 100 % is the person's alone.
    const isYes = release.phase === 'waiting_for_approval' && nextWeight(release) >= 100;
    const given: Release = isYes ? release : { ...release, isForced: true };
    return { release: toFull(given, now, `${by} gave v${release.version} of ${release.service} 100% of traffic.`) };
  }
  const sentence = `${by} gave v${release.version} of ${release.service} ${percent(weight)} of traffic.`;
  if (release.ramp) return { release: enter(climbed(release, weight, now), 'ramping', now, sentence) };
  const steps = release.steps.some((step) => step.weight === weight)
    ? release.steps
    : insertStep(release.steps, weight);
  const step = steps.findIndex((one) => one.weight === weight);
  return { release: enter({ ...release, steps, step, weight, bakingSince: null }, 'ramping', now, sentence) };
}

/** A ramp at the weight that a person gave it. The time for which it waited for the person does not count. */
function climbed(release: Release, weight: number, now: number): Release {
  const waitedMs = ['paused', 'waiting_for_approval'].includes(release.phase) ? now - release.phaseSince : 0;
  const rampingSince = release.rampingSince == null ? null : release.rampingSince + waitedMs;
  return { ...release, step: 0, weight, wanted: null, rampingSince, bakingSince: null };
}

/** The plan with a step more, which bakes as long as the one before it. */
function insertStep(steps: readonly Step[], weight: number): readonly Step[] {
  const before = steps.filter((step) => step.weight < weight);
  const after = steps.filter((step) => step.weight > weight);
  const bakeMs = before.at(-1)?.bakeMs ?? after[0]?.bakeMs ?? 0;
  return [...before, { weight, bakeMs, needsApproval: false }, ...after];
}
