// One release on its way: what is remembered of it, and the phases that it goes through. Pure.
import { type Margins, marginsOf, type PassRule } from './judge/rules.ts';
import { DEFAULT_RAMP, followingWeight, type RampRule } from './ramp.ts';
import type { Ramp, ServiceSpec, Step } from './spec/project.ts';
import type { SlowLimits } from './traffic.ts';

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
  /** Candidate requests still missing, for the certificate of a sticky service clients; 0 when something else is. */
  readonly neededRequests: number;
};

/** What the judge is started with. Fixed when the release begins: nothing in the file changes it any more. */
export type Judging = { readonly margins: Margins; readonly passRule: PassRule };

/** Something that only a person can weigh. */
export type Doubt = 'rules' | 'split' | 'cpu' | 'memory';

export type Release = {
  /** Rises by one with every release of the project. */
  readonly id: number;
  readonly service: string;
  readonly version: number;
  /** Version that it replaces; null for the first start. */
  readonly from: number | null;
  readonly phase: Phase;
  readonly steps: readonly Step[];
  /** Rises with the evidence; null or absent = by its steps. */
  readonly ramp?: RampRule | null;
  /** Of a ramp: a person must say yes before each of these weights, ascending. */
  readonly approvals?: readonly number[];
  /** Of a ramp: the weight that a person is asked about. */
  readonly wanted?: number | null;
  /** Of a ramp: when the balancer confirmed its first weight, ms since 1970; waiting for people does not count, so it moves along. */
  readonly rampingSince?: number | null;
  /** What people were asked about; nothing is asked twice. */
  readonly asked?: readonly Doubt[];
  /** The weight that it waits to have instances for, in percent; absent = no more than the next. */
  readonly sizedFor?: number;
  /** Why nothing rises now, whatever the plan says; null when nothing holds it. */
  readonly held?: string | null;
  /** Of a sticky service: what slow means, once it is known; the same to the end. */
  readonly slow?: SlowLimits | null;
  /** Promised share of good requests in percent; absent = 99.9. */
  readonly slo?: number;
  /** Drawn for this release; part of the hash that assigns sticky clients. */
  readonly salt: string;
  /** Clients keep their version while it lasts; fixed when it begins, for routing and judging have to agree. */
  readonly isSticky: boolean;
  readonly needsFinalApproval: boolean;
  readonly minRequests: number;
  /** Absent in a release that began before it was kept here: the judge's own. */
  readonly judging?: Judging;
  readonly readyTimeoutMs: number;
  /** Index of the current step; -1 before the first, `steps.length` for 100 %. */
  readonly step: number;
  /** The candidate's share that is asked for, in percent. Falls only through a rollback. */
  readonly weight: number;
  /** When the balancer confirmed the asked weight, ms since 1970; null until then. */
  readonly bakingSince: number | null;
  /** Since when an arm had no ready instance, ms since 1970. */
  readonly candidateLostSince: number | null;
  readonly stableLostSince: number | null;
  readonly requestedAt: number;
  readonly phaseSince: number;
  readonly endedAt: number | null;
  readonly by: string;
  readonly reason: string;
  /** `aa`: a version is compared with itself for the bake of its one step, and never promoted. Absent = to replace stable. */
  readonly purpose?: 'aa';
  /** Why it is in this phase, in one sentence. */
  readonly sentence: string;
  /** The judge's last word; `fail` latches. */
  readonly ruling: Ruling | null;
  /** It got 100 % from a person, or because stable was broken or nothing ran, and not by the verdict; absent = by the verdict. */
  readonly isForced?: true;
  /** It takes back a version that failed after its promotion; absent = it does not. */
  readonly isTakeBack?: true;
};

/** The judge's stand, as far as it steers a ramp. */
export type Stand = {
  readonly kind: Ruling['kind'];
  readonly isCalm: boolean;
  /** 0 to 1. */
  readonly harmBound: number;
  /** Requests at this weight went into the evidence. */
  readonly isWeightJudged: boolean;
  /** Candidate requests that this weight lacks for any decision, whatever else is missing. */
  readonly missing: number;
};

/** What the rules besides the judge say, in sentences; null = nothing. */
export type Warnings = {
  /** The first requests all fail: it is taken back. */
  readonly collapse: string | null;
  /** Both versions fail: nothing rises. */
  readonly interference: string | null;
  /** A person decides. */
  readonly doubts: { readonly [doubt in Doubt]?: string | null };
};

/** What a release can see of the world in one look. */
export type ReleaseSeen = {
  readonly now: number;
  readonly candidate: {
    readonly ready: number;
    readonly wanted: number;
    /** Ready instances without which it may not get a weight; null or left out = any number will do. */
    readonly neededAt?: (weight: number) => number | null;
  };
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
  /** Null when nothing is compared. */
  readonly stand: Stand | null;
  readonly warnings: Warnings;
  /** Requests per second of the whole service, smoothed; the same after a restart of the control plane. */
  readonly rate: number;
  /** A/A only: what the end of the comparison is told with. */
  readonly comparison?: string;
};

/** Promised share of good requests in percent. */
export const DEFAULT_SLO = 99.9;

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
  readonly purpose?: 'aa';
};

/** A release in phase `starting`. Without a version to compare with it goes straight to 100 %. */
export function startRelease(request: ReleaseRequest): Release {
  const { spec } = request;
  const isStraight = request.isDirect || request.from === null;
  const own = request.steps ?? null;
  const ramp = isStraight || own !== null ? null : (spec.release.ramp ?? null);
  return {
    id: request.id,
    service: spec.name,
    version: request.version,
    from: request.from,
    phase: 'starting',
    steps: isStraight ? [] : (own ?? spec.release.steps),
    ramp: ramp && rampRule(ramp),
    approvals: ramp?.approvals ?? [],
    wanted: null,
    rampingSince: null,
    asked: [],
    held: null,
    slow: null,
    slo: spec.release.slo ?? DEFAULT_SLO,
    salt: request.salt,
    isSticky: spec.isSticky,
    needsFinalApproval: isStraight ? false : spec.release.needsFinalApproval,
    minRequests: spec.release.minRequests,
    judging: { margins: marginsOf(spec.release), passRule: spec.release.passRule ?? (ramp ? 'certified' : 'requests') },
    readyTimeoutMs: spec.release.readyTimeoutMs,
    step: -1,
    weight: 0,
    bakingSince: null,
    candidateLostSince: null,
    stableLostSince: null,
    requestedAt: request.now,
    phaseSince: request.now,
    endedAt: null,
    by: request.by,
    reason: request.reason,
    ...(request.purpose === undefined ? {} : { purpose: request.purpose }),
    sentence: `v${request.version} of ${spec.name} starts${request.from === null ? '' : ` beside v${request.from}`}.`,
    ruling: null,
  };
}

function rampRule({ minBakeMs, maxBakeMs, budget, atEnd }: Ramp): RampRule {
  return { ...DEFAULT_RAMP, minBakeMs, maxBakeMs, budget, atEnd };
}

/** Whether two versions get traffic beside each other: not at a first start, nor on the way back. */
export function isCompared({ from, steps, ramp }: Release): boolean {
  return from !== null && (steps.length > 0 || ramp != null);
}

export function enter(release: Release, phase: Phase, now: number, sentence: string): Release {
  const next = { ...release, phase, phaseSince: now, sentence };
  return isOver(next) ? { ...next, endedAt: now } : next;
}

/** What an event says of a release in numbers, so that the journal alone tells how things stand. */
export function standOf({ phase, weight, from }: Release): Readonly<Record<string, unknown>> {
  return { phase, weight, from };
}

export function toFull(release: Release, now: number, sentence: string): Release {
  const full = { ...release, step: release.steps.length, weight: 100, bakingSince: null };
  return enter(full, 'promoting', now, sentence);
}

export function rollingBack(release: Release, now: number, why: string): Release {
  return enter({ ...release, weight: 0, bakingSince: null }, 'rolling_back', now, why);
}

/** The weight that comes next; of a ramp the highest that may. */
export function nextWeight(release: Release): number {
  if (release.ramp) {
    const highest = followingWeight(release.weight, release.ramp);
    return release.wanted ?? gateBelow(release, highest) ?? highest;
  }
  return release.steps[release.step + 1]?.weight ?? 100;
}

/** The first weight up to `weight` that needs a person's yes; null when none does. */
export function gateBelow(release: Release, weight: number): number | null {
  return (release.approvals ?? []).find((one) => one > release.weight && one <= weight) ?? null;
}

/** `5%`, `0.5%`. */
export function percent(weight: number): string {
  return `${Number(weight.toFixed(2))}%`;
}
