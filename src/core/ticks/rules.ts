// Other rules than those of the release: what a replay is asked to judge by instead, and both in words. Pure.
import { Failure } from '../failure.ts';
import type { JudgeParams, Margins, PassRule } from '../judge/judge.ts';
import { DEFAULT_MARGINS } from '../judge/rules.ts';

type LatencyRule = Margins['latency'][number];

/** What is asked for; what is left out stays as it was. */
export type OtherRules = {
  /** Percentage points that errors may be more. */
  readonly errorsMargin?: number | undefined;
  /** Margins of latency, one for each quantile that is named; others stay. */
  readonly latency?: readonly LatencyRule[] | undefined;
  readonly passRule?: PassRule | undefined;
  readonly minRequests?: number | undefined;
};

/** The parameters of a release with other rules. Failure: `invalid` (other limits of latency than sticky clients were counted by). */
export function withRules(params: JudgeParams, asked: OtherRules): JudgeParams {
  const { errorsMargin, latency = [], passRule, minRequests } = asked;
  if (params.isSticky && latency.length > 0) {
    throw new Failure(
      'invalid',
      `${params.service} is sticky: its slow clients were counted by the limits of the release, so --latency cannot be changed afterwards.`,
    );
  }
  const { errors, latency: before } = params.margins ?? DEFAULT_MARGINS;
  const named = new Set(latency.map((one) => one.quantile));
  const kept = before.filter((one) => !named.has(one.quantile));
  const margins: Margins = {
    errors: errorsMargin === undefined ? errors : { ...errors, delta: errorsMargin / 100 },
    latency: [...kept, ...latency].sort((a, b) => Number(a.quantile.slice(1)) - Number(b.quantile.slice(1))),
  };
  return {
    ...params,
    ...(errorsMargin === undefined && latency.length === 0 ? {} : { margins }),
    ...(passRule === undefined ? {} : { passRule }),
    ...(minRequests === undefined ? {} : { minRequests }),
  };
}

/** `errors up to 1.25 times plus 0.5 percentage points, p95 up to 15% longer, a pass after 100 requests`. */
export function rulesText({ margins = DEFAULT_MARGINS, passRule = 'requests', minRequests }: JudgeParams): string {
  const { ratio, delta } = margins.errors;
  const errors = `errors up to ${ratio} times plus ${Number((100 * delta).toFixed(4))} percentage points`;
  const latency = margins.latency.map(({ quantile, percent }) => `${quantile} up to ${percent}% longer`);
  const requests = `${minRequests} request${minRequests === 1 ? '' : 's'}`;
  const pass = passRule === 'certified' ? `a pass after ${requests} and when all is safe` : `a pass after ${requests}`;
  return [errors, ...latency, pass].join(', ');
}
