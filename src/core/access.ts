// Who may do what: four roles, five acts, one table. Pure.

/** Each may all that the one before it may. */
export const ROLES = ['viewer', 'releaser', 'approver', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export type Act =
  /** See status, releases, journal, logs; change what is one's own: password, sessions. */
  | 'look'
  /** Send versions out, promote, pause, take back, restart instances. */
  | 'release'
  /** Give the yes that a release waits for. */
  | 'approve'
  /** Stop services or the control plane, empty nodes. */
  | 'stop'
  /** People, tokens, links, everybody's sessions, the audit. */
  | 'manage';

const MAY: Readonly<Record<Act, readonly Role[]>> = {
  look: ['viewer', 'releaser', 'approver', 'admin'],
  release: ['releaser', 'approver', 'admin'],
  approve: ['approver', 'admin'],
  stop: ['admin'],
  manage: ['admin'],
};

export function mayDo(role: Role, act: Act): boolean {
  return MAY[act].includes(role);
}

/** The roles that may do it, for a person: `releaser, approver or admin`. */
export function rolesFor(act: Act): string {
  const roles = MAY[act];
  const last = roles.at(-1) ?? '';
  return roles.length === 1 ? last : `${roles.slice(0, -1).join(', ')} or ${last}`;
}

/** How somebody proved who they are: by opening the socket, with the token of the state folder, with a token of their own, or signed in. */
export type How = 'socket' | 'machine' | 'token' | 'session';

/** Who asks, once that is known. */
export type Principal = {
  readonly how: How;
  readonly role: Role;
  /** For the journal and the audit. */
  readonly name: string;
  /** Of the token or the session; null for the socket and the machine's token. */
  readonly id: string | null;
};

const NAME = /^[a-z0-9][a-z0-9._@-]{0,63}$/i;

/** Names of people and tokens: 1 to 64 letters, digits, `.`, `_`, `@` and `-`, the first a letter or digit. */
export function isName(text: string): boolean {
  return NAME.test(text);
}
