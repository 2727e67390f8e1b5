// Coming in and staying in: links once, passwords with patience, sessions with an end, over a restart.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Failure } from '../../core/failure.ts';
import type { AccessStore, Link, Person, Session, Setting, Token } from '../../ports/access.ts';
import { Refusal } from '../refusal.ts';
import { type Access, createAccess } from './access.ts';
import { memoryAccess } from './memory.ts';
import { IDLE_MS, LINK_MS, LONGEST_MS } from './sessions.ts';
import { openTables } from './tables.ts';

const cost = { n: 16, r: 1, p: 1 };
const browser = { agent: 'Firefox\n<b>', address: '10.0.0.1' };
const START = 1_795_161_600_000;
const MINUTE = 60_000;

let kept: Map<string, Person | Token | Session | Link | Setting>;
let store: AccessStore;
let access: Access;
const open = async () =>
  createAccess(
    await openTables(store, (error) => {
      throw error;
    }),
    { cost },
  );

beforeEach(async () => {
  kept = new Map();
  store = memoryAccess(kept);
  access = await open();
  await access.people.add({ name: 'ana', role: 'releaser', password: 'correct horse battery' }, 'root', START);
});

async function statusOf(work: Promise<unknown>): Promise<number | string> {
  return work.then(
    () => 200,
    (error: unknown) => (error instanceof Refusal ? error.status : (error as Failure).code),
  );
}
const signIn = (password = 'correct horse battery', now = START, name = 'ana', address = browser.address) =>
  access.sessions.byPassword(name, password, { ...browser, address }, now);

describe('a one-time link', () => {
  it('signs in once, also when it is opened twice at the same moment', async () => {
    const { code } = await access.sessions.link('ana', null, START);
    const both = [access.sessions.byLink(code, browser, START), access.sessions.byLink(code, browser, START)];
    expect((await Promise.all(both.map(statusOf))).sort()).toEqual([200, 401]);
    expect(await statusOf(access.sessions.byLink(code, browser, START))).toBe(401);
  });

  it('ends after ten minutes, with its person, and is never kept in clear', async () => {
    const { code, endsAt } = await access.sessions.link('ana', null, START);
    expect(endsAt).toBe(START + LINK_MS);
    expect(JSON.stringify([...kept])).not.toContain(code);
    expect(await statusOf(access.sessions.byLink(code, browser, endsAt))).toBe(401);
    const other = await access.sessions.link('ana', null, START);
    await access.people.remove('ana');
    expect(await statusOf(access.sessions.byLink(other.code, browser, START))).toBe(401);
    expect(await statusOf(access.sessions.link('ana', null, START))).toBe('not-found');
  });

  it('of somebody who may use the machine needs no person', async () => {
    const { code } = await access.sessions.link('Ana Müller', 'admin', START);
    const { principal } = await access.sessions.byLink(code, browser, START);
    expect(principal).toMatchObject({ name: 'Ana Müller', role: 'admin', how: 'session' });
  });
});

describe('a password', () => {
  it('signs in, and is kept as scrypt with its parameters', async () => {
    expect((await signIn()).principal).toMatchObject({ name: 'ana', role: 'releaser' });
    const text = JSON.stringify([...kept]);
    expect(text).toContain('"method":"scrypt","n":16,"r":1,"p":1');
    expect(text).not.toContain('correct horse');
  });

  it('says the same of a wrong one, an unknown name, and a person without one', async () => {
    await access.people.add({ name: 'bob', role: 'admin', password: null }, 'root', START);
    const said = async (name: string, password: string) =>
      signIn(password, START, name).catch((error: Refusal) => [error.status, error.failure.message]);
    const wrong = await said('ana', 'wrong');
    expect(wrong).toEqual([401, 'The name or the password is wrong.']);
    expect([await said('nobody', 'wrong'), await said('bob', ''), await said('bob', 'x')]).toEqual([
      wrong,
      wrong,
      wrong,
    ]);
  });

  it('is refused for a while after five wrong ones, also the right one, also from elsewhere', async () => {
    for (let count = 0; count < 5; count += 1) expect(await statusOf(signIn('wrong'))).toBe(401);
    expect(await statusOf(signIn())).toBe(429);
    expect(await statusOf(signIn(undefined, START, 'ana', '10.0.0.2'))).toBe(429);
    const refused = await signIn().catch((error: Refusal) => error.headers['retry-after']);
    expect(refused).toBe('900');
    expect(await statusOf(signIn(undefined, START + 15 * MINUTE))).toBe(200);
  });

  it('counts tries that come at the same time', async () => {
    const all = Array.from({ length: 12 }, () => statusOf(signIn('wrong')));
    expect((await Promise.all(all)).filter((status) => status === 401)).toHaveLength(5);
  });

  it('is refused to an address after twenty wrong ones, whatever the names; others go on', async () => {
    for (let count = 0; count < 20; count += 1) await statusOf(signIn('wrong', START, `name${count}`));
    expect([await statusOf(signIn()), await statusOf(signIn(undefined, START, 'ana', '10.0.0.2'))]).toEqual([429, 200]);
  });

  it('forgets the wrong ones after a right one', async () => {
    for (let round = 0; round < 4; round += 1) {
      for (let count = 0; count < 4; count += 1) await statusOf(signIn('wrong', START, 'ana', `10.1.${round}.1`));
      expect(await statusOf(signIn())).toBe(200);
    }
  });

  it('is kept with a higher cost when it is right the next time', async () => {
    const tables = await openTables(store, () => {});
    const later = createAccess(tables, { cost: { n: 32, r: 1, p: 1 } });
    await later.sessions.byPassword('ana', 'correct horse battery', browser, START);
    expect(JSON.stringify([...kept])).toContain('"n":32');
    expect(await statusOf(later.sessions.byPassword('ana', 'correct horse battery', browser, START))).toBe(200);
  });

  it('that was changed while it was looked at does not sign in', async () => {
    const entering = statusOf(signIn());
    await access.people.setPassword('ana', 'another long password');
    expect([200, 401]).toContain(await entering);
    expect(access.sessions.list(null, null, START)).toEqual([]);
  });
});

describe('a session', () => {
  it('lasts as long as it is used, and seven days at the most', async () => {
    const { secret } = await signIn();
    let now = START;
    for (; now + IDLE_MS / 2 < START + LONGEST_MS; now += IDLE_MS / 2) {
      expect(access.sessions.principalOf(secret, now)?.name).toBe('ana');
    }
    expect(access.sessions.principalOf(secret, START + LONGEST_MS)).toBeNull();
  });

  it('ends after twelve hours of silence, and is swept away', async () => {
    const { secret } = await signIn();
    expect(access.sessions.principalOf(secret, START + IDLE_MS)).toBeNull();
    await access.sessions.sweep(START + IDLE_MS);
    expect([...kept.keys()]).toEqual(['people ana']);
  });

  it('goes on over a restart; its secret is not kept', async () => {
    const { secret } = await signIn();
    expect(JSON.stringify([...kept])).not.toContain(secret);
    access = await open();
    expect(access.sessions.principalOf(secret, START)?.name).toBe('ana');
  });

  it('has the role that its person has now', async () => {
    const { secret } = await signIn();
    await access.people.changeRole('ana', 'viewer');
    expect(access.sessions.principalOf(secret, START)?.role).toBe('viewer');
  });

  it.each([
    ['is signed out', (id: string) => access.sessions.end(id, null)],
    ['loses its person', () => access.people.remove('ana')],
    ['’s person gets another password', () => access.people.setPassword('ana', 'another long password')],
    ['’s person signs out everywhere', () => access.sessions.endAll(own())],
  ])('that %s is worth nothing at once, and what it had open ends', async (_, act) => {
    const { secret, principal } = await signIn();
    const end = access.endOf(principal);
    expect(end?.aborted).toBe(false);
    await act(principal.id ?? '');
    expect([access.sessions.principalOf(secret, START), end?.aborted]).toEqual([null, true]);
    expect(access.endOf(principal)?.aborted).toBe(true);
  });
  const own = () => {
    const [first] = access.sessions.list(null, null, START);
    return { how: 'session', name: 'ana', role: 'releaser', id: first?.id ?? '' } as const;
  };

  it('is seen and ended by its person and by nobody else', async () => {
    await access.people.add({ name: 'bob', role: 'viewer', password: 'a long password' }, 'root', START);
    const [ana, bob] = [await signIn(), await signIn('a long password', START, 'bob')];
    const names = access.sessions.list(bob.principal, bob.principal.id, START).map((one) => [one.name, one.isOwn]);
    expect(names).toEqual([['bob', true]]);
    expect(await statusOf(access.sessions.end(ana.principal.id ?? '', bob.principal))).toBe('not-found');
    expect(await statusOf(access.sessions.end(bob.principal.id ?? '', bob.principal))).toBe(200);
  });

  it('is one of at most twenty of a person; the one that was silent longest goes', async () => {
    const first = await signIn();
    for (let count = 1; count <= 20; count += 1) await signIn(undefined, START + count);
    expect(access.sessions.list(null, null, START + 20)).toHaveLength(20);
    expect(access.sessions.principalOf(first.secret, START + 20)).toBeNull();
  });
});

describe('a token', () => {
  const order = { name: 'ci', role: 'releaser' as const, days: 1 };

  it('is worth something until it expires or is revoked, and is not kept', async () => {
    const made = await access.tokens.create(order, 'root', START);
    expect(made.secret).toMatch(/^fri_[0-9A-Za-z]{43}$/);
    expect(JSON.stringify([...kept])).not.toContain(made.secret);
    expect(access.tokens.principalOf(made.secret, START)).toMatchObject({ name: 'token ci', role: 'releaser' });
    expect(access.tokens.principalOf(made.secret, START + 86_400_000)).toBeNull();
    const end = access.endOf({ how: 'token', role: 'releaser', name: '', id: made.id });
    await access.tokens.revoke(made.id);
    expect([access.tokens.principalOf(made.secret, START), end?.aborted]).toEqual([null, true]);
  });

  it('that has expired ends what it had open', async () => {
    const made = await access.tokens.create(order, 'root', START);
    const end = access.endOf({ how: 'token', role: 'releaser', name: '', id: made.id });
    await access.sweep(START + 86_399_999);
    expect(end?.aborted).toBe(false);
    await access.sweep(START + 86_400_000);
    expect(end?.aborted).toBe(true);
  });

  it('says when it was last used, to the minute', async () => {
    const made = await access.tokens.create(order, 'root', START);
    for (const ms of [1000, 30_000, 61_500]) access.tokens.principalOf(made.secret, START + ms);
    expect(access.tokens.list(START)[0]?.usedAt).toBe(START + 61_500);
  });

  it.each(['', 'fri_', 'x', `fri_${'x'.repeat(43)}`, `fri_${'x'.repeat(100_000)}`])('is not "%.20s"', (secret) => {
    expect(access.tokens.principalOf(secret, START)).toBeNull();
  });
});
