// Views as the API gives them, for the tests of the screens.
import type { RecentTrafficView } from '../../src/api/plan-views.ts';
import type { ArmView, ReleaseView, ServiceView, StatusView } from '../../src/api/views.ts';
import { blames, harmfulReceipt, receipt } from './receipts.ts';

/** Noon of a Friday in local time, so that clocks on screens are the same in every zone. */
export const NOON = new Date(2026, 10, 20, 12, 0, 0).getTime();
export const MINUTE = 60_000;

const steps = [1, 5, 25, 50].map((weight) => ({ weight, bakeMs: 2 * MINUTE, needsApproval: false }));

export function arm(version: number, over: Partial<ArmView> = {}): ArmView {
  return {
    version,
    label: `c0ffee${version}`,
    requests: 12_400,
    failures: 26,
    errorShare: 0.0021,
    traffic: {
      requestsPerSecond: 309,
      errorShare: 0.0021,
      latencyP50Ms: 24,
      latencyP95Ms: 84,
      latencyP99Ms: 410,
    },
    ...over,
  };
}

/** An hour of 50 requests a second, of which 1 in 1 000 fails; half take 80 ms and 1 in 100 takes 400 ms or longer. */
export function recentTraffic(over: Partial<RecentTrafficView> = {}): RecentTrafficView {
  return {
    service: 'api',
    knownSeconds: 3600,
    requests: 180_000,
    requestsPerSecond: 50,
    quietRate: 41,
    busyRate: 60,
    ofMain: 180_000,
    failures: 180,
    errorShare: 0.001,
    latencyP50Ms: 80,
    latencyP95Ms: 220,
    latencyP99Ms: 400,
    latency: [
      [672, 90_000],
      [752, 81_000],
      [792, 7200],
      [834, 1800],
    ],
    slots: [],
    ...over,
  };
}

/** `api` from v41 to v42, four minutes on, at 25 %. */
export function ramping(over: Partial<ReleaseView> = {}): ReleaseView {
  return {
    id: 42,
    service: 'api',
    version: 42,
    from: 41,
    state: 'ramping',
    isOver: false,
    sentence: 'v42 of api gets 25% of traffic.',
    watch: null,
    weight: 25,
    measuredWeight: 24.8,
    plan: 'steps',
    steps,
    step: 2,
    nextWeight: 50,
    nextInMs: 4 * MINUTE,
    neededRequests: null,
    requestedAt: NOON,
    endedAt: null,
    by: 'ana',
    reason: '',
    stable: arm(41),
    candidate: arm(42, {
      requests: 1310,
      failures: 3,
      errorShare: 0.0024,
      traffic: {
        requestsPerSecond: 103,
        errorShare: 0.0024,
        latencyP50Ms: 24.4,
        latencyP95Ms: 86,
        latencyP99Ms: 424,
      },
    }),
    odds: '1.3:1',
    limit: '100:1',
    failuresSeen: 29,
    refused: 0,
    firstRequestAt: NOON + 18_000,
    lastRequestAt: NOON + 4 * MINUTE,
    weights: [
      { at: NOON + 18_000, weight: 1 },
      { at: NOON + 98_000, weight: 5 },
      { at: NOON + 188_000, weight: 25 },
    ],
    samples: [],
    lastLines: [],
    blame: [],
    receipt: receipt(),
    ...over,
  };
}

type Sample = ReleaseView['samples'][number];

export function sample(version: 41 | 42, method: string, path: string, over: Partial<Sample> = {}): Sample {
  return {
    at: NOON + 3 * MINUTE,
    version,
    arm: version === 42 ? 'candidate' : 'stable',
    method,
    path,
    status: 500,
    failure: 'status',
    ms: 12,
    instance: `api-v${version}-1`,
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    ...over,
  };
}

function repeated(count: number, one: Sample): Sample[] {
  return Array.from({ length: count }, () => one);
}

/** The same release taken back at 25 %, with its evidence. */
export function rolledBack(over: Partial<ReleaseView> = {}): ReleaseView {
  return ramping({
    state: 'rolled_back',
    isOver: true,
    weight: 0,
    measuredWeight: 0,
    nextWeight: null,
    nextInMs: null,
    endedAt: NOON + 278_000,
    sentence: 'Errors on v42: 3.38% against 0.21%; odds 240:1, limit 100:1.',
    blame: blames(),
    receipt: harmfulReceipt(),
    candidate: arm(42, { requests: 6420, failures: 217, errorShare: 0.0338 }),
    odds: '240:1',
    samples: [
      ...repeated(31, sample(42, 'POST', '/checkout')),
      ...repeated(2, sample(42, 'GET', '/cart/8812', { status: 502, failure: 'connection' })),
      ...repeated(3, sample(41, 'GET', '/cart/91', { status: 502, failure: 'connection' })),
      sample(42, 'GET', '/search', { failure: 'timeout', status: 504 }),
    ],
    ...over,
  });
}

export function promoted(over: Partial<ReleaseView> = {}): ReleaseView {
  return ramping({
    state: 'promoted',
    isOver: true,
    weight: 100,
    measuredWeight: 100,
    step: steps.length,
    nextWeight: null,
    nextInMs: null,
    endedAt: NOON + 9 * MINUTE,
    sentence: 'v42 of api has 100% of traffic. v41 finishes its open requests.',
    ...over,
  });
}

/** A candidate that never answered its readiness check. */
export function neverReady(over: Partial<ReleaseView> = {}): ReleaseView {
  return ramping({
    state: 'failed',
    isOver: true,
    weight: 0,
    measuredWeight: null,
    step: -1,
    nextWeight: null,
    nextInMs: null,
    endedAt: NOON + 30_000,
    sentence:
      'v42 of api was not ready within 30s: GET http://127.0.0.1:4101/up answered 500. v41 still has 100% of traffic.',
    stable: arm(41, { requests: 0, failures: 0, errorShare: null, traffic: null }),
    candidate: arm(42, { requests: 0, failures: 0, errorShare: null, traffic: null }),
    odds: null,
    limit: null,
    receipt: null,
    weights: [],
    lastLines: [
      '\u001b[31mError: connect ECONNREFUSED 10.0.0.7:5432\u001b[0m',
      '    at TCPConnectWrap.afterConnect (node:net:1611:16)',
    ],
    ...over,
  });
}

export function service(name: string, over: Partial<ServiceView> = {}): ServiceView {
  return {
    name,
    state: 'healthy',
    sentence: 'v17 serves.',
    version: 17,
    candidate: null,
    release: null,
    watch: null,
    isReleased: true,
    isRemoved: false,
    urls: [`http://${name}.localhost:8080/`],
    ready: 2,
    wanted: 2,
    scale: null,
    traffic: {
      requestsPerSecond: 298,
      errorShare: 0.0002,
      latencyP50Ms: 12,
      latencyP95Ms: 31,
      latencyP99Ms: 60,
    },
    cpu: 0.18,
    memory: 61_000_000,
    instances: [],
    ...over,
  };
}

export function status(over: Partial<StatusView> = {}): StatusView {
  return {
    project: 'shop',
    file: '/srv/shop/compose.yaml',
    at: NOON + 4 * MINUTE,
    host: 'vm1',
    version: '0.1.0',
    pid: 812,
    startedAt: NOON - 600 * MINUTE,
    listening: ['http://127.0.0.1:8080'],
    services: [
      service('web'),
      service('api', {
        state: 'releasing',
        sentence: 'v42 of api gets 25% of traffic.',
        version: 41,
        candidate: 42,
        release: 42,
        ready: 4,
        wanted: 4,
        traffic: {
          requestsPerSecond: 412,
          errorShare: 0.0022,
          latencyP50Ms: 24,
          latencyP95Ms: 84,
          latencyP99Ms: 410,
        },
        cpu: 0.41,
        memory: 188_000_000,
      }),
      service('worker', { version: 5, traffic: null, cpu: 0.22, memory: 1_240_000_000, ready: 1, wanted: 1, urls: [] }),
    ],
    releases: [ramping()],
    problems: [],
    ...over,
  };
}
