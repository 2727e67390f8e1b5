// Who may ask: on the unix socket whoever may open the file; on TCP who has the token, under our own host name, from no other site.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { Failure } from '../core/failure.ts';
import { Refusal } from './refusal.ts';

/** How a request came in; anything but `socket` has to prove itself. `drop` cuts its connection. */
export type Via = { readonly via?: 'socket' | 'tcp'; readonly drop?: () => void };

const OPEN_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz']);
const HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Over TCP: Host must be a name of this machine's loopback (else a page elsewhere reaches us by DNS rebinding), Origin
 * must be absent or ours, and all but the health paths need `Authorization: Bearer <token>`.
 */
export function requireAuthority(token: string): MiddlewareHandler<{ Bindings: Via }> {
  return async (c, next) => {
    if (c.env?.via === 'socket') return next();
    const host = c.req.header('host') ?? '';
    requireOwnHost(host);
    requireOwnOrigin(c.req.header('origin'), host);
    if (!OPEN_PATHS.has(c.req.path)) requireToken(c.req.header('authorization'), token);
    return next();
  };
}

function requireOwnHost(host: string): void {
  if (HOSTS.has(host.toLowerCase().replace(/:\d+$/, ''))) return;
  throw new Failure('refused', `The Host header says "${host.slice(0, 100)}"; expected localhost or 127.0.0.1.`, {
    hint: 'Reach another machine through an SSH tunnel: ssh -L 4747:127.0.0.1:4747 HOST',
  });
}

function requireOwnOrigin(origin: string | undefined, host: string): void {
  if (origin === undefined) return;
  if (URL.canParse(origin) && new URL(origin).host === host.toLowerCase()) return;
  throw new Failure('refused', `Pages of ${origin.slice(0, 100)} may not use this API.`);
}

function requireToken(authorization: string | undefined, token: string): void {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (given !== undefined && isSame(given, token)) return;
  const what = given === undefined ? 'A token is needed' : 'The token is wrong';
  throw new Refusal(
    401,
    new Failure('refused', `${what}: send "Authorization: Bearer TOKEN".`, {
      hint: 'The token is in the file `token` in the state folder; `friday status` on this machine needs none.',
    }),
    { 'www-authenticate': 'Bearer realm="fridaymorning"' },
  );
}

/** Compares digests, so that neither time nor length tells anything about the token. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
