// A plan that is tried out by hand, read by the same rules as one in compose.yaml.
import { Failure } from '../failure.ts';
import type { ServiceSpec } from '../spec/project.ts';
import { readProject } from '../spec/read.ts';

export type PlanGiven = {
  readonly weights?: 'auto' | readonly number[] | undefined;
  readonly bakeMs?: number | undefined;
  readonly requests?: number | undefined;
};

/** A service with that plan; without a service of its own one that has nothing else. Failure: `invalid`, as the file would be. */
export function specWith(given: PlanGiven, own: ServiceSpec | null, isSticky: boolean): ServiceSpec {
  if (own !== null && given.weights === undefined) return patched(own, given);
  const planned = specOf(given, isSticky);
  if (own === null) return planned;
  const { errorMargin, latencyMargins } = own.release;
  const margins = {
    ...(errorMargin === undefined ? {} : { errorMargin }),
    ...(latencyMargins === undefined ? {} : { latencyMargins }),
  };
  return { ...own, release: { ...planned.release, ...margins } };
}

/** The plan of the file with another bake or number of requests. */
function patched(own: ServiceSpec, { bakeMs, requests }: PlanGiven): ServiceSpec {
  const { steps, ramp, minRequests } = own.release;
  const release = {
    ...own.release,
    ...(ramp && bakeMs !== undefined
      ? { ramp: { ...ramp, minBakeMs: bakeMs, maxBakeMs: Math.max(ramp.maxBakeMs, bakeMs) } }
      : {}),
    steps: bakeMs === undefined ? steps : steps.map((step) => ({ ...step, bakeMs })),
    minRequests: requests ?? minRequests,
  };
  return { ...own, release };
}

function specOf({ weights = 'auto', bakeMs, requests }: PlanGiven, isSticky: boolean): ServiceSpec {
  const release = {
    plan: weights,
    ...(bakeMs === undefined ? {} : { bake: `${bakeMs}ms` }),
    ...(requests === undefined ? {} : { requests }),
  };
  const friday = { port: 1, process: { command: 'service' }, release, ...(isSticky ? { sticky: 'cookie' } : {}) };
  // JSON is YAML.
  const text = JSON.stringify({ name: 'plan', services: { service: { image: 'service', 'x-friday': friday } } });
  const file = '/compose.yaml';
  const read = (path: string) => (path === file ? text : null);
  const { project, problems } = readProject({ files: [file], read, environment: {}, profiles: [] });
  const spec = project?.services[0];
  if (spec) return spec;
  const wrong = problems.find((problem) => problem.severity === 'error');
  throw new Failure('invalid', `This plan is wrong: ${wrong?.message ?? 'it cannot be read'}.`, {
    hint: wrong?.hint ?? 'friday plan -h',
  });
}
