// Orders that are sent twice: the same Idempotency-Key with the same body is one order and gets one answer.
import { createHash } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { Principal } from '../core/access.ts';
import { Failure } from '../core/failure.ts';
import type { Env } from './access/caller.ts';

type Answer = { readonly status: number; readonly type: string; readonly body: string };
type Kept = { readonly digest: string; readonly until: number; readonly answer: Promise<Answer | null> };

const KEPT_MS = 10 * 60_000;
const MOST = 500;
/** Their answers hold secrets, which are not kept. */
const SECRET = /^\/api\/v1\/(session|links|tokens|people)(\/|$)/;

/**
 * Remembers answers below 500 for 10 minutes, the newest 500; a repetition that comes while the first is at work waits
 * for its answer. Failure: `invalid` (the key came with another body or for another path).
 * Source: IETF draft-ietf-httpapi-idempotency-key-header-07, section 2.6.
 */
export function rememberOrders(now: () => number): MiddlewareHandler<Env> {
  const kept = new Map<string, Kept>();
  return async (c, next) => {
    const given = c.req.header('idempotency-key');
    if (given === undefined || c.req.method !== 'POST' || SECRET.test(c.req.path)) return next();
    if (given.length < 1 || given.length > 200)
      throw new Failure('invalid', 'An Idempotency-Key has 1 to 200 characters.');
    const key = `${whose(c.var.caller?.principal ?? null)} ${given}`;
    const digest = createHash('sha256')
      .update(`${c.req.path}\n`)
      .update(await c.req.text())
      .digest('hex');
    const known = kept.get(key);
    if (known && known.until > now()) {
      const answer = known.digest === digest ? await known.answer : refuseReuse(given);
      if (answer) return replay(answer);
    }
    const { promise, resolve } = Promise.withResolvers<Answer | null>();
    kept.delete(key);
    kept.set(key, { digest, until: now() + KEPT_MS, answer: promise });
    forgetOld(kept, now());
    try {
      await next();
      const answer = c.res.status < 500 ? await answerOf(c.res) : null;
      if (answer === null) kept.delete(key);
      resolve(answer);
    } finally {
      resolve(null);
    }
  };
}

/** Nobody gets the answer to somebody else's order. */
function whose(principal: Principal | null): string {
  return principal === null ? 'nobody' : `${principal.how} ${principal.id ?? ''}`;
}

function refuseReuse(key: string): never {
  throw new Failure('invalid', `The Idempotency-Key "${key}" was used for another order in the last 10 minutes.`, {
    hint: 'Draw a new key for each order.',
  });
}

async function answerOf(response: Response): Promise<Answer> {
  const type = response.headers.get('content-type') ?? 'application/json';
  return { status: response.status, type, body: await response.clone().text() };
}

function replay({ status, type, body }: Answer): Response {
  return new Response(body, { status, headers: { 'content-type': type, 'idempotency-replayed': 'true' } });
}

function forgetOld(kept: Map<string, Kept>, now: number): void {
  for (const [key, one] of kept) {
    if (one.until > now && kept.size <= MOST) break;
    kept.delete(key);
  }
}
