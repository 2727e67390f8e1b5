// friday plan: what a release plan would find, and what not, before anything is released.

import type { RecentTrafficView } from '../../api/plan-views.ts';
import type { ExitCode } from '../../api/tables.ts';
import { Unreachable } from '../../api/tables.ts';
import { Failure } from '../../core/failure.ts';
import { Forecaster } from '../../core/forecast/forecast.ts';
import { specWith } from '../../core/forecast/plan.ts';
import { LEAST_REQUESTS, usualOf } from '../../core/forecast/usual.ts';
import { basisWords, goodWords, helpWords, NEVER } from '../../core/forecast/words.ts';
import { isReleased, type ServiceSpec } from '../../core/spec/project.ts';
import { formatDuration } from '../../core/time.ts';
import type { Call } from '../call.ts';
import { openProject, requireService } from '../open.ts';
import { count } from '../output/numbers.ts';
import { forecastScreen } from '../screens/forecast.ts';
import { parseSubject } from '../subject.ts';
import { Usage } from '../usage.ts';

export type PlanOptions = {
  readonly rate?: number | undefined;
  /** 0 to 1. */
  readonly errors?: number | undefined;
  readonly p50?: number | undefined;
  readonly p99?: number | undefined;
  readonly clients?: number | undefined;
  readonly plan?: 'auto' | readonly number[] | undefined;
  readonly bake?: number | undefined;
  readonly requests?: number | undefined;
  readonly aa?: true | undefined;
  readonly minutes?: number | undefined;
  readonly weight?: number | undefined;
};

const AA_MINUTES = 10;
const AA_WEIGHT = 50;
/** Shorter than the seconds that do not count there is nothing to compare. */
const LEAST_MINUTES = 0.2;
const MOST_MINUTES = 1440;

/** Simulated releases take no longer, unless the least number of them does. */
const BUDGET_MS = 1000;

export async function plan(call: Call, subject: string | undefined, options: PlanOptions): Promise<ExitCode> {
  const { terminal } = call;
  checkLatency(options);
  checkTogether(options);
  if (options.aa) return compareItself(call, subject, options);
  const service = subject === undefined ? null : parseSubject(subject).service;
  const own = service === null ? null : ownSpec(call, service);
  const isSticky = own?.isSticky ?? options.clients !== undefined;
  const given = { weights: options.plan, bakeMs: options.bake, requests: options.requests };
  const spec = specWith(given, own, isSticky);
  const measured = service === null ? null : await measuredOf(call, service, options);
  const numbers = {
    rate: options.rate,
    errorShare: options.errors,
    p50Ms: options.p50,
    p99Ms: options.p99,
    clients: options.clients,
  };
  const known = usualOf(numbers, measured, isSticky);
  if (known === null) throw tooLittle(service, measured);
  const { usual, basis } = known;
  const forecast = forecastWithin(call, new Forecaster(spec, usual));
  const shown = { service, usual, basis, forecast };
  terminal.answer(forecastScreen(shown, { width: terminal.width, color: terminal.hasColour }));
  const { rate, errorShare, clients } = usual;
  const { steps, ramp = null, minRequests } = spec.release;
  terminal.json({
    service,
    plan: { steps, ramp, minRequests, isSticky },
    traffic: { rate, errorShare, clients, ...basis },
    ...forecast,
    sentences: [...goodWords(forecast), ...helpWords(forecast), NEVER, basisWords(forecast)],
  });
  return 0;
}

async function compareItself(call: Call, subject: string | undefined, options: PlanOptions): Promise<ExitCode> {
  const { minutes = AA_MINUTES, weight = AA_WEIGHT } = options;
  if (subject === undefined) throw new Usage('expected a SERVICE to compare with itself', 'friday plan --aa api');
  if (minutes > MOST_MINUTES || minutes < LEAST_MINUTES) {
    throw new Usage(
      `--minutes "${minutes}": expected a number from ${LEAST_MINUTES} to ${MOST_MINUTES}`,
      'friday plan -h',
    );
  }
  if (weight >= 100)
    throw new Usage(`--weight "${weight}": expected a percent above 0 and below 100`, 'friday plan -h');
  const { compare } = await import('./compare.ts');
  return compare(call, parseSubject(subject).service, { minutes, weight });
}

/** A flag that would be passed over is a mistake: A/A is a real release, the rest is only worked out. */
function checkTogether({ aa, minutes, weight, ...others }: PlanOptions): void {
  const { rate, errors, p50, p99, clients, plan: weights, bake, requests } = others;
  const simulated = { rate, errors, p50, p99, clients, plan: weights, bake, requests };
  const [name] = Object.entries(aa ? simulated : { minutes, weight }).find(([, value]) => value !== undefined) ?? [];
  if (name === undefined) return;
  const why = aa ? 'does not go with --aa, which compares real traffic' : 'belongs to --aa';
  throw new Usage(`--${name} ${why}`, 'friday plan -h');
}

function checkLatency({ p50, p99 }: PlanOptions): void {
  const isWrong = p50 === 0 || p99 === 0 || (p50 !== undefined && p99 !== undefined && p99 < p50);
  if (isWrong) throw new Usage('expected a --p50 above 0 and a --p99 that is not below it', 'friday plan -h');
}

/** The service as it would be released now. Failures: `not-found`, `conflict` (it has no steps). */
function ownSpec(call: Call, service: string): ServiceSpec {
  const project = openProject(call);
  const names = project.services.map((one) => one.name);
  requireService(service, names, `in ${project.file}`);
  const spec = project.services.find((one) => one.name === service);
  if (spec && isReleased(spec)) return spec;
  const message = `${service} is not behind the balancer (it has no x-friday.port), so it has no release plan.`;
  throw new Failure('conflict', message, { hint: 'friday up changes it in place' });
}

/** What the control plane knows; null where numbers by hand are enough and nobody answers. */
async function measuredOf(call: Call, service: string, options: PlanOptions): Promise<RecentTrafficView | null> {
  try {
    return await (await call.connect()).traffic(service);
  } catch (error) {
    const isUnknown = error instanceof Unreachable || (error instanceof Failure && error.code === 'not-found');
    if (isUnknown && options.rate !== undefined) return null;
    throw error;
  }
}

/** Failure: `conflict`. */
function tooLittle(service: string | null, measured: RecentTrafficView | null): Failure {
  if (service === null) {
    return new Usage('expected a SERVICE, or --rate with the requests per second', 'friday plan --rate 50');
  }
  const { requests = 0, knownSeconds = 0 } = measured ?? {};
  const message = `Not enough traffic of ${service} is known yet: ${count(requests)} requests in ${formatDuration(1000 * knownSeconds)}, expected at least ${LEAST_REQUESTS}.`;
  return new Failure('conflict', message, {
    hint: `say what is usual: friday plan ${service} --rate 50 --errors 0.1%`,
  });
}

function forecastWithin({ clock }: Call, forecaster: Forecaster) {
  const until = clock.now() + BUDGET_MS;
  while (forecaster.step()) if (clock.now() >= until && forecaster.isEnough()) break;
  return forecaster.result();
}
