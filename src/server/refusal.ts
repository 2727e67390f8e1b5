// How anything thrown becomes an answer: a problem body, and one log line when it was an order.
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { PROBLEM_TYPE, problemOf } from '../api/problem.ts';
import { HTTP } from '../api/tables.ts';
import { Failure, sentenceOf } from '../core/failure.ts';

/** One line of the control plane's own log. */
export type Log = (entry: Readonly<Record<string, unknown>>) => void;

/** A failure for which HTTP has a narrower status than the table, or headers of its own. */
export class Refusal extends Error {
  readonly status: number;
  readonly failure: Failure;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, failure: Failure, headers: Readonly<Record<string, string>> = {}) {
    super(failure.message);
    this.name = 'Refusal';
    this.status = status;
    this.failure = failure;
    this.headers = headers;
  }
}

/** The answer to a request that failed with `error`. Bodies, tokens and queries are never logged. */
export function refuse(c: Context, error: unknown, log: Log): Response {
  const { status, failure, headers } = refusalOf(error);
  if (status === 500)
    log({ level: 'error', message: 'a bug while answering', path: c.req.path, error: stackOf(error) });
  else if (c.req.method === 'POST') {
    const { method, path } = c.req;
    log({
      level: 'warn',
      message: 'an order failed',
      method,
      path,
      status,
      code: failure.code,
      detail: failure.message,
    });
  }
  return new Response(JSON.stringify(problemOf(failure, status)), {
    status,
    headers: { ...headers, 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' },
  });
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof Failure) return new Refusal(HTTP[error.code].status, error);
  if (error instanceof HTTPException && error.status < 500) {
    return new Refusal(error.status, new Failure('invalid', `The request cannot be read: ${error.message}.`));
  }
  const hint = 'This is a bug in fridaymorning; nothing else is affected. See daemon.log in the state folder.';
  return new Refusal(500, new Failure('unavailable', `Something unexpected happened: ${sentenceOf(error)}`, { hint }));
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
