// Sessions of browsers: begun by a one-time link or a password, ended by silence, age, sign-out, or the end of the person.
import type { SessionView } from '../../api/access-views.ts';
import type { Principal, Role } from '../../core/access.ts';
import { Failure } from '../../core/failure.ts';
import type { Link, Session } from '../../ports/access.ts';
import { Refusal } from '../refusal.ts';
import type { Limits } from './limits.ts';
import type { Passwords } from './passwords.ts';
import { digestOf, drawSecret, idOf, isSame } from './secrets.ts';
import type { Tables } from './tables.ts';

export type Browser = { readonly agent: string; readonly address: string };
/** `secret` is for the cookie. */
export type Begun = { readonly secret: string; readonly principal: Principal };

export type Sessions = {
  /** Failures: `refused` with 401 (used, old, or never made), or with 429 (too many wrong ones from this address). */
  byLink(code: string, browser: Browser, now: number): Promise<Begun>;
  /** Failures: `refused` with 401 (whatever is wrong), or with 429. */
  byPassword(name: string, password: string, browser: Browser, now: number): Promise<Begun>;
  /** Who shows the cookie; null when it is worth nothing. */
  principalOf(secret: string, now: number): Principal | null;
  /** For a person (`role` null), or for somebody who may open the socket. Failure: `not-found` (no such person). */
  link(name: string, role: Role | null, now: number): Promise<{ code: string; endsAt: number }>;
  /** Newest first; null = of everybody. `own` is the one that asks. */
  list(of: Principal | null, own: string | null, now: number): readonly SessionView[];
  /** Begun within the last ten minutes. */
  isFresh(id: string, now: number): boolean;
  /** One by its id, if it may be seen. Failure: `not-found`. */
  end(id: string, of: Principal | null): Promise<void>;
  /** All of who asks. */
  endAll(of: Principal): Promise<void>;
  /** Throws away what has ended by itself. */
  sweep(now: number): Promise<void>;
  /** Counts a try to show a password that is known; see Limits. */
  readonly limits: Limits;
};

const HOUR_MS = 3_600_000;
/** Without a request for so long, a session ends. */
export const IDLE_MS = 12 * HOUR_MS;
/** Whatever happens, a session ends then. */
export const LONGEST_MS = 7 * 24 * HOUR_MS;
export const LINK_MS = 10 * 60_000;
const STEP_MS = 60_000;
const MOST_OF_ONE = 20;
const MOST = 2000;
const MOST_LINKS = 100;

export function createSessions(tables: Tables, passwords: Passwords, limits: Limits): Sessions {
  return {
    limits,
    ...signIns(tables, passwords, limits),
    principalOf: (secret, now) => {
      const digest = digestOf(secret);
      const session = tables.get('sessions', idOf(digest));
      if (!session || !isSame(digest, session.digest) || isOver(session, now)) return null;
      const role = roleOf(tables, session);
      if (role === null) return null;
      if (now - session.seenAt >= STEP_MS) tables.note('sessions', { ...session, seenAt: now });
      return { how: 'session', role, name: session.name, id: session.id };
    },
    link: (name, role, now) =>
      tables.alone(async () => {
        if (role === null && !tables.get('people', name)) {
          const hint = `Let them in first: friday user add ${name} --role viewer`;
          throw new Failure('not-found', `There is nobody called ${name}.`, { hint });
        }
        const { secret, digest, id } = drawSecret();
        const link: Link = { id, name, role, digest, endsAt: now + LINK_MS };
        const old = [...tables.all('links')].sort((one, other) => one.endsAt - other.endsAt);
        const links = old.slice(0, Math.max(0, old.length + 1 - MOST_LINKS)).map((one) => one.id);
        await tables.commit({ put: { links: [link] }, remove: { links } });
        return { code: secret, endsAt: link.endsAt };
      }),
    list: (of, own, now) =>
      tables
        .all('sessions')
        .filter((one) => !isOver(one, now) && (of === null || isOf(tables, one, of)))
        .flatMap((one) => viewOf(tables, one, own))
        .sort((one, other) => other.createdAt - one.createdAt),
    isFresh: (id, now) => now - (tables.get('sessions', id)?.createdAt ?? Number.NEGATIVE_INFINITY) < LINK_MS,
    end: (id, of) =>
      tables.alone(async () => {
        const session = tables.get('sessions', id);
        if (!session || (of !== null && !isOf(tables, session, of))) {
          throw new Failure('not-found', 'There is no such session.');
        }
        await tables.commit({ remove: { sessions: [id] } });
      }),
    endAll: (of) =>
      tables.alone(() => {
        const own = tables.all('sessions').filter((one) => isOf(tables, one, of));
        return tables.commit({ remove: { sessions: own.map((one) => one.id) } });
      }),
    sweep: (now) =>
      tables.alone(async () => {
        const sessions = tables.all('sessions').filter((one) => isOver(one, now) || roleOf(tables, one) === null);
        const links = tables.all('links').filter((one) => now >= one.endsAt);
        if (sessions.length + links.length === 0) return;
        await tables.commit({
          remove: { sessions: sessions.map((one) => one.id), links: links.map((one) => one.id) },
        });
      }),
  };
}

/** The two ways in. */
function signIns(tables: Tables, passwords: Passwords, limits: Limits): Pick<Sessions, 'byLink' | 'byPassword'> {
  return {
    byLink: async (code, browser, now) => {
      const giveBack = limits.take(`link from ${browser.address}`, browser.address, now);
      const digest = digestOf(code);
      const link = tables.get('links', idOf(digest));
      const isGood = link !== null && isSame(digest, link.digest) && now < link.endsAt;
      if (!isGood || !(await tables.take('links', link.id))) {
        throw wrong('This link was used, or is more than 10 minutes old.', 'Make a new one: friday open');
      }
      giveBack();
      return tables.alone(() => begin(tables, { name: link.name, role: link.role, how: 'link' }, browser, now));
    },
    byPassword: async (name, password, browser, now) => {
      const giveBack = limits.take(name, browser.address, now);
      const person = tables.get('people', name);
      const isRight = await passwords.verify(password, person?.password ?? null);
      if (!isRight || !person?.password) throw wrong();
      giveBack();
      const renewed = passwords.isOld(person.password) ? await passwords.hash(password) : person.password;
      return tables.alone(async () => {
        // It may have been changed or taken away while it was looked at.
        const current = tables.get('people', name);
        if (current?.password !== person.password) throw wrong();
        if (renewed !== person.password) await tables.commit({ put: { people: [{ ...current, password: renewed }] } });
        return begin(tables, { name, role: null, how: 'password' }, browser, now);
      });
    },
  };
}

type Start = Pick<Session, 'name' | 'role' | 'how'>;

async function begin(tables: Tables, start: Start, browser: Browser, now: number): Promise<Begun> {
  const { secret, digest, id } = drawSecret();
  const agent = browser.agent.replace(/\p{Cc}/gu, ' ').slice(0, 200);
  const session: Session = { ...start, id, digest, createdAt: now, seenAt: now, endsAt: now + LONGEST_MS, agent };
  const role = roleOf(tables, session);
  if (role === null) throw wrong();
  await tables.commit({ put: { sessions: [session] }, remove: { sessions: surplus(tables, session) } });
  return { secret, principal: { how: 'session', role, name: start.name, id } };
}

function isOver(session: Session, now: number): boolean {
  return now >= session.endsAt || now - session.seenAt >= IDLE_MS;
}

/** Null: the person is gone. */
function roleOf(tables: Tables, { role, name }: Session): Role | null {
  return role ?? tables.get('people', name)?.role ?? null;
}

/** A session of a person is not one of somebody who could open the socket and has the same name. */
function isOf(tables: Tables, session: Session, who: Principal): boolean {
  const own = who.id === null ? null : tables.get('sessions', who.id);
  return own !== null && session.name === own.name && session.role === own.role;
}

function viewOf(tables: Tables, session: Session, own: string | null): SessionView[] {
  const role = roleOf(tables, session);
  if (role === null) return [];
  const { id, name, createdAt, seenAt, endsAt, how, agent } = session;
  return [{ id, name, role, createdAt, seenAt, endsAt, how, agent, isOwn: id === own }];
}

/** The oldest of the same person, and of all, that make room for one more. */
function surplus(tables: Tables, { name, role }: Session): string[] {
  const byAge = [...tables.all('sessions')].sort((one, other) => one.seenAt - other.seenAt);
  const own = byAge.filter((one) => one.name === name && one.role === role);
  const over = [
    ...own.slice(0, Math.max(0, own.length + 1 - MOST_OF_ONE)),
    ...byAge.slice(0, Math.max(0, byAge.length + 1 - MOST)),
  ];
  return [...new Set(over.map((one) => one.id))];
}

function wrong(
  message = 'The name or the password is wrong.',
  hint = 'Whoever may use the machine needs none: friday open',
) {
  return new Refusal(401, new Failure('refused', message, { hint }));
}
