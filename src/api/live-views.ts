// What the page lives on: one stream of what is now, the course of a release, and numbers over time.
import { z } from '@hono/zod-openapi';
import { whole } from './orders.ts';
import { ReceiptView } from './receipt-views.ts';
import { EventView, ReleaseView, StatusView } from './views.ts';

const ms = z.number().describe('Milliseconds since 1970');
const MOST = Number.MAX_SAFE_INTEGER;

const ArmPoint = z.object({
  requests: z.number().int(),
  failures: z.number().int(),
  latency: z
    .array(z.number().int())
    .describe('bucket, count, bucket, count …; bucket i begins at 0.1 ms times 1.01 to the power of 2 i'),
});

export const PointView = z
  .object({
    at: ms.describe('The first second of it, milliseconds since 1970'),
    epoch: z.number().int().describe('Rises with every change of the weight or of the pair of versions'),
    weight: z.number().describe('Asked share of the candidate in percent'),
    stable: ArmPoint.nullable(),
    candidate: ArmPoint.nullable(),
  })
  .openapi('Point');
export type PointView = z.infer<typeof PointView>;

export const CourseView = z
  .object({
    release: z.number().int(),
    stepMs: z.number().describe('Length of a point'),
    points: z.array(PointView).describe('What both versions counted since the comparison began, oldest first'),
    said: z
      .array(z.object({ at: ms, weight: z.number(), receipt: ReceiptView }))
      .describe('What the judge said at moments, oldest first; each change of its word is among them'),
  })
  .openapi('Course');
export type CourseView = z.infer<typeof CourseView>;

export const CourseQuery = z.object({
  points: whole(2, 2000).optional().describe('So many points at most; default 240'),
  moments: whole(0, 500).optional().describe('What the judge said at so many moments at most; default 0'),
});

export const LiveQuery = z.object({
  release: whole(1, MOST).optional().describe('Also tell of this release, whether it is under way or not'),
  after: whole(0, MOST).optional().describe('Only events of the journal after this sequence number; default: new ones'),
});
export type LiveQuery = z.output<typeof LiveQuery>;

export const LiveFrame = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('status'), status: StatusView }),
    z.object({ type: z.literal('release'), release: ReleaseView }),
    z.object({
      type: z.literal('points'),
      release: z.number().int(),
      points: z.array(PointView).describe('Seconds that are closed since the last frame; after a gap up to a minute'),
    }),
    z.object({ type: z.literal('event'), event: EventView }),
  ])
  .openapi('LiveFrame');
export type LiveFrame = z.infer<typeof LiveFrame>;

const METRIC_NAMES = ['requests', 'errors', 'p50', 'p95', 'p99', 'cpu', 'memory', 'open'] as const;
export const MetricName = z.enum(METRIC_NAMES);
export type MetricName = z.infer<typeof MetricName>;

export const MetricsQuery = z.object({
  service: z.string().min(1).max(100).optional().describe('Only this one; default all'),
  version: whole(1, MOST).optional(),
  instance: z.string().min(1).max(200).optional(),
  by: z.enum(['service', 'version', 'instance']).optional().describe('What one series is about; default service'),
  metric: z
    .string()
    .regex(new RegExp(`^(${METRIC_NAMES.join('|')})(,(${METRIC_NAMES.join('|')})){0,7}$`))
    .describe(`One or more of ${METRIC_NAMES.join(', ')}, with commas`)
    .openapi({ example: 'requests,errors,p95' }),
  from: whole(0, MOST).optional().describe('Milliseconds since 1970; default an hour ago'),
  to: whole(0, MOST).optional().describe('Milliseconds since 1970; default now'),
  step: whole(10, 3600).optional().describe('Seconds; default 10'),
});
export type MetricsQuery = z.output<typeof MetricsQuery>;

export const RangeView = z
  .object({
    fromMs: ms.describe('Beginning of the first step'),
    stepMs: z.number(),
    series: z.array(
      z.object({
        service: z.string(),
        version: z.number().int().nullable(),
        instance: z.string().nullable(),
        metric: MetricName.describe(
          'requests: per second. errors: share, 0 to 1. p50, p95, p99: ms. cpu: cores. memory: bytes. open: requests',
        ),
        values: z.array(z.number().nullable()).describe('One for each step; null = not known'),
      }),
    ),
  })
  .openapi('Range');
export type RangeView = z.infer<typeof RangeView>;
