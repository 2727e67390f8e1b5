// Everything about who may come in, put together over one store.

import type { AuditView } from '../../api/access-views.ts';
import type { Principal } from '../../core/access.ts';
import type { AccessStore, NewAudit } from '../../ports/access.ts';
import { createLimits, type Limits } from './limits.ts';
import { COST, type Cost, createPasswords, type Passwords } from './passwords.ts';
import { createPeople, type People } from './people.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { openTables, type Tables } from './tables.ts';
import { createTokens, type Tokens } from './tokens.ts';

export type Access = {
  readonly people: People;
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly passwords: Passwords;
  /** Whether the person may sign in with a password, and it is this one. */
  isPassword(name: string, password: string): Promise<boolean>;
  hasPassword(name: string): boolean;
  /** Aborts when the session or token ends; null for the socket and the machine's token, which do not. */
  endOf(principal: Principal): AbortSignal | null;
  /** Ends what has ended by its time, and what it had open. */
  sweep(now: number): Promise<void>;
  /** Hosts under which a reverse proxy serves the page over TLS. */
  publicHosts(): readonly string[];
  setPublicHosts(hosts: readonly string[]): Promise<void>;
  record(entry: NewAudit): Promise<void>;
  audit(query: { readonly limit: number; readonly before?: number | undefined }): Promise<readonly AuditView[]>;
};

export type AccessOptions = {
  /** Of new passwords; lower in tests. */
  readonly cost?: Cost;
  readonly limits?: Limits;
};

/** Failure: `unavailable`. */
export async function openAccess(store: AccessStore, onError: (error: unknown) => void): Promise<Access> {
  return createAccess(await openTables(store, onError));
}

export function createAccess(tables: Tables, { cost = COST, limits = createLimits() }: AccessOptions = {}): Access {
  const passwords = createPasswords(cost);
  const ends = new Map<string, AbortController>();
  tables.onGone((ids) => {
    for (const id of ids) {
      ends.get(id)?.abort();
      ends.delete(id);
    }
  });
  const tokens = createTokens(tables);
  const sessions = createSessions(tables, passwords, limits);
  return {
    people: createPeople(tables, passwords),
    tokens,
    sessions,
    sweep: (now) => {
      for (const { id, isExpired } of tokens.list(now)) if (isExpired) ends.get(id)?.abort();
      return sessions.sweep(now);
    },
    passwords,
    isPassword: (name, password) => passwords.verify(password, tables.get('people', name)?.password ?? null),
    hasPassword: (name) => tables.get('people', name)?.password != null,
    endOf: ({ id }) => {
      if (id === null) return null;
      const known = ends.get(id) ?? new AbortController();
      ends.set(id, known);
      if (!tables.get('tokens', id) && !tables.get('sessions', id)) known.abort();
      return known.signal;
    },
    publicHosts: () => tables.get('settings', 'web')?.hosts ?? [],
    setPublicHosts: (hosts) => tables.alone(() => tables.commit({ put: { settings: [{ id: 'web', hosts }] } })),
    record: (entry) => tables.record(entry),
    audit: (query) => tables.audit(query),
  };
}
