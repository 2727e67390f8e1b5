// What is known about a request once the guard has let it in.
import type { Context } from 'hono';
import type { Principal } from '../../core/access.ts';
import { mayDo } from '../../core/access.ts';
import { Failure } from '../../core/failure.ts';
import type { Seen } from './places.ts';

/** How a request came in; anything but `socket` has to prove itself. `drop` cuts its connection. */
export type Via = { readonly via?: 'socket' | 'tcp'; readonly drop?: () => void };

export type Caller = {
  /** Null on routes that everybody may use. */
  readonly principal: Principal | null;
  /** Null over the socket. */
  readonly seen: Seen | null;
  /** Empty over the socket. */
  readonly address: string;
  /** What the cookie holds; null without a session. */
  readonly cookie: string | null;
};

/** What a handler finds in its context. */
export type Env = {
  Bindings: Via;
  Variables: {
    caller: Caller;
    about: string;
    /** Set by signing in: the name that was tried, as far as it may be told, and who it is once that was proved. */
    tried?: string;
    signedIn?: Principal;
  };
};

type Asked = Context<Env>;

/** The one who asks. Routes that nobody needs to prove anything for have none: a bug there. */
export function principalOf(c: Asked): Principal {
  const { principal } = c.var.caller;
  if (principal === null) throw new Error(`nobody asks for ${c.req.path}`);
  return principal;
}

const MOST_CHARACTERS = 100;

/**
 * The name for the journal: over the socket and with the machine's token what `x-friday-by` says, with a token both, in
 * a session the person. Failure: `invalid` (the header).
 */
export function byOf(c: Asked): string {
  const { how, name } = principalOf(c);
  return how === 'session' ? name : how === 'token' ? withToken(claimed(c), name) : (claimed(c) ?? 'someone');
}

/** The order as the control plane wants it: by whom, and whether it may be a yes that is waited for. */
export function orderOf(c: Asked, reason: string): { by: string; reason: string; mayApprove: boolean } {
  return { by: byOf(c), reason, mayApprove: mayDo(principalOf(c).role, 'approve') };
}

function withToken(claim: string | null, token: string): string {
  return claim === null ? token : `${[...claim].slice(0, 60).join('')} (${token})`;
}

/** What the header `x-friday-by` says; null when it says nothing. */
export function claimed(c: Context): string | null {
  const header = c.req.header('x-friday-by');
  if (header === undefined) return null;
  const by = decode(header)?.trim();
  if (by === undefined || [...by].length > MOST_CHARACTERS || /\p{Cc}/u.test(by)) {
    throw new Failure(
      'invalid',
      `The header x-friday-by is wrong: expected a URL-encoded name of at most ${MOST_CHARACTERS} characters.`,
    );
  }
  return by === '' ? null : by;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
