// What is shown of the differences between a version and the one before it.
import { z } from '@hono/zod-openapi';

export const DifferenceView = z
  .object({
    setting: z.string().describe('For example `environment LOG_LEVEL` or `release keep warm`'),
    from: z.string().nullable().describe('Null: not set, or hidden'),
    to: z.string().nullable().describe('Null: not set, or hidden'),
    isHidden: z.boolean().describe('The value may be a secret: its name or itself looks like one'),
    words: z.string().describe('For example `environment LOG_LEVEL: info → debug`'),
  })
  .openapi('Difference');

export const DifferencesView = z
  .object({
    release: z.number().int(),
    service: z.string(),
    from: z.number().int().nullable().describe('The version before; null without one'),
    version: z.number().int(),
    isKnown: z.boolean().describe('Both versions are still kept; otherwise nothing is said'),
    isSameCode: z.boolean(),
    settings: z.array(DifferenceView).describe('At most 200'),
  })
  .openapi('Differences');
export type DifferencesView = z.infer<typeof DifferencesView>;
