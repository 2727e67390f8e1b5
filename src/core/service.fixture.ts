// A small service for tests of the core.
import { newService, type ServiceState, type Version } from './service.ts';
import type { ReleaseSpec, ServiceSpec } from './spec/project.ts';
import type { Memory } from './turn.ts';

export function specFor(rest: Partial<ServiceSpec> = {}, release: Partial<ReleaseSpec> = {}): ServiceSpec {
  return {
    name: 'web',
    context: '/code/web',
    image: null,
    command: ['node', 'server.ts'],
    install: null,
    workingDir: '.',
    environment: {},
    dependsOn: [],
    replicas: 2,
    restart: 'always',
    stopSignal: 'SIGTERM',
    stopGraceMs: 10_000,
    readiness: { type: 'port', intervalMs: 1000, timeoutMs: 1000 },
    port: 5000,
    routes: [{ host: '*', path: '/' }],
    isSticky: false,
    metrics: null,
    scheme: 'http',
    timeoutMs: 30_000,
    hold: { requests: 100, ms: 10_000 },
    release: {
      steps: [5, 50].map((weight) => ({ weight, bakeMs: 10_000, needsApproval: false })),
      needsFinalApproval: false,
      minRequests: 20,
      readyTimeoutMs: 60_000,
      keepWarmMs: 60_000,
      ...release,
    },
    ...rest,
  };
}

export function versionFor(version: number, spec: ServiceSpec = specFor()): Version {
  const revision = { digest: `digest-${version}`, label: `code${version}` };
  return { version, revision, spec, createdAt: 0, by: 'anna', reason: '' };
}

/** web with these versions; the first one is stable. */
export function serviceWith(versions: readonly Version[], rest: Partial<ServiceState> = {}): ServiceState {
  const nextVersion = Math.max(0, ...versions.map((one) => one.version)) + 1;
  const stable = versions[0]?.version ?? null;
  const replicas = versions[0]?.spec.replicas ?? 1;
  return { ...newService('web', 41_001), versions, nextVersion, stable, replicas, ...rest };
}

/** What is remembered of these services before anything was looked at; the next release is number 7. */
export function memoryOf(...services: readonly ServiceState[]): Memory {
  return {
    listen: [],
    nextRelease: 7,
    table: { revision: 0, listen: [], services: [] },
    cursor: null,
    lookedAt: null,
    services: Object.fromEntries(services.map((service) => [service.name, service])),
    evidence: {},
  };
}
