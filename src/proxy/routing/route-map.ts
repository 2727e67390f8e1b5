// Which service a host and path belong to.

import { copyOf } from '../copy.ts';

type Prefix<T> = { readonly path: string; readonly owner: T };

/** Raw Host values remembered; clients choose them, so their number is bounded. */
const REMEMBERED_HOSTS = 1_000;
/** Characters of a host and port, IPv6 brackets included (Source: RFC 3986 section 3.2.2). */
const IS_HOST = /^[A-Za-z0-9._~!$&'()*+,;=%:[\]-]*$/;

export type RouteOf<T> = { readonly host: string; readonly path: string; readonly owner: T };

export class RouteMap<T> {
  private readonly byHost = new Map<string, readonly Prefix<T>[]>();
  private readonly any: readonly Prefix<T>[];
  private readonly byRawHost = new Map<string, readonly Prefix<T>[]>();

  constructor(routes: readonly RouteOf<T>[]) {
    const hosts = new Map<string, Prefix<T>[]>();
    for (const { host, path, owner } of routes) {
      const prefixes = hosts.get(host) ?? [];
      prefixes.push({ path: path.replace(/\/+$/, ''), owner });
      hosts.set(host, prefixes);
    }
    const longestFirst = (one: Prefix<T>, other: Prefix<T>) => other.path.length - one.path.length;
    for (const prefixes of hosts.values()) prefixes.sort(longestFirst);
    this.any = hosts.get('*') ?? [];
    for (const [host, prefixes] of hosts) {
      if (host !== '*') this.byHost.set(host, [...prefixes, ...this.any]);
    }
  }

  /** `host` as in a Host header; `url` is a path with an optional query. Undefined when nothing matches. */
  find(host: string, url: string): T | undefined {
    for (const { path, owner } of this.prefixesOf(host)) {
      if (!url.startsWith(path)) continue;
      const next = url.charCodeAt(path.length);
      // The prefix must end with a whole segment: "/", "?" or the end of the path.
      if (next === 47 || next === 63 || Number.isNaN(next)) return owner;
    }
    return undefined;
  }

  private prefixesOf(rawHost: string): readonly Prefix<T>[] {
    const known = this.byRawHost.get(rawHost);
    if (known) return known;
    const prefixes = this.byHost.get(nameOf(rawHost)) ?? this.any;
    if (this.byRawHost.size < REMEMBERED_HOSTS) this.byRawHost.set(copyOf(rawHost), prefixes);
    return prefixes;
  }
}

/** The host without port, in lower case, without a final dot. */
function nameOf(rawHost: string): string {
  return rawHost.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}

/** Whether a Host value may be one at all. */
export function isHost(value: string): boolean {
  return IS_HOST.test(value);
}
