// What the API shows of messages to people: targets, and the journal of deliveries.
import { z } from '@hono/zod-openapi';
import { NOTICE_KINDS } from '../core/notice.ts';

const ms = z.number().describe('Milliseconds since 1970');
const Kind = z.enum([...NOTICE_KINDS, 'test']);

export const DeliveryView = z
  .object({
    target: z.string(),
    kind: Kind,
    service: z.string(),
    release: z.number().int().nullable(),
    at: ms.describe('When it happened'),
    state: z
      .enum(['waiting', 'sent', 'failed', 'superseded', 'dropped'])
      .describe('superseded: a newer message took its place before it was sent; dropped: too many waited'),
    tries: z.number().int(),
    doneAt: ms.nullable(),
    nextAt: ms.nullable().describe('When it is tried again'),
    error: z.string().describe('Why it failed last; empty when it did not. Holds no secret'),
  })
  .openapi('Delivery');
export type DeliveryView = z.infer<typeof DeliveryView>;

export const NotificationsView = z
  .object({
    targets: z.array(
      z.object({
        name: z.string(),
        type: z.enum(['slack-webhook', 'slack', 'webhook', 'email']),
        events: z.array(z.enum(NOTICE_KINDS)),
        services: z.array(z.string()).describe('Empty = all'),
        isFailing: z.boolean().describe('The last try failed'),
        waiting: z.number().int(),
      }),
    ),
    deliveries: z.array(DeliveryView).describe('Newest first: those that wait, then the last 200'),
  })
  .openapi('Notifications');
export type NotificationsView = z.infer<typeof NotificationsView>;

export const TestView = z
  .array(z.object({ target: z.string(), isSent: z.boolean(), error: z.string() }))
  .openapi('NotificationTest');
export type TestView = z.infer<typeof TestView>;
