// What the API shows: one schema per thing, the same in CLI, web and JSON. Names here are public and follow semver.
import { z } from '@hono/zod-openapi';
import { ComparisonView } from './plan-views.ts';
import { BlameView, FailureClass, ReceiptView } from './receipt-views.ts';

const ms = z.number().describe('Milliseconds since 1970');

export const DrainedView = z
  .object({
    by: z.string(),
    until: ms.describe('Then it stops, milliseconds since 1970'),
    outSince: ms.nullable().describe('Since when it gets no new requests; null while another one is to stand in first'),
  })
  .openapi('Drained');
export type DrainedView = z.infer<typeof DrainedView>;

export const InstanceView = z
  .object({
    id: z.string(),
    version: z.number().int(),
    handle: z.string().describe('What the runtime calls it: pid 4711, a container id'),
    state: z.enum(['starting', 'ready', 'stopping', 'exited']),
    role: z
      .enum(['stable', 'candidate', 'warm', 'drained', 'leaving'])
      .describe('What it is kept for; drained: to be looked at; leaving: it finishes its open requests and then stops'),
    drained: DrainedView.optional().describe('Left out when nobody drains it'),
    address: z.string().describe('host:port'),
    startedAt: ms,
    reason: z.string().describe('Why it is not ready; empty when it is'),
    cpu: z.number().nullable().describe('Share of one core, 1 = a whole one'),
    memory: z.number().nullable().describe('Resident bytes'),
    restarts: z.number().int().describe('Unexpected ends in a row'),
  })
  .openapi('Instance');
export type InstanceView = z.infer<typeof InstanceView>;

export const TrafficView = z
  .object({
    requestsPerSecond: z.number(),
    errorShare: z.number().nullable().describe('Failed share of requests, 0 to 1; null without requests'),
    latencyP50Ms: z.number().nullable(),
    latencyP95Ms: z.number().nullable(),
    latencyP99Ms: z.number().nullable(),
  })
  .openapi('Traffic');
export type TrafficView = z.infer<typeof TrafficView>;

export const WatchView = z
  .object({
    release: z.number().int().describe('Number of the promoted release'),
    version: z.number().int().describe('The promoted version'),
    from: z.number().int().describe('The version before, which keeps the rest'),
    weight: z.number().describe('Asked share of the promoted version in percent'),
    holdBack: z.number().describe('Asked share of the version before in percent'),
    since: ms,
    until: ms.describe('At the latest; milliseconds since 1970'),
  })
  .openapi('Watch');
export type WatchView = z.infer<typeof WatchView>;

export const ScaleView = z
  .object({
    min: z.number().int(),
    max: z.number().int(),
    wanted: z.number().int().describe('Instances of the version that people use'),
    candidate: z.number().int().nullable().describe('Instances wanted of the candidate; null without one'),
    target: z
      .object({
        inflight: z.number().nullable().describe('Open requests'),
        rate: z.number().nullable().describe('Requests per second'),
        cpu: z.number().nullable().describe('Percent of one core'),
      })
      .describe('What one instance should carry; null = no target'),
    sentence: z.string().describe('Why so many are wanted, for a person'),
  })
  .openapi('Scale');
export type ScaleView = z.infer<typeof ScaleView>;

export const ServiceView = z
  .object({
    name: z.string(),
    state: z.enum(['healthy', 'degraded', 'down', 'releasing', 'completed', 'stopped']),
    sentence: z.string().describe('What is going on with it, for a person'),
    version: z.number().int().nullable().describe('The version that people use'),
    candidate: z.number().int().nullable(),
    release: z.number().int().nullable().describe('Number of the release under way'),
    watch: WatchView.nullable().describe(
      'Beside which version the promoted one is still compared; null when it is not',
    ),
    isReleased: z.boolean().describe('Stands behind the balancer, so that its releases are guarded'),
    isRemoved: z.boolean().describe('The file names it no more'),
    urls: z.array(z.string()),
    ready: z.number().int(),
    wanted: z.number().int(),
    scale: ScaleView.nullable().describe('Null when it does not scale by itself'),
    traffic: TrafficView.nullable().describe('The last 30 seconds, all versions'),
    cpu: z.number().nullable(),
    memory: z.number().nullable(),
    instances: z.array(InstanceView),
  })
  .openapi('Service');
export type ServiceView = z.infer<typeof ServiceView>;

export const ArmView = z
  .object({
    version: z.number().int(),
    label: z.string().describe('Commit or digest'),
    requests: z.number().int().describe('Since the release began'),
    failures: z.number().int(),
    errorShare: z.number().nullable(),
    traffic: TrafficView.nullable(),
  })
  .openapi('Arm');
export type ArmView = z.infer<typeof ArmView>;

export const Phase = z.enum([
  'starting',
  'ramping',
  'waiting_for_traffic',
  'waiting_for_approval',
  'paused',
  'promoting',
  'promoted',
  'rolling_back',
  'rolled_back',
  'failed',
]);

export const FailedRequestView = z
  .object({
    at: ms,
    version: z.number().int(),
    arm: z.enum(['stable', 'candidate']),
    method: z.string(),
    path: z.string(),
    status: z.number().int(),
    failure: FailureClass,
    ms: z.number(),
    instance: z.string(),
    traceId: z.string(),
  })
  .openapi('FailedRequest');

export const ReleaseView = z
  .object({
    id: z.number().int(),
    service: z.string(),
    version: z.number().int(),
    from: z.number().int().nullable(),
    state: Phase,
    isOver: z.boolean(),
    sentence: z.string(),
    watch: WatchView.nullable().describe(
      'It was promoted and is still compared with the version before; null otherwise',
    ),
    weight: z.number().describe('Asked share of the candidate in percent'),
    measuredWeight: z.number().nullable().describe('Measured share of the last 10 s in percent; null without requests'),
    plan: z
      .enum(['auto', 'steps', 'none'])
      .describe('auto: the weight follows the evidence, steps: by its steps, none: nothing is compared'),
    steps: z.array(z.object({ weight: z.number(), bakeMs: z.number(), needsApproval: z.boolean() })),
    step: z.number().int().describe('Index of the current step, -1 before the first, steps.length at 100 %'),
    nextWeight: z.number().nullable().describe('With plan auto the highest that may come next'),
    nextInMs: z.number().nullable().describe('At the earliest; null when it waits for something else than time'),
    neededRequests: z.number().nullable().describe('Candidate requests that are still missing'),
    requestedAt: ms,
    endedAt: ms.nullable(),
    by: z.string(),
    reason: z.string(),
    stable: ArmView.nullable(),
    candidate: ArmView,
    odds: z.string().nullable().describe('For example 13:1'),
    limit: z.string().nullable().describe('For example 100:1'),
    failuresSeen: z.number().int().describe('Failed answers that clients of the service saw while it lasted'),
    refused: z.number().int().describe('Requests that the balancer refused for want of an instance'),
    firstRequestAt: ms.nullable().describe('Second in which the candidate got its first request'),
    lastRequestAt: ms.nullable(),
    weights: z.array(z.object({ at: ms, weight: z.number() })),
    samples: z.array(FailedRequestView),
    lastLines: z.array(z.string()).describe('Last lines of a candidate that failed'),
    blame: z.array(BlameView).describe('What failed, by cause, the most telling first; at most 20'),
    receipt: ReceiptView.nullable().describe(
      'The verdict with everything behind it: as of now, after the end as it was decided; null when nothing is compared',
    ),
    comparison: ComparisonView.optional().describe('A/A only: how far apart the same code is'),
  })
  .openapi('Release');
export type ReleaseView = z.infer<typeof ReleaseView>;

export const StatusView = z
  .object({
    project: z.string(),
    file: z.string(),
    at: ms,
    host: z.string(),
    version: z.string(),
    pid: z.number().int(),
    startedAt: ms,
    listening: z.array(z.string()).describe('Public addresses as URLs'),
    balancer: z
      .object({ version: z.string().describe('Of the fridaymorning that started it'), pid: z.number().int() })
      .optional()
      .describe('The process that the control plane tells what to route; left out when it is not known'),
    hasNodes: z.boolean().optional().describe('Instances run on several machines: GET /api/v1/nodes tells of them'),
    services: z.array(ServiceView),
    releases: z.array(ReleaseView).describe('Those under way'),
    problems: z.array(z.string()).describe('What the control plane cannot do right now'),
  })
  .openapi('Status');
export type StatusView = z.infer<typeof StatusView>;

export const EventView = z
  .object({
    seq: z.number().int(),
    at: ms,
    type: z.string(),
    service: z.string().nullable(),
    version: z.number().int().nullable(),
    release: z.number().int().nullable(),
    by: z.string(),
    sentence: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .openapi('Event');
export type EventView = z.infer<typeof EventView>;

export const VersionView = z
  .object({
    version: z.number().int(),
    label: z.string(),
    digest: z.string(),
    createdAt: ms,
    by: z.string(),
    reason: z.string(),
    state: z
      .enum(['stable', 'candidate', 'warm', 'old', 'rolled_back', 'failed'])
      .describe('Old: people used it before. The last two tell how its newest release ended'),
  })
  .openapi('Version');
export type VersionView = z.infer<typeof VersionView>;

export const ChangeView = z
  .object({
    service: z.string(),
    action: z.enum(['add', 'change', 'scale', 'configure', 'restart', 'remove', 'orphan', 'same']),
    text: z.string().describe('What changes, for a person'),
    version: z.number().int().nullable().describe('The version that it makes'),
    release: z.number().int().nullable().describe('The release that it began'),
  })
  .openapi('Change');
export type ChangeView = z.infer<typeof ChangeView>;

export const UpView = z
  .object({
    isDryRun: z.boolean(),
    changes: z.array(ChangeView),
    listen: z
      .object({ from: z.array(z.string()), to: z.array(z.string()) })
      .nullable()
      .describe('Public addresses before and after, as host:port; null when they stay'),
  })
  .openapi('Up');
export type UpView = z.infer<typeof UpView>;

export const DownView = z.object({ services: z.array(z.string()), isLast: z.boolean() }).openapi('Down');
export type DownView = z.infer<typeof DownView>;

export const LogLineView = z
  .object({
    at: ms,
    service: z.string(),
    version: z.number().int(),
    instance: z.string(),
    level: z.enum(['error', 'warn', 'info', 'debug']).nullable().describe('Null when the line does not say'),
    text: z.string(),
  })
  .openapi('LogLine');
export type LogLineView = z.infer<typeof LogLineView>;

export const ProblemView = z
  .object({
    type: z.string().describe('urn:fridaymorning:problem:<code>'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe('What, where, expected, got; for a person'),
    code: z.enum(['invalid', 'not-found', 'conflict', 'refused', 'unavailable', 'timeout']),
    hint: z.string().optional().describe('The next step'),
    evidence: z.array(z.string()).optional().describe('Last words of the thing that failed'),
    position: z
      .object({
        file: z.string(),
        line: z.number().int(),
        column: z.number().int(),
        source: z.string().describe('The line itself'),
        width: z.number().int().optional(),
      })
      .optional()
      .describe('Lines and columns count from 1'),
  })
  .openapi('Problem');

export const TickView = z
  .record(z.string(), z.unknown())
  .openapi('Tick', { description: 'A line of docs/reference/ticks.md: the header first, then counts' });

export const StopView = z.object({ isStopping: z.literal(true) }).openapi('Stop');
export type StopView = z.infer<typeof StopView>;

export const HealthView = z.object({ status: z.literal('ok') }).openapi('Health');
