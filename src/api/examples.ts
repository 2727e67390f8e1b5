// One example per answer and body, for the OpenAPI document; a test holds them to the schemas.
import type { DifferencesView } from './difference-views.ts';
import type { NodeView } from './node-views.ts';
import type {
  ComparisonBody,
  DownBody,
  DrainBody,
  NodeBody,
  PauseBody,
  PromoteBody,
  ReleaseBody,
  RestartBody,
  RollBackBody,
  UpBody,
} from './orders.ts';
import type { RecentTrafficView } from './plan-views.ts';
import type { ReceiptView } from './receipt-views.ts';
import type {
  DownView,
  EventView,
  LogLineView,
  ReleaseView,
  ServiceView,
  StatusView,
  TrafficView,
  UpView,
  VersionView,
} from './views.ts';

const AT = 1_795_161_600_000;

const traffic: TrafficView = {
  requestsPerSecond: 41.2,
  errorShare: 0.0021,
  latencyP50Ms: 12,
  latencyP95Ms: 84,
  latencyP99Ms: 210,
};

export const service: ServiceView = {
  name: 'api',
  state: 'releasing',
  sentence: 'v42 gets 5% of traffic; v41 the rest.',
  version: 41,
  candidate: 42,
  release: 7,
  watch: null,
  isReleased: true,
  isRemoved: false,
  urls: ['http://api.localhost:8080'],
  ready: 2,
  wanted: 2,
  scale: {
    min: 2,
    max: 6,
    wanted: 2,
    candidate: 2,
    target: { inflight: 20, rate: null, cpu: null },
    sentence: '31 open requests, 20 wanted for each.',
  },
  traffic,
  cpu: 0.41,
  memory: 84_000_000,
  instances: [
    {
      id: 'api-v42-1',
      handle: 'pid 4712',
      version: 42,
      state: 'ready',
      role: 'candidate',
      address: '127.0.0.1:18042',
      startedAt: AT,
      reason: '',
      cpu: 0.2,
      memory: 42_000_000,
      restarts: 0,
    },
  ],
};

const receipt: ReceiptView = {
  kind: 'inconclusive',
  decidedAt: null,
  sentence: 'Not enough data: v42 needs 120 more requests, 380 were judged at 5%.',
  service: 'api',
  stable: {
    version: 41,
    total: { requests: 9120, failures: 19 },
    step: { requests: 7220, failures: 15 },
  },
  candidate: { version: 42, total: { requests: 480, failures: 1 }, step: { requests: 380, failures: 1 } },
  unit: 'request',
  epoch: 12,
  weight: 5,
  engine: 'F',
  lnE: 0.26,
  odds: '1.3:1',
  limit: '100:1',
  alpha: 0.01,
  metrics: [
    {
      metric: 'errors',
      share: 1,
      lnE: 0.26,
      odds: '1.3:1',
      lnSafety: 1.13,
      safetyOdds: '3.1:1',
      isSafe: false,
      isHarmful: false,
      stable: { requests: 7220, failures: 15 },
      candidate: { requests: 380, failures: 1 },
      sentence: 'Errors: 3.1:1 of 20:1.',
    },
  ],
  harmBound: 0.02,
  splitOdds: null,
  strata: 84,
  parameters: '5d0c1a9be2f07734',
  rules: {
    minRequests: 500,
    passRule: 'requests',
    margins: { errors: { ratio: 1.25, delta: 0.005 }, latency: [] },
    clientErrors: false,
    routes: [],
    alpha: 0.01,
    failAt: '100:1',
    calmBelow: '3:1',
    safeAt: '20:1',
    tolerancePercent: 5,
    toleranceMs: 2,
    warmUpSeconds: 10,
    stratumRequests: 2,
    stratumSeconds: 600,
    ratios: [1.25, 1.5, 2, 3, 4, 6, 10, 20, 50, 200, 1000],
  },
  salt: '9f2c41d07be85a63-api',
};

export const release: ReleaseView = {
  id: 7,
  service: 'api',
  version: 42,
  from: 41,
  state: 'ramping',
  isOver: false,
  sentence: 'v42 of api gets 5% of traffic.',
  watch: null,
  weight: 5,
  measuredWeight: 5.1,
  plan: 'steps',
  steps: [
    { weight: 1, bakeMs: 60_000, needsApproval: false },
    { weight: 5, bakeMs: 60_000, needsApproval: false },
    { weight: 50, bakeMs: 60_000, needsApproval: true },
  ],
  step: 1,
  nextWeight: 50,
  nextInMs: 32_000,
  neededRequests: null,
  requestedAt: AT,
  endedAt: null,
  by: 'ana',
  reason: 'prices in euro',
  stable: { version: 41, label: '8d01f2e', requests: 9120, failures: 19, errorShare: 0.0021, traffic },
  candidate: { version: 42, label: '3f9c2e1', requests: 480, failures: 1, errorShare: 0.0021, traffic },
  odds: '1.3:1',
  limit: '100:1',
  failuresSeen: 20,
  refused: 0,
  firstRequestAt: AT + 3000,
  lastRequestAt: AT + 90_000,
  weights: [
    { at: AT + 2000, weight: 1 },
    { at: AT + 62_000, weight: 5 },
  ],
  samples: [
    {
      at: AT + 70_000,
      version: 42,
      arm: 'candidate',
      method: 'POST',
      path: '/checkout',
      status: 500,
      failure: 'status',
      ms: 31,
      instance: 'api-v42-1',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    },
  ],
  lastLines: [],
  blame: [
    {
      route: 'POST /checkout',
      status: 500,
      failure: 'status',
      line: "TypeError: Cannot read properties of undefined (reading 'currency')",
      stable: 0,
      candidate: 1,
      odds: '7.7:1',
      mark: 'seen',
      words: 'seen on v42 once',
      firstAt: AT + 70_000,
      lastAt: AT + 70_000,
      instance: 'api-v42-1',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    },
  ],
  receipt,
};

export const status: StatusView = {
  project: 'shop',
  file: '/srv/shop/compose.yaml',
  at: AT + 90_000,
  host: 'vm1',
  version: '0.1.0',
  pid: 4711,
  startedAt: AT,
  listening: ['http://0.0.0.0:8080'],
  balancer: { version: '0.1.0', pid: 4712 },
  services: [service],
  releases: [release],
  problems: [],
};

export const event: EventView = {
  seq: 812,
  at: AT + 62_000,
  type: 'release_weight',
  service: 'api',
  version: 42,
  release: 7,
  by: 'friday',
  sentence: 'v42 of api gets 5% of traffic.',
  data: { weight: 5 },
};

export const logLine: LogLineView = {
  at: AT + 70_000,
  service: 'api',
  version: 42,
  instance: 'api-v42-1',
  level: 'error',
  text: "TypeError: Cannot read properties of undefined (reading 'currency')",
};

export const recentTraffic: RecentTrafficView = {
  service: 'api',
  knownSeconds: 3600,
  requests: 148_320,
  requestsPerSecond: 41.2,
  quietRate: 22.1,
  busyRate: 68.4,
  ofMain: 147_110,
  failures: 309,
  errorShare: 0.0021,
  latencyP50Ms: 12,
  latencyP95Ms: 84,
  latencyP99Ms: 210,
  latency: [
    [480, 73_000],
    [676, 66_000],
    [768, 8110],
  ],
  slots: [{ at: AT, requests: 412, failures: 1 }],
};

export const version: VersionView = {
  version: 42,
  label: '3f9c2e1',
  digest: '3f9c2e1ac0b8dd0a1f6b7f2c9b1c0b7f5d9c1e0ab2c3d4e5f60718293a4b5c6d',
  createdAt: AT,
  by: 'ana',
  reason: 'prices in euro',
  state: 'candidate',
};

export const upped: UpView = {
  isDryRun: false,
  changes: [
    { service: 'api', action: 'change', text: 'code 8d01f2e → 3f9c2e1', version: 42, release: 7 },
    { service: 'web', action: 'same', text: 'no change', version: 17, release: null },
  ],
  listen: { from: ['127.0.0.1:8080'], to: ['127.0.0.1:8080', '0.0.0.0:80'] },
};

export const downed: DownView = { services: ['api', 'web'], isLast: true };

const project: UpBody['project'] = {
  name: 'shop',
  file: '/srv/shop/compose.yaml',
  runtime: 'process',
  balancer: 'embedded',
  listen: [{ host: '0.0.0.0', port: 8080 }],
  services: [
    {
      name: 'api',
      context: '/srv/shop/api',
      image: null,
      command: ['node', 'server.ts'],
      install: ['npm', 'ci'],
      workingDir: '.',
      environment: { LOG_LEVEL: 'info' },
      dependsOn: [],
      replicas: 2,
      restart: 'always',
      stopSignal: 'SIGTERM',
      stopGraceMs: 20_000,
      readiness: { type: 'http', path: '/health', intervalMs: 500, timeoutMs: 2000 },
      port: 5000,
      routes: [{ host: 'api.localhost', path: '/' }],
      isSticky: false,
      metrics: '/metrics',
      scheme: 'http',
      timeoutMs: 60_000,
      hold: { requests: 100, ms: 10_000 },
      release: {
        steps: [{ weight: 5, bakeMs: 60_000, needsApproval: false }],
        needsFinalApproval: false,
        minRequests: 100,
        readyTimeoutMs: 60_000,
        keepWarmMs: 600_000,
        holdBack: 5,
      },
    },
  ],
};

export const upOrder: UpBody = { project, services: [], isDryRun: false, reason: 'prices in euro' };
export const releaseOrder: ReleaseBody = { project, steps: [1, 5, 25], reason: 'prices in euro' };
export const rollBackOrder: RollBackBody = { reason: 'customers cannot pay' };
export const promoteOrder: PromoteBody = { to: 50, reason: 'looks good' };
export const pauseOrder: PauseBody = { reason: 'waiting for the support team' };
export const restartOrder: RestartBody = { instance: 'api-v42-1', reason: 'it leaks memory' };
export const drainOrder: DrainBody = { instance: 'api-v42-1', reason: 'heap dump' };
export const differences: DifferencesView = {
  release: 7,
  service: 'api',
  from: 41,
  version: 42,
  isKnown: true,
  isSameCode: false,
  settings: [
    {
      setting: 'environment LOG_LEVEL',
      from: 'info',
      to: 'debug',
      isHidden: false,
      words: 'environment LOG_LEVEL: info → debug',
    },
  ],
};
export const nodeOrder: NodeBody = { reason: 'a new kernel' };
export const node: NodeView = {
  id: 'qoy3qzcxkack6imz381m1gq53',
  name: 'n2',
  role: 'worker',
  state: 'ready',
  availability: 'active',
  address: '10.0.0.2',
  engine: '27.3.1',
  cores: 4,
  memory: 8_241_487_872,
  instances: ['api-v42-2', 'web-v7-1'],
};
export const downOrder: DownBody = { services: ['api'], reason: '' };

export const tick = {
  tick: 1_795_161_600,
  service: 'api',
  version: 42,
  arm: 'candidate',
  epoch: 3,
  weight: 5,
  requests: 3,
  failures: { status: 1, timeout: 0, connection: 0, deadline: 0 },
  firstFailures: 0,
  latency: [
    [612, 2],
    [640, 1],
  ],
};

export const comparisonOrder: ComparisonBody = { weight: 50, bakeMs: 600_000, reason: 'a new machine' };

export const certificate = {
  name: 'shop.example.com',
  source: 'acme',
  hosts: ['shop.example.com'],
  issuer: "Let's Encrypt",
  notBefore: 1_781_000_000_000,
  notAfter: 1_788_776_000_000,
  renewAt: 1_786_184_000_000,
  problem: null,
};

export const prometheus = 'friday_certificate_expires_seconds{name="shop.example.com",source="acme"} 5184000\n';
