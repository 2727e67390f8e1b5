// One release on its way: its phases, what moves it on, and what people may do to it. Pure.
import type { ServiceSpec, Step } from './spec/project.ts';
import { formatDuration } from './time.ts';

export type Phase =
  | 'starting'
  | 'ramping'
  | 'waiting_for_traffic'
  | 'waiting_for_approval'
  | 'paused'
  | 'promoting'
  | 'promoted'
  | 'rolling_back'
  | 'rolled_back'
  | 'failed';

/** What the judge says, as far as the release needs it. */
export type Ruling = {
  readonly kind: 'pass' | 'fail' | 'inconclusive';
  readonly sentence: string;
  /** Candidate requests still missing; 0 when something else is. */
  readonly neededRequests: number;
};

export type Release = {
  /** Rises by one with every release of the project. */
  readonly id: number;
  readonly service: string;
  readonly version: number;
  /** Version that it replaces; null for the first start. */
  readonly from: number | null;
  readonly phase: Phase;
  readonly steps: readonly Step[];
  /** Drawn for this release; part of the hash that assigns sticky clients. */
  readonly salt: string;
  /** Clients keep their version while it lasts; fixed when it begins, for routing and judging have to agree. */
  readonly isSticky: boolean;
  readonly needsFinalApproval: boolean;
  readonly minRequests: number;
  readonly readyTimeoutMs: number;
  /** Index of the current step; -1 before the first, `steps.length` for 100 %. */
  readonly step: number;
  /** The candidate's share that is asked for, in percent. Falls only through a rollback. */
  readonly weight: number;
  /** When the balancer confirmed the asked weight, ms since 1970; null until then. */
  readonly bakingSince: number | null;
  /** Weights that a person has said yes to. */
  readonly approved: readonly number[];
  /** Since when an arm had no ready instance, ms since 1970. */
  readonly candidateLostSince: number | null;
  readonly stableLostSince: number | null;
  readonly requestedAt: number;
  readonly phaseSince: number;
  readonly endedAt: number | null;
  readonly by: string;
  readonly reason: string;
  /** Why it is in this phase, in one sentence. */
  readonly sentence: string;
  /** The judge's last word; `fail` latches. */
  readonly ruling: Ruling | null;
};

/** What a release can see of the world in one look. */
export type ReleaseSeen = {
  readonly now: number;
  readonly candidate: { readonly ready: number; readonly wanted: number };
  /** Ready instances of stable; null when there is no stable. */
  readonly stableReady: number | null;
  /** Why a candidate instance is not ready, in words; empty when all are. */
  readonly notReady: string;
  /** A candidate instance that ends again and again, in words; null otherwise. */
  readonly crashLoop: string | null;
  /** The balancer routes exactly what this release asks for. */
  readonly isConfirmed: boolean;
  /** A newer release waits for the end of this one. */
  readonly hasSuccessor: boolean;
  readonly ruling: Ruling | null;
  /** Requests per second that reach the candidate. */
  readonly candidateRate: number;
};

/** An arm without a ready instance for so long is lost. */
export const LOST_AFTER_MS = 5000;

const OVER: ReadonlySet<Phase> = new Set(['promoted', 'rolled_back', 'failed']);

export function isOver(release: Release): boolean {
  return OVER.has(release.phase);
}

export type ReleaseRequest = {
  readonly id: number;
  readonly version: number;
  readonly from: number | null;
  readonly spec: ServiceSpec;
  /** True: no steps, straight to 100 % once ready (a person goes back to a version that people used before). */
  readonly isDirect: boolean;
  /** Instead of those of the spec; null or left out = those of the spec. */
  readonly steps?: readonly Step[] | null;
  readonly salt: string;
  readonly now: number;
  readonly by: string;
  readonly reason: string;
};

/** A release in phase `starting`. Without a version to compare with it goes straight to 100 %. */
export function startRelease(request: ReleaseRequest): Release {
  const { spec } = request;
  const isStraight = request.isDirect || request.from === null;
  return {
    id: request.id,
    service: spec.name,
    version: request.version,
    from: request.from,
    phase: 'starting',
    steps: isStraight ? [] : (request.steps ?? spec.release.steps),
    salt: request.salt,
    isSticky: spec.isSticky,
    needsFinalApproval: isStraight ? false : spec.release.needsFinalApproval,
    minRequests: spec.release.minRequests,
    readyTimeoutMs: spec.release.readyTimeoutMs,
    step: -1,
    weight: 0,
    bakingSince: null,
    approved: [],
    candidateLostSince: null,
    stableLostSince: null,
    requestedAt: request.now,
    phaseSince: request.now,
    endedAt: null,
    by: request.by,
    reason: request.reason,
    sentence: `v${request.version} of ${spec.name} starts${request.from === null ? '' : ` beside v${request.from}`}.`,
    ruling: null,
  };
}

function enter(release: Release, phase: Phase, now: number, sentence: string): Release {
  const next = { ...release, phase, phaseSince: now, sentence };
  return isOver(next) ? { ...next, endedAt: now } : next;
}

/** What an event says of a release in numbers, so that the journal alone tells how things stand. */
export function standOf({ phase, weight, from }: Release): Readonly<Record<string, unknown>> {
  return { phase, weight, from };
}

/** The phase of the next look. A release that is over never changes again. */
export function next(release: Release, seen: ReleaseSeen): Release {
  if (isOver(release)) return release;
  const looked = notice(release, seen);
  switch (looked.phase) {
    case 'starting':
      return whileStarting(looked, seen);
    case 'rolling_back':
      return whileRollingBack(looked, seen);
    case 'promoting':
      return takeBackIfBad(looked, seen) ?? whilePromoting(looked, seen);
    default:
      return takeBackIfBad(looked, seen) ?? rescueFromBrokenStable(looked, seen) ?? whileBaking(looked, seen);
  }
}

/** Remembers since when arms are lost, when the bake began, and the judge's word; a `fail` stays. */
function notice(release: Release, seen: ReleaseSeen): Release {
  const since = (isLost: boolean, before: number | null) => (isLost ? (before ?? seen.now) : null);
  const candidateLostSince = since(seen.candidate.ready === 0, release.candidateLostSince);
  const stableLostSince = since(seen.stableReady === 0, release.stableLostSince);
  const bakingSince = release.bakingSince ?? (seen.isConfirmed && release.weight > 0 ? seen.now : null);
  const ruling = release.ruling?.kind === 'fail' ? release.ruling : (seen.ruling ?? release.ruling);
  return { ...release, candidateLostSince, stableLostSince, bakingSince, ruling };
}

function whileStarting(release: Release, seen: ReleaseSeen): Release {
  const name = `v${release.version} of ${release.service}`;
  const stays = release.from === null ? 'Nothing else runs.' : `v${release.from} still has 100% of traffic.`;
  if (release.from !== null && isStableLost(release, seen) && seen.candidate.ready > 0) return rescue(release, seen);
  if (seen.crashLoop) return enter(release, 'failed', seen.now, `${name} keeps ending: ${seen.crashLoop}. ${stays}`);
  if (seen.candidate.wanted === 0)
    return toFull(release, seen.now, `${name} has no replicas, so nothing can be compared.`);
  if (seen.candidate.ready >= seen.candidate.wanted) return advance(release, seen.now);
  const waited = seen.now - release.phaseSince;
  if (waited < release.readyTimeoutMs) return release;
  const why = seen.notReady || 'it gave no reason';
  const limit = formatDuration(release.readyTimeoutMs);
  return enter(release, 'failed', seen.now, `${name} was not ready within ${limit}: ${why}. ${stays}`);
}

function isStableLost(release: Release, seen: ReleaseSeen): boolean {
  return release.stableLostSince !== null && seen.now - release.stableLostSince >= LOST_AFTER_MS;
}

function takeBackIfBad(release: Release, seen: ReleaseSeen): Release | null {
  const name = `v${release.version} of ${release.service}`;
  if (release.ruling?.kind === 'fail') return rollingBack(release, seen.now, release.ruling.sentence);
  if (release.from === null) return null;
  if (seen.crashLoop) return rollingBack(release, seen.now, `${name} keeps ending: ${seen.crashLoop}.`);
  const lost = release.candidateLostSince;
  if (lost !== null && seen.now - lost >= LOST_AFTER_MS) {
    return rollingBack(release, seen.now, `${name} has no ready instance: ${seen.notReady || 'all have ended'}.`);
  }
  return null;
}

/** A stable without a ready instance can neither serve nor be compared with: the candidate that works takes over. */
function rescueFromBrokenStable(release: Release, seen: ReleaseSeen): Release | null {
  const mayRescue = isStableLost(release, seen) && seen.candidate.ready > 0 && release.phase !== 'paused';
  return mayRescue ? rescue(release, seen) : null;
}

function rescue(release: Release, seen: ReleaseSeen): Release {
  const why = `v${release.from} of ${release.service} has no ready instance, so v${release.version} takes over.`;
  return toFull(release, seen.now, why);
}

function toFull(release: Release, now: number, sentence: string): Release {
  const full = { ...release, step: release.steps.length, weight: 100, bakingSince: null };
  return enter(full, 'promoting', now, sentence);
}

/** Stable is let go only for a candidate that is ready at this very look. */
function whilePromoting(release: Release, seen: ReleaseSeen): Release {
  const { ready, wanted } = seen.candidate;
  const canServe = ready > 0 || wanted === 0 || release.from === null;
  if (!seen.isConfirmed || !canServe) return release;
  const replaced = release.from === null ? '' : ` v${release.from} finishes its open requests.`;
  return enter(
    release,
    'promoted',
    seen.now,
    `v${release.version} of ${release.service} has 100% of traffic.${replaced}`,
  );
}

function rollingBack(release: Release, now: number, why: string): Release {
  return enter({ ...release, weight: 0, bakingSince: null }, 'rolling_back', now, why);
}

/** Ends when stable serves again. Until then the candidate stands in, unless it cannot either or a newer one is there. */
function whileRollingBack(release: Release, seen: ReleaseSeen): Release {
  const isOverdue = isStableLost(release, seen) && (seen.candidate.ready === 0 || seen.hasSuccessor);
  const isBack = seen.stableReady !== 0 && seen.isConfirmed;
  return isBack || isOverdue ? enter(release, 'rolled_back', seen.now, release.sentence) : release;
}

/** Ramping, or waiting for traffic or a person: the weight holds until this step has what it needs. */
function whileBaking(release: Release, seen: ReleaseSeen): Release {
  if (release.phase === 'paused') return release;
  if (release.phase === 'waiting_for_approval') return isApproved(release) ? advance(release, seen.now) : release;
  const step = release.steps[release.step];
  if (!step || release.bakingSince === null) return release;
  const baked = seen.now - release.bakingSince;
  if (baked < step.bakeMs) return release;
  if (release.ruling?.kind === 'pass') return advance(release, seen.now);
  const needed = release.ruling?.neededRequests ?? release.minRequests;
  if (needed === 0) {
    const sentence = release.ruling?.sentence ?? release.sentence;
    return release.phase === 'ramping' ? { ...release, sentence } : enter(release, 'ramping', seen.now, sentence);
  }
  const sentence = waitingSentence(release, needed, seen.candidateRate);
  if (release.phase === 'waiting_for_traffic') return { ...release, sentence };
  return enter(release, 'waiting_for_traffic', seen.now, sentence);
}

function waitingSentence(release: Release, needed: number, rate: number): string {
  const eta =
    rate > 0 ? `about ${formatDuration((needed / rate) * 1000)} at today's traffic` : 'no request reaches it now';
  return `Not enough data: v${release.version} of ${release.service} needs ${needed} more request${needed === 1 ? '' : 's'} at ${percent(release.weight)}, ${eta}.`;
}

/** The weight that comes after the current step. */
export function nextWeight(release: Release): number {
  return release.steps[release.step + 1]?.weight ?? 100;
}

function isApproved(release: Release): boolean {
  const target = nextWeight(release);
  const step = release.steps[release.step + 1];
  const needs = step ? step.needsApproval : release.needsFinalApproval;
  return !needs || release.approved.includes(target);
}

/** One step on, or to a person when the next one needs a yes. */
function advance(release: Release, now: number): Release {
  const weight = nextWeight(release);
  if (!isApproved(release)) {
    const sentence = `v${release.version} of ${release.service} waits for a person's yes before ${percent(weight)}.`;
    return release.phase === 'waiting_for_approval' ? release : enter(release, 'waiting_for_approval', now, sentence);
  }
  if (weight >= 100) return toFull(release, now, `v${release.version} of ${release.service} gets 100% of traffic.`);
  const stepped = { ...release, step: release.step + 1, weight, bakingSince: null };
  return enter(
    stepped,
    'ramping',
    now,
    `v${release.version} of ${release.service} gets ${percent(weight)} of traffic.`,
  );
}

/** `5%`, `0.5%`. */
export function percent(weight: number): string {
  return `${Number(weight.toFixed(2))}%`;
}

/** A person's order: the changed release, or why it cannot be followed now. */
export type Ordered = { readonly release: Release } | { readonly problem: string };

function refuse(release: Release, what: string): Ordered {
  return {
    problem: `${release.service} v${release.version} is ${release.phase.replaceAll('_', ' ')}, so it cannot be ${what}.`,
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

/** The service is stopped; its release ends at once. */
export function cutShort(release: Release, now: number, by: string): Release {
  if (isOver(release)) return release;
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
  if (release.phase === 'paused') return { release };
  if (!['ramping', 'waiting_for_traffic', 'waiting_for_approval'].includes(release.phase))
    return refuse(release, 'paused');
  const sentence = `${by} paused v${release.version} of ${release.service} at ${percent(release.weight)}.`;
  return { release: enter(release, 'paused', now, sentence) };
}

/** Goes to the next step now, or up to `to` percent (100 = promote). A yes where one is waited for; never down. */
export function promote(release: Release, to: number | null, now: number, by: string): Ordered {
  if (!['ramping', 'waiting_for_traffic', 'waiting_for_approval', 'paused'].includes(release.phase)) {
    return refuse(release, 'promoted');
  }
  const weight = to ?? nextWeight(release);
  if (weight <= release.weight) {
    return {
      problem: `${release.service} v${release.version} already has ${percent(release.weight)}; ${percent(weight)} is not more.`,
    };
  }
  if (weight >= 100)
    return { release: toFull(release, now, `${by} gave v${release.version} of ${release.service} 100% of traffic.`) };
  const sentence = `${by} gave v${release.version} of ${release.service} ${percent(weight)} of traffic.`;
  const steps = release.steps.some((step) => step.weight === weight)
    ? release.steps
    : insertStep(release.steps, weight);
  const step = steps.findIndex((one) => one.weight === weight);
  return { release: enter({ ...release, steps, step, weight, bakingSince: null }, 'ramping', now, sentence) };
}

/** The plan with a step more, which bakes as long as the one before it. */
function insertStep(steps: readonly Step[], weight: number): readonly Step[] {
  const before = steps.filter((step) => step.weight < weight);
  const after = steps.filter((step) => step.weight > weight);
  const bakeMs = before.at(-1)?.bakeMs ?? after[0]?.bakeMs ?? 0;
  return [...before, { weight, bakeMs, needsApproval: false }, ...after];
}
