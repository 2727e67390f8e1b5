// Receipts and blame as the API gives them, for the tests of the screens.
import type { BlameView, MetricReceiptView, ReceiptView } from '../../src/api/receipt-views.ts';

export function metric(name: string, over: Partial<MetricReceiptView> = {}): MetricReceiptView {
  return {
    metric: name,
    share: name === 'errors' ? 0.5 : 1 / 6,
    lnE: 0.1,
    odds: '1.1:1',
    lnSafety: 1.13,
    safetyOdds: '3.1:1',
    isSafe: false,
    isHarmful: false,
    stable: { requests: 9300, failures: 465 },
    candidate: { requests: 982, failures: 51 },
    sentence: `${name === 'errors' ? 'Errors' : name}: 3.1:1 of 20:1.`,
    ...over,
  };
}

export const SAFE: Partial<MetricReceiptView> = {
  lnSafety: 3.4,
  safetyOdds: '29:1',
  isSafe: true,
  sentence: 'p50: safe.',
};

const rules = {
  minRequests: 100,
  passRule: 'requests',
  margins: { errors: { ratio: 1.25, delta: 0.005 } },
  clientErrors: false,
  routes: [],
  alpha: 0.01,
  failAt: '100:1',
  calmBelow: '3:1',
  safeAt: '20:1',
};

/** Errors and three quantiles under way: one safe, one not known yet. */
export function receipt(over: Partial<ReceiptView> = {}): ReceiptView {
  return {
    kind: 'pass',
    decidedAt: null,
    sentence: 'v42 looks healthy: errors 0.24% against 0.21%.',
    service: 'api',
    stable: { version: 41, total: { requests: 12_400, failures: 26 }, step: { requests: 9300, failures: 20 } },
    candidate: { version: 42, total: { requests: 1310, failures: 3 }, step: { requests: 982, failures: 2 } },
    unit: 'request',
    epoch: 7,
    weight: 25,
    engine: 'F',
    lnE: 0.26,
    odds: '1.3:1',
    limit: '100:1',
    alpha: 0.01,
    metrics: [
      metric('errors'),
      metric('p50', SAFE),
      metric('p95', { lnSafety: 2.6, safetyOdds: '13:1', sentence: 'p95: 13:1 of 20:1.' }),
      metric('p99', { lnSafety: 0.2, safetyOdds: '1.2:1', sentence: 'p99: not enough data.' }),
    ],
    harmBound: 0.02,
    splitOdds: null,
    strata: 118,
    parameters: '5d0c1a9be2f07734',
    rules,
    salt: '9f2c41d07be85a63-api',
    ...over,
  };
}

/** The same after errors took the release back. */
export function harmfulReceipt(over: Partial<ReceiptView> = {}): ReceiptView {
  const [, ...latency] = receipt().metrics;
  const harmful = { lnE: 6.2, odds: '480:1', lnSafety: -9, isHarmful: true, sentence: 'Errors: harmful, odds 480:1.' };
  return receipt({
    kind: 'fail',
    decidedAt: 1_795_172_677_000,
    sentence: 'Errors on v42: 3.38% against 0.21%; odds 240:1, limit 100:1.',
    lnE: 5.5,
    odds: '240:1',
    metrics: [metric('errors', harmful), ...latency],
    candidate: { version: 42, total: { requests: 6420, failures: 217 }, step: { requests: 5300, failures: 214 } },
    ...over,
  });
}

export function blame(route: string, words: string, over: Partial<BlameView> = {}): BlameView {
  return {
    route,
    status: 500,
    failure: 'status',
    line: null,
    stable: 0,
    candidate: 1,
    odds: '7.7:1',
    mark: 'seen',
    words,
    firstAt: 1_795_172_600_000,
    lastAt: 1_795_172_660_000,
    instance: 'api-v42-1',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    ...over,
  };
}

export const CURRENCY = "TypeError: Cannot read properties of undefined (reading 'currency')";

export function blames(): BlameView[] {
  const cut = { failure: 'connection', status: 502 } as const;
  return [
    blame('POST /checkout', 'only on v42, 31 times', {
      mark: 'only',
      candidate: 31,
      odds: 'more than 1000:1',
      line: CURRENCY,
    }),
    blame('GET /cart/*', 'on both: v42 2 times, v41 3 times', { ...cut, candidate: 2, stable: 3 }),
    blame('GET /search', 'seen on v42 once', { failure: 'timeout', status: 504 }),
    blame('GET /old', 'seen on v41 2 times', { stable: 2, candidate: 0 }),
  ];
}

/** Errors on one route, which nothing certifies. */
export function routeMetric(route: string, over: Partial<MetricReceiptView> = {}): MetricReceiptView {
  const uncertified = { lnSafety: null, safetyOdds: null, isSafe: null };
  return metric('route', { route, share: 0.03, ...uncertified, sentence: `Errors on ${route}: odds 1.1:1.`, ...over });
}
