// The receipt of a verdict: the numbers behind it and the sentences that people read. Pure.
import { lnAgainst, lnPart, lnSafety, type MetricName, type MetricState, shareOf } from './metrics.ts';
import { ALPHA, type JudgeParams, SAFE_LN_E } from './rules.ts';

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
  /** Errors first, then latency. */
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
  readonly metric: MetricName;
  /** Share of alpha. */
  readonly share: number;
  /** That the candidate is worse: ln of the odds, and for people. */
  readonly lnE: number;
  readonly odds: string;
  /** That it is not worse than the margin: the same. Safe at 20:1, and safe it stays. */
  readonly lnSafety: number;
  readonly safetyOdds: string;
  readonly isSafe: boolean;
  readonly isHarmful: boolean;
  /** Judged so far; for latency, `failures` are the requests beyond the limit. Sticky services: clients, without requests. */
  readonly stable: Tally;
  readonly candidate: Tally;
  /** `Errors: safe.`, `p95: 13:1 of 20:1.`, `p50: harmful, odds 120:1.`, `p99: not enough data.` */
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

/** The metrics with their words. After a fail, those that are worse by themselves are harmful, and the one that weighs most. */
export function metricsReceipt(
  metrics: readonly MetricState[],
  params: JudgeParams,
  hasFailed: boolean,
): readonly MetricReceipt[] {
  const harmful = hasFailed ? harmfulOf(metrics) : new Set<MetricName>();
  return metrics.map((metric) => {
    const [lnE, safety] = [lnAgainst(metric), lnSafety(metric)];
    const isHarmful = harmful.has(metric.name);
    const { n0, x0, n1, x1 } = metric.seen;
    const tally = (n: number, x: number): Tally => ({ requests: params.isSticky ? 0 : n, failures: x });
    return {
      metric: metric.name,
      share: shareOf(metric.name, metrics),
      lnE,
      odds: oddsText(lnE),
      lnSafety: safety,
      safetyOdds: oddsText(safety),
      isSafe: metric.isSafe,
      isHarmful,
      stable: tally(n0, x0),
      candidate: tally(n1, x1),
      sentence: `${nameText(metric.name)}: ${wordOf(metric, isHarmful)}.`,
    };
  });
}

/**
 * Which metrics are worse, as display: at most a share of alpha of them wrongly.
 * Source: Wang & Ramdas 2022, e-BH: the k largest e-values when the k-th reaches K / (alpha k).
 */
function harmfulOf(metrics: readonly MetricState[]): ReadonlySet<MetricName> {
  const sorted = metrics.toSorted((a, b) => lnAgainst(b) - lnAgainst(a));
  const bar = (k: number) => Math.log(metrics.length / (ALPHA * k));
  const count = sorted.findLastIndex((metric, i) => lnAgainst(metric) >= bar(i + 1)) + 1;
  const main = metrics.reduce((most, one) => (lnPart(one, metrics) > lnPart(most, metrics) ? one : most));
  return new Set([main, ...sorted.slice(0, count)].map((metric) => metric.name));
}

function wordOf(metric: MetricState, isHarmful: boolean): string {
  if (isHarmful) return `harmful, odds ${oddsText(lnAgainst(metric))}`;
  if (metric.isSafe) return 'safe';
  const lnE = lnSafety(metric);
  return lnE >= Math.log(2) ? `${oddsText(lnE)} of ${oddsText(SAFE_LN_E)}` : 'not enough data';
}

function nameText(name: MetricName): string {
  return name === 'errors' ? 'Errors' : name;
}

type Unworded = Omit<Receipt, 'sentence'>;

export function failSentence(receipt: Unworded): string {
  return `${worstText(receipt)}; odds ${receipt.odds}, limit ${receipt.limit}.`;
}

export function passSentence(receipt: Unworded): string {
  const { candidate } = receipt;
  const isCertified = receipt.metrics.every((metric) => metric.isSafe);
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
  const open = receipt.metrics.filter((metric) => !metric.isSafe).map((metric) => metric.sentence.replace(/\.$/, ''));
  const what = receipt.unit === 'client' ? 'clients' : 'requests';
  return `Not enough data: v${version} needs about ${needed} more ${what} to be safe. ${open.join(', ')}.`;
}

/** The metric that weighs most in the odds. */
function worstText(receipt: Unworded): string {
  const part = (metric: MetricReceipt) => Math.log(metric.share) + metric.lnE;
  const worst = receipt.metrics.reduce((most, metric) => (part(metric) > part(most) ? metric : most));
  if (worst.metric === 'errors') return errorsText(receipt);
  const { stable, candidate, unit } = receipt;
  if (unit === 'client') {
    const share = `${Number(receipt.weight.toFixed(2))}%`;
    return `Clients that met a request slower than the ${worst.metric} of v${stable.version}: ${worst.candidate.failures} on v${candidate.version}, which has ${share} of them, ${worst.stable.failures} on v${stable.version}`;
  }
  return `Requests slower than the ${worst.metric} of v${stable.version}: ${shareText(worst.candidate)} on v${candidate.version} against ${shareText(worst.stable)}`;
}

function errorsText({ unit, weight, stable, candidate }: Unworded): string {
  if (unit === 'request') {
    return `Errors on v${candidate.version}: ${shareText(candidate.total)} against ${shareText(stable.total)}`;
  }
  const share = `${Number(weight.toFixed(2))}%`;
  return `Clients that met an error: ${candidate.total.failures} on v${candidate.version}, which has ${share} of them, ${stable.total.failures} on v${stable.version}`;
}
