// The resolved project: what a Compose file with x-friday says once defaults, interpolation and profiles are applied.
import { z } from 'zod';
import { NotifyTarget } from '../notice.ts';
import { ContainerSpec } from './container.ts';

const Route = z.object({ host: z.string(), path: z.string().startsWith('/') });

/** A step holds `weight` percent for at least `bakeMs` after the balancer confirmed it. */
export const Step = z.object({
  weight: z.number().min(0.01).max(99.99),
  bakeMs: z.number().int().min(0),
  /** A person must say yes before this step is entered. */
  needsApproval: z.boolean(),
});
export type Step = z.infer<typeof Step>;

/** `plan: auto`: the weight follows the evidence. */
export const Ramp = z.object({
  /** So long the candidate has traffic beside stable at least, and at most before `atEnd` decides. */
  minBakeMs: z.number().int().min(0),
  maxBakeMs: z.number().int().min(0),
  /** Extra failed requests that one more step may cost before the judge can act. */
  budget: z.number().int().min(1),
  atEnd: z.enum(['hold', 'promote']),
  /** A person must say yes before each of these weights. */
  approvals: z.array(z.number()).max(50),
});
export type Ramp = z.infer<typeof Ramp>;

export const ReleaseSpec = z.object({
  /** Weights rise. Empty without a ramp = straight to 100 % once ready. */
  steps: z.array(Step).max(50),
  /** Instead of steps; absent = the steps say it. */
  ramp: Ramp.optional(),
  /** A person must say yes before 100 %. */
  needsFinalApproval: z.boolean(),
  /** Requests that the candidate must have answered in each step before the next. */
  minRequests: z.number().int().min(0),
  /** What a pass of the judge takes; absent = `certified` with a ramp, `requests` with steps. */
  passRule: z.enum(['requests', 'certified']).optional(),
  /** Promised share of good requests in percent, below 100; absent = 99.9. */
  slo: z.number().optional(),
  /** A candidate that is not ready by then has failed. */
  readyTimeoutMs: z.number().int().min(1000),
  /** How long the old version stays warm after promotion. */
  keepWarmMs: z.number().int().min(0),
  /** Percent of the requests that the old version keeps while it is warm, so that the judge can go on; absent or 0 = none. */
  holdBack: z.number().min(0).max(50).optional(),
  /** So many percentage points more failures are still "not worse"; absent = the judge's default. */
  errorMargin: z.number().optional(),
  /** So many percent more latency are still "not worse", per quantile (`p50`, `p90`, `p95`, `p99`); absent = the judge's default. */
  latencyMargins: z.object({ p50: z.number(), p90: z.number(), p95: z.number(), p99: z.number() }).partial().optional(),
});
export type ReleaseSpec = z.infer<typeof ReleaseSpec>;

/** How an instance says that it is ready. */
export const Readiness = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('http'),
    path: z.string().startsWith('/'),
    intervalMs: z.number(),
    timeoutMs: z.number(),
  }),
  z.object({
    type: z.literal('command'),
    /** First word is the program; no shell. */
    command: z.array(z.string()).min(1),
    intervalMs: z.number(),
    timeoutMs: z.number(),
    retries: z.number().int(),
    startPeriodMs: z.number(),
  }),
  z.object({ type: z.literal('port'), intervalMs: z.number(), timeoutMs: z.number() }),
  /** Runs = ready, for workers without a port. */
  z.object({ type: z.literal('running') }),
]);
export type Readiness = z.infer<typeof Readiness>;

/** What one instance should carry, at least one of them; the largest demand wins. */
const ScaleTarget = z.object({
  /** Open requests. */
  inflight: z.number().positive().optional(),
  /** Requests per second. */
  rate: z.number().positive().optional(),
  /** Percent of one core. */
  cpu: z.number().positive().optional(),
});

/** Bounds of each version that serves, and when it grows and shrinks. */
export const Scale = z.object({
  min: z.number().int().min(1).max(1000),
  max: z.number().int().min(1).max(1000),
  target: ScaleTarget,
  /** It shrinks only to the highest demand of so long. */
  downAfterMs: z.number().int().min(0),
});
export type Scale = z.infer<typeof Scale>;

export const ServiceSpec = z.object({
  name: z.string(),
  /** Absolute folder whose content is the code; null for a service that is only a program. */
  context: z.string().nullable(),
  image: z.string().nullable(),
  /** What runs as a process, without a shell. `$PORT` and `$FRIDAY_…` are replaced when it starts. Empty for a container. */
  command: z.array(z.string()),
  /** Runs once in the snapshot, for example ["npm", "ci"]. */
  install: z.array(z.string()).nullable(),
  /** Relative to the snapshot. */
  workingDir: z.string(),
  environment: z.record(z.string(), z.string()),
  dependsOn: z.array(z.object({ service: z.string(), condition: z.enum(['started', 'healthy', 'completed']) })),
  /** With `scale` those that it begins with. */
  replicas: z.number().int().min(0).max(1000),
  /** Absent = as many as `replicas`, whatever the load. */
  scale: Scale.optional(),
  restart: z.enum(['always', 'on-failure', 'no']),
  stopSignal: z.string(),
  stopGraceMs: z.number().int().min(0),
  readiness: Readiness,
  /** Port inside a container. Null = the service is not behind the balancer: it is started in place and never released in steps. */
  port: z.number().int().min(1).max(65_535).nullable(),
  routes: z.array(Route),
  isSticky: z.boolean(),
  metrics: z.string().nullable(),
  /** Scheme of this service's address for the others: `http` behind the balancer, else for example `redis`. */
  scheme: z.string(),
  timeoutMs: z.number().int().min(1),
  hold: z.object({ requests: z.number().int().min(0), ms: z.number().int().min(0) }),
  /** Open requests may keep an instance that leaves so long; absent = 5 minutes. */
  drainMs: z.number().int().min(0).optional(),
  release: ReleaseSpec,
  /** With the runtimes docker and swarm, absent with process. */
  container: ContainerSpec.optional(),
});
export type ServiceSpec = z.infer<typeof ServiceSpec>;

const Listen = z.object({ host: z.string(), port: z.number().int().min(0).max(65_535) });
const Hosts = z
  .array(
    z
      .string()
      .max(253)
      .regex(/^(\*\.)?[a-z0-9._:-]+$/),
  )
  .max(1000);

/** HTTPS: where it listens, and where its certificates come from. */
export const TlsSpec = z.object({
  listen: z.array(Listen).min(1).max(100),
  /** Absolute paths of PEM files; both may be the same. */
  certificates: z.array(z.object({ cert: z.string(), key: z.string() })).max(1000),
  /** One certificate of the local authority for all of these; empty = none. */
  selfSigned: Hosts,
  acme: z
    .object({
      email: z.string().nullable(),
      /** Those that no file covers get a certificate each. */
      hosts: Hosts,
      /** URL of the authority's directory. */
      directory: z.string(),
      /** Absolute path of a PEM file that the directory's own certificate is checked by; null = those of the system. */
      ca: z.string().nullable(),
    })
    .nullable(),
  /** Plain requests go on to HTTPS at this port; 0 = the one it listens on, null = they are served. */
  redirectPort: z.number().int().min(0).max(65_535).nullable(),
  hstsSeconds: z.number().int().min(0),
  minVersion: z.enum(['1.2', '1.3']),
});
export type TlsSpec = z.infer<typeof TlsSpec>;

export const Project = z.object({
  name: z.string(),
  /** Absolute path of the first file. */
  file: z.string(),
  runtime: z.enum(['process', 'docker', 'swarm']),
  balancer: z.enum(['embedded', 'haproxy']),
  listen: z.array(Listen),
  /** Absent = no HTTPS. */
  tls: TlsSpec.optional(),
  /** Absent = the page is used on this machine only. */
  web: z.object({ hosts: z.array(z.string().max(300)).max(10) }).optional(),
  /** Absent = nobody is told of releases. */
  notify: z.array(NotifyTarget).max(20).optional(),
  services: z.array(ServiceSpec),
});
export type Project = z.infer<typeof Project>;

/** Whether releases of this service are guarded: it is behind the balancer. */
export function isReleased(spec: ServiceSpec): boolean {
  return spec.port !== null;
}
