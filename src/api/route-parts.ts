// What the routes of the API are made of: answers, problems, bodies, names, and who may use them.
import { z } from '@hono/zod-openapi';
import { PROBLEM_TYPE } from './problem.ts';
import { ProblemView } from './views.ts';

const PROBLEMS = {
  400: 'The body is not JSON',
  401: 'Neither a token nor a session, or a wrong one (TCP only)',
  403: 'The role does not allow it; or asked from another site or under another host name (TCP only)',
  404: 'There is no such thing',
  409: 'Not possible at this moment',
  413: 'The body has more than 4 MB',
  415: 'The body is not application/json',
  422: 'The input is wrong, or the Idempotency-Key was used for something else',
  429: 'Too many wrong passwords; Retry-After says when to try again',
  503: 'Something that is needed does not work, or there are too many streams',
  504: 'It took too long',
} as const;

type Status = keyof typeof PROBLEMS;

export function problems(...statuses: readonly Status[]) {
  const content = { [PROBLEM_TYPE]: { schema: ProblemView } };
  return Object.fromEntries(statuses.map((status) => [status, { description: PROBLEMS[status], content }]));
}

export const ASKED = problems(401, 403, 422, 503);
export const ORDERED = problems(400, 401, 403, 409, 413, 415, 422, 503, 504);

export function answer<T extends z.ZodType>(description: string, schema: T, example: unknown) {
  return { description, content: { 'application/json': { schema, example } } };
}

export function body<T extends z.ZodType>(schema: T, example: unknown) {
  return { required: true, content: { 'application/json': { schema, example } } };
}

/** One JSON value a line. */
export function lines(schema: z.ZodType, example: unknown): Record<string, { schema: z.ZodType; example: unknown }> {
  return { 'application/x-ndjson': { schema, example } };
}

export const Named = z.object({
  name: z
    .string()
    .min(1)
    .max(100)
    .openapi({ param: { name: 'name', in: 'path' }, example: 'api' }),
});

export const Ordering = z.object({
  'idempotency-key': z
    .string()
    .max(200)
    .optional()
    .describe('Within 10 minutes, the same key with the same body is one order and gets one answer'),
  'x-friday-by': z
    .string()
    .max(900)
    .optional()
    .describe('Who orders, URL-encoded, at most 100 characters; default "someone"'),
});

const secured: Record<string, string[]>[] = [{ token: [] }, { session: [] }, {}];
export const asking = { tags: ['Questions'], security: secured };
export const ordering = { tags: ['Orders'], security: secured };
