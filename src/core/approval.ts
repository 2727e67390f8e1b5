// Which orders take a person's yes: those that go past a weight for which the file wants one. Pure.
import { Failure } from './failure.ts';
import { isOver, nextWeight, percent, type Release } from './release.ts';
import { type ServiceState, versionOf } from './service.ts';
import type { ServiceSpec } from './spec/project.ts';

/**
 * The lowest weight up to `to` (null = the next one) that the release may not enter without a yes; null when none is
 * passed. While it waits for a person, for whatever reason, that is the next one.
 */
export function gateOn(release: Release, to: number | null): number | null {
  if (release.phase === 'waiting_for_approval') return nextWeight(release);
  const weight = to ?? nextWeight(release);
  const ramp = (release.approvals ?? []).filter((one) => one > release.weight && one <= weight);
  const steps = release.steps
    .filter((step, index) => index > release.step && step.needsApproval && step.weight <= weight)
    .map((step) => step.weight);
  const gates = [...ramp, ...steps, ...(release.needsFinalApproval && weight >= 100 ? [100] : [])];
  return gates.length === 0 ? null : Math.min(...gates);
}

/** Whether people have never used this version though its file wants a yes on the way: to make it stable is that yes. */
function isUnapproved(service: ServiceState, version: number): boolean {
  const wasStable = version === service.stable || service.lineage.includes(version);
  const spec = versionOf(service, version)?.spec;
  return !wasStable && spec !== undefined && wantsApproval(spec);
}

function wantsApproval({ release }: ServiceSpec): boolean {
  const isGated = release.needsFinalApproval || release.steps.some((step) => step.needsApproval);
  return isGated || (release.ramp?.approvals.length ?? 0) > 0;
}

/** Failure: `refused` when the order goes past a weight that wants a yes, and whoever orders may not give it. */
export function requireYes(
  service: ServiceState,
  target: { readonly to: number | null; readonly version: number | null },
  mayApprove: boolean | undefined,
): void {
  if (mayApprove !== false) return;
  const { release } = service;
  const isUnderWay = release !== null && !isOver(release);
  if (isUnderWay && (target.version === null || target.version === release.version)) {
    const gate = gateOn(release, target.to);
    if (gate !== null) throw lacks(`${service.name} v${release.version} needs a yes before ${percent(gate)}`);
    return;
  }
  const { version } = target;
  if (version === null || !isUnapproved(service, version)) return;
  throw lacks(`${service.name} v${version} needs a yes that it never got`);
}

function lacks(what: string): Failure {
  return new Failure('refused', `${what}, and only an approver may give it.`, {
    hint: 'Ask somebody with the role approver or admin: friday user ls',
  });
}
