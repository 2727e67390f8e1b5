// Works out how a new version of a service goes out: the steps, their bake times and approvals.
import { type Draft, pathIn } from './draft.ts';
import { errorAt } from './problem.ts';
import type { ReleaseSpec } from './project.ts';
import { spanAt } from './tree.ts';

/** What `plan: auto` stands for until the ramp is steered by evidence. */
const AUTO = [5, 25, 50];
const AUTO_BAKE_MS = 30_000;
const LIST_BAKE_MS = 60_000;
/** Percent. */
const HOLD_BACK = 5;

/** Without x-friday.port nothing is behind the balancer, so there are no steps. */
export function releaseOf(draft: Draft): ReleaseSpec {
  const release = draft.friday.release ?? {};
  const isAuto = release.plan === undefined || release.plan === 'auto';
  const weights = isAuto ? AUTO : (release.plan as readonly number[]);
  const approvals = new Set(release.approve ?? []);
  checkApprovals(draft, release.approve ?? [], weights);
  const bakeMs = release.bake ?? (isAuto ? AUTO_BAKE_MS : LIST_BAKE_MS);
  const isBehindBalancer = draft.friday.port !== undefined;
  return {
    steps: isBehindBalancer ? weights.map((weight) => ({ weight, bakeMs, needsApproval: approvals.has(weight) })) : [],
    needsFinalApproval: approvals.has(100),
    minRequests: release.requests ?? 20,
    readyTimeoutMs: release.ready_timeout ?? 60_000,
    keepWarmMs: release.keep_warm ?? 600_000,
    holdBack: release.hold_back ?? HOLD_BACK,
    ...marginsOf(release),
  };
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
