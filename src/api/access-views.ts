// What the API shows and is told about people, tokens, sessions and the audit. No secret is ever shown again.
import { z } from '@hono/zod-openapi';
import { isName, ROLES } from '../core/access.ts';
import { whole } from './orders.ts';

const ms = z.number().describe('Milliseconds since 1970');
export const RoleView = z.enum(ROLES).openapi('Role');

const Name = z
  .string()
  .max(64)
  .refine(isName, 'expected 1 to 64 letters, digits, ., _, @ and -')
  .describe('1 to 64 letters, digits, `.`, `_`, `@` and `-`');

export const SelfView = z
  .object({
    name: z.string(),
    role: RoleView,
    how: z.enum(['socket', 'machine', 'token', 'session']).describe('How it is known who asks'),
    session: z.string().nullable().describe('Id of the session; null when there is none'),
    hasPassword: z.boolean().describe('May sign in with a password'),
    csrf: z
      .string()
      .nullable()
      .describe('With a session: send it as the header `x-friday-csrf` with all that changes something'),
    may: z.array(z.enum(['look', 'release', 'approve', 'stop', 'manage'])).describe('What the role allows'),
  })
  .openapi('Self');
export type SelfView = z.infer<typeof SelfView>;

export const PersonView = z
  .object({
    name: z.string(),
    role: RoleView,
    hasPassword: z.boolean().describe('Without one a person signs in with one-time links'),
    createdAt: ms,
    createdBy: z.string(),
    sessions: z.number().int().describe('Open ones'),
    seenAt: ms.nullable().describe('To the minute; null when no session is open'),
  })
  .openapi('Person');
export type PersonView = z.infer<typeof PersonView>;

export const TokenView = z
  .object({
    id: z.string(),
    name: z.string(),
    role: RoleView,
    createdAt: ms,
    createdBy: z.string(),
    expiresAt: ms.nullable(),
    usedAt: ms.nullable().describe('To the minute; null when never'),
    isExpired: z.boolean(),
  })
  .openapi('Token');
export type TokenView = z.infer<typeof TokenView>;

export const NewTokenView = TokenView.extend({
  secret: z.string().describe('`fri_…`, shown this once: only its digest is kept'),
}).openapi('NewToken');
export type NewTokenView = z.infer<typeof NewTokenView>;

export const SessionView = z
  .object({
    id: z.string(),
    name: z.string(),
    role: RoleView,
    createdAt: ms,
    seenAt: ms.describe('To the minute'),
    endsAt: ms.describe('At the latest'),
    how: z.enum(['link', 'password']),
    agent: z.string().describe('What the browser said that it is'),
    isOwn: z.boolean().describe('The one that asks'),
  })
  .openapi('Session');
export type SessionView = z.infer<typeof SessionView>;

export const LinkView = z
  .object({
    url: z.string().describe('Opens the page signed in, once. What proves it stands behind #, so no server sees it'),
    code: z.string(),
    name: z.string(),
    endsAt: ms,
  })
  .openapi('Link');
export type LinkView = z.infer<typeof LinkView>;

export const AuditView = z
  .object({
    seq: z.number().int(),
    at: ms,
    who: z
      .string()
      .describe('Who did it; where `how` is null the name that was tried, or `nobody`: it may have been a password'),
    how: z
      .enum(['socket', 'machine', 'token', 'session'])
      .nullable()
      .describe('Null: an attempt to sign in that failed'),
    role: RoleView.nullable(),
    what: z.string().describe('Name of the operation in this document'),
    about: z.string().describe('Service, person or token; empty when the operation says it all'),
    status: z.number().int().describe('HTTP status of the answer'),
    from: z.string().describe('Address; empty for the socket'),
  })
  .openapi('AuditEntry');
export type AuditView = z.infer<typeof AuditView>;

/** Signing in by a link or a password, one of the two. */
export const SignInBody = z
  .union([
    z.strictObject({ code: z.string().min(1).max(200).describe('What stands behind # in a one-time link') }),
    z.strictObject({ name: z.string().min(1).max(64), password: z.string().min(1).max(256) }),
  ])
  .openapi('SignIn');
export type SignInBody = z.input<typeof SignInBody>;

/** Characters. */
export const LEAST_PASSWORD = 12;
const Password = z.string().min(LEAST_PASSWORD).max(256).describe(`${LEAST_PASSWORD} to 256 characters`);

export const OwnPasswordBody = z
  .strictObject({
    current: z.string().max(256).default('').describe('The one until now; empty where there was none'),
    password: Password,
  })
  .openapi('OwnPassword');
export type OwnPasswordBody = z.input<typeof OwnPasswordBody>;

export const PersonBody = z
  .strictObject({ name: Name, role: RoleView, password: Password.nullable().default(null) })
  .openapi('NewPerson');
export type PersonBody = z.input<typeof PersonBody>;

export const RoleBody = z.strictObject({ role: RoleView }).openapi('RoleChange');
export type RoleBody = z.input<typeof RoleBody>;

export const PasswordBody = z
  .strictObject({ password: Password.nullable().describe('Null: signs in with links only') })
  .openapi('PasswordChange');
export type PasswordBody = z.input<typeof PasswordBody>;

export const TokenBody = z
  .strictObject({
    name: Name,
    role: RoleView,
    days: z.number().int().min(1).max(3650).nullable().default(90).describe('Days until it expires; null = never'),
  })
  .openapi('TokenOrder');
export type TokenBody = z.input<typeof TokenBody>;

export const LinkBody = z
  .strictObject({ name: Name.nullable().default(null).describe('For this person; null = for who asks, as admin') })
  .openapi('LinkOrder');
export type LinkBody = z.input<typeof LinkBody>;

export const AuditQuery = z.object({
  limit: whole(1, 1000).optional().describe('At most so many, default 100'),
  before: whole(1, Number.MAX_SAFE_INTEGER).optional().describe('Only entries with a smaller number'),
});
