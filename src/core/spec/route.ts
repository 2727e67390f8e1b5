// Reads where traffic comes from: routes of services and addresses to listen on.
import type { Listen, Route } from '../traffic.ts';

const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** `host`, `host/path` or `*` as a route, null when it is none of them. The host becomes lower case; a `/` at the end goes. */
export function parseRoute(text: string): Route | null {
  const cut = text.indexOf('/');
  const host = (cut === -1 ? text : text.slice(0, cut)).toLowerCase();
  const rest = cut === -1 ? '/' : text.slice(cut);
  if (host !== '*' && !isHost(host)) return null;
  if (!/^\/[\x21-\x7e]*$/.test(rest) || /[?#]|\/\//.test(rest)) return null;
  return { host, path: rest === '/' ? '/' : rest.replace(/\/$/, '') };
}

/** What to do about a text that is no route; null when nothing is known. */
export function routeHint(text: string): string | null {
  if (/^[a-z]+:\/\//i.test(text)) return 'leave the scheme out';
  if (text.startsWith('/')) return `write */${text.slice(1)} for any host`;
  if (/^[^/]*:\d+/.test(text)) return 'leave the port out: x-friday.listen at the top says it';
  if (/^\*./.test(text) && !text.startsWith('*/')) return 'write each host, or * for any';
  return /[?#]/.test(text) ? 'a route ends before ? and #' : null;
}

function isHost(host: string): boolean {
  return host.length <= 253 && host.split('.').every((label) => LABEL.test(label));
}

/** `8080`, `127.0.0.1:8080`, `[::1]:8080`, `:8080` and `*:8080` (every address of the machine); null for anything else. */
export function parseListen(text: string): Listen | null {
  const [, host = '', digits = ''] = /^(?:(\[[0-9a-fA-F:.]+\]|[^:[\]/\s]*):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535) return null;
  if (!text.includes(':')) return { host: '127.0.0.1', port };
  if (host === '' || host === '*') return { host: '0.0.0.0', port };
  if (host.startsWith('[')) return { host: host.slice(1, -1), port };
  if (/^[\d.]+$/.test(host) && !isIpv4(host)) return null;
  return isHost(host) ? { host, port } : null;
}

function isIpv4(host: string): boolean {
  const parts = host.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

/** A host name, or `*.name`, in lower case; null for anything else. */
export function parseHost(text: string): string | null {
  const host = text.toLowerCase();
  return isHost(host.replace(/^\*\./, '')) ? host : null;
}

const DIRECTORIES: Readonly<Record<string, string>> = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
};

/** The URL of an authority's directory: by name, or as it stands; null for anything else. */
export function parseDirectory(text: string): string | null {
  const known = Object.hasOwn(DIRECTORIES, text) ? DIRECTORIES[text] : undefined;
  return known ?? (/^https:\/\/[^\s/?#]+(\/\S*)?$/.test(text) ? text : null);
}

export function isWellKnownDirectory(url: string): boolean {
  return Object.values(DIRECTORIES).includes(url);
}
