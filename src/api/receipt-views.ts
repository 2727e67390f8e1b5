// What the API shows of a verdict: the receipt with everything behind it, and what failed by cause.
import { z } from '@hono/zod-openapi';

const ms = z.number().describe('Milliseconds since 1970');

export const FailureClass = z.enum(['status', 'timeout', 'connection', 'deadline']);

export const BlameView = z
  .object({
    route: z.string().describe('Method and path, ids as *'),
    status: z.number().int(),
    failure: FailureClass,
    line: z
      .string()
      .nullable()
      .describe(
        'What the instance wrote about one of them: the line with its trace id, else its first error in that second',
      ),
    stable: z.number().int().describe('Sampled failed requests of this kind on stable'),
    candidate: z.number().int().describe('The same on the candidate'),
    odds: z
      .string()
      .nullable()
      .describe(
        'That the candidate does it more often, for example 103:1; null for sticky services, where one client can fail many',
      ),
    mark: z
      .enum(['only', 'more', 'seen'])
      .describe('only, more: odds of 20:1 or more, never or also seen on stable. seen: too few to tell'),
    words: z.string().describe('The same for a person: only on v42, 31 times'),
    firstAt: ms,
    lastAt: ms,
    instance: z.string().describe('Where it happened last, on the candidate if there'),
    traceId: z.string(),
  })
  .openapi('Blame');
export type BlameView = z.infer<typeof BlameView>;

const Tally = z.object({ requests: z.number().int(), failures: z.number().int() });
const ArmReceiptView = z.object({
  version: z.number().int(),
  total: Tally.describe('Since the candidate got traffic'),
  step: Tally.describe('Judged at this weight'),
});

export const MetricReceiptView = z
  .object({
    metric: z
      .string()
      .describe('errors, p50, p95, client_errors (answers of 400 to 499), route, and what else is judged'),
    route: z.string().optional().describe('Only of the metric route: the route whose errors are judged'),
    share: z.number().describe('Its share of the odds of the release'),
    lnE: z.number().describe('ln of the odds that the candidate is worse'),
    odds: z.string().describe('The same for a person, for example 24:1'),
    lnSafety: z
      .number()
      .nullable()
      .describe('ln of the odds that it is not worse than the margin; null where nothing is certified'),
    safetyOdds: z.string().nullable(),
    isSafe: z.boolean().nullable(),
    isHarmful: z.boolean(),
    stable: Tally.describe('What was compared; for latency, failures are requests beyond the limit'),
    candidate: Tally,
    sentence: z.string().describe('Errors: safe. p95: 13:1 of 20:1. p50: harmful, odds 120:1. p99: not enough data.'),
  })
  .catchall(z.unknown())
  .openapi('MetricReceipt');
export type MetricReceiptView = z.infer<typeof MetricReceiptView>;

export const ReceiptView = z
  .object({
    kind: z.enum(['pass', 'fail', 'inconclusive']),
    decidedAt: ms
      .nullable()
      .describe('When the release was decided, and this is what stood then; null while it goes on'),
    sentence: z.string().describe('The verdict for a person, the same in the journal and on every screen'),
    service: z.string(),
    stable: ArmReceiptView,
    candidate: ArmReceiptView,
    unit: z
      .enum(['request', 'client'])
      .describe('What failures count: each failed request, or the first of each client'),
    epoch: z.number().int(),
    weight: z.number().describe('Percent'),
    engine: z.string(),
    lnE: z.number(),
    odds: z.string().describe('That the candidate is worse in anything'),
    limit: z.string().describe('Odds at which the release fails'),
    alpha: z.number().describe('Chance that a good release is ever taken back'),
    metrics: z.array(MetricReceiptView),
    harmBound: z.number().describe('95 % sure: at most so much more often does the candidate fail, 0 to 1'),
    splitOdds: z.string().nullable().describe('That the traffic is not split as asked; null while it is'),
    strata: z.number().int().describe('Comparisons that went into the odds'),
    parameters: z.string().describe('Hash of the rules and parameters'),
    rules: z
      .object({
        minRequests: z.number().int(),
        passRule: z.string(),
        margins: z.record(z.string(), z.unknown()).describe('What "not worse" means, by metric'),
        clientErrors: z.boolean().describe('Answers of 4xx are judged'),
        routes: z.array(z.string()).describe('Whose errors are judged by themselves'),
        alpha: z.number(),
        failAt: z.string(),
        calmBelow: z.string(),
        safeAt: z.string(),
      })
      .catchall(z.unknown())
      .describe('What the hash stands for'),
    salt: z.string().describe('Drawn for this release; with it anybody can compute which client had which version'),
  })
  .catchall(z.unknown())
  .openapi('Receipt');
export type ReceiptView = z.infer<typeof ReceiptView>;
