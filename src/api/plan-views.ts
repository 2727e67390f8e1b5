// What `friday plan` shows: the traffic of the last hour, and how far apart instances of the same code are.
import { z } from '@hono/zod-openapi';

const ms = z.number().describe('Milliseconds since 1970');

export const RecentTrafficView = z
  .object({
    service: z.string(),
    knownSeconds: z
      .number()
      .int()
      .describe('Over so many seconds it is known, at most 3600; it begins anew with the control plane'),
    requests: z.number().int().describe('To all versions'),
    requestsPerSecond: z.number(),
    quietRate: z
      .number()
      .nullable()
      .describe('Requests per second that 1 of 10 parts of 10 s stays below; null when little is known'),
    busyRate: z.number().nullable().describe('The same from above'),
    ofMain: z.number().int().describe('Of the requests, those to the version that most people used at the time'),
    failures: z.number().int().describe('Of these, the failed ones'),
    errorShare: z.number().nullable().describe('The same as a share, 0 to 1; null without requests'),
    latencyP50Ms: z.number().nullable(),
    latencyP95Ms: z.number().nullable(),
    latencyP99Ms: z.number().nullable(),
    latency: z
      .array(z.tuple([z.number().int(), z.number().int()]))
      .describe(
        'Of these requests, [bucket, count]; bucket i begins at 0.1 ms times 1.01 to the power of i. Over up to 5 minutes more',
      ),
    slots: z
      .array(z.object({ at: ms, requests: z.number().int(), failures: z.number().int() }))
      .describe('By 10 s, those with requests, at most 361; failures as above'),
  })
  .openapi('RecentTraffic');
export type RecentTrafficView = z.infer<typeof RecentTrafficView>;

const Pair = z.object({ stable: z.number(), candidate: z.number() });

export const ComparisonView = z
  .object({
    requests: Pair.describe('Since its first 10 s, which do not count'),
    errors: z.object({ stable: z.number().nullable(), candidate: z.number().nullable() }).describe('Shares, 0 to 1'),
    quantiles: z.array(
      z.object({
        quantile: z.enum(['p50', 'p95', 'p99']),
        stableMs: z.number().nullable(),
        candidateMs: z.number().nullable(),
        percent: z.number().nullable().describe('The slower one takes so many percent longer'),
        isTolerated: z.boolean().describe('The judge overlooks it'),
      }),
    ),
    tolerancePercent: z.number().describe('So much slower is never held against a version'),
    toleranceMs: z.number().describe('Nor is so much'),
    peaks: z
      .array(z.object({ metric: z.string(), lnE: z.number(), odds: z.string() }))
      .describe('The highest odds that each metric has reached; `all` = the release'),
  })
  .openapi('Comparison');
export type ComparisonView = z.infer<typeof ComparisonView>;
