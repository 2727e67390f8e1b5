// The routes of signing in, people, tokens, sessions and the audit, over Access.
import type { Context } from 'hono';
import * as routes from '../../api/access-routes.ts';
import { LEAST_PASSWORD, type SelfView } from '../../api/access-views.ts';
import { isName, mayDo, type Principal } from '../../core/access.ts';
import { Failure } from '../../core/failure.ts';
import type { App } from '../app.ts';
import { Refusal } from '../refusal.ts';
import type { Access } from './access.ts';
import { byOf, type Env, principalOf } from './caller.ts';
import { cookieName, cookieOf, type Seen } from './places.ts';
import { csrfOf } from './secrets.ts';
import { LONGEST_MS } from './sessions.ts';

export type AccessRouteOptions = {
  readonly access: Access;
  readonly project: string;
  readonly now: () => number;
  /** Where a browser finds the page, for example http://127.0.0.1:4747. */
  readonly pageUrl: () => string;
};

type Asked = Context<Env>;

export function serveAccess(app: App, options: AccessRouteOptions): void {
  serveOwn(app, options);
  serveSessions(app, options);
  servePeople(app, options);
  serveTokens(app, options);
}

function serveOwn(app: App, { access, project, now }: AccessRouteOptions): void {
  app.openapi(routes.getSelf, (c) => c.json(selfOf(access, principalOf(c), c.var.caller.cookie), 200));
  app.openapi(routes.postSession, async (c) => {
    const body = c.req.valid('json');
    const seen = requireTcp(c);
    const browser = { agent: c.req.header('user-agent') ?? '', address: c.var.caller.address };
    if ('name' in body) c.set('tried', triedName(access, body.name));
    c.set('about', c.var.tried ?? '');
    const { secret, principal } =
      'code' in body
        ? await access.sessions.byLink(body.code, browser, now())
        : await access.sessions.byPassword(body.name, body.password, browser, now());
    c.set('about', principal.name);
    c.set('signedIn', principal);
    c.header('set-cookie', cookieOf(cookieName(project, seen), secret, LONGEST_MS / 1000, seen));
    return c.json(selfOf(access, principal, secret), 200);
  });
  app.openapi(routes.deleteSession, async (c) => {
    const principal = principalOf(c);
    if (principal.how === 'session' && principal.id !== null) await access.sessions.end(principal.id, principal);
    return forgetCookie(c, project);
  });
  app.openapi(routes.postOwnPassword, async (c) => {
    const principal = principalOf(c);
    const { current, password } = c.req.valid('json');
    const { name, id } = principal;
    if (principal.how !== 'session' || !access.people.list().some((one) => one.name === name)) {
      throw new Failure('conflict', 'Only a person who is signed in has a password to change.', {
        hint: 'For somebody else: friday user password NAME',
      });
    }
    if (!access.hasPassword(name) && !access.sessions.isFresh(id ?? '', now())) {
      throw new Failure('conflict', 'The first password is set within 10 minutes after signing in.', {
        hint: 'Sign in again with a new link, or ask an admin: friday user password',
      });
    }
    const giveBack = access.sessions.limits.take(name, c.var.caller.address, now());
    if (access.hasPassword(name) && !(await access.isPassword(name, current))) {
      throw new Refusal(403, new Failure('refused', 'The current password is wrong.'));
    }
    giveBack();
    await access.people.setPassword(name, password, id);
    return c.json(selfOf(access, principal, c.var.caller.cookie), 200);
  });
}

function serveSessions(app: App, { access, project, now, pageUrl }: AccessRouteOptions): void {
  const mine = (principal: Principal) => (mayDo(principal.role, 'manage') ? null : principal);
  app.openapi(routes.getSessions, (c) => {
    const principal = principalOf(c);
    const own = principal.how === 'session' ? principal.id : null;
    return c.json([...access.sessions.list(mine(principal), own, now())], 200);
  });
  app.openapi(routes.deleteSessions, async (c) => {
    const principal = principalOf(c);
    if (principal.how === 'session') await access.sessions.endAll(principal);
    return forgetCookie(c, project);
  });
  app.openapi(routes.deleteOneSession, async (c) => {
    await access.sessions.end(c.req.valid('param').id, mine(principalOf(c)));
    return c.body(null, 204);
  });
  app.openapi(routes.postLink, async (c) => {
    const { name } = c.req.valid('json');
    const { how } = principalOf(c);
    if (name === null && how !== 'socket' && how !== 'machine') {
      throw new Failure('invalid', 'Say for whom the link is: only who may use the machine gets one without a person.');
    }
    const given = name ?? byOf(c);
    c.set('about', given);
    const { code, endsAt } = await access.sessions.link(given, name === null ? 'admin' : null, now());
    return c.json({ url: `${pageUrl()}/sign-in#${code}`, code, name: given, endsAt }, 201);
  });
}

function servePeople(app: App, { access, now }: AccessRouteOptions): void {
  const { people } = access;
  app.openapi(routes.getPeople, (c) => c.json([...people.list()], 200));
  app.openapi(routes.postPerson, async (c) => {
    const body = c.req.valid('json');
    c.set('about', `${body.name} (${body.role})`);
    return c.json(await people.add(body, byOf(c), now()), 201);
  });
  app.openapi(routes.postRole, async (c) => {
    const { name } = c.req.valid('param');
    const { role } = c.req.valid('json');
    c.set('about', `${name.slice(0, 64)} (${role})`);
    return c.json(await people.changeRole(name, role), 200);
  });
  app.openapi(routes.postPassword, async (c) =>
    c.json(await people.setPassword(c.req.valid('param').name, c.req.valid('json').password), 200),
  );
  app.openapi(routes.deletePerson, async (c) => {
    await people.remove(c.req.valid('param').name);
    return c.body(null, 204);
  });
}

function serveTokens(app: App, { access, now }: AccessRouteOptions): void {
  app.openapi(routes.getTokens, (c) => c.json([...access.tokens.list(now())], 200));
  app.openapi(routes.postToken, async (c) => {
    const body = c.req.valid('json');
    c.set('about', `${body.name} (${body.role})`);
    return c.json(await access.tokens.create(body, byOf(c), now()), 201);
  });
  app.openapi(routes.deleteToken, async (c) => {
    c.set('about', await access.tokens.revoke(c.req.valid('param').id));
    return c.body(null, 204);
  });
  app.openapi(routes.getAudit, async (c) => {
    const { limit = 100, before } = c.req.valid('query');
    return c.json([...(await access.audit({ limit, before }))], 200);
  });
}

/** Of names that nobody has those that are too short to be a password that was typed in the wrong place. */
function triedName({ people }: Access, name: string): string {
  const isKnown = people.list().some((one) => one.name === name);
  return isKnown || (isName(name) && name.length < LEAST_PASSWORD) ? name : '';
}

function selfOf(access: Access, { name, role, how, id }: Principal, cookie: string | null): SelfView {
  return {
    name,
    role,
    how,
    session: how === 'session' ? id : null,
    hasPassword: how === 'session' && access.hasPassword(name),
    csrf: how === 'session' && cookie !== null ? csrfOf(cookie) : null,
    may: (['look', 'release', 'approve', 'stop', 'manage'] as const).filter((act) => mayDo(role, act)),
  };
}

/** The socket needs no session, and has no cookies. */
function requireTcp(c: Asked): Seen {
  if (c.var.caller.seen) return c.var.caller.seen;
  throw new Failure('conflict', 'Browsers sign in over TCP; the socket needs no signing in.');
}

function forgetCookie(c: Asked, project: string) {
  const { seen } = c.var.caller;
  if (seen) c.header('set-cookie', cookieOf(cookieName(project, seen), '', 0, seen));
  return c.body(null, 204);
}
