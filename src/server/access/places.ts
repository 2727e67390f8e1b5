// Under which names the page and the API may be used over TCP, and what a browser of each name is given and must show.
import { Failure } from '../../core/failure.ts';

/** How a request reached us, by its Host header. */
export type Seen = {
  /** As a browser says it in Origin. */
  readonly origin: string;
  /** Through a reverse proxy that speaks TLS. */
  readonly isPublic: boolean;
};

/** `friday.localhost` is this machine in browsers, and shares no cookie with services under `localhost`. */
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]', 'friday.localhost']);

/**
 * Host must be a name of this machine's loopback, or a public one that the compose file names: else a page elsewhere
 * reaches us by DNS rebinding. Failure: `refused`.
 */
export function seenAs(host: string, publicHosts: readonly string[]): Seen {
  const name = host.toLowerCase();
  if (publicHosts.includes(name)) return { origin: `https://${name}`, isPublic: true };
  if (LOOPBACK.has(name.replace(/:\d+$/, ''))) return { origin: `http://${name}`, isPublic: false };
  throw new Failure('refused', `The Host header says "${host.slice(0, 100)}"; expected localhost or 127.0.0.1.`, {
    hint: 'Reach another machine through an SSH tunnel (ssh -L 4747:127.0.0.1:4747 HOST), or name the public host in x-friday.web.host.',
  });
}

/**
 * What browsers say about where a request comes from must be ourselves. Programs say nothing. Failure: `refused`.
 * Source: Fetch Standard, sections 3.1 (Origin); Fetch Metadata Request Headers, section 2.1.
 */
export function requireOwnSite(seen: Seen, origin: string | undefined, site: string | undefined): void {
  if (origin !== undefined && originOf(origin) !== seen.origin) {
    throw new Failure('refused', `Pages of ${origin.slice(0, 100)} may not use this API.`);
  }
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new Failure('refused', `Pages of other sites may not use this API (Sec-Fetch-Site: ${site.slice(0, 20)}).`);
  }
}

function originOf(text: string): string | null {
  return URL.canParse(text) ? new URL(text).origin : null;
}

/** `__Host-`: set by this host over https for all of it, which the browser checks. Cookies know no ports, so the project is in the name. */
export function cookieName(project: string, { isPublic }: Seen): string {
  return `${isPublic ? '__Host-' : ''}friday-${project}`;
}

/** Source: RFC 6265bis, section 4.1. `Strict` lets links from elsewhere work, because the page itself needs no cookie. */
export function cookieOf(name: string, secret: string, maxAgeSeconds: number, { isPublic }: Seen): string {
  const parts = [`${name}=${secret}`, 'Path=/', 'HttpOnly', 'SameSite=Strict', `Max-Age=${maxAgeSeconds}`];
  return [...parts, ...(isPublic ? ['Secure'] : [])].join('; ');
}

/** The value of a cookie; null when it is not there, or twice, which only somebody else can have done. */
export function cookieIn(header: string | undefined, name: string): string | null {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return values.length === 1 && values[0] ? values[0] : null;
}

/**
 * Where it comes from, for limits and the audit: behind a proxy what that proxy added, else this machine. Never trusted
 * for anything else.
 */
export function addressOf({ isPublic }: Seen, forwardedFor: string | undefined): string {
  const last = isPublic ? (forwardedFor ?? '').split(',').at(-1)?.trim() : '';
  return last !== undefined && /^[0-9a-f.:[\]]{2,64}$/i.test(last) ? last : '127.0.0.1';
}
