// Works out how a new version of a service goes out: its ramp, or the steps with their bake times and approvals.
import { type Draft, pathIn } from './draft.ts';
import { errorAt } from './problem.ts';
import type { ReleaseSpec } from './project.ts';
import { spanAt } from './tree.ts';

const LIST_BAKE_MS = 60_000;
/** Percent. */
const HOLD_BACK = 5;
const AUTO_BAKE = { min: 120_000, max: 1_800_000 };
const AUTO_BUDGET = 10;

type Written = NonNullable<Draft['friday']['release']>;

/** Without x-friday.port nothing is behind the balancer, so there is neither a ramp nor a step. */
export function releaseOf(draft: Draft): ReleaseSpec {
  const release = draft.friday.release ?? {};
  const weights = release.plan === 'auto' ? undefined : release.plan;
  const plan = weights === undefined ? rampOf(draft, release) : stepsOf(draft, release, weights);
  const { pass, slo } = release;
  return {
    ...(draft.friday.port === undefined ? { steps: [], needsFinalApproval: plan.needsFinalApproval } : plan),
    minRequests: release.requests ?? 20,
    ...(pass === undefined ? {} : { passRule: pass }),
    ...(slo === undefined ? {} : { slo }),
    readyTimeoutMs: release.ready_timeout ?? 60_000,
    keepWarmMs: release.keep_warm ?? 600_000,
    holdBack: release.hold_back ?? HOLD_BACK,
    ...marginsOf(release),
  };
}

type Plan = Pick<ReleaseSpec, 'steps' | 'ramp' | 'needsFinalApproval'>;

function stepsOf(draft: Draft, release: Written, weights: readonly number[]): Plan {
  const approvals = new Set(release.approve ?? []);
  checkApprovals(draft, release.approve ?? [], weights);
  for (const key of ['budget', 'at_end'] as const) {
    if (release[key] !== undefined) complain(draft, key, 'belongs to plan: auto', 'a list of weights has bake');
  }
  if (typeof release.bake === 'object') complain(draft, 'bake', 'expected one duration for a list of weights, like 2m');
  const bakeMs = typeof release.bake === 'number' ? release.bake : LIST_BAKE_MS;
  const steps = weights.map((weight) => ({ weight, bakeMs, needsApproval: approvals.has(weight) }));
  return { steps, needsFinalApproval: approvals.has(100) };
}

/** A single `bake` is the shortest one. */
function rampOf(draft: Draft, release: Written): Plan {
  const { min, max } = typeof release.bake === 'object' ? release.bake : { min: release.bake, max: undefined };
  if (min !== undefined && max !== undefined && min > max) {
    complain(draft, 'bake', 'min is longer than max');
  }
  const minBakeMs = min ?? Math.min(AUTO_BAKE.min, max ?? AUTO_BAKE.min);
  const ramp = {
    minBakeMs,
    maxBakeMs: max ?? Math.max(AUTO_BAKE.max, minBakeMs),
    budget: release.budget ?? AUTO_BUDGET,
    atEnd: release.at_end ?? 'hold',
    approvals: [...(release.approve ?? [])].sort((one, other) => one - other),
  };
  return { steps: [], ramp, needsFinalApproval: false };
}

function complain(draft: Draft, key: string, message: string, hint: string | null = null): void {
  const path = pathIn(draft, 'x-friday', 'release', key);
  draft.problems.push(errorAt(path, spanAt(draft.root, path), message, hint));
}

type Margins = { errors?: { margin: number } | undefined; latency?: Record<string, number | undefined> | undefined };

function marginsOf(release: Margins): Pick<ReleaseSpec, 'errorMargin' | 'latencyMargins'> {
  const { errors, latency } = release;
  return {
    ...(errors === undefined ? {} : { errorMargin: errors.margin }),
    ...(latency === undefined ? {} : { latencyMargins: latency }),
  };
}

function checkApprovals(draft: Draft, approvals: readonly number[], weights: readonly number[]): void {
  for (const [index, weight] of approvals.entries()) {
    if (weight === 100 || weights.includes(weight)) continue;
    const path = pathIn(draft, 'x-friday', 'release', 'approve', index);
    const hint = `the plan has ${[...weights, 100].join(', ')}`;
    draft.problems.push(errorAt(path, spanAt(draft.root, path), `${weight} is no step of the plan`, hint));
  }
}
