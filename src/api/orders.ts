// What the API is told: one schema per body and query, shared by server and client.
import { z } from '@hono/zod-openapi';
import { Project } from '../core/spec/project.ts';

// Made anew here: a schema made before `@hono/zod-openapi` was loaded has no `openapi`.
const ProjectBody = z.object(Project.shape).openapi('Project');
const Reason = z.string().max(500).default('').describe('Why, in the words of the one who orders; kept in the journal');
const Name = z.string().min(1).max(100);

export const UpBody = z
  .object({
    project: ProjectBody.describe(
      'The resolved project: the Compose file with defaults, interpolation and profiles applied',
    ),
    services: z.array(Name).max(1000).default([]).describe('Only these; empty = all'),
    isDryRun: z.boolean().default(false).describe('Say what would change and change nothing'),
    removesOrphans: z.boolean().default(false).describe('Stop services that the file no longer names'),
    isForced: z.boolean().default(false).describe('Make new versions even where nothing changed'),
    reason: Reason,
  })
  .openapi('UpOrder');
export type UpBody = z.input<typeof UpBody>;

export const ReleaseBody = z
  .object({
    project: ProjectBody,
    steps: z
      .array(z.number().min(0.01).max(100))
      .max(50)
      .nullable()
      .default(null)
      .describe('Rising weights in percent instead of the plan in the file'),
    reason: Reason,
  })
  .openapi('ReleaseOrder');
export type ReleaseBody = z.input<typeof ReleaseBody>;

export const ComparisonBody = z
  .object({
    weight: z.number().min(0.01).max(99.99).default(50).describe('Share of the second copy in percent'),
    bakeMs: z.number().int().min(1000).max(86_400_000).default(600_000).describe('How long, in milliseconds'),
    reason: Reason,
  })
  .openapi('ComparisonOrder');
export type ComparisonBody = z.input<typeof ComparisonBody>;

const Version = z.number().int().min(1);

export const RollBackBody = z
  .object({
    version: Version.nullable().default(null).describe('Go back to this one; null = the one before'),
    reason: Reason,
  })
  .openapi('RollBackOrder');
export type RollBackBody = z.input<typeof RollBackBody>;

export const PromoteBody = z
  .object({
    to: z.number().min(0.01).max(100).nullable().default(null).describe('Up to this weight; null = the next step'),
    version: Version.nullable().default(null).describe('Make this old version stable again'),
    reason: Reason,
  })
  .openapi('PromoteOrder');
export type PromoteBody = z.input<typeof PromoteBody>;

export const PauseBody = z.object({ reason: Reason }).openapi('PauseOrder');
export type PauseBody = z.input<typeof PauseBody>;

export const RestartBody = z
  .object({
    instance: z.string().min(1).max(200).nullable().default(null).describe('Only this one; null = all that people use'),
    reason: Reason,
  })
  .openapi('RestartOrder');
export type RestartBody = z.input<typeof RestartBody>;

export const DrainBody = z
  .object({
    instance: z.string().min(1).max(200),
    act: z
      .enum(['out', 'back', 'stop'])
      .default('out')
      .describe('Out of traffic and kept for an hour at most, back into it, or stop it now'),
    reason: Reason,
  })
  .openapi('DrainOrder');
export type DrainBody = z.input<typeof DrainBody>;

export const NodeBody = z.object({ reason: Reason }).openapi('NodeOrder');
export type NodeBody = z.input<typeof NodeBody>;

export const DownBody = z
  .object({ services: z.array(Name).max(1000).default([]).describe('Only these; empty = all'), reason: Reason })
  .openapi('DownOrder');
export type DownBody = z.input<typeof DownBody>;

/** A number as it stands in a path or a query. */
export function whole(min: number, max: number) {
  const digits = z.string().regex(/^\d{1,16}$/, 'expected a whole number');
  const number = digits.transform(Number).pipe(z.number().int().min(min).max(max));
  return number.openapi({ type: 'integer', minimum: min, maximum: max });
}

const MOST = Number.MAX_SAFE_INTEGER;
const moment = () => whole(0, MOST).optional().describe('Milliseconds since 1970');
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

export const ReleasesQuery = z.object({
  service: Name.optional(),
  limit: whole(1, 1000).optional().describe('Default 20'),
});
export type ReleasesQuery = z.output<typeof ReleasesQuery>;

export const EventsQuery = z.object({
  after: whole(0, MOST).optional().describe('Only events with a greater sequence number'),
  service: Name.optional(),
  release: whole(1, MOST).optional(),
  follow: flag.optional().describe('Stay and send new events as they happen; default true'),
  limit: whole(0, 1000)
    .optional()
    .describe(
      'Stored events at most: the newest, or with `after` the next. Default 100, and 0 when following without `after`; ' +
        'when following with `after` all are sent',
    ),
});
export type EventsQuery = z.output<typeof EventsQuery>;

export const LogsQuery = z.object({
  service: Name.optional(),
  version: whole(1, MOST).optional(),
  instance: z.string().min(1).max(200).optional(),
  pattern: z.string().max(500).optional().describe('Only lines that contain it; letters of either case'),
  level: z.enum(['error', 'warn', 'info', 'debug']).optional().describe('This level and worse'),
  since: moment(),
  until: moment(),
  lines: whole(0, 10_000).optional().describe('The last so many; default 100'),
  follow: flag.optional().describe('Stay and send new lines as they are written; default false'),
});
export type LogsQuery = z.output<typeof LogsQuery>;
