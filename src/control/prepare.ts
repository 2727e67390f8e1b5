// The slow half of an order: build or snapshot first, then change memory in one step.
import { Failure } from '../core/failure.ts';
import { type Given, type Outcome, requestRelease, serviceOf, withVersion } from '../core/orders.ts';
import { beginAnew } from '../core/service.ts';
import { isReleased, type Project, type ServiceSpec, type Step } from '../core/spec/project.ts';
import { addressOf, type Listen } from '../core/traffic.ts';
import type { Memory } from '../core/turn.ts';
import { orderUp, type Prepared, type UpOutcome } from '../core/up.ts';
import type { Certificates } from '../ports/certificates.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { ReleaseOrder, UpOrder } from './api.ts';

type Means = {
  readonly runtime: Runtime;
  readonly project: { readonly name: string };
  readonly freePort: () => Promise<number>;
  /** Left out, nothing is known of certificates. */
  readonly certificates?: Certificates;
  /** Why a public address cannot be had, in words; null when it can. Left out, every one can. */
  readonly refusedAddress?: (address: Listen) => Promise<string | null>;
};

function checkProject(means: Means, project: Project): void {
  if (project.name === means.project.name) return;
  const message = `This control plane runs project ${means.project.name}, the file is of project ${project.name}.`;
  throw new Failure('conflict', message, { hint: `friday -f ${project.file} up` });
}

/** A table with an address that cannot be had is refused whole, and then nothing could be taken back. */
async function checkAddresses(means: Means, wanted: readonly Listen[], own: readonly Listen[]): Promise<void> {
  const ports = new Set([0, ...own.map((address) => address.port)]);
  for (const address of wanted) {
    if (ports.has(address.port)) continue;
    const why = await means.refusedAddress?.(address);
    if (!why) continue;
    const message = `Requests cannot arrive at ${addressOf(address)}: ${why}. Nothing was changed.`;
    throw new Failure('conflict', message, { hint: 'set x-friday.listen to another port, or see friday doctor' });
  }
}

/**
 * Everything that `up` needs from outside; the returned function is pure and may be called on any memory. `own` are the
 * public addresses that the balancer has.
 */
export async function prepareUp(
  means: Means,
  memory: Memory,
  own: readonly Listen[],
  order: UpOrder,
): Promise<(memory: Memory, given: Given) => UpOutcome> {
  checkProject(means, order.project);
  const { tls } = order.project;
  await checkAddresses(means, [...order.project.listen, ...(tls?.listen ?? [])], own);
  if (tls) await means.certificates?.check(tls);
  const specs = withDependencies(order.project.services, order.services);
  const prepared: Prepared[] = [];
  for (const spec of specs) {
    const revision = order.isDryRun ? await means.runtime.identify(spec) : await means.runtime.prepare(spec);
    prepared.push({ spec, revision });
  }
  const ports: Record<string, number> = {};
  const taken = new Set(Object.values(memory.services).map((service) => service.internalPort));
  for (const { spec } of prepared) {
    if (memory.services[spec.name]) continue;
    ports[spec.name] = await newPort(means, taken);
  }
  const request = {
    listen: order.project.listen,
    tls: tls ?? null,
    prepared,
    named: order.project.services.map((spec) => spec.name),
    ports,
    isForced: order.isForced,
    removesOrphans: order.removesOrphans,
  };
  return (current, given) => orderUp(current, request, given);
}

async function newPort(means: Means, taken: Set<number>): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = await means.freePort();
    if (taken.has(port)) continue;
    taken.add(port);
    return port;
  }
  throw new Failure('unavailable', 'No free loopback port was found in 100 tries.', { hint: 'friday doctor' });
}

/** The named services and what they depend on (all when none is named), dependencies first. */
export function withDependencies(specs: readonly ServiceSpec[], names: readonly string[]): readonly ServiceSpec[] {
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const ordered = new Set<ServiceSpec>();
  const visit = (name: string, isAsked: boolean) => {
    const spec = byName.get(name);
    if (!spec && isAsked) {
      const known = specs.map((one) => one.name).join(', ') || 'none';
      throw new Failure('not-found', `There is no service ${name} in the file; expected one of: ${known}.`);
    }
    if (!spec || ordered.has(spec)) return;
    for (const dependency of spec.dependsOn) visit(dependency.service, false);
    ordered.add(spec);
  };
  for (const name of names.length > 0 ? names : specs.map((spec) => spec.name)) visit(name, true);
  return [...ordered];
}

/** Other weights for one release, with the bake of the file's first step. */
function stepsFor(spec: ServiceSpec, weights: readonly number[] | null): readonly Step[] | null {
  if (weights === null) return null;
  const bakeMs = spec.release.steps[0]?.bakeMs ?? 60_000;
  return weights.filter((weight) => weight < 100).map((weight) => ({ weight, bakeMs, needsApproval: false }));
}

/** Prepares one service; the returned function makes the new version and its release. */
export async function prepareRelease(
  means: Means,
  order: ReleaseOrder,
): Promise<(memory: Memory, given: Given) => Outcome> {
  checkProject(means, order.project);
  const [named] = withDependencies(order.project.services, [order.service]).slice(-1);
  if (!named) throw new Failure('not-found', `There is no service ${order.service} in the file.`);
  if (!isReleased(named)) {
    const message = `${named.name} is not behind the balancer (it has no x-friday.port), so it is not released in steps.`;
    throw new Failure('conflict', message, { hint: 'friday up changes it in place' });
  }
  const steps = stepsFor(named, order.steps);
  const revision = await means.runtime.prepare(named);
  return (memory, given) => {
    const service = serviceOf(memory, named.name);
    const version = service.nextVersion;
    const changed = withVersion(service, named, revision, given);
    return requestRelease(memory, service.isDown ? beginAnew(changed) : changed, version, false, given, steps);
  };
}
