// The receipt of a verdict: the numbers behind it and the sentences that people read. Pure.
import { lnAgainst, lnSafety, type MetricName, type MetricState, shareOf } from './metrics.ts';
import { lnEOfRoute, type RouteState } from './routes.ts';
import { ALPHA, CALM_LN_E, extrasIn, type JudgeParams, SAFE_LN_E, type Shares, sharesOf } from './rules.ts';

export type Tally = { readonly requests: number; readonly failures: number };

/** One version in a receipt. */
export type ArmReceipt = {
  readonly version: number;
  /** Everything counted since the release began. */
  readonly total: Tally;
  /** What was judged at the current weight. */
  readonly step: Tally;
};

export type Receipt = {
  readonly service: string;
  readonly stable: ArmReceipt;
  readonly candidate: ArmReceipt;
  /** What failures count: each failed request, or each client's first. */
  readonly unit: 'request' | 'client';
  /** The epoch that `step` is about, and its weight in percent. */
  readonly epoch: number;
  readonly weight: number;
  /** `F` compares failed requests, `P` first failures of sticky clients. */
  readonly engine: 'F' | 'P';
  /** ln of the odds that the candidate is worse: the mean over the metrics, by their shares of alpha. */
  readonly lnE: number;
  /** The same for people: `24:1`. */
  readonly odds: string;
  /** Odds at which the release fails. */
  readonly limit: string;
  /** Chance that a good release is ever taken back. */
  readonly alpha: number;
  /** Errors first, then latency, answers of 4xx, and of the routes that are judged by themselves the five that weigh most. */
  readonly metrics: readonly MetricReceipt[];
  /** 95 % sure, at every look: the candidate fails at most so much more often, 0 to 1; 1 while nothing is excluded. */
  readonly harmBound: number;
  /** Odds at which the split of traffic was first found to be not the one asked for; null while it is right. */
  readonly splitOdds: string | null;
  /** Strata judged so far. */
  readonly strata: number;
  /** Hash of the parameters and rules. */
  readonly parameters: string;
  readonly sentence: string;
};

/** One metric in a receipt. */
export type MetricReceipt = {
  /** `route`: errors on one route. */
  readonly metric: MetricName | 'route';
  /** Only of `route`: its name. */
  readonly route?: string;
  /** Share of alpha. */
  readonly share: number;
  /** That the candidate is worse: ln of the odds, and for people. */
  readonly lnE: number;
  readonly odds: string;
  /** That it is not worse than the margin: the same. Safe at 20:1, and safe it stays. Null where nothing is certified: 4xx and routes. */
  readonly lnSafety: number | null;
  readonly safetyOdds: string | null;
  readonly isSafe: boolean | null;
  readonly isHarmful: boolean;
  /** Judged so far; for latency, `failures` are the requests beyond the limit. Sticky services: clients, without requests. */
  readonly stable: Tally;
  readonly candidate: Tally;
  /** `Errors: safe.`, `p95: 13:1 of 20:1.`, `p50: harmful, odds 120:1.`, `p99: not enough data.`, `Errors on GET /divide: odds 2.1:1.` */
  readonly sentence: string;
};

/** What is missing for a verdict. */
export type Needs = {
  /** Candidate requests still to be seen; 0 when traffic alone does not help. */
  readonly requests: number;
  /**
   * `traffic`: too few requests at this weight. `certificate`: a metric is not safe yet. `suspicion`: the odds are too high
   * to pass. `parameters`: the rules have changed.
   */
  readonly reason: 'traffic' | 'certificate' | 'suspicion' | 'parameters';
};

/** What steers a ramp, whatever the verdict. */
type Stand = {
  /** As in the receipt, but as of now: a fail keeps its receipt. */
  readonly harmBound: number;
  /** The odds are below 3:1, and nothing failed. */
  readonly isCalm: boolean;
  /** Calm, and the candidate has answered enough requests at this weight. */
  readonly mayRise: boolean;
  /** A stratum of this weight was judged. */
  readonly isWeightJudged: boolean;
};

export type Verdict = Stand &
  (
    | { readonly kind: 'pass'; readonly receipt: Receipt; readonly needs?: undefined }
    | { readonly kind: 'fail'; readonly receipt: Receipt; readonly needs?: undefined }
    | { readonly kind: 'inconclusive'; readonly receipt: Receipt; readonly needs: Needs }
  );

/** `24:1`, `6.2:1`, `less than 1:1`, `more than 1000:1`; rounded down, so that a limit is never shown before it is reached. */
export function oddsText(lnE: number): string {
  if (lnE > Math.log(1000)) return 'more than 1000:1';
  const odds = Math.exp(lnE) * (1 + 1e-12);
  if (odds < 1) return 'less than 1:1';
  return odds < 10 ? `${Math.floor(odds * 10) / 10}:1` : `${Math.floor(odds)}:1`;
}

/** Share of failed requests: `3.38%`, `31.4%`, `0%`, `less than 0.01%`; `no requests` without any. */
export function shareText({ requests, failures }: Tally): string {
  if (requests === 0) return 'no requests';
  const percent = (100 * failures) / requests;
  if (percent > 0 && percent < 0.01) return 'less than 0.01%';
  return `${Number(percent.toFixed(percent < 10 ? 2 : 1))}%`;
}

/** Routes in a receipt. */
const SHOWN_ROUTES = 5;

/** The metrics with their words. After a fail, those that are worse by themselves are harmful, and the one that weighs most. */
export function metricsReceipt(
  metrics: readonly MetricState[],
  routes: readonly RouteState[],
  params: JudgeParams,
  hasFailed: boolean,
): readonly MetricReceipt[] {
  const shares = sharesOf(params);
  const names = extrasIn(params).routes;
  const ofRoutes = routes.map((route, i) => routeReceipt(route, names[i] ?? '', shares));
  const all = [...metrics.map((metric) => metricReceipt(metric, params, shares)), ...ofRoutes];
  const harmful = hasFailed ? harmfulOf(all) : new Set<MetricReceipt>();
  const shown = ofRoutes.toSorted((a, b) => b.lnE - a.lnE).slice(0, SHOWN_ROUTES);
  return all
    .filter((one) => one.metric !== 'route' || shown.includes(one))
    .map((one) => ({ ...one, isHarmful: harmful.has(one), sentence: wordsOf(one, harmful.has(one)) }));
}

const UNDECIDED = { isHarmful: false, sentence: '' };

function metricReceipt(metric: MetricState, params: JudgeParams, shares: Shares): MetricReceipt {
  const [lnE, safety] = [lnAgainst(metric), lnSafety(metric)];
  const { n0, x0, n1, x1 } = metric.seen;
  const tally = (n: number, x: number): Tally => ({ requests: params.isSticky ? 0 : n, failures: x });
  return {
    metric: metric.name,
    share: shareOf(metric.name, shares),
    lnE,
    odds: oddsText(lnE),
    lnSafety: safety,
    safetyOdds: safety === null ? null : oddsText(safety),
    isSafe: safety === null ? null : metric.isSafe,
    stable: tally(n0, x0),
    candidate: tally(n1, x1),
    ...UNDECIDED,
  };
}

function routeReceipt(state: RouteState, route: string, shares: Shares): MetricReceipt {
  const [n0, x0, n1, x1] = state.seen;
  const lnE = lnEOfRoute(state);
  return {
    metric: 'route',
    route,
    share: shares.route,
    lnE,
    odds: oddsText(lnE),
    lnSafety: null,
    safetyOdds: null,
    isSafe: null,
    stable: { requests: n0, failures: x0 },
    candidate: { requests: n1, failures: x1 },
    ...UNDECIDED,
  };
}

/** What a metric adds to the odds of the release, as ln: its share times its own odds. */
function lnPart({ share, lnE }: MetricReceipt): number {
  return Math.log(share) + lnE;
}

/**
 * Which metrics are worse, as display: at most a share of alpha of them wrongly.
 * Source: Wang & Ramdas 2022, e-BH: the k largest e-values when the k-th reaches K / (alpha k).
 */
function harmfulOf(metrics: readonly MetricReceipt[]): ReadonlySet<MetricReceipt> {
  const sorted = metrics.toSorted((a, b) => b.lnE - a.lnE);
  const bar = (k: number) => Math.log(metrics.length / (ALPHA * k));
  const count = sorted.findLastIndex((metric, i) => metric.lnE >= bar(i + 1)) + 1;
  return new Set([worstOf(metrics), ...sorted.slice(0, count)]);
}

/**
 * The one that weighs most in the odds. Failed requests are slow by definition: where they are most of the slow ones, and
 * the errors alone raise a suspicion, it is the errors that people have to hear of.
 */
function worstOf(metrics: readonly MetricReceipt[]): MetricReceipt {
  const worst = metrics.reduce((most, one) => (lnPart(one) > lnPart(most) ? one : most));
  const errors = metrics.find((one) => one.metric === 'errors');
  const isByErrors =
    errors !== undefined && errors.lnE >= CALM_LN_E && 2 * errors.candidate.failures >= worst.candidate.failures;
  return isByErrors && worst.metric.startsWith('p') ? errors : worst;
}

function wordsOf(metric: MetricReceipt, isHarmful: boolean): string {
  return `${nameText(metric)}: ${wordOf(metric, isHarmful)}.`;
}

function wordOf({ odds, lnSafety: lnE, safetyOdds, isSafe }: MetricReceipt, isHarmful: boolean): string {
  if (isHarmful) return `harmful, odds ${odds}`;
  if (lnE === null) return `odds ${odds}`;
  if (isSafe) return 'safe';
  return lnE >= Math.log(2) ? `${safetyOdds} of ${oddsText(SAFE_LN_E)}` : 'not enough data';
}

function nameText({ metric, route }: MetricReceipt): string {
  if (metric === 'route') return `Errors on ${route}`;
  if (metric === 'client_errors') return 'Answers of 4xx';
  return metric === 'errors' ? 'Errors' : metric;
}

type Unworded = Omit<Receipt, 'sentence'>;

export function failSentence(receipt: Unworded): string {
  return `${worstText(receipt)}; odds ${receipt.odds}, limit ${receipt.limit}.`;
}

export function passSentence(receipt: Unworded): string {
  const { candidate } = receipt;
  const isCertified = receipt.metrics.every((metric) => metric.isSafe !== false);
  const health = isCertified
    ? `v${candidate.version} is safe at ${oddsText(SAFE_LN_E)}`
    : `v${candidate.version} looks healthy`;
  if (receipt.unit === 'client') return `${health}. ${errorsText(receipt)}.`;
  return `${health}: errors ${shareText(candidate.total)} against ${shareText(receipt.stable.total)}.`;
}

export function suspicionSentence(receipt: Unworded): string {
  return `${worstText(receipt)}; odds ${receipt.odds} of ${receipt.limit}, so v${receipt.candidate.version} holds its weight.`;
}

export function trafficSentence(receipt: Unworded, needed: number): string {
  const { version, step } = receipt.candidate;
  return `Not enough data: v${version} needs ${needed} more requests, ${step.requests} were judged at ${Number(receipt.weight.toFixed(2))}%.`;
}

export function certificateSentence(receipt: Unworded, needed: number): string {
  const { version } = receipt.candidate;
  const open = receipt.metrics
    .filter((metric) => metric.isSafe === false)
    .map((metric) => metric.sentence.slice(0, -1));
  const what = receipt.unit === 'client' ? 'clients' : 'requests';
  return `Not enough data: v${version} needs about ${needed} more ${what} to be safe. ${open.join(', ')}.`;
}

function worstText(receipt: Unworded): string {
  const worst = worstOf(receipt.metrics);
  if (worst.metric === 'errors') return errorsText(receipt);
  const { stable, candidate, unit } = receipt;
  const what = whatText(worst, stable.version, unit);
  if (unit === 'client') {
    const share = `${Number(receipt.weight.toFixed(2))}%`;
    return `${what}: ${worst.candidate.failures} on v${candidate.version}, which has ${share} of them, ${worst.stable.failures} on v${stable.version}`;
  }
  return `${what}: ${shareText(worst.candidate)} on v${candidate.version} against ${shareText(worst.stable)}`;
}

function whatText({ metric, route }: MetricReceipt, stable: number, unit: Receipt['unit']): string {
  const isClient = unit === 'client';
  if (metric === 'route') return isClient ? `Clients whose first error was on ${route}` : `Errors on ${route}`;
  if (metric === 'client_errors') return isClient ? 'Clients that met an answer of 4xx' : 'Answers of 4xx';
  return `${isClient ? 'Clients that met a request' : 'Requests'} slower than the ${metric} of v${stable}`;
}

function errorsText({ unit, weight, stable, candidate }: Unworded): string {
  if (unit === 'request') {
    return `Errors on v${candidate.version}: ${shareText(candidate.total)} against ${shareText(stable.total)}`;
  }
  const share = `${Number(weight.toFixed(2))}%`;
  return `Clients that met an error: ${candidate.total.failures} on v${candidate.version}, which has ${share} of them, ${stable.total.failures} on v${stable.version}`;
}
