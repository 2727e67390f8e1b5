// What is compared, signal by signal: the values, how far apart they may be against what is not allowed, and how sure the judge is to either side.
import { signal } from '@preact/signals';
import type { MetricReceiptView, ReceiptView } from '../../../src/api/receipt-views.ts';
import type { ReleaseView } from '../../../src/api/views.ts';
import { countText, latencyText, percent } from '../format.ts';
import { type Interval, quantileDifference, quantileMs, shareDifference } from './interval.ts';
import { compared, receipt } from './model.ts';

const SAFE = Math.log(20);
const FAIL = Math.log(100);
const SUSPICIOUS = Math.log(3);
/** Errors and three latencies. */
const ALWAYS = 4;
const OTHER_METRICS = 3;

export function Evidence({ view }: { view: ReleaseView }) {
  const now = receipt.value;
  return (
    <section class="panel" aria-labelledby="evidence-title">
      <h2 id="evidence-title">
        Evidence <small>valid at every moment, so looking early costs nothing</small>
      </h2>
      {now ? (
        <>
          <Table view={view} now={now} />
          <More metrics={now.metrics} />
          <OddsLine view={view} now={now} />
        </>
      ) : (
        <p class="empty">
          {view.plan === 'none'
            ? 'Nothing is compared: there is no version to compare with, or no traffic behind the balancer.'
            : 'Nothing was judged yet. The comparison begins with the first requests that the new version answers.'}
        </p>
      )}
    </section>
  );
}

/** The signals that are judged too and say nothing new. */
function More({ metrics }: { metrics: readonly MetricReceiptView[] }) {
  const more = metrics.length - (isWhole.value ? ALWAYS : chosen(metrics).length);
  if (more <= 0) return null;
  return (
    <button
      type="button"
      class="link more"
      aria-expanded={isWhole.value}
      onClick={() => (isWhole.value = !isWhole.value)}
    >
      {isWhole.value
        ? 'Only the telling ones'
        : `${more} more ${more === 1 ? 'signal says' : 'signals say'} nothing new`}
    </button>
  );
}

function Table({ view, now }: { view: ReleaseView; now: ReceiptView }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Evidence table">
      <table class="evidence">
        <thead>
          <tr>
            <th scope="col">Signal</th>
            <th scope="col" class="v-s">
              v{now.stable.version}
            </th>
            <th scope="col" class="v-c">
              v{now.candidate.version}
            </th>
            <th scope="col" class="difference">
              Difference<span class="wide-only">, shaded = not allowed</span>
            </th>
            <th scope="col" class="gauge-cell">
              Roll back <span aria-hidden="true">✕ ··· ✓</span> safe
            </th>
            <th scope="col" class="far">
              So far
            </th>
          </tr>
        </thead>
        <tbody>
          {chosen(now.metrics).map((metric) => (
            <Row key={`${metric.metric} ${metric.route ?? ''}`} metric={metric} now={now} view={view} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const isWhole = signal(false);

/** What is always compared, and of the rest what speaks against the release. */
function chosen(metrics: readonly MetricReceiptView[]): readonly MetricReceiptView[] {
  if (isWhole.value) return metrics;
  const isTelling = (one: MetricReceiptView) => one.isHarmful || one.lnE >= SUSPICIOUS;
  const rest = metrics
    .slice(ALWAYS)
    .filter(isTelling)
    .toSorted((a, b) => b.lnE - a.lnE);
  return [...metrics.slice(0, ALWAYS), ...rest.slice(0, OTHER_METRICS)];
}

type Shown = {
  readonly label: string;
  readonly stable: string;
  readonly candidate: string;
  readonly difference: Interval | null;
  /** What a difference may not be above; null where nothing is certified. */
  readonly limit: number | null;
  readonly words: (value: number) => string;
};

function Row({ metric, now, view }: { metric: MetricReceiptView; now: ReceiptView; view: ReleaseView }) {
  const shown = shownOf(metric, now);
  const isWatchedNow = view.watch !== null;
  return (
    <tr>
      <th scope="row" class={metric.metric === 'route' ? 'mono' : ''}>
        {shown.label}
      </th>
      <td class="n">{shown.stable}</td>
      <td class="n">{shown.candidate}</td>
      <td class="difference">
        {shown.difference ? <IntervalBar {...shown} difference={shown.difference} /> : <span class="mute">–</span>}
      </td>
      <td class="gauge-cell">
        <Gauge metric={metric} />
      </td>
      <td class="n far">
        <SoFar metric={metric} />
        {isWatchedNow && metric.isSafe && <span class="sr"> when it was promoted</span>}
      </td>
    </tr>
  );
}

const LATENCIES: Readonly<Record<string, number>> = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 };

function shownOf(metric: MetricReceiptView, now: ReceiptView): Shown {
  const quantile = LATENCIES[metric.metric];
  if (quantile !== undefined && now.unit === 'request') return latencyShown(metric, quantile, now);
  const label = labelOf(metric);
  const text = ({ requests, failures }: MetricReceiptView['stable']) => {
    if (requests > 0) return percent(failures / requests);
    return failures > 0 ? `${countText(failures)} ${failures === 1 ? 'client' : 'clients'}` : '–';
  };
  const difference = shareDifference(metric.stable, metric.candidate);
  return {
    label,
    stable: text(metric.stable),
    candidate: text(metric.candidate),
    difference,
    limit: metric.metric === 'errors' ? errorsLimit(metric, now) : null,
    words: (value) => `${value < 0 ? '−' : '+'}${percent(Math.abs(value))}`.replace('%', ' points'),
  };
}

function latencyShown(metric: MetricReceiptView, quantile: number, now: ReceiptView): Shown {
  const { stable, candidate } = compared.value;
  const before = quantileMs(stable, quantile);
  const margin = marginOf(now, metric.metric);
  return {
    label: `Latency ${metric.metric}`,
    stable: latencyText(before),
    candidate: latencyText(quantileMs(candidate, quantile)),
    difference: quantileDifference(stable, candidate, quantile),
    limit: before !== null && margin !== null ? Math.max(2, (before * margin) / 100) : null,
    words: (value) => `${value < 0 ? '−' : '+'}${latencyText(Math.abs(value))}`,
  };
}

/** At most `ratio` times stable's share plus `delta`. */
function errorsLimit(metric: MetricReceiptView, { rules }: ReceiptView): number | null {
  const { errors } = rules.margins as { errors?: { ratio: number; delta: number } };
  if (!errors || metric.stable.requests === 0) return null;
  return (errors.ratio - 1) * (metric.stable.failures / metric.stable.requests) + errors.delta;
}

/** Percent longer. */
function marginOf({ rules }: ReceiptView, name: string): number | null {
  const { latency } = rules.margins as { latency?: readonly { quantile: string; percent: number }[] };
  return latency?.find((one) => one.quantile === name)?.percent ?? null;
}

function labelOf({ metric, route }: MetricReceiptView): string {
  if (metric === 'errors') return 'Errors';
  if (metric === 'client_errors') return '4xx answers';
  if (/^p\d+$/.test(metric)) return `Beyond ${metric}`;
  return route ?? metric;
}

function SoFar({ metric }: { metric: MetricReceiptView }) {
  if (metric.isHarmful) return <span class="s-bad">✕ harmful</span>;
  if (metric.lnE >= SUSPICIOUS) return <span class="s-warn">▲ {brief(metric.odds)} worse</span>;
  if (metric.isSafe) return <span class="s-ok">✓ safe</span>;
  if (metric.lnSafety === null) return <span class="mute">nothing new</span>;
  if (metric.lnSafety <= 0.2) return <span class="mute">not enough data</span>;
  return <>{brief(metric.safetyOdds ?? '')} of 20:1</>;
}

function brief(text: string): string {
  return text.replace(/^more than /, '>').replace(/^less than /, '<');
}

const CLIP = (value: number) => Math.max(0, Math.min(1, value));

/** Two half-bars from the middle: to the left what speaks for a rollback, to the right for safe; full where it is enough, by the logarithm of the odds. */
function Gauge({ metric }: { metric: MetricReceiptView }) {
  const harm = metric.isHarmful ? 1 : Math.min(0.98, CLIP((metric.lnE + Math.log(metric.share)) / FAIL));
  const safe = metric.lnSafety === null ? null : metric.isSafe ? 1 : Math.min(0.98, CLIP(metric.lnSafety / SAFE));
  const words = metric.isHarmful
    ? 'Harmful'
    : metric.isSafe
      ? 'Safe, over 20 to 1'
      : `Odds ${metric.odds} that it is worse${metric.safetyOdds ? `, ${metric.safetyOdds} of 20:1 that it is safe` : ''}`;
  return (
    <svg viewBox="0 0 224 30" width="224" height="30" class="gauge" role="img" aria-label={words}>
      <rect x="20" y="10" width={safe === null ? 92 : 184} height="9" rx="4.5" class="fill-line" />
      <line x1="112" x2="112" y1="6" y2="23" class="stroke-mute" />
      {safe !== null && safe > 0 && <rect x="112" y="10" width={safe * 92} height="9" rx="2" class="fill-ok" />}
      {harm > 0 && <rect x={112 - harm * 92} y="10" width={harm * 92} height="9" rx="2" class="fill-bad" />}
      <path d="M20 4v21" class="stroke-bad" stroke-width="2" />
      <text x="10" y="19" text-anchor="middle" class="t-bad">
        ✕
      </text>
      {safe !== null && (
        <>
          <path d="M204 4v21" class="stroke-ok" stroke-width="2" />
          <text x="215" y="19" text-anchor="middle" class="t-ok">
            ✓
          </text>
        </>
      )}
    </svg>
  );
}

function IntervalBar({ difference, limit, words }: Shown & { difference: Interval }) {
  const { value, low, high } = difference;
  // What is not allowed is always in the picture; a wide interval is cut at the edge instead.
  const least = Math.max(Math.abs(value) * 1.3, limit === null ? 0 : limit * 2, 1e-6);
  const span = Math.min(Math.max(Math.abs(low), Math.abs(high), least) * 1.15, least * 3);
  const x = (at: number) => Math.max(4, Math.min(140, 72 + (at / span) * 66));
  const isBad = limit !== null && low > limit;
  const spoken = `difference ${words(value)}, between ${words(low)} and ${words(high)}${limit === null ? '' : `, limit ${words(limit)}`}`;
  return (
    <svg viewBox="0 0 144 30" width="144" height="30" class="interval" role="img" aria-label={spoken}>
      <title>{spoken}</title>
      {limit !== null && <rect x={x(limit)} y="4" width={140 - x(limit)} height="22" class="fill-bad-soft" />}
      <line x1={x(0)} x2={x(0)} y1="3" y2="27" class="stroke-mute" stroke-dasharray="2 2" />
      <line
        x1={x(low)}
        x2={x(high)}
        y1="15"
        y2="15"
        class={isBad ? 'stroke-bad' : 'stroke-cand'}
        stroke-width="3"
        stroke-linecap="round"
      />
      <circle cx={x(value)} cy="15" r="4.5" class={isBad ? 'fill-bad' : 'fill-cand'} />
    </svg>
  );
}

function OddsLine({ view, now }: { view: ReleaseView; now: ReceiptView }) {
  if (view.watch !== null && view.odds !== null) {
    return (
      <p class="foot">
        Odds now: {brief(view.odds)} of {now.limit}. The rows are those of the promotion.
      </p>
    );
  }
  const isReached = now.kind === 'fail';
  return (
    <p class="foot">
      Odds that v{now.candidate.version} is worse in anything: <b class={isReached ? 's-bad' : ''}>{brief(now.odds)}</b>
      {isReached ? `, limit ${now.limit}` : ` of ${now.limit} for a rollback`}.{' '}
      {countText(now.candidate.total.requests)} of its requests were compared with{' '}
      {countText(now.stable.total.requests)}.
    </p>
  );
}
