// Tokens for programs: drawn, shown once, looked up by a part of their digest, worth nothing from the moment they are revoked.
import type { NewTokenView, TokenView } from '../../api/access-views.ts';
import type { Principal, Role } from '../../core/access.ts';
import { Failure } from '../../core/failure.ts';
import type { Token } from '../../ports/access.ts';
import { digestOf, drawSecret, idOf, isSame, TOKEN_PREFIX } from './secrets.ts';
import type { Tables } from './tables.ts';

export type Tokens = {
  /** Newest first. */
  list(now: number): readonly TokenView[];
  /** Failure: `conflict` (there are 1000). */
  create(order: { name: string; role: Role; days: number | null }, by: string, now: number): Promise<NewTokenView>;
  /** Failure: `not-found`. */
  revoke(id: string): Promise<string>;
  /** Who shows it; null when it is worth nothing. */
  principalOf(secret: string, now: number): Principal | null;
};

const MOST = 1000;
const DAY_MS = 86_400_000;
/** Every use within it is one. */
const STEP_MS = 60_000;

export function createTokens(tables: Tables): Tokens {
  return {
    list: (now) =>
      tables
        .all('tokens')
        .map((one) => viewOf(one, now))
        .sort((one, other) => other.createdAt - one.createdAt),
    create: ({ name, role, days }, by, now) =>
      tables.alone(async () => {
        if (tables.all('tokens').length >= MOST) {
          throw new Failure('conflict', `There are ${MOST} tokens already.`, { hint: 'friday token ls' });
        }
        const { secret, digest, id } = drawSecret(TOKEN_PREFIX);
        const expiresAt = days === null ? null : now + days * DAY_MS;
        const token: Token = { id, name, role, digest, createdAt: now, createdBy: by, expiresAt, usedAt: null };
        await tables.commit({ put: { tokens: [token] } });
        return { ...viewOf(token, now), secret };
      }),
    revoke: (id) =>
      tables.alone(async () => {
        const token = tables.get('tokens', id);
        if (!token) throw new Failure('not-found', 'There is no such token.', { hint: 'friday token ls' });
        await tables.commit({ remove: { tokens: [id] } });
        return token.name;
      }),
    principalOf: (secret, now) => {
      if (!secret.startsWith(TOKEN_PREFIX)) return null;
      const digest = digestOf(secret);
      const token = tables.get('tokens', idOf(digest));
      if (!token || !isSame(digest, token.digest) || isExpired(token, now)) return null;
      if (token.usedAt === null || now - token.usedAt >= STEP_MS) tables.note('tokens', { ...token, usedAt: now });
      return { how: 'token', role: token.role, name: `token ${token.name}`, id: token.id };
    },
  };
}

function isExpired({ expiresAt }: Token, now: number): boolean {
  return expiresAt !== null && now >= expiresAt;
}

function viewOf(token: Token, now: number): TokenView {
  const { id, name, role, createdAt, createdBy, expiresAt, usedAt } = token;
  return { id, name, role, createdAt, createdBy, expiresAt, usedAt, isExpired: isExpired(token, now) };
}
