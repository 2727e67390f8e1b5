// The port to what is kept about people: who may come in, with which secrets (their digests only), and what they did.
import type { How, Role } from '../core/access.ts';

/** A password as it is kept: never the password. Parameters stand beside the digest, so that they can grow later. */
export type KeptPassword = {
  readonly method: 'scrypt';
  /** Cost, block size and parallelism. Source: RFC 7914. */
  readonly n: number;
  readonly r: number;
  readonly p: number;
  /** Base64. */
  readonly salt: string;
  readonly digest: string;
};

export type Person = {
  readonly name: string;
  readonly role: Role;
  /** Null: comes in by one-time links only. */
  readonly password: KeptPassword | null;
  readonly createdAt: number;
  readonly createdBy: string;
};

/** All that is kept under an id which is the SHA-256 of a secret, in base64url, or a part of it. */
export type Token = {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly digest: string;
  readonly createdAt: number;
  readonly createdBy: string;
  /** Ms since 1970; null = never. */
  readonly expiresAt: number | null;
  /** To the minute; null = never. */
  readonly usedAt: number | null;
};

export type Session = {
  readonly id: string;
  readonly name: string;
  /** Null: the role of the person of this name counts. Else the session of somebody who could open the socket. */
  readonly role: Role | null;
  readonly digest: string;
  readonly createdAt: number;
  /** To the minute. */
  readonly seenAt: number;
  readonly endsAt: number;
  readonly how: 'link' | 'password';
  /** What the browser said that it is, at most 200 characters. */
  readonly agent: string;
};

/** A one-time link that was not used yet. */
export type Link = {
  readonly id: string;
  readonly name: string;
  readonly role: Role | null;
  readonly digest: string;
  readonly endsAt: number;
};

/** What `friday up` told of the compose file that is about the page. */
export type Setting = { readonly id: 'web'; readonly hosts: readonly string[] };

export type Kept = {
  readonly people: Person;
  readonly tokens: Token;
  readonly sessions: Session;
  readonly links: Link;
  readonly settings: Setting;
};
export type KeptKind = keyof Kept;

export type NewAudit = {
  /** Ms since 1970. */
  readonly at: number;
  readonly who: string;
  /** Null: nobody; an attempt to sign in. */
  readonly how: How | null;
  readonly role: Role | null;
  /** Name of the operation, as in the OpenAPI document. */
  readonly what: string;
  /** What it was about: a service, a person, a token; empty when the operation says it all. */
  readonly about: string;
  /** HTTP status of the answer. */
  readonly status: number;
  /** Where it came from, as far as it is known: an address, or empty for the socket. */
  readonly from: string;
};
export type AuditEntry = NewAudit & { /** Rises by one. */ readonly seq: number };

/** So many of the newest entries of the audit are kept. */
export const AUDIT_LIMIT = 20_000;

export type AccessChange = {
  readonly put?: { readonly [Kind in KeptKind]?: readonly Kept[Kind][] };
  readonly remove?: { readonly [Kind in KeptKind]?: readonly string[] };
  readonly audit?: readonly NewAudit[];
};

/** One at a time over one place, as with the store. */
export interface AccessStore {
  /** All that is kept of a kind, by id (of people: by name). */
  read<Kind extends KeptKind>(kind: Kind): Promise<readonly Kept[Kind][]>;
  /** All of the change or nothing, durable when it resolves. Puts replace. Failures: `unavailable` (disk full, closed). */
  commit(change: AccessChange): Promise<void>;
  /** Newest first, at most `limit` (1 to 1000), only those with a smaller number than `before`. Failure: `invalid`. */
  audit(query: { readonly limit: number; readonly before?: number | undefined }): Promise<readonly AuditEntry[]>;
  /** Idempotent. Everything after it fails with `unavailable`. */
  close(): Promise<void>;
}

/** The id of what is kept. */
export function idOf(kept: Kept[KeptKind]): string {
  return 'id' in kept ? kept.id : kept.name;
}
