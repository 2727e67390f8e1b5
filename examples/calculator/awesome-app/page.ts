// The files of the page, read once at the start, each with an ETag.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Request, Route } from './http/server.ts';

const FILES = [
  { path: '/', file: 'index.html', type: 'text/html; charset=utf-8' },
  { path: '/style.css', file: 'style.css', type: 'text/css; charset=utf-8' },
  { path: '/page.js', file: 'page.js', type: 'text/javascript; charset=utf-8' },
];

const SAFETY = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** `cookieFor` gives the Set-Cookie line for a visitor who has none yet, else null. */
export async function readPage(cookieFor: (request: Request) => string | null): Promise<Route[]> {
  return Promise.all(
    FILES.map(async ({ path, file, type }): Promise<Route> => {
      const body = await readFile(new URL(`page/${file}`, import.meta.url));
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
      return {
        method: 'GET',
        path,
        handle(request) {
          const cookie = path === '/' ? cookieFor(request) : null;
          const headers = {
            ...SAFETY,
            'content-type': type,
            'cache-control': 'no-cache',
            etag,
            ...(cookie === null ? {} : { 'set-cookie': cookie }),
          };
          const isKnown = cookie === null && request.headers['if-none-match']?.includes(etag) === true;
          return isKnown ? { status: 304, headers } : { headers, body };
        },
      };
    }),
  );
}
