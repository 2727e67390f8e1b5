// Lets requests in or not: where they come from, who sends them, what that one may. Everything that is let in to change something is in the audit.
import type { Context, MiddlewareHandler } from 'hono';
import { mayDo, type Principal, rolesFor } from '../../core/access.ts';
import { Failure } from '../../core/failure.ts';
import { Refusal } from '../refusal.ts';
import type { Access } from './access.ts';
import { type Caller, claimed, type Env } from './caller.ts';
import { createFinder, type Found } from './permissions.ts';
import { addressOf, cookieIn, cookieName, requireOwnSite, type Seen, seenAs } from './places.ts';
import { csrfOf, isSame } from './secrets.ts';

export type GuardOptions = {
  readonly access: Access;
  /** What TCP clients of this machine show; stands for the socket. */
  readonly token: string;
  readonly project: string;
  readonly now: () => number;
};

type Asked = Context<Env>;

const CHANGING: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * On the unix socket the file permission is the authority. Over TCP: Host and Origin must be ours; the files of the page
 * are for everybody; all of the API but health and signing in needs a token or a session, and a role that may do it.
 */
export function guard(options: GuardOptions): MiddlewareHandler<Env> {
  const find = createFinder();
  const recording: Recording = { ...options, hasRoom: roomForNobody() };
  return async (c, next) => {
    const caller = c.env?.via === 'socket' ? overSocket(c) : overTcp(c, options);
    c.set('caller', caller);
    if (!isApi(c.req.path)) return isReading(c) ? next() : refuseUnknown(c);
    const found = find(c.req.method, c.req.path);
    if (caller.principal === null && found?.permission.act !== null) throw nobody(c);
    if (found === null) refuseUnknown(c);
    c.set('about', found.about);
    if (!CHANGING.has(c.req.method)) {
      requireMay(caller.principal, found);
      return next();
    }
    return recorded(c, found, recording, async () => {
      requireOwnPage(c, caller);
      requireMay(caller.principal, found);
      await next();
    });
  };
}

function isApi(path: string): boolean {
  return path.startsWith('/api/') || ['/api', '/openapi.json', '/metrics', '/healthz', '/readyz'].includes(path);
}

function isReading(c: Asked): boolean {
  return c.req.method === 'GET' || c.req.method === 'HEAD';
}

function refuseUnknown(c: Asked): never {
  throw new Failure('not-found', `There is no ${c.req.method} ${c.req.path.slice(0, 200)}.`, {
    hint: 'GET /openapi.json lists all routes.',
  });
}

function overSocket(c: Asked): Caller {
  const principal: Principal = { how: 'socket', role: 'admin', name: claimed(c) ?? 'someone', id: null };
  return { principal, seen: null, address: '', cookie: null };
}

function overTcp(c: Asked, options: GuardOptions): Caller {
  const seen = seenAs(c.req.header('host') ?? '', options.access.publicHosts());
  const address = addressOf(seen, c.req.header('x-forwarded-for'));
  if (!isApi(c.req.path)) return { principal: null, seen, address, cookie: null };
  requireOwnSite(seen, c.req.header('origin'), c.req.header('sec-fetch-site'));
  const authorization = c.req.header('authorization');
  if (authorization !== undefined) {
    return { principal: byToken(c, authorization, options), seen, address, cookie: null };
  }
  const cookie = cookieIn(c.req.header('cookie'), cookieName(options.project, seen));
  const principal = cookie === null ? null : options.access.sessions.principalOf(cookie, options.now());
  return { principal, seen, address, cookie: principal === null ? null : cookie };
}

/** Null when the header says nothing that is a token. Open routes go on; the others are refused. */
function byToken(c: Asked, authorization: string, { token, access, now }: GuardOptions): Principal | null {
  const given = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (given === undefined) return null;
  if (isSame(given, token)) return { how: 'machine', role: 'admin', name: claimed(c) ?? 'someone', id: null };
  return access.tokens.principalOf(given, now());
}

function nobody(c: Asked): Refusal {
  const isWrong = c.req.header('authorization') !== undefined;
  const what = isWrong ? 'The token is wrong, expired or revoked' : 'Sign in, or send a token';
  const failure = new Failure('refused', `${what}: "Authorization: Bearer TOKEN".`, {
    hint: 'friday open prints a link that signs in; friday token create makes a token. On this machine the socket needs neither.',
  });
  return new Refusal(401, failure, { 'www-authenticate': 'Bearer realm="fridaymorning"' });
}

/** A cookie comes along by itself, so with one the page must also show what only it can know. Failure: `refused`. */
function requireOwnPage(c: Asked, { principal, seen, cookie }: Caller): void {
  if (principal?.how !== 'session' || cookie === null) return;
  const shown = c.req.header('x-friday-csrf') ?? '';
  if (isOwnOrigin(c, seen) && isSame(shown, csrfOf(cookie))) return;
  throw new Failure('refused', 'A page must send Origin, and the header x-friday-csrf of its session.', {
    hint: 'GET /api/v1/session tells it. Programs use a token instead of a cookie.',
  });
}

/** That it is not another one was checked before. */
function isOwnOrigin(c: Asked, seen: Seen | null): boolean {
  return seen !== null && c.req.header('origin') !== undefined;
}

function requireMay(principal: Principal | null, { permission, operation }: Found): void {
  const { act, sendsCode } = permission;
  if (act === null || principal === null) return;
  if (!mayDo(principal.role, act)) {
    const message = `${principal.name} is ${principal.role}; ${operation} needs the role ${rolesFor(act)}.`;
    throw new Failure('refused', message, { hint: 'An admin can change that: friday user role, friday token create' });
  }
  if (sendsCode && principal.how === 'session') {
    throw new Failure('refused', 'A browser may not send code; friday up and friday release do, with a token or here.');
  }
}

type Recording = Pick<GuardOptions, 'access' | 'now'> & { readonly hasRoom: (now: number) => boolean };

/** What a try to sign in is worth a line for. */
const TELLING: ReadonlySet<number> = new Set([200, 401, 409]);
const MOST_OF_NOBODY = 500;
const HOUR_MS = 3_600_000;

/** So many tries in an hour have a line: a flood of them does not drive out what people did. */
function roomForNobody(): (now: number) => boolean {
  let since = 0;
  let count = 0;
  return (now) => {
    if (now - since >= HOUR_MS || now < since) {
      since = now;
      count = 0;
    }
    count += 1;
    return count <= MOST_OF_NOBODY;
  };
}

/** Passes what happened on, after it is in the audit; a try of nobody that a limit refused is not worth a line. */
async function recorded(
  c: Asked,
  found: Found,
  { access, now, hasRoom }: Recording,
  work: () => Promise<void>,
): Promise<void> {
  let status = 500;
  try {
    await work();
    status = c.res.status;
  } catch (error) {
    status = error instanceof Refusal ? error.status : error instanceof Failure ? 403 : 500;
    throw error;
  } finally {
    const { address: from } = c.var.caller;
    const principal = c.var.caller.principal ?? c.var.signedIn ?? null;
    const who = principal?.name ?? (c.var.tried || 'nobody');
    const entry = { at: now(), who, how: principal?.how ?? null, role: principal?.role ?? null };
    if (principal !== null || (TELLING.has(status) && hasRoom(now()))) {
      await access.record({ ...entry, what: found.operation, about: c.var.about, status, from });
    }
  }
}
